"""What every page knows: its theme, its company, the reader's time zone, and how a part of a page is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

THEMES = ("system", "light", "dark")
THEME_COOKIE = "theme"


def page_context(request: HttpRequest) -> dict[str, Any]:
    """For every template; costs no query beyond the session's user."""
    return {"theme": theme_of(request), "company": getattr(request, "company", None)}


def theme_of(request: HttpRequest) -> str:
    """A signed-in user's own choice, else the cookie's, else the system's."""
    user = getattr(request, "user", None)
    chosen = getattr(user, "theme", "") or request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else THEMES[0]


def zone_of(request: HttpRequest) -> ZoneInfo | None:
    """The user's time zone, else the company's; none where nobody is signed in or it is unknown here."""
    user: Any = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    name = user.timezone or getattr(getattr(request, "company", None), "timezone", "")
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


class ReaderZoneMiddleware:
    """Pages show and read times in their reader's zone; the API speaks UTC and is left alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        zone = None if request.path.startswith("/api/") else zone_of(request)
        if zone is None:
            return self.get_response(request)
        with timezone.override(zone):
            return self.get_response(request)


def answer_part(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A part of a page for HTMX, with the messages that gathered meanwhile as toasts beside it."""
    response = render(request, template, dict(context or {}), status=status)
    if messages.get_messages(request):
        response.write(render_to_string("components/_toasts.html", {"beside": True}, request))
    return response


def tidy(params: QueryDict) -> QueryDict:
    """Without a form's empty fields."""
    clean = QueryDict(mutable=True)
    for name, value in params.items():
        if value:
            clean[name] = str(value)
    return clean


def optional_url(name: str, *args: object) -> str:
    """The page's address, or empty where there is no such page: nothing links to what is not there."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
