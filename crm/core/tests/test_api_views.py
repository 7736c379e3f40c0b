import datetime as dt
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from redis.exceptions import ConnectionError

from crm.core.tenancy import company_active
from leads.models import Contact, Lead
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.urls("crm.core.tests.desk")

MOUNTS = ["/api/v1/desk", "/api/v1/desk/", "/api/desk", "/api/desk/"]
EVERYTHING = {
    "name": "  Ada ",
    "email": "Ada@Example.org",
    "phone_e164": "+14155552671",
    "amount": 5.0,
    "price": 10.005,
    "ratio": 1,
    "urgent": True,
    "stage": "WON",
    "priority": "High",
    "lead_id": None,
    "data": {"k": [1, {"x": None}]},
    "tags": ["a", " a ", "b", ""],
    "at": "2026-03-01T10:00:00",
    "day": "2026-03-01",
    "person": {"city": ""},
    "numbers": [1, 2],
    "unknown": "ignored",
}


def told(response):
    return {(tuple(p["loc"]), p["type"]) for p in response.json()["detail"]}


@pytest.mark.parametrize("address", MOUNTS)
def test_both_mounts_answer_with_and_without_a_slash(address, api, admin):
    with company_active(admin.company_id):
        lead = LeadFactory(source="web")
    response = api(admin).get(address)
    assert response.status_code == 200
    assert [row["id"] for row in response.json()["leads"]] == [str(lead.pk)]
    detail = api(admin).get(f"{address.rstrip('/')}/{lead.pk}{'/' * address.endswith('/')}")
    assert (detail.status_code, detail.json()["source"]) == (200, "web")


def test_every_field_is_read_as_documented(api, admin):
    admin.company.timezone = "Europe/Berlin"
    admin.company.save()
    response = api(admin).post("/api/v1/desk/echo", EVERYTHING)
    assert response.status_code == 200, response.content
    assert response.json() == {
        "name": "Ada",
        "email": "ada@example.org",
        "phone_e164": "+14155552671",
        "amount": 5,
        "price": 10.01,
        "ratio": 1.0,
        "urgent": True,
        "stage": "customer",
        "priority": 3,
        "lead_id": None,
        "data": {"k": [1, {"x": None}]},
        "tags": ["a", "b"],
        "at": "2026-03-01T09:00:00Z",
        "day": "2026-03-01",
        "person": {"city": ""},
        "numbers": [1, 2],
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 5),
        ("name", None),
        ("name", ""),
        ("name", "x" * 51),
        ("name", ["a"]),
        ("name", {}),
        ("email", "no"),
        ("phone_e164", "4155552671"),
        ("phone_e164", "+0155552671"),
        ("phone_e164", "+1415555267112345"),
        ("amount", "5"),
        ("amount", True),
        ("amount", 5.5),
        ("amount", 101),
        ("amount", -1),
        ("amount", 10**30),
        ("amount", []),
        ("price", "10"),
        ("price", -1),
        ("price", 1e13),
        ("price", True),
        ("ratio", "1"),
        ("urgent", "true"),
        ("urgent", 1),
        ("stage", "nowhere"),
        ("stage", 1),
        ("stage", []),
        ("priority", 3),
        ("lead_id", "{00000000-0000-0000-0000-000000000007}"),
        ("lead_id", 7),
        ("data", []),
        ("data", "x"),
        ("tags", "a,b"),
        ("tags", [1]),
        ("tags", ["x" * 101]),
        ("at", "yesterday"),
        ("at", "2026-02-30T10:00:00Z"),
        ("at", "0001-01-01T00:00:00+14:00"),
        ("at", 1767225600),
        ("day", "2026-13-01"),
        ("person", []),
        ("numbers", {}),
        ("numbers", "12"),
    ],
)
def test_a_value_of_the_wrong_type_or_form_is_422_and_named(field, value, api, admin):
    response = api(admin).post("/api/v1/desk/echo", {"name": "Ada"} | {field: value})
    assert response.status_code == 422, response.content
    assert {tuple(p["loc"])[:2] for p in response.json()["detail"]} == {("body", field)}
    assert all(p["msg"] and p["type"] for p in response.json()["detail"])


def test_inner_places_are_named(api, admin):
    body = {"name": "Ada", "person": {"city": 5}, "numbers": [1, "x"]}
    response = api(admin).post("/api/v1/desk/echo", body)
    assert {tuple(p["loc"]) for p in response.json()["detail"]} == {("body", "person", "city"), ("body", "numbers", 1)}


