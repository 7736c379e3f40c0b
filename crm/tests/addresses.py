"""Every address of the product, read from the resolver, with what a walk must know of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize

VERBS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Address:
    """`template` holds `%(pk)s` for each parameter; `methods` are those the view answers."""

    template: str
    parameters: tuple[str, ...]
    name: str
    view: Any
    methods: tuple[str, ...]

    @property
    def is_api(self) -> bool:
        return self.template.startswith("/api/")

    def url(self, **values: object) -> str:
        return self.template % {name: values[name] for name in self.parameters}

    def __str__(self) -> str:
        return self.template


def addresses() -> list[Address]:
    return [*_walk(get_resolver().url_patterns, "", "")]


def _walk(patterns: list[Any], prefix: str, namespace: str) -> Iterator[Address]:
    for pattern in patterns:
        regex = prefix + pattern.pattern.regex.pattern.removeprefix("^").replace("\\Z", "$")
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, regex.removesuffix("$"), inner)
        elif isinstance(pattern, URLPattern):
            template, parameters = normalize(regex)[0]
            name = f"{namespace}{pattern.name or ''}"
            yield Address(f"/{template}", tuple(parameters), name, pattern.callback, methods_of(pattern.callback))


def methods_of(view: Any) -> tuple[str, ...]:
    if actions := getattr(view, "actions", None):
        return tuple(actions)
    if cls := getattr(view, "cls", None) or getattr(view, "view_class", None):
        return tuple(verb for verb in VERBS if hasattr(cls, verb))
    return ("get", "post")
