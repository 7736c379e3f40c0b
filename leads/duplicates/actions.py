"""What a person decides of a possible duplicate, and the search through all contacts."""

from __future__ import annotations

from django.db import transaction
from django.utils.timezone import now

from crm.accounts.models import User
from crm.audit.recording import record
from crm.jobs.actions import start_job
from crm.jobs.models import ACTIVE, Job
from leads import events
from leads.actions.editing import LeadEdit
from leads.duplicates.errors import PairIsDecided, SearchIsRunning
from leads.duplicates.finding import KEYS
from leads.duplicates.models import DuplicatePair, PairState
from leads.models import Contact, Lead

FIND = "contacts.find_duplicates"


@transaction.atomic
def dismiss_pair(pair: DuplicatePair, *, by: User) -> DuplicatePair:
    """They are two persons: it leaves the list for good, whatever is found again. Raises `PairIsDecided`."""
    return _decide(pair, PairState.OPEN, PairState.DISMISSED, by)


@transaction.atomic
def reopen_pair(pair: DuplicatePair, *, by: User) -> DuplicatePair:
    """Take a dismissal back. Raises `PairIsDecided` where it is not dismissed."""
    return _decide(pair, PairState.DISMISSED, PairState.OPEN, by)


def _decide(pair: DuplicatePair, was: PairState, state: PairState, by: User) -> DuplicatePair:
    pair = DuplicatePair.objects.select_for_update(no_key=True).get(pk=pair.pk)
    if pair.state != was:
        raise PairIsDecided(pair)
    dismissed = state == PairState.DISMISSED
    pair.state, pair.decided_at, pair.decided_by = state, now() if dismissed else None, by if dismissed else None
    pair.save(update_fields=["state", "decided_at", "decided_by"])
    action = events.DUPLICATE_DISMISSED if dismissed else events.DUPLICATE_REOPENED
    data = {"first_id": pair.first_id, "second_id": pair.second_id}
    record(action, pair, by=by, changes={"state": (was, state)}, data=data)
    return pair


def running_search() -> Job | None:
    return Job.objects.filter(kind=FIND, state__in=ACTIVE).order_by("-created_at").first()


@transaction.atomic
def start_search(*, by: User) -> Job:
    """Look through all contacts by each key, in the background. Raises `SearchIsRunning`."""
    if (job := running_search()) is not None:
        raise SearchIsRunning(job)
    total = sum(Contact.objects.alive().filter(has_key).count() for _, has_key in KEYS.values())
    return start_job(FIND, {}, by=by, title="Find duplicate contacts", total=total)


@transaction.atomic
def keep_lead(lead: Lead, *, by: User) -> Lead:
    """It is meant to stand beside the other open lead of its contact: the mark is taken off. Raises `LeadIsDeleted`."""
    edit = LeadEdit(lead, by=by)
    edit.fields({"is_duplicate": False})
    return edit.write()
