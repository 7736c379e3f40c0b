"""Writing a set of changes of holder: the leads, the history and the events, each in one statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Case, F, QuerySet, Value, When

from agents.models import Agent, Kind
from crm.accounts.models import Company
from crm.audit.recording import Event, record_many
from crm.core.actors import Actor, System, VendorActor, as_user
from crm.core.behind import writing_behind
from crm.core.bulk_rows import insert_rows, update_rows
from crm.core.new_rows import new_row
from leads.assignment.deadlines import accept_deadline, deadline_for
from leads.events import LEAD_ASSIGNED, LEAD_REASSIGNED, LEAD_UNASSIGNED
from leads.models import Assignment, Contact, Lead, Strategy

if TYPE_CHECKING:
    from crm.accounts.models import User

# What a placement decides on and writes.
DECIDING_FIELDS = (
    "agent", "status", "stage", "priority", "assigned_at", "deadline", "first_response_at", "accept_due_at",
    "is_duplicate", "updated_at", "deleted_at",
)  # fmt: skip
PLACED_FIELDS = ("agent", "assigned_at", "deadline", "first_response_at", "accept_due_at", "updated_at")
# What an agent is told of a lead that it was given, and of how many by name.
TOLD_FIELDS = ("source", "score")
TOLD_PERSON = ("company", "first_name", "last_name", "organization", "phone_e164", "email")
NAMED = 5
CLOCK_FIELDS = ("assigned_at", "deadline", "first_response_at", "is_duplicate")


@dataclass
class Placement:
    """One lead and whom it goes to; none is back to the queue. `strategy`: of its own, where a set has several."""

    lead: Lead
    to: Agent | None
    reason: Mapping[str, Any]
    strategy: str = ""
    from_agent_id: UUID | None = field(init=False)
    before: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.from_agent_id = self.lead.agent_id
        self.before = _held(self.lead)


def lock_leads(leads: QuerySet[Lead], *, limit: int | None = None, wait: bool = True) -> list[Lead]:
    """In the order of ids, with what a placement decides on and writes."""
    rows = leads.select_related(None).only("company", "contact", *DECIDING_FIELDS, *TOLD_FIELDS).order_by("pk")
    return list(rows.select_for_update(of=("self",), no_key=True, skip_locked=not wait)[:limit])


def lock_lead(lead: Lead) -> Lead:
    """Bring the caller's lead up to date in what matters here, and hold its row."""
    rows = Lead.objects.select_for_update(of=("self",), no_key=True)
    lead.refresh_from_db(fields=DECIDING_FIELDS, from_queryset=rows)
    return lead


def place(
    placements: Sequence[Placement],
    company: Company,
    *,
    strategy: str,
    by: Actor,
    at: datetime,
    notes: str = "",
    first: Sequence[Event] = (),
) -> None:
    """Give every lead to its agent and start its clock anew. The callers have locked and checked.

    A lead that is not in the database yet is inserted with its holder. `first`: events that go before, in one batch.
    """
    if not placements:
        return
    due = {priority: deadline_for(company, priority, at) for priority in {p.lead.priority for p in placements}}
    accept_by, user = accept_deadline(company, at), as_user(by)
    for p in placements:
        p.lead.agent, p.lead.assigned_at, p.lead.deadline = p.to, at, due[p.lead.priority]
        p.lead.first_response_at, p.lead.updated_at = None, at
        p.lead.accept_due_at = accept_by if _must_accept(p, strategy, user) else None
    leads = [p.lead for p in placements]
    _read_people([p for p in placements if p.to is not None and _is_told(p.to, user)])
    with writing_behind(len(leads)):
        update_rows(Lead, [lead for lead in leads if not lead._state.adding], PLACED_FIELDS)
        insert_rows(Lead, [lead for lead in leads if lead._state.adding])
        _write_history(placements, strategy=strategy, by=by, at=at, notes=notes, first=first)


def _read_people(placements: Sequence[Placement]) -> None:
    """Of those leads that their agents are told of by name; now, for asked later it would wait for all the writing."""
    shown, count = [], Counter[UUID | None]()
    for p in placements:
        if count[p.lead.agent_id] < NAMED:
            count[p.lead.agent_id] += 1
            shown.append(p.lead)
    missing = {lead.contact_id for lead in shown if not Lead.contact.is_cached(lead)}
    people = Contact.objects.only(*TOLD_PERSON).in_bulk(missing) if missing else {}
    for lead in shown:
        if lead.contact_id in people:
            lead.contact = people[lead.contact_id]


