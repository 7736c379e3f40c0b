"""Having many leads called at once: a bulk verb of the list, the API and the desk (`leads/bulk_jobs.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from calls import actions
from crm.accounts.models import User
from leads.bulk_jobs import BulkWork, Done, Verb, add_verb
from leads.querysets import LeadQuerySet

SCHEDULE = "calls.bulk_schedule"


def schedule(work: BulkWork, names: Sequence[UUID | str], by: User, within: LeadQuerySet) -> Done:
    asked = actions.schedule_many(names, wanted_at=work.at, by=by, within=within)
    return Done(asked.done, asked.failed, later=asked.held_until)


def register() -> None:
    verb = Verb("Call leads", "calls.schedule", schedule, asks="Call {}?", done="put at the front, to be called")
    add_verb(SCHEDULE, verb)
