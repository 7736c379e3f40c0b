"""A second company against everything: every address, admin page, action and download, found by walking.

What a later app adds is walked without a change here. A route that a stranger may open must be named in `PUBLIC`.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models
from django.forms.models import model_to_dict
from django.test import Client
from django.urls import reverse

from crm.accounts.models import Company, User
from crm.accounts.permissions_table import Role
from crm.accounts.tests.factories import CompanyFactory, UserFactory
from crm.core.admin import CompanyModelAdmin, PlatformModelAdmin
from crm.core.tenancy import TenantKey, TenantModel, unscoped
from crm.core.testing.rows import fill_company, tenant_models
from crm.tests.addresses import Address, addresses

ROOT = Path(__file__).parents[2]
OURS, THEIRS = "okapi", "zebra"  # asked for by "zeb", so that saying the question again is no leak

# What needs no sign-in, by name; everything else must send a stranger away.
PUBLIC = {
    "health",
    "ready",
    "schema",
    "docs",
    "redoc",
    "unknown",
    "api-unknown",
    "auth-register",
    "auth-login",
    "auth-refresh",
    "auth-logout",
    "auth-forgot-password",
    "auth-reset-password",
    "accounts:theme",  # light or dark, kept in a visitor's own browser
}
PUBLIC_PREFIXES = ("/accounts/", "/openapi.json", "/health", "/ready")  # the sign-in pages ask for themselves

# Where `unscoped` may stand, and how often: a new use is a decision, made here.
UNSCOPED = {
    "crm/accounts/actions/invitations.py": 1,  # links and keys say whose they are
    "crm/accounts/actions/passwords.py": 2,
    "crm/accounts/actions/sessions.py": 1,
    "crm/accounts/adapter.py": 1,
    "crm/accounts/authentication.py": 1,
    "crm/accounts/backends.py": 3,
    "crm/accounts/door_urls.py": 1,
    "crm/accounts/models.py": 2,  # platform superusers
    "crm/accounts/reset_links.py": 2,
    "crm/accounts/sign_in.py": 1,
    "crm/accounts/user_fields.py": 1,  # unique in the installation
    "calls/hooks.py": 1,  # a callback names its call
    "calls/tasks.py": 3,
    "crm/audit/tasks.py": 3,  # sweeps ask which companies have work
    "crm/compliance/hooks.py": 1,  # a text's number says whose it is
    "crm/core/admin.py": 1,  # tables without a company, the superuser's
    "crm/core/api/kept_answers.py": 1,
    "crm/core/management/commands/renew_encryption.py": 1,  # every company's rows, anew
    "crm/core/tenancy.py": 1,
    "crm/jobs/tasks.py": 1,
    "crm/mail/tasks.py": 1,
    "crm/notifications/tasks.py": 2,
    "crm/providers/accounts.py": 1,  # an account's name says whose a callback is
    "crm/providers/simulator/tasks.py": 2,
    "crm/sla/tasks.py": 1,
    "crm/vendors/keys.py": 1,  # a key says whose it is
    "crm/vendors/tasks.py": 1,
    "leads/tasks.py": 2,
}
# Where SQL may be written by hand.
RAW_SQL = {
    "crm/audit/guard.py": 1,  # triggers
    "crm/compliance/guard.py": 3,  # triggers and a foreign key
    "crm/core/behind.py": 3,  # the same, by a thread
    "crm/core/bulk_rows.py": 1,  # a set by one statement, after the checks of every insert and update
    "crm/core/composite_keys.py": 2,  # constraints
    "crm/core/health.py": 1,  # SELECT 1
    "crm/core/kept_query.py": 1,  # a query that the ORM compiled, scope and all
    "crm/core/tenancy.py": 1,  # where `raw` itself is refused
    "crm/core/upkeep.py": 1,  # ANALYZE
    "crm/lists/copying.py": 1,  # COPY of a query that the ORM compiled, scope and all
}

# Whose parameter is a word of ours and no id of anybody's.
NAMED = {
    "/lists/%(name)s/views/",  # leads, contacts …
    "/lists/%(name)s/export/",
    "/connections/%(provider)s/",  # twilio
    "/connections/%(provider)s/ask/",
    "/connections/%(provider)s/remove/",
    "/api/v1/connections/%(provider)s",
    "/api/v1/connections/%(provider)s/ask",
}

# A provider's signature opens them, in the company of the call that they name (`calls/tests/test_hooks.py`) or of the
# number that was written to (`crm/compliance/tests/test_texts.py`).
SIGNED = {
    "/providers/%(provider)s/calls/%(pk)s/status",
    "/providers/%(provider)s/calls/%(pk)s/voice",
    "/providers/%(provider)s/sms",
}

SENT_AWAY = {302, 401, 403, 404, 405}


@pytest.fixture
def world(db: None, settings: Any) -> SimpleNamespace:
    """Two companies with a row of every model; every free text of theirs holds `zebra`."""
    settings.SESSION_RATE_LIMIT_PER_MINUTE = settings.RATE_LIMIT_PER_MINUTE = 1_000_000
    settings.ACCOUNT_RATE_LIMITS = False
    ours, theirs = CompanyFactory(name=f"{OURS} company"), CompanyFactory(name=f"{THEIRS} company")
    admin_user = UserFactory(company=ours, role=Role.ADMIN, email="boss@okapi.example")
    return SimpleNamespace(
        ours=ours,
        theirs=theirs,
        admin=admin_user,
        our_rows=fill_company(ours, OURS),
        their_rows=fill_company(theirs, THEIRS),
    )


@pytest.fixture
def untouched(world: SimpleNamespace) -> Iterator[None]:
    """Afterwards every row of the other company is as it was, and no row of ours points at one of theirs."""
    before = images(world)
    yield
    assert images(world) == before
    with unscoped("test"):
        for model in tenant_models():
            for field in (f for f in model._meta.local_concrete_fields if isinstance(f, TenantKey)):
                rows = models.QuerySet(model).exclude(**{f"{field.name}__isnull": True})
                for row in rows.select_related(None):
                    target = field.related_model._base_manager.get(pk=getattr(row, field.attname))
                    assert target.company_id == row.company_id, f"{row} points at another company's {target}"


def images(world: SimpleNamespace) -> dict[str, Any]:
    with unscoped("test"):
        return {
            f"{model._meta.label} {row.pk}": {**model_to_dict(row), "pk": row.pk}
            for model in tenant_models()
            for row in model._base_manager.filter(company_id=world.theirs.pk)
        }


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def call(client: Client, method: str, url: str, body: Any = None) -> Any:
    if method == "get":
        return client.get(url)
    if url.startswith("/api/"):
        return client.generic(method.upper(), url, json.dumps(body or {}), content_type="application/json")
    return client.generic(method.upper(), url, "", content_type="application/x-www-form-urlencoded")


def text_of(response: Any) -> str:
    content = b"".join(response) if response.streaming else response.content
    return content.decode("utf-8", "replace").lower()


def leaks(response: Any) -> bool:
    return THEIRS in text_of(response) or THEIRS in str(response.headers).lower()


def walked() -> list[Address]:
    """All addresses but the admin's, which are walked by model below, and the sign-in pages of a package."""
    return [a for a in addresses() if not a.template.startswith(("/admin/", "/accounts/"))]


