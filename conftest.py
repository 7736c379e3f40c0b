"""The cast of every test: one company with an admin, a manager and two agents, and a stranger from another."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings

from agents.models import Agent
from agents.tests.factories import AgentFactory
from crm.accounts.models import Company, User
from crm.accounts.permissions_table import Role
from crm.accounts.tests.factories import CompanyFactory, UserFactory
from crm.core.tenancy import company_active


@pytest.fixture(scope="session", autouse=True)
def broker() -> Iterator[None]:
    """The embedded broker, where no Redis was named."""
    from crm.core.embedded import broker_command, wait_for_broker

    if not settings.REDIS_URL.embedded:
        yield
        return
    with subprocess.Popen(broker_command(settings.REDIS_URL.socket)) as server:
        wait_for_broker(settings.REDIS_URL.socket)
        yield
        server.terminate()


@pytest.fixture(scope="session", autouse=True)
def _emptied_tables() -> Iterator[None]:
    """A test with real transactions empties all tables afterwards, which log and ledger would refuse."""
    from django.db import connection
    from django.test import TransactionTestCase

    from crm.audit import guard as log
    from crm.compliance import guard as ledger

    teardown = TransactionTestCase._fixture_teardown

    def unguarded(case: TransactionTestCase) -> None:
        with log.taken_down(connection), ledger.taken_down(connection):
            teardown(case)

    TransactionTestCase._fixture_teardown = unguarded  # type: ignore[method-assign]
    yield
    TransactionTestCase._fixture_teardown = teardown  # type: ignore[method-assign]


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(name="Copperline")


@pytest.fixture
def in_company(company: Company) -> Iterator[Company]:
    """The test's body runs inside the company, as an action does."""
    with company_active(company.pk):
        yield company


@pytest.fixture
def admin(company: Company) -> User:
    return UserFactory(company=company, role=Role.ADMIN, email="admin@copperline.example", username="admin")


@pytest.fixture
def manager(company: Company) -> User:
    return UserFactory(company=company, role=Role.MANAGER, email="manager@copperline.example")


@pytest.fixture
def agent(company: Company) -> Agent:
    """Priya, an agent with room for 25."""
    with company_active(company.pk):
        return AgentFactory(user=UserFactory(email="priya@copperline.example", first_name="Priya", last_name="Rao"))


@pytest.fixture
def other_agent(company: Company) -> Agent:
    with company_active(company.pk):
        return AgentFactory(user=UserFactory(email="tom@copperline.example", first_name="Tom", last_name="Dell"))


@pytest.fixture
def stranger(db: None) -> User:
    """An admin of another company."""
    return UserFactory(company=CompanyFactory(name="Elsewhere"), role=Role.ADMIN, email="admin@elsewhere.example")


@pytest.fixture
def api() -> Callable[[User], Any]:
    """An API client with the user's access token: `api(admin).get("/api/v1/leads")`."""
    from rest_framework.test import APIClient

    from crm.accounts.actions import open_session

    return lambda user: APIClient(HTTP_AUTHORIZATION=f"Bearer {open_session(user).access}")


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path_factory: Any) -> None:
    """Uploaded files of tests stay apart from those of a running product."""
    settings.MEDIA_ROOT = tmp_path_factory.getbasetemp() / "media"


@pytest.fixture(autouse=True)
def _eager_tasks(settings: Any) -> None:
    from crm.celery import app

    app.loader.import_default_modules()
    app.conf.task_always_eager = True
    app.conf.task_eager_propagates = True
