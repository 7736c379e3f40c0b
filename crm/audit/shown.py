"""An entry as a page shows it: its object with a link, and its changes as words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse

from crm.audit.labels import label_of
from crm.audit.models import AuditEntry, AuditSeal

PAGES = {"lead": "leads:detail", "agent": "agents:detail"}
NAMED = {"agent_id": "agent", "from_agent_id": "agent", "lead_id": "lead"}  # fields that hold such an id
NOTHING = "–"


@dataclass(frozen=True)
class Value:
    text: str
    url: str = ""


@dataclass(frozen=True)
class Change:
    """One field. `is_hidden`: its values are personal or secret; `proof` tells equal ones from others."""

    label: str
    before: Value
    after: Value
    is_hidden: bool = False
    proof: str = ""


@dataclass(frozen=True)
class Shown:
    entry: AuditEntry
    at: datetime
    label: str
    actor: str
    object_label: str
    object_url: str
    object_id: str
    object_tail: str
    changes: list[Change]
    data: list[tuple[str, Value]]
    seal: int | None


def shown(entries: Iterable[AuditEntry]) -> list[Shown]:
    """Select the users with the entries; one more query, for the numbers of the seals."""
    rows = [*entries]
    seals = AuditSeal.objects.filter(entry_id__in=[entry.pk for entry in rows])
    numbers = dict(seals.values_list("entry_id", "number"))
    return [_shown(entry, numbers.get(entry.pk)) for entry in rows]


def _shown(entry: AuditEntry, seal: int | None) -> Shown:
    told = {change["field"] for change in entry.changes}
    return Shown(
        entry=entry,
        at=entry.at,
        label=label_of(entry.action),
        actor=entry.actor or NOTHING,
        object_label=in_words(entry.object_type),
        object_url=page_of(entry.object_type, entry.object_id),
        object_id=str(entry.object_id),
        object_tail=str(entry.object_id)[-8:],
        changes=[_change(change) for change in entry.changes],
        data=[(in_words(name), _value(name, value)) for name, value in entry.data.items() if name not in told],
        seal=seal,
    )


def page_of(kind: str, pk: Any) -> str:
    """The object's page, or empty where it has none."""
    try:
        return reverse(PAGES[kind], args=[pk]) if kind in PAGES else ""
    except NoReverseMatch:
        return ""


def in_words(name: str) -> str:
    return name.replace("_id", "").replace("_", " ").capitalize()


def _change(change: dict[str, Any]) -> Change:
    name, label = change["field"], in_words(change["field"])
    if "before" in change or "after" in change:
        return Change(label, _value(name, change.get("before")), _value(name, change.get("after")))
    before, after = (str(change.get(key, ""))[:12] for key in ("before_hash", "after_hash"))
    proof = f"Keyed hash before {before}…, after {after}…" if before else "A secret: nothing of it is kept"
    return Change(label, Value(""), Value(""), is_hidden=True, proof=proof)


def _value(name: str, value: Any) -> Value:
    if value is None or value in ("", [], {}):
        return Value(NOTHING)
    if isinstance(value, dict):
        return Value(", ".join(f"{in_words(key)}: {_value(key, item).text}" for key, item in value.items()))
    if isinstance(value, list):
        return Value(", ".join(_value("", item).text for item in value))
    text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    return Value(text, page_of(NAMED.get(name, ""), text))