def is_public(address: Address) -> bool:
    return address.name in PUBLIC or address.template.startswith(PUBLIC_PREFIXES)


def test_a_signed_out_client_is_sent_away_everywhere(world: SimpleNamespace) -> None:
    opened = []
    for address in addresses():
        if is_public(address):
            continue
        url = address.url(**dict.fromkeys(address.parameters, world.our_rows["leads.Lead"].pk))
        for method in address.methods:
            response = call(Client(raise_request_exception=False), method, url)
            wanted = {401, 403, 405} if address.is_api else SENT_AWAY
            if response.status_code not in wanted or OURS in text_of(response):
                opened.append((method, url, response.status_code))
            if response.status_code == 302 and not response.headers["Location"].startswith(("/accounts/", "/admin/")):
                opened.append((method, url, response.headers["Location"]))
    assert opened == []


def test_public_routes_exist() -> None:
    """So that the table does not keep what is gone."""
    assert {name for name in PUBLIC if not any(a.name == name for a in addresses())} == set()


def test_both_mounts_of_the_api_are_the_same() -> None:
    def below(mount: str) -> set[tuple[str, Any, tuple[str, ...]]]:
        found = (a for a in addresses() if a.template.startswith(mount))
        return {(a.template.removeprefix(mount), a.name, a.methods) for a in found if a.name != "schema"}

    first = below("/api/v1/")
    assert first == {row for row in below("/api/") if not row[0].startswith("v1/")}
    assert first


