"""Users, invitations and the company over the API."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail

from agents.models import Agent
from crm.accounts.models import Company, Invitation, User
from crm.accounts.permissions_table import Role
from crm.accounts.tests.factories import PASSWORD, UserFactory
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active, unscoped

USERS = "/api/v1/users"
NEW = {"email": "Ben@Copperline.example", "first_name": "Ben", "last_name": "Okri", "role": "agent"}


def last(action: str) -> AuditEntry:
    with unscoped("test"):
        return AuditEntry.objects.filter(action=action).latest("id")


def reloaded(user: User) -> User:
    with unscoped("test"):
        return User.known.get(pk=user.pk)


# --- lists -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [USERS, "/api/auth/users", "/api/users/", "/api/v1/auth/users/"])
def test_an_administrator_lists_the_company_alone(
    api: Any, admin: User, manager: User, stranger: User, path: str
) -> None:
    body = api(admin).get(path).json()
    assert body["total"] == 2
    assert {row["email"] for row in body["users"]} == {admin.email, manager.email}
    assert (body["page"], body["per_page"]) == (1, 10)
    assert "password" not in str(body)


def test_the_list_costs_the_same_for_one_and_for_many(
    api: Any, admin: User, company: Company, django_assert_num_queries: Any
) -> None:
    client = api(admin)
    for size in (1, 30):
        for _ in range(size):
            UserFactory(company=company)
        with django_assert_num_queries(2):  # the session; the rows with their agents
            client.get(f"{USERS}?per_page=100")


def test_the_list_filters_strictly(api: Any, admin: User, manager: User, company: Company) -> None:
    UserFactory(company=company, first_name="Zoë", is_active=False)
    client = api(admin)

    def found(query: str) -> set[str]:
        return {row["email"] for row in client.get(f"{USERS}?{query}").json()["users"]}

    assert found("role=admin") == {admin.email}
    assert found("role=admin,manager") == {admin.email, manager.email}
    assert len(found("is_active=false")) == 1
    assert found("search=MANAGER") == {manager.email}
    assert found("search=nobody") == set()
    for query in ("role=emperor", "is_active=perhaps", "colour=red", "ordering=password"):
        assert client.get(f"{USERS}?{query}").status_code == 422


@pytest.mark.parametrize("who", ["manager", "agent"])
def test_others_than_administrators_may_not(request: Any, api: Any, admin: User, who: str) -> None:
    person = request.getfixturevalue(who)
    client = api(person if isinstance(person, User) else person.user)
    other = f"{USERS}/{admin.pk}"
    assert client.get(USERS).status_code == 403
    assert client.post(USERS, NEW).status_code == 403
    assert client.post(f"{USERS}/invite", {"email": "x@copperline.example", "role": "agent"}).status_code == 403
    assert client.get(other).status_code == 403
    assert client.patch(other, {"role": "agent"}).status_code == 403
    assert client.delete(other).status_code == 403
    assert client.patch("/api/v1/company", {"name": "Mine"}).status_code == 403
    assert client.get("/api/v1/company").status_code == 200


def test_a_user_may_read_itself(api: Any, manager: User) -> None:
    answer = api(manager).get(f"{USERS}/{manager.pk}")
    assert answer.status_code == 200
    assert answer.json()["email"] == manager.email
    assert answer.headers["ETag"]


def test_nobody_gets_401(anyone: Any, admin: User) -> None:
    for method, path in (("get", USERS), ("post", USERS), ("get", f"{USERS}/{admin.pk}"), ("get", "/api/v1/company")):
        assert getattr(anyone, method)(path).status_code == 401


def test_anothers_user_is_forbidden_and_none_is_not_found(api: Any, admin: User, stranger: User) -> None:
    client = api(admin)
    for method in ("get", "patch", "delete"):
        assert getattr(client, method)(f"{USERS}/{stranger.pk}").status_code == 403
        assert getattr(client, method)(f"{USERS}/{Company().pk}").status_code == 404
        assert getattr(client, method)(f"{USERS}/nonsense").status_code == 404
    assert reloaded(stranger).is_active


# --- making ----------------------------------------------------------------------------------------------------------


def test_a_new_user_without_a_password_gets_a_link_and_an_agent(api: Any, admin: User, mails: Any) -> None:
    with mails():
        answer = api(admin).post(USERS, NEW)

    body = answer.json()
    assert answer.status_code == 201, body
    assert body == body | {"email": "ben@copperline.example", "name": "Ben Okri", "role": "agent", "is_active": True}
    with company_active(admin.company_id):
        user = User.objects.get(pk=body["id"])
        assert Agent.objects.get(user=user).pk == Agent.objects.get(pk=body["agent_id"]).pk
    assert not user.has_usable_password()
    entry = last("user.created")
    assert (entry.object_id, entry.user_id, entry.data) == (user.pk, admin.pk, {"role": "agent"})
    assert mail.outbox[0].to == ["ben@copperline.example"]
    assert "/accounts/password/reset/key/" in str(mail.outbox[0].body)


def test_a_new_user_with_a_password_signs_in_and_gets_no_mail(api: Any, anyone: Any, admin: User, mails: Any) -> None:
    body = {**NEW, "role": "Manager", "password": "a long enough secret", "username": "ben"}
    with mails():
        answer = api(admin).post(USERS, body)
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["role"], answer.json()["agent_id"], answer.json()["username"]) == ("manager", None, "ben")
    assert mail.outbox == []
    signed_in = anyone.post("/api/v1/auth/login", {"username": "BEN", "password": "a long enough secret"})
    assert signed_in.status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"email": "ADMIN@elsewhere.example"}, 400, "e-mail"),  # another company's: unique in the installation
        ({"username": "ADMIN"}, 400, "user name"),
        ({"username": "a@b"}, 422, "username"),
        ({"role": "owner"}, 422, "role"),
        ({"password": "short"}, 422, "password"),
        ({"timezone": "Mars/Olympus"}, 422, "timezone"),
        ({"email": "x"}, 422, "email"),
        ({"first_name": 5}, 422, "first_name"),
    ],
)
def test_a_bad_new_user_is_refused_whole(
    api: Any, admin: User, stranger: User, change: dict[str, Any], status: int, sentence: str
) -> None:
    answer = api(admin).post(USERS, {**NEW, **change})
    assert answer.status_code == status, answer.json()
    assert sentence in str(answer.json())
    with unscoped("test"):
        assert not User.objects.filter(email="ben@copperline.example").exists()


# --- changing --------------------------------------------------------------------------------------------------------


def test_changing_role_and_address_is_on_record_without_the_address(
    api: Any, admin: User, manager: User, mails: Any
) -> None:
    before = manager.email
    with mails():
        answer = api(admin).patch(f"{USERS}/{manager.pk}", {"role": "admin", "email": "Boss@copperline.example"})
    assert answer.status_code == 200, answer.json()
    assert (answer.json()["role"], answer.json()["email"]) == ("admin", "boss@copperline.example")
    assert (reloaded(manager).role, reloaded(manager).email) == ("admin", "boss@copperline.example")
    entry = last("user.updated")
    assert entry.user_id == admin.pk
    assert {"field": "role", "before": "manager", "after": "admin"} in entry.changes
    assert "copperline" not in str(entry.changes)
    assert list(EmailAddress.objects.filter(user_id=manager.pk).values_list("email", "verified")) == [
        ("boss@copperline.example", False)
    ]
    assert mail.outbox[0].to == [before]


def test_only_the_named_fields_change(api: Any, admin: User, manager: User) -> None:
    answer = api(admin).put(f"{USERS}/{manager.pk}", {"first_name": "Mia", "company_id": "x", "is_superuser": True})
    assert answer.status_code == 200
    after = reloaded(manager)
    assert (after.first_name, after.last_name, after.role) == ("Mia", manager.last_name, "manager")
    assert not after.is_superuser


def test_a_change_against_an_old_state_is_refused(api: Any, admin: User, manager: User) -> None:
    client = api(admin)
    path = f"{USERS}/{manager.pk}"
    etag = client.get(path).headers["ETag"]
    assert client.patch(path, {"first_name": "One"}, headers={"If-Match": etag}).status_code == 200
    assert client.patch(path, {"first_name": "Two"}, headers={"If-Match": etag}).status_code == 412
    assert reloaded(manager).first_name == "One"


@pytest.mark.parametrize("body", [{"email": "taken@elsewhere.example"}, {"username": "TAKEN"}])
def test_a_taken_name_is_refused_and_nothing_changes(
    api: Any, admin: User, manager: User, stranger: User, body: dict[str, str]
) -> None:
    UserFactory(company=stranger.company, email="taken@elsewhere.example", username="taken")
    assert api(admin).patch(f"{USERS}/{manager.pk}", {**body, "first_name": "No"}).status_code == 400
    assert reloaded(manager).first_name == manager.first_name


def test_deactivating_ends_sessions_at_once_and_is_on_record(api: Any, admin: User, agent: Any) -> None:
    person = api(agent.user)
    assert person.get("/api/v1/auth/me").status_code == 200
    answer = api(admin).delete(f"{USERS}/{agent.user.pk}")
    assert answer.status_code == 200
    assert answer.json()["user"]["is_active"] is False
    assert person.get("/api/v1/auth/me").status_code == 401
    entry = last("user.deactivated")
    assert (entry.object_id, entry.user_id) == (agent.user.pk, admin.pk)
    again = api(admin).patch(f"{USERS}/{agent.user.pk}", {"is_active": True})
    assert again.json()["is_active"] is True
    assert person.get("/api/v1/auth/me").status_code == 401  # the ended session stays ended
    assert last("user.activated").object_id == agent.user.pk


def test_the_last_administrator_stays(api: Any, admin: User, manager: User, stranger: User) -> None:
    client = api(admin)
    path = f"{USERS}/{admin.pk}"
    refused = [client.delete(path), client.patch(path, {"role": "agent"}), client.patch(path, {"is_active": False})]
    assert [answer.status_code for answer in refused] == [409, 409, 409]
    assert (reloaded(admin).role, reloaded(admin).is_active) == ("admin", True)
    UserFactory(company=admin.company, role=Role.ADMIN, is_active=False)  # one who is off does not count
    assert client.delete(path).status_code == 409
    client.patch(f"{USERS}/{manager.pk}", {"role": "admin"})
    assert client.delete(path).status_code == 200


# --- invitations -----------------------------------------------------------------------------------------------------


def invite(client: Any, mails: Any, **body: str) -> tuple[Any, str]:
    with mails():
        answer = client.post(f"{USERS}/invite", body)
    text = str(mail.outbox[-1].body) if mail.outbox else ""
    return answer, text.partition("invitation=")[2].split()[0] if "invitation=" in text else ""


def test_registering_with_an_invitation_joins_the_company(api: Any, anyone: Any, admin: User, mails: Any) -> None:
    answer, token = invite(api(admin), mails, email="New@copperline.example", role="agent")
    assert answer.status_code == 201, answer.json()
    assert answer.json() == answer.json() | {"email": "new@copperline.example", "role": "agent", "accepted_at": None}
    assert token not in str(answer.json())

    body = {"email": "new@copperline.example", "password": "a long enough secret", "first_name": "New"}
    other = anyone.post("/api/v1/auth/register", {**body, "email": "other@copperline.example", "invitation": token})
    joined = anyone.post("/api/v1/auth/register", {**body, "invitation": token})
    again = anyone.post("/api/v1/auth/register", {**body, "invitation": token})

    assert (other.status_code, joined.status_code, again.status_code) == (400, 201, 400)
    assert other.json() == again.json()
    user = joined.json()["user"]
    assert (user["role"], user["company_id"]) == ("agent", str(admin.company_id))
    assert user["agent_id"]
    assert EmailAddress.objects.get(email="new@copperline.example").verified
    with company_active(admin.company_id):
        assert Invitation.objects.get().accepted_at is not None


def test_invitations_hold_while_registration_is_by_invitation(
    api: Any, anyone: Any, admin: User, mails: Any, settings: Any
) -> None:
    settings.REGISTRATION = "invite"
    _, token = invite(api(admin), mails, email="new@copperline.example", role="manager")
    body = {"email": "new@copperline.example", "password": "a long enough secret", "first_name": "New"}
    assert anyone.post("/api/v1/auth/register", {**body, "invitation": token}).status_code == 201
    settings.REGISTRATION = "closed"
    answer, _ = invite(api(admin), mails, email="more@copperline.example", role="manager")
    assert answer.status_code == 403


def test_who_is_there_already_is_not_invited(api: Any, admin: User, manager: User, stranger: User, mails: Any) -> None:
    for email in (manager.email, stranger.email):
        assert invite(api(admin), mails, email=email, role="agent")[0].status_code == 400
    assert mail.outbox == []


def test_an_invitation_with_a_made_up_token_is_refused(anyone: Any, admin: User) -> None:
    body = {"email": "x@copperline.example", "password": PASSWORD, "first_name": "X", "invitation": "made-up"}
    assert anyone.post("/api/v1/auth/register", body).status_code == 400


# --- company ---------------------------------------------------------------------------------------------------------


def test_the_company_shows_its_settings_by_name(api: Any, manager: User) -> None:
    body = api(manager).get("/api/v1/company").json()
    assert body == body | {
        "name": "Copperline",
        "timezone": "UTC",
        "default_country": "US",
        "currency": "USD",
        "sla_duration_minutes": 120,
        "sla_clock": "calendar",
        "calling_hours": {"start": "08:00", "end": "21:00"},
        "business_hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
        "holidays": [],
        "agents_may_claim": True,
        "accept_minutes": None,
        "record_calls": False,
        "recording_notice": "This call may be recorded.",
        "attribution_days": 30,
        "duplicate_policy": "refuse",
        "qualify_threshold": 70,
        "promote_threshold": 75,
        "disqualify_threshold": 40,
    }


CHANGES = {
    "name": "Copper & Sons",
    "timezone": "Europe/Berlin",
    "default_country": "de",
    "currency": "eur",
    "sla_duration_minutes": 45,
    "sla_by_priority": {"urgent": 10},
    "sla_clock": "business",
    "calling_hours": {"start": "09:30", "end": "20:00"},
    "business_hours": {"sat": [["13:00", "15:00"], ["09:00", "12:00"]], "mon": [], "tue": [["22:00", "06:00"]]},
    "holidays": ["2026-12-26", "2026-12-25", "2026-12-25"],
    "agents_may_claim": False,
    "accept_minutes": 15,
    "record_calls": True,
    "recording_notice": "We record this call.",
    "attribution_days": 60,
    "duplicate_policy": "Flag",
    "qualify_threshold": 60,
    "promote_threshold": 80,
    "disqualify_threshold": 30,
}


def test_every_setting_changes_by_its_name_on_record(api: Any, admin: User) -> None:
    answer = api(admin).patch("/api/v1/company", CHANGES)
    assert answer.status_code == 200, answer.json()
    wanted = CHANGES | {
        "default_country": "DE",
        "currency": "EUR",
        "business_hours": {"tue": [["22:00", "06:00"]], "sat": [["09:00", "12:00"], ["13:00", "15:00"]]},
        "holidays": ["2026-12-25", "2026-12-26"],
        "duplicate_policy": "flag",
    }
    assert {name: answer.json()[name] for name in CHANGES} == wanted
    company = Company.objects.get(pk=admin.company_id)
    assert {name: getattr(company, name) for name in CHANGES} == wanted
    entry = last("company.updated")
    assert (entry.object_id, entry.user_id) == (company.pk, admin.pk)
    assert {change["field"] for change in entry.changes} == set(CHANGES)


def test_nobody_is_recorded_without_being_told(api: Any, admin: User) -> None:
    client = api(admin)
    answer = client.patch("/api/v1/company", {"record_calls": True, "recording_notice": " "})
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "recording_notice"])
    assert client.patch("/api/v1/company", {"recording_notice": ""}).status_code == 200
    assert client.patch("/api/v1/company", {"record_calls": True}).status_code == 422
    assert Company.objects.get(pk=admin.company_id).record_calls is False


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", 5),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../etc/passwd"),
        ("default_country", "XX"),
        ("default_country", "Germany"),
        ("currency", "ABC"),
        ("sla_duration_minutes", 0),
        ("sla_duration_minutes", "soon"),
        ("sla_duration_minutes", 10**30),
        ("sla_by_priority", {"urgent": 0}),
        ("sla_by_priority", {"extreme": 5}),
        ("sla_by_priority", [5]),
        ("sla_clock", "sundial"),
        ("calling_hours", {"start": "07:59", "end": "20:00"}),
        ("calling_hours", {"start": "09:00", "end": "21:01"}),
        ("calling_hours", {"start": "20:00", "end": "09:00"}),
        ("calling_hours", {"start": "9:00", "end": "20:00"}),
        ("calling_hours", {"start": "09:00"}),
        ("calling_hours", []),
        ("business_hours", {"monday": [["09:00", "17:00"]]}),
        ("business_hours", {"mon": [["09:00", "25:00"]]}),
        ("business_hours", {"mon": [["09:00", "12:00"], ["11:00", "17:00"]]}),
        ("business_hours", {"mon": ["09:00", "17:00"]}),
        ("business_hours", {"mon": {"from": "09:00"}}),
        ("holidays", ["2026-02-30"]),
        ("holidays", ["Christmas"]),
        ("holidays", "2026-12-25"),
        ("holidays", [20261225]),
        ("agents_may_claim", "yes"),
        ("accept_minutes", -5),
        ("record_calls", "yes"),
        ("recording_notice", "x" * 301),
        ("recording_notice", None),
        ("attribution_days", None),
        ("duplicate_policy", "merge"),
        ("qualify_threshold", 101),
        ("qualify_threshold", 76),  # above promote
        ("disqualify_threshold", 71),  # above qualify
        ("promote_threshold", 69),  # below qualify
    ],
)
def test_a_bad_setting_is_refused_by_its_name_and_nothing_changes(
    api: Any, admin: User, field: str, value: Any
) -> None:
    answer = api(admin).patch("/api/v1/company", {"attribution_days": 99, field: value})
    assert answer.status_code == 422, answer.json()
    assert field in str(answer.json()["detail"][0]["loc"])
    assert Company.objects.get(pk=admin.company_id).attribution_days == 30


def test_another_company_is_not_touched(api: Any, admin: User, stranger: User) -> None:
    api(stranger).patch("/api/v1/company", {"name": "Theirs"})
    assert Company.objects.get(pk=admin.company_id).name == "Copperline"
