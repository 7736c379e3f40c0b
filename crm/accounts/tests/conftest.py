from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.accounts.models import User
from crm.accounts.tests.sign_in import bearer, forget_tries


@pytest.fixture(autouse=True)
def _no_tries_counted() -> None:
    forget_tries()


@pytest.fixture
def api() -> APIClient:
    """Nobody's client."""
    return APIClient()


@pytest.fixture
def api_as() -> Callable[[User], APIClient]:
    """A client with the user's bearer token."""

    def make(user: User) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=bearer(user)["Authorization"])
        return client

    return make


@pytest.fixture
def mails(django_capture_on_commit_callbacks: Any) -> Any:
    """A context in which what is sent after the commit is sent at once; mails are in `django.core.mail.outbox`."""
    return lambda: django_capture_on_commit_callbacks(execute=True)