def test_no_list_or_page_tells_of_the_other_company(world: SimpleNamespace) -> None:
    """Everything without a parameter, plain and asked for their words and ids."""
    client, told, broken = signed_in(world.admin), [], []
    asked = ["", *(f"?{name}=zeb" for name in ("search", "query", "q"))]
    asked += [f"?{name}={world.their_rows[label].pk}" for name, label in REFERENCES.items()]
    for address in walked():
        if address.parameters or "get" not in address.methods or is_second_mount(address) or is_public(address):
            continue
        for query in asked:
            response = client.get(address.url() + query)
            if leaks(response):
                told.append(address.url() + query)
            if response.status_code >= 500:
                broken.append(address.url() + query)
    assert (told, broken) == ([], [])


# Parameters and fields that name a row, by the kind of row.
REFERENCES = {
    "lead_id": "leads.Lead",
    "agent_id": "agents.Agent",
    "contact_id": "leads.Contact",
    "assignee_id": "accounts.User",
    "user_id": "accounts.User",
    "vendor_id": "vendors.Vendor",
    "object_id": "leads.Lead",
}
WORDS = {"what": ("stage", "priority", "disposition", "agent")}  # parameters of an address that are no id


def is_second_mount(address: Address) -> bool:
    return address.is_api and not address.template.startswith("/api/v1/")


def without(text: str, *values: object) -> str:
    """What was asked for may be said again."""
    for value in filter(None, map(str, values)):
        text = text.replace(value.lower(), "")
    return text


@pytest.mark.timeout(600)
def test_no_address_opens_with_the_other_companys_ids(world: SimpleNamespace, untouched: None, settings: Any) -> None:
    """By every method: 403 where it knows the kind of object, else 404 (or the method is not there)."""
    settings.DEBUG = True  # opens the pages of development as well
    client, wrong, forbidden, walkers = signed_in(world.admin), [], set(), set()
    ids = {label: str(row.pk) for label, row in world.their_rows.items()}
    ids |= {"an e-mail": world.their_rows["accounts.User"].email, "a company": str(world.theirs.pk)}
    for address in walked():
        if not address.parameters or is_public(address) or is_second_mount(address):
            continue
        walkers.add(address.template)
        for label, pk in ids.items():
            for values in combinations(address, pk, world):
                known = False
                for method in address.methods:
                    response = call(client, method, url := address.url(**values))
                    if response.status_code not in (403, 404, 405):
                        wrong.append((method, url, label, response.status_code))
                    if THEIRS in without(text_of(response), pk):
                        wrong.append((method, url, label, "tells of them"))
                    known = known or response.status_code == 403
                if known:
                    forbidden.add(address.template)
    assert wrong == []
    assert walkers - forbidden <= NAMED | SIGNED, "no model's id is 403 there: the walk does not know what it names"


