"""The rate limit: a moving window in Redis, exact under concurrency, one for each company or browser user."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from crm.core.tenancy import current_scope

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Allowance:
    """What is left of a limit, and when (Unix time) the window has room again."""

    limit: int
    remaining: int
    reset: float
    refused: bool

    @property
    def wait(self) -> int:
        return max(1, math.ceil(self.reset - time.time()))


@cache
def limiter(address: str) -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(storage_from_string(address, wrap_exceptions=True))


def hit(limit: int, *key: str) -> Allowance | None:
    """Count one request against `limit` a minute; None where the store can't be reached, which stops nobody."""
    item, window = RateLimitItemPerMinute(limit), limiter(settings.RATE_LIMIT_STORAGE)
    try:
        allowed = window.hit(item, *key)
        stats = window.get_window_stats(item, *key)
    except StorageError:
        log.warning("The rate limit's store can't be reached; requests pass uncounted")
        return None
    return Allowance(limit, stats.remaining, stats.reset_time, not allowed)


class CompanyThrottle(BaseThrottle):
    """1,000 requests a minute for a company by token or key, 300 for a user in a browser session."""

    allowance: Allowance | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        if (scope := limit_of(request)) is None:
            return True
        limit, key = scope
        self.allowance = hit(limit, *key)
        if self.allowance is None:
            return True
        remember(request, self.allowance)
        return not self.allowance.refused

    def wait(self) -> float | None:
        return None if self.allowance is None else float(self.allowance.wait)


def limit_of(request: Request) -> tuple[int, tuple[str, str]] | None:
    """The limit and whose it is; none for somebody unknown (signing in has limits of its own)."""
    user: Any = request.user
    if not user or not getattr(user, "is_authenticated", True):
        return None
    if isinstance(request.successful_authenticator, SessionAuthentication):
        return settings.SESSION_RATE_LIMIT_PER_MINUTE, ("user", str(user.pk))
    company = getattr(user, "company_id", None) or current_scope()
    return settings.RATE_LIMIT_PER_MINUTE, ("company", str(company))


def remember(request: Request, allowance: Allowance) -> None:
    """For `add_headers`; a view with a limit of its own (signing in) calls it too."""
    request._request.allowance = allowance  # type: ignore[attr-defined]


def add_headers(request: Request, response: Any) -> None:
    allowance: Allowance | None = getattr(request._request, "allowance", None)
    if allowance is None:
        return
    response["X-RateLimit-Limit"] = str(allowance.limit)
    response["X-RateLimit-Remaining"] = str(allowance.remaining)
    response["X-RateLimit-Reset"] = str(math.ceil(allowance.reset))
