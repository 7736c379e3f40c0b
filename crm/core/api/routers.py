"""Routes that answer with and without a trailing slash, with no redirect."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.urls import URLPattern, re_path
from rest_framework.routers import SimpleRouter

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


class Router(SimpleRouter):
    """`register("leads", LeadViewSet, basename="leads")`; the id in the path may be an e-mail, too."""

    def __init__(self) -> None:
        super().__init__(trailing_slash=False)
        self.trailing_slash = "/?"

    def get_method_map(self, viewset: Any, method_map: Mapping[str, str]) -> dict[str, str]:
        """PUT and PATCH both change the named fields alone: one `update` serves both."""
        if not hasattr(viewset, "partial_update"):
            method_map = {way: "update" if action == "partial_update" else action for way, action in method_map.items()}
        return dict(super().get_method_map(viewset, method_map))

    def get_lookup_regex(self, viewset: Any, lookup_prefix: str = "") -> str:
        lookup = getattr(viewset, "lookup_url_kwarg", None) or getattr(viewset, "lookup_field", "pk")
        return f"(?P<{lookup_prefix}{lookup}>{getattr(viewset, 'lookup_value_regex', '[^/]+')})"


def route(pattern: str, viewset: Any, actions: Mapping[str, str], name: str | None = None) -> URLPattern:
    """One address: `route("leads/<pk>/assign", LeadViewSet, {"post": "assign"}, "lead-assign")`.

    A parameter takes anything but a slash. `viewset` is an `ApiViewSet` class.
    """
    view: Callable[..., Any] = viewset.as_view(dict(actions))
    return re_path(f"^{as_regex(pattern)}/?$", view, name=name)


def as_regex(pattern: str) -> str:
    """`leads/<pk>/assign` as a regular expression."""
    parts = PARAMETER.split(pattern.strip("/").replace(".", r"\."))
    return "".join(f"(?P<{part}>[^/]+)" if number % 2 else part for number, part in enumerate(parts))