def test_missing_is_400_malformed_422_and_both_400_listing_all(api, admin):
    client = api(admin)
    missing = client.post("/api/v1/desk/echo", {})
    assert (missing.status_code, told(missing)) == (400, {(("body", "name"), "missing")})
    both = client.post("/api/v1/desk/echo", {"amount": "x"})
    assert (both.status_code, {loc for loc, _ in told(both)}) == (400, {("body", "name"), ("body", "amount")})
    nothing = client.generic("POST", "/api/v1/desk/echo")
    assert nothing.status_code == 400


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"{", 400),
        (b'{"name": NaN}', 400),
        (b"\xff", 400),
        (b"[]", 422),
        (b'{"name": "\\u0000"}', 422),
        (b'{"name": "\\ud800"}', 422),
        (b'{"name": "a", "data": ' + b"[" * 1000 + b"]" * 1000 + b"}", 422),
        (b'{"name": "a", "data": {"n": 123456789012345678901234567890}}', 200),
        (b'{"name": "' + b"a" * 10_000_000 + b'"}', 413),
    ],
    ids=["broken", "nan", "utf-8", "list", "nul", "surrogate", "deep", "huge integer", "10 MB"],
)
def test_no_body_breaks_it(raw, status, api, admin):
    response = api(admin).generic("POST", "/api/v1/desk/echo", raw, content_type="application/json")
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "x"])
def test_another_content_type_is_415(content_type, api, admin):
    response = api(admin).generic("POST", "/api/v1/desk/echo", b"{}", content_type=content_type)
    assert (response.status_code, list(response.json())) == (415, ["detail"])


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "nonsense"])
def test_the_answer_is_json_whatever_is_accepted(accept, api, admin):
    response = api(admin).get("/api/v1/desk?", headers={"accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


def test_a_stranger_is_asked_to_sign_in(client, db):
    response = client.get("/api/v1/desk")
    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    assert response.json()["detail"]
    bad = client.get("/api/v1/desk", headers={"authorization": "Bearer nonsense"})
    assert (bad.status_code, "WWW-Authenticate" in bad) == (401, True)


def test_a_public_action_needs_no_token_and_minds_no_bad_one(client, db):
    assert client.get("/api/v1/desk/hello").json() == {"hello": "world"}
    assert client.get("/api/v1/desk/hello", headers={"authorization": "Bearer old"}).status_code == 200


def test_a_role_or_a_missing_permission_is_403(api, agent, admin):
    assert api(agent.user).get("/api/v1/desk/managers").status_code == 403
    assert api(admin).get("/api/v1/desk/managers").status_code == 200
    assert api(admin).get("/api/v1/desk/undeclared").status_code == 403


def test_an_unknown_or_malformed_id_is_404_and_anothers_403(api, admin, stranger):
    with company_active(admin.company_id):
        lead = LeadFactory()
    for pk in ("01900000-0000-7000-8000-000000000000", "nonsense", "a%00b", "%ED%A0%80", "7", "ä"):
        response = api(admin).get(f"/api/v1/desk/{pk}")
        assert (response.status_code, response.json()) == (
            404,
            {"detail": "Not found." if "%00" in pk else "Lead not found"},
        ), pk
    response = api(stranger).get(f"/api/v1/desk/{lead.pk}")
    assert (response.status_code, response.json()) == (403, {"detail": "You may not do this."})


def test_refusals_are_translated_once(api, admin):
    conflict = api(admin).post("/api/v1/desk/refuse", {})
    assert conflict.status_code == 409
    assert conflict.json() == {"detail": "No room.", "agent_capacity": {"current": 25, "max": 25}}
    rule = api(admin).post("/api/v1/desk", {"name": "Refuse"})
    assert (rule.status_code, rule.json()["detail"]) == (400, "Not this one.")
    assert set(rule.json()) == {"detail", "existing_id"}


def test_an_unforeseen_error_is_json_and_says_nothing(api, admin, settings, caplog):
    for settings.DEBUG in (True, False):
        client = api(admin)
        client.raise_request_exception = False
        response = client.post("/api/v1/desk", {"name": "Boom"})
        assert (response.status_code, list(response.json())) == (500, ["detail"])
        assert b"ZeroDivision" not in response.content
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("error", [OperationalError("database is locked"), ConnectionError("no Redis")])
def test_a_store_that_is_down_is_503_and_may_be_tried_again(error, api, admin, monkeypatch):
    def fail(*args):
        raise error

    monkeypatch.setattr("crm.core.tests.desk.DeskViewSet.refuse", fail)
    client = api(admin)
    client.raise_request_exception = False
    response = client.post("/api/v1/desk/refuse", {})
    assert (response.status_code, list(response.json())) == (503, ["detail"])
    assert response["Retry-After"]


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/nothing/", "/api/v1/", "/api/v1", "/api/", "/api"])
@pytest.mark.parametrize("debug", [True, False])
def test_an_unknown_address_is_404_in_json(path, debug, db, settings):
    settings.DEBUG = debug
    client = Client(enforce_csrf_checks=True)
    for method in (client.get, client.post, client.delete):
        response = method(path)
        assert (response.status_code, response.json()) == (404, {"detail": "Not found."})
        assert response["X-Request-ID"]


def test_another_method_is_405_with_allow(api, admin):
    response = api(admin).delete("/api/v1/desk")
    assert (response.status_code, list(response.json())) == (405, ["detail"])
    assert {"GET", "POST"} <= set(response["Allow"].split(", "))
    assert api(admin).generic("BREW", "/api/v1/desk").status_code == 405
    options = api(admin).options("/api/v1/desk")
    assert (options.status_code, "POST" in options["Allow"]) == (204, True)


def test_head_is_get_without_a_body(api, admin):
    response = api(admin).head("/api/v1/desk")
    assert (response.status_code, response.content) == (200, b"")


def test_errors_before_any_view_are_json_below_api_and_pages_elsewhere(client, db):
    for path, kind in (("/api/v1/desk", "application/json"), ("/docs", "text/html; charset=utf-8")):
        response = client.get(path, headers={"host": "evil.example"})
        assert (response.status_code, response["Content-Type"]) == (400, kind)


def test_a_session_needs_the_csrf_token(admin):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    body = {"content_type": "application/json", "data": json.dumps({"name": "Ada"})}
    refused = client.post("/api/v1/desk/echo", **body)
    assert (refused.status_code, "CSRF" in refused.json()["detail"]) == (403, True)
    client.cookies["csrftoken"] = "a" * 32
    assert client.post("/api/v1/desk/echo", **body, headers={"x-csrftoken": "a" * 32}).status_code == 200


def test_a_csrf_failure_of_a_page_is_a_page(db, rf):
    from crm.core.error_pages import csrf_failure

    assert csrf_failure(rf.post("/api/v1/x"))["Content-Type"] == "application/json"


# --- ETag --------------------------------------------------------------------------------------------------------


@pytest.fixture
def lead(company):
    with company_active(company.pk):
        return LeadFactory(source="web")


def test_if_match_guards_a_change(lead, api, admin):
    client, address = api(admin), f"/api/v1/desk/{lead.pk}"
    tag = client.get(address)["ETag"]
    changed = client.put(address, {"source": "fair"}, headers={"if-match": tag})
    assert (changed.status_code, changed["ETag"] != tag) == (200, True)
    late = client.put(address, {"source": "lost"}, headers={"if-match": tag})
    assert (late.status_code, list(late.json())) == (412, ["detail"])
    assert client.get(address).json()["source"] == "fair"
    for form in ('"x", W/{}', "*", "{}"):
        changed = client.patch(address, {"source": "fair"}, headers={"if-match": form.format(changed["ETag"])})
        assert changed.status_code == 200, form


def test_a_nonsense_if_match_is_412_and_none_is_no_guard(lead, api, admin):
    address = f"/api/v1/desk/{lead.pk}"
    assert api(admin).put(address, {"source": "x"}, headers={"if-match": "nonsense"}).status_code == 412
    assert api(admin).put(address, {"source": "x"}).status_code == 200


# --- requests as a whole -----------------------------------------------------------------------------------------


def test_every_response_carries_a_request_id(client, db, api, admin):
    assert client.get("/api/v1/desk", headers={"x-request-id": "mine-1"})["X-Request-ID"] == "mine-1"
    assert len(client.get("/api/v1/nothing", headers={"x-request-id": "no good"})["X-Request-ID"]) == 36


def test_an_upload_is_read_and_too_many_fields_refused(api, admin):
    file = SimpleUploadedFile("leads.csv", b"first_name,phone\n")
    response = api(admin).post("/api/v1/desk/upload", {"file": file}, format="multipart")
    assert (response.status_code, response.json()["size"]) == (201, 17)
    broken = api(admin).generic("POST", "/api/v1/desk/upload", b"--x", content_type="multipart/form-data; boundary=x")
    assert (broken.status_code, list(broken.json())) == (400, ["detail"])
    assert api(admin).post("/api/v1/desk/upload", {"a": 1}).status_code == 415


def test_configured_origins_are_let_in_and_no_others(client, db, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    asked = {
        "origin": "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,idempotency-key,if-match",
    }
    response = client.options("/api/v1/desk", headers=asked)
    assert response["Access-Control-Allow-Origin"] == "https://app.example"
    assert {"authorization", "idempotency-key", "if-match"} <= set(response["Access-Control-Allow-Headers"].split(", "))
    plain = client.get("/api/v1/desk", headers={"origin": "https://app.example"})
    assert "x-ratelimit-remaining" in plain["Access-Control-Expose-Headers"]
    other = client.options("/api/v1/desk", headers=asked | {"origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other


def test_a_failed_create_leaves_its_committed_part_alone_and_says_so(api, admin, company):
    api(admin).post("/api/v1/desk", {"name": "Refuse"})
    with company_active(company.pk):
        assert Contact.objects.filter(first_name="Refuse").exists()
        assert not Lead.objects.exists()


def test_times_in_answers_end_in_z(api, admin):
    made = api(admin).post("/api/v1/desk", {"name": "Ada"}).json()["made"]
    assert made.endswith("Z")
    assert dt.datetime.fromisoformat(made).tzinfo is dt.UTC
