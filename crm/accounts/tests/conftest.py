from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.accounts.tests.sign_in import forget_tries


@pytest.fixture(autouse=True)
def _no_tries_counted() -> None:
    forget_tries()


@pytest.fixture
def anyone() -> APIClient:
    """Nobody's client of the API."""
    return APIClient()


@pytest.fixture
def mails(django_capture_on_commit_callbacks: Any) -> Any:
    """A context in which what is sent after the commit is sent at once; mails are in `django.core.mail.outbox`."""
    return lambda: django_capture_on_commit_callbacks(execute=True)
