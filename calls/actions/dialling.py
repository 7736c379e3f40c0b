"""Dialling a claimed call: outside of any transaction, once, whatever dies meanwhile.

The row is taken up by one conditional UPDATE that moves `look_at` a lease ahead. A worker that dies leaves it there;
the sweep sends the call again after the lease, and whoever takes it up asks the provider first whether it was dialled
already. A worker that was slow for half its lease dials no more.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from django.db.models import F
from django.utils.timezone import now

from calls.actions.due import hold
from calls.actions.editing import CALLS, CallEdit, on_call
from calls.actions.ending import PROVIDER_DOWN, call_off, refused
from calls.actions.telling import note_placed
from calls.models import Call, Status
from calls.requests import request_of
from crm.compliance.channels import Channel
from crm.compliance.gate import decide
from crm.core.tasks import later
from crm.providers.ports import CallHandle, Dialler, ProviderError
from crm.providers.registry import dialler

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
TOO_SLOW_SECONDS = LEASE.total_seconds() / 2
BACKOFF = (timedelta(seconds=15), timedelta(seconds=60), timedelta(minutes=3))  # after each trouble; then called off
SAME_NUMBER = timedelta(hours=1)  # calls of ours among which a provider may look for one


class TooSlow(Exception):
    """The lease may be somebody else's by now: leave the call to the sweep."""


def place_call(pk: UUID, *, at: datetime | None = None) -> bool:
    """Dial the call if it waits and nobody else does; True when the provider has it. Never raises."""
    began, moment = monotonic(), at or now()
    call = _take_up(pk, moment)
    if call is None:
        return False
    try:
        provider = dialler(call.provider)
        handle = _dialled_before(call, provider) or _dial(call, provider, began, moment)
    except TooSlow:
        return False
    except Exception as error:  # a provider's nonsense is trouble like any other: kept, and tried again
        logger.warning("call %s, try %s: %s: %s", pk, call.tries, type(error).__name__, error)
        _note_trouble(call, error, moment)
        return False
    if handle is None:
        return False
    if note_placed(call, handle.provider_id, at=moment).cancel_asked:
        later("calls.hang_up", pk)
    return True


def _take_up(pk: UUID, at: datetime) -> Call | None:
    waiting = Call.objects.filter(pk=pk, status=Status.QUEUED, placed_at__isnull=True, look_at__lte=at)
    if not waiting.update(look_at=at + LEASE, tries=F("tries") + 1):
        return None
    return Call.objects.select_related("lead", "contact", "agent", "agent__company").get(pk=pk)


def _dialled_before(call: Call, provider: Dialler) -> CallHandle | None:
    """By a worker that died, or one that gave up waiting for the answer."""
    if call.tries == 1:
        return None
    since = call.requested_at
    others = Call.objects.filter(contact=call.contact_id, created_at__gte=since - SAME_NUMBER).exclude(pk=call.pk)
    known = others.exclude(provider_id="").values_list("provider_id", flat=True)
    return provider.find(call.pk, to=call.phone_e164, since=since, known=frozenset(known))


def _dial(call: Call, provider: Dialler, began: float, at: datetime) -> CallHandle | None:
    if not _is_wanted(call, at):
        return None
    request = request_of(call)
    if monotonic() - began > TOO_SLOW_SECONDS:
        raise TooSlow
    return provider.place(request)


@on_call
def _is_wanted(call: Call, at: datetime) -> bool:
    """What held when it was claimed is asked again: it may have waited for an outage or a slow provider to end."""
    edit = CallEdit(call, at=at)
    if edit.call.status != Status.QUEUED:
        return False
    why = _unwanted(edit)
    if why is None:
        verdict = decide(edit.lead.contact, Channel.VOICE, at=at, actor=CALLS, lead=edit.lead)
        if verdict.allowed:
            return True
        why = "not_permitted"
        hold([edit.lead], {verdict.contact_id: verdict}, at)
    call_off(edit, why, at)
    edit.write()
    return False


def _unwanted(edit: CallEdit) -> str | None:
    """Why nobody wants this call any more; none where all is as it was."""
    call, lead = edit.call, edit.lead
    if call.cancel_asked:
        return "canceled"
    if not lead.is_open:
        return "lead_closed"
    if lead.agent is None or lead.agent_id != call.agent_id or not lead.agent.is_active:
        return "handed_on"
    return None if lead.contact.phone_e164 == call.phone_e164 else "number_changed"


@on_call
def _note_trouble(call: Call, error: Exception, at: datetime) -> None:
    """A refusal for good ends the call; anything else is tried again, and given up without counting as an attempt."""
    edit = CallEdit(call, at=at)
    if edit.call.status != Status.QUEUED or edit.call.tries != call.tries:
        return
    edit.put(trouble=f"{error}"[:300] or type(error).__name__)
    if isinstance(error, ProviderError) and error.permanent:
        refused(edit, at)
    elif call.tries <= len(BACKOFF):
        edit.put(look_at=at + BACKOFF[call.tries - 1])
    else:
        call_off(edit, PROVIDER_DOWN, at)
    edit.write()
