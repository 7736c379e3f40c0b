"""What holds when several come at once: real threads, each with a connection of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core import mail
from django.db import connection, connections

from crm.accounts import actions
from crm.accounts.errors import EmailTaken, InvitationOver, LastAdministrator, SessionOver
from crm.accounts.models import ApiSession, Company, User
from crm.accounts.permissions_table import Role
from crm.accounts.tests.factories import CompanyFactory, UserFactory
from crm.audit.models import AuditEntry
from crm.core.errors import Refused
from crm.core.tenancy import company_active, unscoped

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

THREADS = 8


@pytest.fixture(autouse=True)
def _on_postgres(db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races are tried on PostgreSQL")


@pytest.fixture
def boss(db: None) -> User:
    return UserFactory(company=CompanyFactory(), role=Role.ADMIN)


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """What each call gave, or the refusal it raised; all start together."""
    barrier = Barrier(len(work))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except Refused as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_of_several_refreshes_with_one_token_exactly_one_wins(boss: User) -> None:
    token = actions.open_session(boss).refresh
    results = at_once(*[lambda: actions.refresh_session(token)] * THREADS)
    assert len([r for r in results if isinstance(r, actions.Tokens)]) == 1
    assert len([r for r in results if isinstance(r, SessionOver)]) == THREADS - 1
    with unscoped("test"):
        assert ApiSession.objects.get().ended_at is not None  # two held the token: it is over for both
        assert AuditEntry.objects.filter(action="session.token_reused").count() == 1


def test_two_administrators_cannot_remove_each_other(boss: User) -> None:
    other = UserFactory(company=boss.company, role=Role.ADMIN)

    def remove(user: User, by: User) -> Any:
        with company_active(boss.company_id):
            return actions.deactivate_user(user, by=by)

    results = at_once(lambda: remove(boss, other), lambda: remove(other, boss))
    assert len([r for r in results if isinstance(r, LastAdministrator)]) == 1
    with company_active(boss.company_id):
        assert User.objects.filter(is_active=True, role=Role.ADMIN).count() == 1


def test_an_invitation_lets_one_join_however_many_try(boss: User, settings: Any) -> None:
    settings.DEBUG = True
    with company_active(boss.company_id):
        actions.invite("new@example.com", Role.AGENT, by=boss)
    token = re.search(r"invitation=(\S+)", str(mail.outbox[-1].body))
    assert token
    join = lambda: actions.accept_invitation(token[1], password="a long enough secret")  # noqa: E731
    results = at_once(*[join] * THREADS)
    assert len([r for r in results if isinstance(r, User)]) == 1
    assert all(isinstance(r, User | InvitationOver | EmailTaken) for r in results)
    with company_active(boss.company_id):
        assert User.objects.filter(email="new@example.com").count() == 1


def test_one_address_registers_once_however_many_try(db: None) -> None:
    def register(name: str) -> Any:
        return actions.register_company(actions.Registration(name, "ada@example.com", "a long enough secret"))

    results = at_once(*[lambda n=n: register(f"Company {n}") for n in range(THREADS)])
    assert len([r for r in results if isinstance(r, User)]) == 1
    assert len([r for r in results if isinstance(r, EmailTaken)]) == THREADS - 1
    assert Company.objects.count() == 1
