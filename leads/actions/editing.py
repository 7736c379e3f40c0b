"""One change of one lead: its row locked, what stood there before, and the events, all written together at the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.timezone import now

from crm.audit.recording import Event, record_many
from crm.core.actors import Actor, System, as_user
from crm.core.errors import InvalidField
from leads import dispositions, events
from leads.dispositions import Outcome
from leads.errors import LeadIsDeleted, LeadMoved, ReasonNeeded, StageIsClosed
from leads.models import CLOSED_STAGES, Contact, Lead, StageChange, Status

Changes = dict[str, tuple[Any, Any]]


class LeadEdit:
    """Collects a change of the lead; `write` saves it. Raises `LeadIsDeleted` for a deleted lead, unless `deleted_too`.

    `with_contact` locks the contact first, where the change may touch it. `locked`: the row is locked and as it is
    now, with its contact and agent at hand. `find` gives the outcome of a key, where many leads ask.
    """

    def __init__(
        self,
        lead: Lead,
        *,
        by: Actor,
        with_contact: bool = False,
        locked: bool = False,
        at: datetime | None = None,
        find: Callable[[str], Outcome | None] = dispositions.find,
        deleted_too: bool = False,
    ) -> None:
        self.lead = lead if locked else lock_lead(lead, with_contact=with_contact)
        if self.lead.deleted_at is not None and not deleted_too:
            raise LeadIsDeleted
        self.by, self.at, self.find = by, at or now(), find
        self.was_open, self.first_status = self.lead.is_open, self.lead.status
        self.touched: set[str] = set()
        self.events: list[Event] = []
        self.move: StageChange | None = None
        self.person: dict[str, Any] = {}

    # --- what may be changed -------------------------------------------------------------------------------------

    def fields(self, values: dict[str, Any]) -> None:
        """Plain fields, replaced whole; one `lead.updated`."""
        self.tell(events.LEAD_UPDATED, self.put(**values))

    def stage(self, stage: str, *, reason: str, automatic: bool) -> None:
        """Move in the funnel; customer and lost close the lead, leaving them takes a reason and opens it again."""
        lead = self.lead
        if lead.stage == stage:
            return
        if lead.stage in CLOSED_STAGES and not reason.strip():
            raise ReasonNeeded
        self.move = self.stage_change(stage, reason, automatic)
        changes = self.put(stage=stage, stage_changed_at=self.at)
        changes |= self.close() if stage in CLOSED_STAGES else self.reopen_from(changes["stage"][0])
        changes |= {} if automatic else self.worked()
        images = {"stage_changed_at": changes.pop("stage_changed_at", (self.at, self.at))}
        images |= self.put_person(lifecycle_stage=stage)
        data = {
            "stage_change_id": self.move.pk,  # the reason stands there: people write names into it
            "is_automatic": self.move.is_automatic,
            "stayed_seconds": self.move.stayed_seconds,
        }
        self.tell(events.LEAD_STAGE_CHANGED, changes, data, images)

    def status(self, status: str) -> None:
        """`done` closes; any other reopens a closed lead as `in_progress`. Raises `StageIsClosed`."""
        lead = self.lead
        if status == lead.status:
            return
        if status == Status.DONE:
            changes = self.close()
        elif lead.stage in CLOSED_STAGES:
            raise StageIsClosed(lead.stage)
        else:
            changes = self.reopen() if lead.status == Status.DONE else self.put(status=status)
        if self.first_status == Status.NEW:
            changes |= self.responded()
        self.tell(events.LEAD_STATUS_CHANGED, changes)

    def disposition(self, outcome: Outcome | None) -> None:
        """The last outcome; a final one closes, leaving a final one opens again, `do_not_call` binds the contact."""
        before = self.lead.disposition
        changes = self.put(disposition=outcome.key if outcome else "")
        if outcome and self.ends(outcome):
            changes |= self.close()
        elif changes and before and self.was_final(before):
            changes |= self.reopen_unless_stage_is_closed()
        if outcome:
            changes |= self.worked(started=True)
        bound = outcome is not None and outcome.key == dispositions.DO_NOT_CALL
        images = self.put_person(do_not_contact=True) if bound else {}
        self.tell(events.LEAD_DISPOSITION_SET, changes, images=images)

    def responded(self) -> Changes:
        """The first response since the assignment meets the SLA; without a holder no clock runs."""
        lead = self.lead
        return self.put(first_response_at=self.at) if lead.agent_id and lead.first_response_at is None else {}

    def worked(self, *, started: bool = False) -> Changes:
        """A response, and the end of `new` once the holder has worked it (or a call has had an outcome)."""
        starts = self.lead.status == Status.NEW and (started or self.by_holder())
        return self.responded() | (self.put(status=Status.IN_PROGRESS) if starts else {})

    # --- how it is done ------------------------------------------------------------------------------------------

    def put(self, **values: Any) -> Changes:
        """Set fields in memory; field → (before, after) of those that were different."""
        changes = {
            name: (before, value) for name, value in values.items() if (before := getattr(self.lead, name)) != value
        }
        for name, (_, value) in changes.items():
            setattr(self.lead, name, value)
        self.touched |= changes.keys()
        return changes

    def put_person(self, **values: Any) -> Changes:
        """What the change means for the contact; what was different, as images of the lead's own event."""
        contact = self.lead.contact
        changes = {
            name: (before, value) for name, value in values.items() if (before := getattr(contact, name)) != value
        }
        for name, (_, value) in changes.items():
            setattr(contact, name, value)
        self.person |= {name: value for name, (_, value) in changes.items()}
        return {f"contact.{name}": pair for name, pair in changes.items()}

    def tell(
        self, action: str, changes: Changes, data: dict[str, Any] | None = None, images: Changes | None = None
    ) -> None:
        if changes:
            self.events.append(Event(action, self.lead, self.by, changes, data or {}, images=images or {}))

    def close(self) -> Changes:
        """The last close counts."""
        return self.put(status=Status.DONE, closed_at=self.at)

    def reopen(self) -> Changes:
        return self.put(status=Status.IN_PROGRESS, closed_at=None)

    def reopen_from(self, stage: str) -> Changes:
        return self.reopen() if stage in CLOSED_STAGES else {}

    def reopen_unless_stage_is_closed(self) -> Changes:
        done = self.lead.status == Status.DONE and self.lead.stage not in CLOSED_STAGES
        return self.reopen() if done else {}

    def ends(self, outcome: Outcome) -> bool:
        allowed = self.lead.agent.max_attempts if self.lead.agent else dispositions.DEFAULT_ATTEMPTS
        return dispositions.closes(outcome, attempts=self.lead.attempts_count, max_attempts=allowed)

    def was_final(self, key: str) -> bool:
        outcome = self.find(key)
        return outcome is not None and self.ends(outcome)

    def by_holder(self) -> bool:
        user, agent = as_user(self.by), self.lead.agent
        return user is not None and agent is not None and agent.user_id == user.pk

    def stage_change(self, stage: str, reason: str, automatic: bool) -> StageChange:
        return StageChange(
            lead=self.lead,
            from_stage=self.lead.stage,
            to_stage=stage,
            reason=reason,
            user=as_user(self.by),
            is_automatic=automatic or isinstance(self.by, System),
            stayed_seconds=max(0, int((self.at - self.lead.stage_changed_at).total_seconds())),
            at=self.at,
        )

    def write(self) -> Lead:
        """Save what was touched, the move and the events; a lead opened again stays with its agent or is returned."""
        reopened = self.lead.is_open and not self.was_open
        if self.person:
            self.write_person()
        if self.move:
            self.move.save(force_insert=True)
        if reopened:
            self.return_if_full()
        if self.touched:
            self.lead.updated_at = self.at
            self.lead.save(update_fields=[*self.touched, "updated_at"])
        record_many(self.events)
        return self.lead

    def write_person(self) -> None:
        """What a stage or disposition means for the contact: part of the lead's event, no event of its own."""
        Contact.objects.filter(pk=self.lead.contact_id).update(**self.person, updated_at=self.at)

    def return_if_full(self) -> None:
        from leads.assignment import keep_or_return

        keep_or_return(self.lead, by=self.by)


def lock_lead(lead: Lead, *, with_contact: bool = False) -> Lead:
    """Its row as it is now, locked, with contact and agent. Locks are taken in this order: contact, lead, agent.

    Raises `LeadMoved` where its contact was merged into another meanwhile.
    """
    if with_contact:
        standing = Contact.objects.filter(pk=lead.contact_id, merged_into__isnull=True)
        if not standing.select_for_update(no_key=True).only("company").first():
            Contact.objects.only("company").get(pk=lead.contact_id)  # there is none in another company
            raise LeadMoved
    rows = Lead.objects.select_for_update(of=("self",), no_key=True).select_related("contact", "agent")
    row = rows.get(pk=lead.pk)
    if with_contact and row.contact_id != lead.contact_id:
        raise LeadMoved
    return row


def outcome_named(name: str | None) -> Outcome | None:
    """Raises `InvalidField` for a label that the company does not have, or has retired."""
    if not name:
        return None
    outcome = dispositions.find(name)
    if outcome is None or not outcome.is_active:
        raise InvalidField("disposition", f"“{name}” is not a disposition of this company")
    return outcome
