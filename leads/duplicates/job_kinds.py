"""The jobs that searching and merging are."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from crm.jobs.kinds import Batch, Kind, register
from crm.jobs.models import Job
from leads.duplicates.actions import FIND
from leads.duplicates.finding import KEYS, look_through
from leads.duplicates.jobs import CONTACTS, LEADS, UNDO, undo_batch
from leads.job_names import named

BATCH = 5_000


def find_batch(job: Job) -> Batch:
    """The next contacts in the order of one key, then of the next key."""
    at: dict[str, Any] = job.cursor or {"key": next(iter(KEYS)), "after": ""}
    stretch = look_through(at["key"], at["after"], BATCH)
    found = {"found": job.result.get("found", 0) + stretch.new}
    return Batch(_cursor(at["key"], stretch.after), stretch.looked_at, result=found)


def _cursor(key: str, after: str | None) -> dict[str, str] | None:
    if after is not None:
        return {"key": key, "after": after}
    names = list(KEYS)
    following = names[names.index(key) + 1 :]
    return {"key": following[0], "after": ""} if following else None


def _pairs_page(job: Job) -> str:
    return reverse("duplicates:list")


def _done(job: Job) -> Batch:
    """A merge is done within the request that asks for it."""
    return Batch(None)


def _contact_page(job: Job) -> str:
    return reverse("contacts:detail", args=[job.params["contact_id"]])


def _lead_page(job: Job) -> str:
    return reverse("leads:detail", args=[job.params["lead_id"]])


register(Kind(FIND, "Search for duplicates", "contacts.merge", find_batch, page=_pairs_page))
register(Kind(UNDO, "Undo of a merge", "contacts.merge", undo_batch, named=named))
register(Kind(CONTACTS, "Merge of contacts", "contacts.merge", _done, undo_kind=UNDO, page=_contact_page))
register(Kind(LEADS, "Merge of leads", "contacts.merge", _done, undo_kind=UNDO, page=_lead_page))
