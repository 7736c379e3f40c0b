"""A company's own account: entered and never shown, used before the installation's, and believed by its own token."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.accounts.tests.factories import CompanyFactory
from crm.audit.models import AuditEntry, JournalEntry
from crm.core.tenancy import company_active, unscoped
from crm.providers.accounts import account_in_use, accounts_believed, accounts_named, provider_in_use
from crm.providers.actions import connect, disconnect
from crm.providers.models import Connection
from crm.providers.registry import dialler
from crm.providers.twilio.tests.stand_in import SID as STAND_IN
from crm.providers.twilio.tests.stand_in import TOKEN as STAND_INS_TOKEN
from crm.providers.twilio.tests.stand_in import StandIn

pytestmark = pytest.mark.django_db
SID, TOKEN = "AC" + "c" * 32, "own-token-of-copperline"
OTHER, INSTALLATIONS = "AC" + "d" * 32, "AC" + "e" * 32
FIELDS = {"account": SID, "secret": TOKEN, "caller_number": "+14155550100"}
API = "/api/v1/connections/twilio"


@pytest.fixture(autouse=True)
def _installation(settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = INSTALLATIONS, "token-of-the-installation"
    settings.TWILIO_CALLER_NUMBER = "+14155550199"


@pytest.fixture
def office(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def own(admin: User, **fields: Any) -> Connection:
    return connect("twilio", FIELDS | fields, by=admin)[0]


def everything_told(company: Company) -> str:
    with unscoped("a test"):
        entries = list(AuditEntry.objects.filter(company_id=company.pk).values())
        return str(entries) + str(list(JournalEntry.objects.filter(company_id=company.pk).values()))


# --- which account ----------------------------------------------------------------------------------------------------


def test_the_companys_own_account_goes_before_the_installations(in_company: Company, admin: User) -> None:
    assert (provider_in_use(), account_in_use().caller_number) == ("simulator", "+14155550199")
    row = own(admin)
    assert (provider_in_use(), dialler().name) == ("twilio", "twilio")
    account = account_in_use()
    assert (account.sid, account.secret, account.caller_number) == (SID, TOKEN, "+14155550100")
    assert TOKEN not in repr(account)
    connect("twilio", {"is_active": False}, by=admin)
    assert (provider_in_use(), account_in_use().sid) == ("simulator", INSTALLATIONS)
    assert [one.sid for one in accounts_believed()] == [SID, INSTALLATIONS]
    disconnect(row, by=admin)
    assert [one.sid for one in accounts_believed()] == [INSTALLATIONS]


def test_another_company_keeps_the_installations(in_company: Company, admin: User) -> None:
    own(admin)
    with company_active(CompanyFactory().pk):
        assert (provider_in_use(), account_in_use().sid) == ("simulator", INSTALLATIONS)
        assert [one.company_id for one in accounts_believed()] == [None]
    assert [(one.sid, one.company_id) for one in accounts_named(SID)] == [(SID, in_company.pk)]
    assert [one.company_id for one in accounts_named(INSTALLATIONS)] == [None]
    assert accounts_named("") == []


# --- entered, kept, shown ---------------------------------------------------------------------------------------------


def test_the_secret_is_encrypted_and_told_nowhere(in_company: Company, office: Client, admin: User, api: Any) -> None:
    page = office.post(reverse("connections:edit", args=["twilio"]), {**FIELDS, "is_active": "on"}, follow=True)
    row = Connection.objects.get()
    assert (row.account, row.secret, row.is_active, row.created_by) == (SID, TOKEN, True, admin)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM providers_connection")
        assert TOKEN not in str(cursor.fetchall())
    pages = [
        page,
        office.get(reverse("connections:edit", args=["twilio"])),
        office.get(reverse("admin:providers_connection_changelist")),
        office.get(reverse("admin:providers_connection_change", args=[row.pk])),
        office.get(reverse("admin:providers_connection_history", args=[row.pk])),
        api(admin).get("/api/v1/connections"),
        api(admin).get(API),
    ]
    for response in pages:
        assert response.status_code == 200
        assert TOKEN not in response.content.decode()
    assert "ends in <code>line</code>" in page.content.decode()
    assert pages[-1].json()["secret_end"] == "line"
    assert TOKEN not in everything_told(in_company)
    made = AuditEntry.objects.get(action="connection.made")
    assert {change["field"] for change in made.changes} == {"account", "secret", "caller_number", "is_active"}


def test_an_empty_secret_keeps_the_one_that_there_is(in_company: Company, office: Client, admin: User) -> None:
    own(admin)
    url = reverse("connections:edit", args=["twilio"])
    assert office.post(url, {"account": SID, "secret": "", "caller_number": ""}).status_code == 302
    row = Connection.objects.get()
    assert (row.secret, row.caller_number, row.is_active) == (TOKEN, "", False)
    office.post(url, {"account": SID, "secret": "another-token-of-ours", "is_active": "on"})
    assert Connection.objects.get().secret == "another-token-of-ours"
    assert "another-token" not in everything_told(in_company)
    changed = AuditEntry.objects.filter(action="connection.changed").order_by("id").last()
    assert changed is not None
    assert {"field": "secret"} in changed.changes


@pytest.mark.parametrize(
    ("change", "named", "status"),
    [
        ({"account": "AC123"}, "account", 422),
        ({"account": "'; drop table"}, "account", 422),
        ({"account": ""}, "account", 422),
        ({"secret": "short"}, "secret", 422),
        ({"secret": "with spaces in between"}, "secret", 422),
        ({"secret": None}, "secret", 422),
        ({"caller_number": "(415) 555-0100"}, "caller_number", 422),
        ({"is_active": "perhaps"}, "is_active", 422),
    ],
)
def test_what_is_malformed_is_named_and_nothing_is_kept(
    in_company: Company, admin: User, api: Any, office: Client, change: dict[str, Any], named: str, status: int
) -> None:
    answer = api(admin).put(API, FIELDS | change)
    assert answer.status_code == status
    assert answer.json()["detail"][0]["loc"] == ["body", named]
    if named != "is_active":
        data = {name: value or "" for name, value in (FIELDS | change).items()}
        assert office.post(reverse("connections:edit", args=["twilio"]), data).status_code == 422
    assert not Connection.objects.exists()


def test_a_new_account_needs_its_own_secret(in_company: Company, admin: User, api: Any) -> None:
    client = api(admin)
    missing = client.put(API, {"account": SID})
    assert (missing.status_code, missing.json()["detail"][0]["loc"]) == (400, ["body", "secret"])
    assert client.put(API, FIELDS).status_code == 201
    assert client.put(API, {"account": OTHER}).status_code == 400
    assert Connection.objects.get().account == SID
    assert client.patch(API, {"is_active": False}).status_code == 200
    assert client.put(API, {"account": OTHER, "secret": TOKEN}).json()["account"] == OTHER


def test_it_is_disconnected_on_record_and_its_secret_is_gone(
    in_company: Company, admin: User, api: Any, office: Client
) -> None:
    own(admin)
    assert api(admin).delete(API).json() == {"message": "Disconnected"}
    assert api(admin).delete(API).status_code == 404
    own(admin)
    assert office.post(reverse("connections:remove", args=["twilio"]), follow=True).status_code == 200
    assert office.post(reverse("connections:remove", args=["twilio"])).status_code == 404
    row = own(admin)
    assert office.post(reverse("admin:providers_connection_delete", args=[row.pk]), {"post": "yes"}).status_code == 302
    assert not Connection.objects.exists()
    assert AuditEntry.objects.filter(action="connection.removed").count() == 3


def test_it_is_tried_before_anybody_calls(
    in_company: Company, admin: User, api: Any, office: Client, stand_in: StandIn
) -> None:
    url = reverse("connections:ask", args=["twilio"])
    assert office.post(url).status_code == 404
    own(admin, account=STAND_IN, secret=STAND_INS_TOKEN)
    assert "Twilio lets us in: Copperline (active)." in office.post(url, follow=True).content.decode()
    assert api(admin).post(f"{API}/ask").json() == {"works": True, "detail": "Copperline (active)"}
    own(admin, account=STAND_IN, secret="not-the-token-of-it")
    assert "Authenticate" in office.post(url, follow=True).content.decode()
    told = api(admin).post(f"{API}/ask").json()
    assert (told["works"], "Authenticate" in told["detail"]) == (False, True)
    stand_in.shape = "nonsense"
    assert api(admin).post(f"{API}/ask").json()["works"] is False


def test_the_desk_changes_all_but_the_secret(in_company: Company, admin: User, office: Client) -> None:
    row = own(admin)
    url = reverse("admin:providers_connection_change", args=[row.pk])
    assert office.post(url, {"caller_number": "+14155550122"}).status_code == 302
    row.refresh_from_db()
    assert (row.caller_number, row.is_active, row.secret) == ("+14155550122", False, TOKEN)
    assert "A number in E.164" in office.post(url, {"caller_number": "nonsense"}).content.decode()


def test_administrators_alone_see_it_and_a_stranger_sees_none(
    in_company: Company, admin: User, manager: User, agent: Agent, stranger: User, api: Any
) -> None:
    own(admin)
    for user in (manager, agent.user):
        client = Client()
        client.force_login(user)
        assert client.get(reverse("connections:list")).status_code == 403
        assert client.get(reverse("connections:edit", args=["twilio"])).status_code == 403
        assert client.post(reverse("connections:remove", args=["twilio"])).status_code == 403
        assert api(user).get(API).status_code == 403
        assert api(user).put(API, FIELDS).status_code == 403
        assert client.post(reverse("connections:ask", args=["twilio"])).status_code == 403
        assert api(user).post(f"{API}/ask").status_code == 403
    assert api(stranger).get("/api/v1/connections").json()["connections"] == []
    assert api(stranger).get(API).status_code == 404
    assert api(stranger).delete(API).status_code == 404
    assert api(admin).get("/api/v1/connections/pigeon").status_code == 404
    assert Connection.objects.count() == 1


def test_the_page_says_by_what_is_called(in_company: Company, office: Client, admin: User, settings: Any) -> None:
    url = reverse("connections:list")
    assert "Calls are simulated" in office.get(url).content.decode()
    settings.CALL_PROVIDER = "twilio"
    assert "the installation’s Twilio account" in office.get(url).content.decode()
    own(admin, is_active=False)
    assert "switched off" in office.get(url).content.decode()
    assert url in office.get(reverse("accounts:settings")).content.decode()
    form = office.get(reverse("connections:edit", args=["twilio"])).content.decode()
    assert f"{settings.PUBLIC_URL}/providers/twilio/sms" in form
