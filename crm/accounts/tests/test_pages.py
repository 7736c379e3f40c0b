"""Pages of users, profile and company settings; all without JavaScript."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from crm.accounts import actions
from crm.accounts.models import ApiSession, Company, Invitation, User
from crm.accounts.permissions_table import Role
from crm.accounts.tests.factories import UserFactory
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active, unscoped
from leads.tests.factories import LeadFactory


@pytest.fixture
def page_of(db: None) -> Any:
    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make


def reloaded(user: User) -> User:
    with unscoped("test"):
        return User.known.get(pk=user.pk)


USER = {"first_name": "Ben", "last_name": "Okri", "email": "Ben@Copperline.example", "username": "", "role": "agent"}


def test_the_users_page_lists_the_company_alone(
    page_of: Any, admin: User, manager: User, agent: Any, stranger: User
) -> None:
    page = page_of(admin).get("/users/").content.decode()
    assert manager.email in page
    assert "Priya Rao" in page
    assert "of 25" in page
    assert stranger.email not in page
    assert "Priya Rao" not in page_of(admin).get("/users/?search=manager").content.decode()
    assert "Priya Rao" in page_of(admin).get("/users/?show=agent").content.decode()
    assert "Nobody here" in page_of(admin).get("/users/?search=xyz%00").content.decode()


def test_the_users_page_costs_the_same_for_few_and_many(
    page_of: Any, admin: User, company: Company, django_assert_num_queries: Any
) -> None:
    browser = page_of(admin)
    for size in (1, 30):
        for _ in range(size):
            UserFactory(company=company)
        with django_assert_num_queries(6):  # session, user, count, users, their agents, invitations
            browser.get("/users/")


@pytest.mark.parametrize("path", ["/users/", "/users/new/", "/users/{pk}/", "/users/{pk}/deactivate/", "/settings/"])
def test_pages_of_administrators_are_closed_to_others(
    page_of: Any, admin: User, manager: User, agent: Any, path: str
) -> None:
    path = path.format(pk=admin.pk)
    assert page_of(admin).get(path).status_code == 200
    assert page_of(manager).get(path).status_code == 403
    assert page_of(agent.user).get(path).status_code == 403
    assert Client().get(path).status_code == 302


@pytest.mark.parametrize("path", ["", "deactivate/", "activate/"])
def test_a_strangers_user_is_forbidden(page_of: Any, admin: User, stranger: User, path: str) -> None:
    assert page_of(admin).post(f"/users/{stranger.pk}/{path}", USER).status_code == 403
    assert page_of(admin).post(f"/users/{Company().pk}/{path}", USER).status_code == 404
    assert reloaded(stranger).is_active


def test_making_a_user_mails_the_link(page_of: Any, admin: User, mails: Any) -> None:
    with mails():
        answer = page_of(admin).post("/users/new/", USER, follow=True)
    assert "the link is on its way" in answer.content.decode()
    with company_active(admin.company_id):
        user = User.objects.get(email="ben@copperline.example")
        assert user.agent.max_capacity == 25
    assert (user.name, user.role, user.username) == ("Ben Okri", "agent", None)
    assert mail.outbox[0].to == ["ben@copperline.example"]


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"email": "manager@copperline.example"}, "email", "already exists"),
        ({"email": "x"}, "email", "valid email"),
        ({"username": "a b"}, "username", "Letters, digits"),
        ({"first_name": ""}, "first_name", "required"),
        ({"role": "owner"}, "role", "valid choice"),
    ],
)
def test_a_bad_user_is_refused_beside_the_field_and_keeps_what_was_typed(
    page_of: Any, admin: User, manager: User, change: dict[str, str], field: str, message: str
) -> None:
    answer = page_of(admin).post("/users/new/", {**USER, **change})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert message in page
    assert f'id="id_{field}-e"' in page
    assert 'value="Okri"' in page
    assert "<title>Error: " in page


def test_editing_a_user(page_of: Any, admin: User, manager: User) -> None:
    body = {**USER, "email": manager.email, "role": "admin", "timezone": "Europe/Berlin", "username": "mia"}
    assert page_of(admin).post(f"/users/{manager.pk}/", body).status_code == 302
    after = reloaded(manager)
    assert (after.role, after.timezone, after.username, after.name) == ("admin", "Europe/Berlin", "mia", "Ben Okri")


def test_the_last_administrator_is_told_at_the_head_of_the_form(page_of: Any, admin: User) -> None:
    answer = page_of(admin).post(f"/users/{admin.pk}/", {**USER, "email": admin.email})
    assert answer.status_code == 422
    assert "needs at least one active administrator" in answer.content.decode()


def test_deactivating_asks_once_and_names_the_leads_that_return(page_of: Any, admin: User, agent: Any) -> None:
    with company_active(admin.company_id):
        for _ in range(3):
            LeadFactory(agent=agent)
    browser = page_of(admin)
    page = browser.get(f"/users/{agent.user.pk}/deactivate/").content.decode()
    assert "3 open leads return to the queue" in page
    assert reloaded(agent.user).is_active
    answer = browser.post(f"/users/{agent.user.pk}/deactivate/", follow=True)
    assert "is switched off" in answer.content.decode()
    assert not reloaded(agent.user).is_active
    browser.post(f"/users/{agent.user.pk}/activate/")
    assert reloaded(agent.user).is_active


def test_inviting_and_withdrawing(page_of: Any, admin: User, mails: Any) -> None:
    browser = page_of(admin)
    with mails():
        answer = browser.post("/users/invite/", {"email": "New@copperline.example", "role": "manager"}, follow=True)
    assert "new@copperline.example" in answer.content.decode()
    assert len(mail.outbox) == 1
    with company_active(admin.company_id):
        invitation = Invitation.objects.get()
    answer = browser.post(f"/users/invitations/{invitation.pk}/withdraw/", follow=True)
    assert "is withdrawn" in answer.content.decode()
    bad = browser.post("/users/invite/", {"email": admin.email, "role": "manager"})
    assert (bad.status_code, "already exists" in bad.content.decode()) == (422, True)


def test_a_strangers_invitation_is_forbidden(page_of: Any, admin: User, stranger: User) -> None:
    with company_active(stranger.company_id):
        invitation = actions.invite("x@elsewhere.example", Role.AGENT, by=stranger)
    assert page_of(admin).post(f"/users/invitations/{invitation.pk}/withdraw/").status_code == 403


# --- company settings ------------------------------------------------------------------------------------------------

SETTINGS = {
    "name": "Copper & Sons",
    "timezone": "Europe/Berlin",
    "default_country": "DE",
    "currency": "EUR",
    "hours_mon": "09:00–12:00, 13:00-17:00",
    "hours_sat": "",
    "holidays": "2026-12-25\n2026-12-26",
    "calling_start": "09:00",
    "calling_end": "20:00",
    "sla_duration_minutes": "45",
    "sla_urgent": "10",
    "sla_clock": "business",
    "accept_minutes": "",
    "record_calls": "on",
    "recording_notice": "We record this.",
    "duplicate_policy": "flag",
    "disqualify_threshold": "30",
    "qualify_threshold": "60",
    "promote_threshold": "80",
    "attribution_days": "60",
    "retention_days": "",
}


def test_saving_the_settings(page_of: Any, admin: User) -> None:
    answer = page_of(admin).post("/settings/", SETTINGS, follow=True)
    assert "The settings are saved" in answer.content.decode()
    company = Company.objects.get(pk=admin.company_id)
    assert (company.name, company.timezone, company.default_country) == ("Copper & Sons", "Europe/Berlin", "DE")
    assert company.business_hours == {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]}
    assert company.holidays == ["2026-12-25", "2026-12-26"]
    assert company.calling_hours == {"start": "09:00", "end": "20:00"}
    assert company.sla_by_priority == {"urgent": 10}
    assert (company.record_calls, company.recording_notice) == (True, "We record this.")
    assert (company.agents_may_claim, company.accept_minutes, company.retention_days) == (False, None, None)


def test_the_form_shows_what_is_kept_so_that_saving_it_changes_nothing(page_of: Any, admin: User) -> None:
    browser = page_of(admin)
    form = browser.get("/settings/").context["form"]
    kept = {name: value for name, value in form.initial.items() if value not in (None, False)}
    browser.post("/settings/", kept)
    with unscoped("test"):
        assert not AuditEntry.objects.filter(action="company.updated").exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"calling_end": "22:00"}, "calling_start"),
        ({"hours_mon": "9 to 5"}, "hours_mon"),
        ({"holidays": "Christmas"}, "holidays"),
        ({"qualify_threshold": "90"}, "qualify_threshold"),
        ({"sla_urgent": "0"}, "sla_urgent"),
        ({"recording_notice": " "}, "recording_notice"),
        ({"timezone": "Mars"}, "timezone"),
        ({"sla_duration_minutes": ""}, "sla_duration_minutes"),
    ],
)
def test_a_bad_setting_is_refused_beside_its_field(
    page_of: Any, admin: User, change: dict[str, str], field: str
) -> None:
    answer = page_of(admin).post("/settings/", {**SETTINGS, **change})
    assert answer.status_code == 422
    assert f'id="id_{field}-e"' in answer.content.decode()
    assert Company.objects.get(pk=admin.company_id).name == "Copperline"


# --- one's own -------------------------------------------------------------------------------------------------------


def test_everybody_has_a_profile(page_of: Any, agent: Any) -> None:
    browser = page_of(agent.user)
    body = {"first_name": "Pri", "last_name": "Rao", "timezone": "Asia/Kolkata", "theme": "dark", "role": "admin"}
    answer = browser.post("/profile/", body)
    assert answer.status_code == 302
    assert answer.cookies["theme"].value == "dark"
    after = reloaded(agent.user)
    assert (after.first_name, after.timezone, after.theme, after.role) == ("Pri", "Asia/Kolkata", "dark", "agent")
    assert 'data-bs-theme="dark"' in browser.get("/profile/").content.decode()


def test_own_api_sessions_are_shown_and_ended_one_by_one(page_of: Any, admin: User, manager: User) -> None:
    mine = actions.open_session(admin, user_agent="nightly report").session
    theirs = actions.open_session(manager, user_agent="not mine").session
    browser = page_of(admin)
    page = browser.get("/profile/").content.decode()
    assert "nightly report" in page
    assert "not mine" not in page
    assert browser.post(f"/profile/sessions/{mine.pk}/end/").status_code == 302
    assert browser.post(f"/profile/sessions/{theirs.pk}/end/").status_code == 403
    with unscoped("test"):
        assert ApiSession.objects.get(pk=mine.pk).ended_at is not None
        assert ApiSession.objects.get(pk=theirs.pk).ended_at is None


@pytest.mark.parametrize("signed_in", [True, False])
def test_the_colours_are_kept_and_lead_back(page_of: Any, admin: User, signed_in: bool) -> None:
    browser = page_of(admin) if signed_in else Client()
    answer = browser.post("/profile/theme/", {"theme": "light", "next": "/accounts/login/"})
    assert (answer.status_code, answer.url) == (302, "/accounts/login/")
    assert answer.cookies["theme"].value == "light"
    assert reloaded(admin).theme == ("light" if signed_in else "system")
    assert browser.post("/profile/theme/", {"theme": "light", "next": "https://evil.example/"}).url == "/"
    assert browser.post("/profile/theme/", {"theme": "purple"}).status_code == 422
    assert browser.get("/profile/theme/").status_code == 405
