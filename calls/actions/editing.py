"""One change of one call and what it means for its lead: rows locked in their order, events written at the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import transaction
from django.utils.timezone import now

from calls.models import Call
from crm.audit.recording import Event
from crm.core.actors import Actor, System
from leads import dispositions
from leads.actions.editing import LeadEdit
from leads.errors import LeadMoved
from leads.models import Lead

CALLS = System("calls")
TRIES = 3
P = ParamSpec("P")
T = TypeVar("T")


def on_call(act: Callable[Concatenate[Call, P], T]) -> Callable[Concatenate[Call, P], T]:
    """In a transaction; again where the call's contact or lead was merged, or parted again, meanwhile.

    What is told of a call can't be told twice, so it must find where the call has gone. Each try is a transaction of
    its own, for the first one may hold the lock of a contact that is no more.
    """

    @wraps(act)
    def found(call: Call, /, *args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            try:
                with transaction.atomic():
                    return act(call, *args, **kwargs)
            except LeadMoved:
                call.lead = Call.objects.select_related("lead").get(pk=call.pk).lead
        with transaction.atomic():
            return act(call, *args, **kwargs)

    return found


def _lead_of(call: Call) -> Lead:
    """With the contact that it has by now, as far as it is at hand: the call's own stays who was called at first."""
    contact_id = call.lead.contact_id if Call.lead.is_cached(call) else call.contact_id
    return Lead(pk=call.lead_id, contact_id=contact_id)


class CallEdit:
    """Locks contact, lead and call, in this order as everywhere; `write` saves all that was touched.

    A deleted lead is locked too: what the provider tells of its call is kept, and changes nothing of the lead. Raises
    `LeadMoved` where the call has gone to another lead or contact (`on_call`).
    """

    def __init__(self, call: Call, *, by: Actor = CALLS, at: datetime | None = None) -> None:
        self.by, self.at = by, at or now()
        self.of_lead = LeadEdit(_lead_of(call), by=by, with_contact=True, at=self.at, deleted_too=True)
        rows = Call.objects.select_related("agent").select_for_update(of=("self",), no_key=True)
        self.call = rows.get(pk=call.pk)
        if self.call.lead_id != self.of_lead.lead.pk:
            raise LeadMoved
        self.touched: set[str] = set()
        self.afterwards: list[Callable[[], Any]] = []

    @property
    def lead(self) -> Lead:
        return self.of_lead.lead

    @property
    def attempts_left(self) -> bool:
        """Of the lead's holder."""
        allowed = self.lead.agent.max_attempts if self.lead.agent else dispositions.DEFAULT_ATTEMPTS
        return self.lead.attempts_count < allowed

    def put(self, **values: Any) -> None:
        for name, value in values.items():
            if getattr(self.call, name) != value:
                setattr(self.call, name, value)
                self.touched.add(name)

    def tell(self, action: str, **data: Any) -> None:
        """An event of the lead, since its timeline tells it; nothing personal in it."""
        call = self.call
        of_call = {"call_id": call.pk, "attempt": call.attempt, "agent_id": call.agent_id}
        self.of_lead.events.append(Event(action, self.lead, self.by, data={**of_call, **data}))

    def write(self) -> Call:
        if self.touched:
            self.call.updated_at = self.at
            self.call.save(update_fields=[*self.touched, "updated_at"])
        self.of_lead.write()
        for act in self.afterwards:
            act()
        return self.call