def combinations(address: Address, pk: str, world: SimpleNamespace) -> Iterator[dict[str, Any]]:
    """Theirs in each place where an id may stand; our lead, or a word, in the others."""
    places = [name for name in address.parameters if name not in WORDS]
    for place in places:
        values = dict.fromkeys(address.parameters, world.our_rows["leads.Lead"].pk) | {place: pk}
        words = [name for name in address.parameters if name in WORDS]
        for word in WORDS[words[0]] if words else ("",):
            yield values | dict.fromkeys(words, word)


def test_bodies_with_the_other_companys_ids_point_at_nothing(world: SimpleNamespace, untouched: None) -> None:
    """Every write on our own objects, with each of their ids wherever an id may stand."""
    client, wrong = signed_in(world.admin), []
    for address in walked():
        if not address.is_api or is_second_mount(address) or is_public(address):
            continue
        for method in {"post", "put", "patch"} & set(address.methods):
            for url in own_urls(client, method, address, world):
                for body in bodies(world):
                    response = call(client, method, url, body)
                    if response.status_code >= 500 or THEIRS in without(text_of(response), *body.values()):
                        wrong.append((method, url, body, response.status_code))
    assert wrong == []


def own_urls(client: Client, method: str, address: Address, world: SimpleNamespace) -> Iterator[str]:
    """With our own rows in place of each parameter, of those kinds that the address knows."""
    kinds = ("leads.Lead", "agents.Agent", "leads.Contact", "accounts.User", "leads.Disposition", "vendors.Vendor")
    for label in kinds:
        url = address.url(**dict.fromkeys(address.parameters, world.our_rows[label].pk))
        if not address.parameters or call(client, method, url, {}).status_code not in (403, 404):
            yield url
        if not address.parameters:
            return


def bodies(world: SimpleNamespace) -> Iterator[dict[str, Any]]:
    theirs = {name: str(world.their_rows[label].pk) for name, label in REFERENCES.items()}
    person = {"first_name": "Ann", "phone": "+14155550199"}
    for name, value in {**theirs, "agent_email": world.their_rows["accounts.User"].email}.items():
        yield {name: value}
        yield {**person, name: value}
    yield {"lead_ids": [theirs["lead_id"]], "agent_ids": [theirs["agent_id"]], "strategy": "capacity"}
    yield {**person, "vendor_code": world.their_rows["vendors.Vendor"].code}


# --- admin --------------------------------------------------------------------------------------------------------

COMPANY_ADMINS = [(m, a) for m, a in admin.site._registry.items() if isinstance(a, CompanyModelAdmin)]
PLATFORM_ADMINS = [(m, a) for m, a in admin.site._registry.items() if not isinstance(a, CompanyModelAdmin)]


def page(model: Any, view: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)


def their_row(world: SimpleNamespace, model: Any) -> Any:
    return world.theirs if model is Company else world.their_rows[model._meta.label]


def our_row(world: SimpleNamespace, model: Any) -> Any:
    return world.ours if model is Company else world.our_rows[model._meta.label]


def company_admin_ids() -> Any:
    return pytest.mark.parametrize(("model", "desk"), COMPANY_ADMINS, ids=[m._meta.label for m, _ in COMPANY_ADMINS])


@company_admin_ids()
def test_an_admin_list_shows_and_finds_ones_own_company(world: SimpleNamespace, model: Any, desk: Any) -> None:
    client = signed_in(world.admin)
    for query in ("", "?q=zeb", "?q=okapi", "?o=1", "?e=1"):
        response = client.get(page(model, "changelist") + query, follow=True)
        assert response.status_code == 200
        assert not leaks(response)
    assert str(our_row(world, model).pk) in text_of(client.get(page(model, "changelist"), follow=True))


