"""Ways in for tests: a bearer token as the API gives it, and tries that do not count against each other."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache

from crm.accounts.actions import open_session
from crm.accounts.models import User


def bearer(user: User) -> dict[str, Any]:
    """Headers for Django's or DRF's test client: `client.get(url, headers=bearer(user))`."""
    return {"Authorization": f"Bearer {open_session(user).access}"}


def forget_tries() -> None:
    """Sign-in limits are counted in the cache, across tests."""
    cache.clear()
