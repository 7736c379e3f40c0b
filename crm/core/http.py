"""The request as our code sees it, and what every response carries."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase
from django_htmx.middleware import HtmxDetails

from crm.core.ids import uuid7

if TYPE_CHECKING:
    from crm.accounts.models import Company, User

REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)


class Request(HttpRequest):
    """For annotations: a signed-in page request."""

    user: User  # type: ignore[assignment]
    company: Company
    htmx: HtmxDetails


@dataclass(frozen=True)
class Origin:
    """Where a change comes from, for the audit log."""

    ip: str | None = None
    request_id: str = ""


def company_zone(request: Any) -> ZoneInfo:
    """The time zone of the request's company, UTC where there is none: how a time without a zone is read."""
    company = getattr(request, "company", None) or getattr(getattr(request, "user", None), "company", None)
    return ZoneInfo(getattr(company, "timezone", None) or "UTC")


_origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039 - frozen


def current_origin() -> Origin:
    return _origin.get()


class RequestContextMiddleware:
    """First of all: the request's id (a caller's own, if well-formed) and address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else str(uuid7())
        token = _origin.set(Origin(request.META.get("REMOTE_ADDR") or None, request_id))
        try:
            response = self.get_response(request)
        finally:
            _origin.reset(token)
        response.headers["X-Request-ID"] = request_id
        return response


class ContentPolicyMiddleware:
    """Loosens the content policy where a packaged page needs it: the admin, Swagger and Redoc."""

    ADMIN = {"script-src": ["'self'", "'unsafe-eval'"], "style-src": ["'self'", "'unsafe-inline'"]}
    DOCS = {"style-src": ["'self'", "'unsafe-inline'"], "worker-src": ["'self'", "blob:"]}

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path.startswith("/admin/"):
            response._csp_update = self.ADMIN  # type: ignore[attr-defined]
        elif request.path.startswith(("/docs", "/redoc")):
            response._csp_update = self.DOCS  # type: ignore[attr-defined]
        return response