@company_admin_ids()
def test_an_admin_list_costs_the_same_for_one_row_and_for_many(
    world: SimpleNamespace, model: Any, desk: Any, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(world.admin)
    with django_assert_max_num_queries(11):
        client.get(page(model, "changelist"))


@company_admin_ids()
def test_an_admin_page_of_the_other_companys_object_is_refused(
    world: SimpleNamespace, model: Any, desk: Any, untouched: None
) -> None:
    client, theirs, ours = signed_in(world.admin), their_row(world, model), our_row(world, model)
    for view in ("change", "delete", "history"):
        for method in ("get", "post"):
            codes = [
                call(client, method, page(model, view, pk) + query).status_code
                for pk, query in ((theirs.pk, ""), (theirs.pk, "?_to_field=id&_popup=1"), (uuid4(), ""), ("x", ""))
            ]
            refused = view == "delete" and not desk.perform_delete
            assert codes[:2] == [403, 403], (view, method)
            assert set(codes[2:]) <= ({403, 404} if refused else {404}), (view, method)
        response = client.get(page(model, view, ours.pk))
        assert response.status_code == (403 if view == "delete" and not desk.perform_delete else 200), view
        assert not leaks(response), view


@company_admin_ids()
def test_an_admin_form_offers_and_takes_ones_own_alone(
    world: SimpleNamespace, model: Any, desk: Any, untouched: None
) -> None:
    client = signed_in(world.admin)
    response = client.get(page(model, "add"))
    assert response.status_code in (200, 403)
    assert not leaks(response)
    if response.status_code == 403:
        return
    theirs = {
        field.name: str(world.their_rows[field.related_model._meta.label].pk)
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model._meta.label in world.their_rows
    }
    for data in ({name: pk} for name, pk in theirs.items()):
        answer = client.post(page(model, "add"), {**plain_values(model), **data})
        assert answer.status_code == 200, f"{data} was taken"
        assert not leaks(answer)


def plain_values(model: Any) -> dict[str, str]:
    return {field.name: "1" for field in model._meta.concrete_fields if isinstance(field, models.CharField)}


@company_admin_ids()
def test_an_admin_action_leaves_the_other_companys_rows_alone(
    world: SimpleNamespace, model: Any, desk: Any, untouched: None
) -> None:
    client, theirs = signed_in(world.admin), their_row(world, model)
    request = SimpleNamespace(user=world.admin, GET={}, POST={}, company=world.ours)
    for name in desk.get_actions(request):
        for across in ("0", "1"):
            data = {"action": name, ACTION_CHECKBOX_NAME: [str(theirs.pk)], "select_across": across, "confirmed": "yes"}
            data |= {"strategy": "capacity", "stage": "mql", "disposition": "callback"}
            response = client.post(page(model, "changelist"), data)
            assert response.status_code in (200, 302), name
            assert not leaks(response)


def test_autocomplete_offers_ones_own_company_alone(world: SimpleNamespace) -> None:
    client, seen = signed_in(world.admin), 0
    for model, desk in COMPANY_ADMINS:
        for field in desk.autocomplete_fields:
            for term in ("", THEIRS, OURS):
                query = {"term": term, "app_label": model._meta.app_label, "model_name": model._meta.model_name}
                response = client.get(reverse("admin:autocomplete"), {**query, "field_name": field})
                assert not leaks(response)
                seen += len(response.json()["results"])
    assert seen > 0


@pytest.mark.parametrize("model", [m for m, _ in PLATFORM_ADMINS], ids=lambda m: m._meta.label)
def test_what_has_no_company_is_the_superusers_alone(world: SimpleNamespace, model: Any) -> None:
    client = signed_in(world.admin)
    for url in (page(model, "changelist"), page(model, "add"), page(model, "change", 1), page(model, "history", 1)):
        assert client.get(url).status_code == 403
    assert isinstance(admin.site._registry[model], PlatformModelAdmin)
    assert not issubclass(model, TenantModel)


@pytest.fixture
def root(world: SimpleNamespace) -> User:
    with unscoped("test"):
        return User.objects.create_superuser("root@platform.example", "correct horse battery")


def test_a_superuser_chooses_a_company_and_works_in_one(world: SimpleNamespace, root: User) -> None:
    client, leads = signed_in(root), reverse("admin:leads_lead_changelist")
    assert client.get(leads).headers["Location"] == reverse("admin:index")
    assert client.get("/api/v1/leads").status_code == 403
    assert THEIRS in text_of(client.get(reverse("admin:index"))), "both companies are offered"
    assert client.post(reverse("admin:company"), {"company": str(uuid4())}).status_code == 404
    assert client.post(reverse("admin:company"), {"company": str(world.ours.pk)}).status_code == 302
    listed = text_of(client.get(leads))
    assert f"{OURS} first_name" in listed
    assert f"{THEIRS} first_name" not in listed
    assert (
        client.get(
            page(world.their_rows["leads.Lead"].__class__, "change", world.their_rows["leads.Lead"].pk)
        ).status_code
        == 403
    )
    for model, _ in PLATFORM_ADMINS:
        assert client.get(page(model, "changelist")).status_code == 200, model


def test_nobody_else_chooses_and_an_agent_does_not_come_in(world: SimpleNamespace) -> None:
    chosen = {"company": str(world.theirs.pk)}
    assert signed_in(world.admin).post(reverse("admin:company"), chosen).status_code == 403
    assert Client().post(reverse("admin:company"), chosen).status_code == 403
    agent = signed_in(UserFactory(company=world.ours, role=Role.AGENT))
    response = agent.get(reverse("admin:leads_lead_changelist"), follow=True)
    assert response.status_code == 403
    manager = signed_in(UserFactory(company=world.ours, role=Role.MANAGER))
    codes = {m._meta.label: manager.get(page(m, "changelist")).status_code for m, _ in COMPANY_ADMINS}
    closed = {
        "accounts.User",
        "accounts.Invitation",
        "accounts.Company",
        "audit.AuditEntry",
        "lists.SavedSearch",
        "mail.Mail",
        "notifications.Notification",
        "providers.Connection",
        "vendors.Vendor",
        "vendors.VendorPost",
        "vendors.VendorReturn",
    }
    assert {label for label, code in codes.items() if code == 403} == closed


# --- where the wall has doors ----------------------------------------------------------------------------------------


def sources() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("crm", "agents", "leads", "calls"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if not {"tests", "testing", "migrations"} & set(file.relative_to(ROOT).parts):
                yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text())


def called(node: ast.AST) -> str:
    return str(getattr(node.func, "id", getattr(node.func, "attr", ""))) if isinstance(node, ast.Call) else ""


def test_unscoped_stands_where_the_list_says() -> None:
    found = {name: sum(called(node) == "unscoped" for node in ast.walk(tree)) for name, tree in sources()}
    assert {name: uses for name, uses in found.items() if uses} == UNSCOPED


def test_sql_by_hand_stands_where_the_list_says() -> None:
    by_hand = {"cursor", "raw", "RawSQL", "extra"}
    found = {name: sum(called(node) in by_hand for node in ast.walk(tree)) for name, tree in sources()}
    assert {name: count for name, count in found.items() if count} == RAW_SQL


def test_no_company_is_set_outside_the_four_places() -> None:
    """The session's middleware, the API's authenticators, the task base, and links and hooks by an unscoped look-up."""
    found = {name for name, tree in sources() if any(called(n) in ("activate", "scoped") for n in ast.walk(tree))}
    assert found <= {
        "crm/core/tenancy.py",
        "crm/core/tasks.py",
        "crm/accounts/middleware.py",
        "crm/accounts/authentication.py",
        "crm/vendors/authentication.py",
    }
    order = django_settings.MIDDLEWARE
    mine = order.index("crm.accounts.middleware.CompanyMiddleware")
    assert mine > order.index("django.contrib.auth.middleware.AuthenticationMiddleware")
