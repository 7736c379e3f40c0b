"""What `api.md` says of every route, held for each one that the router knows: whatever is added later is covered."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, resolve

from crm.api import urlpatterns
from crm.core.api.documentation import document
from crm.core.api.json import loads_object
from crm.core.api.views import PUBLIC

UNKNOWN = "01900000-0000-7000-8000-000000000000"
ROUTES: list[URLPattern] = [route for route in urlpatterns if hasattr(route.callback, "actions")]
METHODS = [(route, method) for route in ROUTES for method in route.callback.actions if method != "head"]


def address(route: URLPattern, pk: str = UNKNOWN) -> str:
    """Below the mount, without the slash: `leads/<id>/assign`."""
    return re.sub(r"\(\?P<\w+>[^)]*\)", pk, str(route.pattern)).strip("^$").removesuffix("/?").replace("\\", "")


def name(value: object) -> str:
    return address(value, "id") if isinstance(value, URLPattern) else str(value)


def handler(route: URLPattern, method: str) -> object:
    return getattr(route.callback.cls, route.callback.actions[method])


def is_public(route: URLPattern, method: str) -> bool:
    return route.callback.cls.permissions.get(route.callback.actions[method]) == PUBLIC


def test_every_route_of_the_api_is_one_of_ours():
    assert len(ROUTES) > 30
    assert [route.name for route in urlpatterns if route not in ROUTES] == ["api-unknown"]


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_both_mounts_with_and_without_a_slash_are_one_route(route):
    found = {
        (resolve(f"{mount}{address(route)}{slash}").func.cls, resolve(f"{mount}{address(route)}{slash}").func.__name__)
        for mount in ("/api/v1/", "/api/")
        for slash in ("", "/")
    }
    assert found == {(route.callback.cls, route.callback.__name__)}
    assert all(resolve(f"/api/{address(route)}{slash}").func.actions == route.callback.actions for slash in ("", "/"))


@pytest.mark.parametrize("route", [route for route, method in METHODS if method == "get"], ids=name)
def test_the_four_addresses_give_the_same_answer_without_redirect(route, api, admin, agent):
    client = api(admin)
    answers = [client.get(f"{mount}{address(route)}{slash}") for mount in ("/api/v1/", "/api/") for slash in ("", "/")]
    assert len({answer.status_code for answer in answers}) == 1
    assert answers[0].status_code in (200, 404)
    kind = "text/csv; charset=utf-8" if address(route).endswith("/export") else "application/json"
    assert {answer["Content-Type"] for answer in answers} == {kind}
    assert all(answer["X-Request-ID"] and answer["X-RateLimit-Limit"] for answer in answers)


@pytest.mark.parametrize(("route", "method"), METHODS, ids=name)
def test_a_stranger_is_asked_to_sign_in_everywhere(route, method, client, db):
    response = client.generic(method.upper(), f"/api/v1/{address(route)}", b"{}", content_type="application/json")
    if is_public(route, method):
        assert response.status_code < 500
    else:
        assert (response.status_code, list(response.json())) == (401, ["detail"])
        assert response["WWW-Authenticate"]


@pytest.mark.parametrize(("route", "method"), METHODS, ids=name)
def test_every_action_has_a_permission_and_a_description(route, method):
    assert route.callback.actions[method] in route.callback.cls.permissions
    assert hasattr(handler(route, method), "described"), "needs @describe"


@pytest.mark.parametrize(
    ("route", "method"), [(r, m) for r, m in METHODS if m in ("post", "put", "patch") and not is_public(r, m)], ids=name
)
def test_no_broken_body_breaks_a_route(route, method, api, admin):
    client = api(admin)
    for body, content_type in (
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"a": "\\u0000"}', "application/json"),
        (b'{"a": ' + b"[" * 1000 + b"]" * 1000 + b"}", "application/json"),
        (b"{}", "text/plain"),
        (b"x" * 3_000_000, "application/json"),
        (b"--x", "multipart/form-data; boundary=x"),
    ):
        response = client.generic(method.upper(), f"/api/v1/{address(route)}", body, content_type=content_type)
        assert response.status_code in (400, 413, 415, 422), (body[:20], content_type, response.content)
        assert list(response.json()) == ["detail"]


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_another_method_is_405(route, api, admin):
    missing = sorted({"get", "post", "put", "patch", "delete"} - set(route.callback.actions))
    allowed = {method.upper() for method in route.callback.actions if method != "head"}
    for method in missing:
        response = api(admin).generic(method.upper(), f"/api/v1/{address(route)}")
        assert (response.status_code, list(response.json())) == (405, ["detail"])
        assert allowed <= set(response["Allow"].split(", "))


# --- the OpenAPI document ----------------------------------------------------------------------------------------


def test_the_document_is_valid_and_made_without_a_warning(db):
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=StringIO(), stderr=StringIO())


def test_every_route_and_method_is_documented_with_its_errors():
    paths = loads_object(document("json"))["paths"]
    for route, method in METHODS:
        path = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", str(route.pattern)).strip("^$").removesuffix("/?")
        operation = paths["/api/v1/" + path.replace("{pk}", "{id}").replace("\\", "")][method]
        assert operation["summary"]
        assert is_public(route, method) or {"401", "403", "429"} <= set(operation["responses"])
        assert "{" not in path or "404" in operation["responses"]
        assert method not in ("post", "put", "patch") or {"400", "413", "415", "422"} <= set(operation["responses"])


@pytest.mark.parametrize("path", ["/api/schema/", "/api/schema", "/openapi.json", "/api/v1/schema/"])
def test_the_document_is_served_to_anybody(path, client, db):
    response = client.get(path)
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response.json()["openapi"].startswith("3.")
    yaml = client.get(path, {"format": "yaml"})
    assert yaml.content.startswith(b"openapi: 3.")


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/docs?script=", "/redoc", "/redoc/"])
def test_the_documentation_asks_nobody_else_for_anything(path, client, db):
    response = client.get(path)
    assert response.status_code == 200
    text = response.content.decode()
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)
    assert "googleapis" not in text
    assert "<script>" not in text
    assert "/openapi.json" in text or "script" in text


def test_an_unknown_page_is_a_page_and_an_unknown_route_json(db):
    client = Client(enforce_csrf_checks=True)
    for method in (client.get, client.post):
        assert method("/nowhere").status_code == method("/api/nowhere").status_code == 404
        assert method("/nowhere")["Content-Type"].startswith("text/html")
        assert method("/api/nowhere").json() == {"detail": "Not found."}