def _is_told(to: Agent, user: User | None) -> bool:
    """Voice agents are not, nor whoever takes a lead itself."""
    return to.kind == Kind.HUMAN and (user is None or to.user_id != user.pk)


def _must_accept(placement: Placement, strategy: str, user: User | None) -> bool:
    """Whoever takes a lead itself, by claiming it or by hand, has accepted it; a voice agent dials by its own hours."""
    to = placement.to
    taken = strategy == Strategy.CLAIM or (user is not None and to is not None and to.user_id == user.pk)
    return to is not None and to.kind == Kind.HUMAN and not taken


def give_back(
    placements: Sequence[Placement], *, by: Actor, at: datetime, notes: str = "", then: Sequence[Event] = ()
) -> None:
    """Return every lead to the queue, flagged where another open lead of its contact waits there already.

    `then`: events that go behind, in one batch.
    """
    if not placements:
        return
    _flag_duplicates([p.lead for p in placements])
    flagged = [p.lead.pk for p in placements if p.lead.is_duplicate]
    _plainly([p.lead.pk for p in placements]).update(
        agent=None,
        assigned_at=None,
        deadline=None,
        first_response_at=None,
        accept_due_at=None,
        is_duplicate=Case(When(pk__in=flagged, then=Value(True)), default=F("is_duplicate")),
        updated_at=at,
    )
    for p in placements:
        lead = p.lead
        lead.agent = lead.assigned_at = lead.deadline = lead.first_response_at = lead.accept_due_at = None
        lead.updated_at = at
    _write_history(placements, strategy="", by=by, at=at, notes=notes, then=then)


def _flag_duplicates(leads: Iterable[Lead]) -> None:
    """Of two that return together, the second is the duplicate."""
    batch = list(leads)
    waiting = Lead.objects.open().filter(agent__isnull=True, contact_id__in={lead.contact_id for lead in batch})
    taken = set(waiting.exclude(pk__in=[lead.pk for lead in batch]).values_list("contact_id", flat=True))
    for lead in batch:
        lead.is_duplicate = lead.is_duplicate or lead.contact_id in taken
        taken.add(lead.contact_id)


def _plainly(lead_ids: Sequence[UUID]) -> QuerySet[Lead]:
    """Scoped to the company as ever, but the holder may be a CASE: agents here were read and locked in the company."""
    return QuerySet(Lead, Lead.objects.filter(pk__in=lead_ids).query.chain())


def _write_history(
    placements: Sequence[Placement],
    *,
    strategy: str,
    by: Actor,
    at: datetime,
    notes: str,
    first: Sequence[Event] = (),
    then: Sequence[Event] = (),
) -> None:
    user, label = as_user(by), actor_label(by)
    rows = [
        new_row(
            Assignment,
            lead=p.lead,
            from_agent_id=p.from_agent_id,
            to_agent=p.to,
            user=user,
            actor_label=label,
            strategy=p.strategy or strategy,
            notes=notes,
            reason=p.reason,
            deadline=p.lead.deadline,
            at=at,
        )
        for p in placements
    ]
    insert_rows(Assignment, rows)
    record_many([*first, *(_event(p, row, by) for p, row in zip(placements, rows, strict=True)), *then])


def _event(p: Placement, row: Assignment, by: Actor) -> Event:
    before, after = p.from_agent_id, row.to_agent_id
    action = LEAD_UNASSIGNED if after is None else LEAD_REASSIGNED if before else LEAD_ASSIGNED
    data = {
        "agent_id": _text(after),
        "from_agent_id": _text(before),
        "strategy": row.strategy,
        "assignment_id": str(row.pk),
    }
    if rule := p.reason.get("rule"):
        data |= {"rule_id": rule["id"], "rule_name": rule["name"], "rule_version": rule["version"]}
    after_it = _held(p.lead)
    images = {name: (was, after_it[name]) for name, was in p.before.items() if was != after_it[name]}
    return Event(action, p.lead, by, data=data, images=images, beside=row)


def _held(lead: Lead) -> dict[str, Any]:
    """Who holds it and its clock, for the journal: what undo puts back."""
    return {"agent": lead.agent_id, **{name: getattr(lead, name) for name in CLOCK_FIELDS}}


def actor_label(by: Actor) -> str:
    return by.name if isinstance(by, System) else by.code if isinstance(by, VendorActor) else ""


def _text(pk: UUID | None) -> str | None:
    return None if pk is None else str(pk)
