"""Each action's name in words: the `LABELS` of every `events.py`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from django.apps import AppConfig, apps


@cache
def labels() -> dict[str, str]:
    """`{"lead.assigned": "Lead assigned", …}`, collected once from our apps and the packages in them."""
    collected: dict[str, str] = {}
    for config in apps.get_app_configs():
        for name in _event_modules(config):
            collected |= getattr(import_module(name), "LABELS", {})
    return dict(sorted(collected.items()))


def label_of(action: str) -> str:
    """An action that no app knows any more reads as its name does: `lead.called_back` → "Lead called back"."""
    return labels().get(action) or action.replace(".", " ").replace("_", " ").capitalize()


def _event_modules(config: AppConfig) -> Iterator[str]:
    if config.module is None or "site-packages" in config.path:
        return
    packages = [part.name for part in iter_modules(config.module.__path__) if part.ispkg]
    for package in (config.name, *(f"{config.name}.{part}" for part in packages)):
        if find_spec(f"{package}.events"):
            yield f"{package}.events"
