"""Rules that no door adds to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from crm.accounts import actions
from crm.accounts.errors import EmailTaken, LastAdministrator, WeakPassword
from crm.accounts.models import ApiSession, Company, Invitation, User
from crm.accounts.permissions_table import Role
from crm.accounts.regions import CURRENCIES, countries, is_timezone, timezones
from crm.accounts.tests.factories import PASSWORD, UserFactory
from crm.audit.models import AuditEntry
from crm.core.errors import BrokenRule, InvalidField
from crm.core.tenancy import company_active, unscoped


def recorded() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


@pytest.mark.parametrize("sessions", [1, 3])
def test_each_action_records_one_event(in_company: Company, admin: User, manager: User, sessions: int) -> None:
    for _ in range(sessions):
        actions.open_session(manager)
    AuditEntry.objects.all()
    before = len(recorded())
    actions.update_user(manager, {"first_name": "Mia", "last_name": "Wells"}, by=admin)
    actions.update_user(manager, {"first_name": "Mia"}, by=admin)  # nothing changes, nothing happened
    actions.set_password(manager, "quite another secret", by=manager)
    actions.deactivate_user(manager, by=admin)
    actions.deactivate_user(manager, by=admin)
    actions.activate_user(manager, by=admin)
    actions.update_company(in_company, {"attribution_days": 31}, by=admin)
    actions.update_company(in_company, {"attribution_days": 31}, by=admin)
    invitation = actions.invite("x@copperline.example", Role.AGENT, by=admin)
    actions.withdraw_invitation(invitation, by=admin)
    assert recorded()[before:] == [
        "user.updated",
        "user.password_changed",
        "user.deactivated",
        "user.activated",
        "company.updated",
        "invitation.sent",
        "invitation.withdrawn",
    ]


def test_no_secret_and_nothing_personal_stands_in_the_log(in_company: Company, admin: User) -> None:
    new = actions.NewUser("ben@copperline.example", "agent", "Ben", "Okri", password="a long enough secret")
    user = actions.create_user(new, by=admin)
    actions.update_user(user, {"email": "benny@copperline.example"}, by=admin)
    actions.set_password(user, "quite another secret", by=user)
    actions.invite("carl@copperline.example", Role.AGENT, by=admin)
    log = str(list(AuditEntry.objects.values_list("changes", "data", "actor_label")))
    for word in ("ben", "Okri", "carl", "secret", "argon2"):
        assert word not in log


def test_a_refused_change_leaves_nothing_half_written(in_company: Company, admin: User, manager: User) -> None:
    with pytest.raises(LastAdministrator):
        actions.update_user(admin, {"first_name": "Changed", "role": "agent"}, by=admin)
    with pytest.raises(EmailTaken):
        actions.update_user(manager, {"is_active": False, "email": admin.email}, by=admin)
    manager.refresh_from_db()
    admin.refresh_from_db()
    assert (admin.first_name, manager.is_active) != ("Changed", False)
    assert recorded() == []


def test_a_registration_that_fails_leaves_no_company(db: None) -> None:
    with pytest.raises(WeakPassword):
        actions.register_company(actions.Registration("Newco", "ada@newco.example", "short"))
    with pytest.raises(InvalidField):
        actions.register_company(actions.Registration(" ", "ada@newco.example", PASSWORD))
    assert not Company.objects.exists()


def test_a_used_invitation_cannot_be_withdrawn(in_company: Company, admin: User) -> None:
    invitation = actions.invite("x@copperline.example", Role.AGENT, by=admin)
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=now())
    with pytest.raises(BrokenRule):
        actions.withdraw_invitation(invitation, by=admin)


def test_sessions_that_ended_a_month_ago_are_thrown_away_at_the_next_sign_in(company: Company, admin: User) -> None:
    old, lately = (actions.open_session(admin).session for _ in range(2))
    with company_active(company.pk):
        ApiSession.objects.filter(pk=old.pk).update(expires_at=now() - timedelta(days=31))
        ApiSession.objects.filter(pk=lately.pk).update(expires_at=now() - timedelta(days=29))
    actions.open_session(admin)
    with unscoped("test"):
        assert set(ApiSession.objects.values_list("pk", flat=True)) >= {lately.pk}
        assert not ApiSession.objects.filter(pk=old.pk).exists()


def test_ending_a_session_twice_is_one_event(in_company: Company, admin: User) -> None:
    session = actions.open_session(admin).session
    assert actions.end_session(session, by=admin, reason="revoked")
    assert not actions.end_session(session, by=admin, reason="revoked")
    assert recorded() == ["user.signed_in", "session.ended"]


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires", "Asia/Calcutta"])
def test_time_zones_are_known_by_their_iana_names(name: str) -> None:
    assert is_timezone(name)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "", "localtime", "../../etc/passwd", None, 5, "europe/berlin"])
def test_what_is_no_time_zone_is_told(name: Any) -> None:
    assert not is_timezone(name)


def test_lists_to_choose_from_are_whole() -> None:
    assert countries()["DE"] == "Germany"
    assert len(countries()) > 230
    assert len(timezones()) > 400
    assert {"USD", "EUR", "JPY"} <= CURRENCIES
    assert len(CURRENCIES) > 150


def test_a_user_of_another_company_cannot_be_made_here(in_company: Company, stranger: User) -> None:
    with pytest.raises(EmailTaken):
        actions.create_user(actions.NewUser(stranger.email, "agent", password=PASSWORD), by=stranger)
    assert UserFactory().company_id == in_company.pk
