"""A new lead: its contact found or made, duplicates refused, and the agent given it where one is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from crm.accounts.models import DuplicatePolicy
from crm.audit.recording import Event
from crm.core.actors import Actor, VendorActor, as_user
from crm.core.errors import Missing
from crm.vendors.models import Vendor
from leads import dispositions, events
from leads.actions.contacts import company_of, given_fields
from leads.actions.matching import Match, contact_of
from leads.duplicates.finding import keep_pairs, ordered
from leads.duplicates.models import FoundBy, Reason
from leads.errors import DuplicateLead
from leads.models import CLOSED_STAGES, Contact, Lead, Priority, Qualification, Stage, Status
from leads.reach import refuse_too_far

if TYPE_CHECKING:
    from agents.models import Agent


@dataclass(frozen=True)
class NewLead:
    """What may be said of a new lead: its contact by id or by fields of its own, in any mix, and the lead's own fields.

    `phone` takes national formats, `phone_e164` E.164 alone; `name` is split where there is no `first_name`.
    `priority` is the number or its name.
    """

    contact_id: UUID | None = None
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    phone_e164: str = ""
    organization: str = ""
    title: str = ""
    timezone: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    vendor_code: str = ""
    source: str = ""
    stage: str = Stage.LEAD
    status: str = Status.NEW
    disposition: str = ""
    priority: int | str = Priority.NORMAL
    qualification_status: str = Qualification.UNQUALIFIED
    deal_value: Decimal | None = None
    expected_close_date: datetime | None = None
    qualification_data: Mapping[str, Any] | None = None
    custom_fields: Mapping[str, Any] | None = None
    tags: list[str] | None = None
    schedule_at: datetime | None = None


KNOWN = frozenset(field.name for field in fields(NewLead))
# Copied as they are; the event names those that differ from a new lead's defaults.
COPIED = (
    "source",
    "stage",
    "status",
    "priority",
    "qualification_status",
    "deal_value",
    "expected_close_date",
    "qualification_data",
    "custom_fields",
    "tags",
    "schedule_at",
)


@transaction.atomic
def create_lead(data: NewLead | Mapping[str, Any], *, by: Actor, agent: Agent | None = None) -> Lead:
    """Make a lead; naming an agent is an assignment in the same transaction (`CapacityExceeded`: nothing is made).
    Where none is named, the company's routing rules look for one; what they can't place waits in the queue.

    The contact is taken by id, else matched by phone, else by e-mail, else made. Raises `DuplicateLead` where the
    contact has an open lead with the same agent (or, with none named, one without an agent) unless the company
    flags those; `MissingField`, `InvalidPhone`, `InvalidField`; `Missing` for an unknown vendor code.
    """
    new = data if isinstance(data, NewLead) else new_lead(data)
    match = contact_of(new.contact_id, given_fields(asdict(new), by=by), by=by)
    lead = unsaved(new, match.contact, by=by)
    if agent is None and not match.is_new and lead.is_open:
        lead.is_duplicate = flag_or_refuse(match, by=by)
    if match.is_new and lead.stage != Stage.LEAD:
        match.contact.lifecycle_stage = lead.stage
        match.contact.save(update_fields=["lifecycle_stage"])
    told = [*match.events, lead_created_event(lead, match, by=by)]
    if match.other_id is not None:
        keep_pairs({ordered(match.contact.pk, match.other_id): [Reason.NAMED_TOGETHER]}, found_by=FoundBy.CREATION)
    if agent is not None:
        return given_to(agent, lead, match, told, by=by)
    from leads.routing.applying import insert_routed

    insert_routed([lead], told)
    return lead


def given_to(agent: Agent, lead: Lead, match: Match, told: list[Event], *, by: Actor) -> Lead:
    """Inserted with its holder; a duplicate is refused by the word by which the contact was known."""
    from leads.assignment import assign_lead

    try:
        return assign_lead(lead, agent, by=by, locked=True, first=told)
    except DuplicateLead as refusal:
        raise DuplicateLead(refusal.existing, by=by, by_email=match.by_email) from None


def new_lead(data: Mapping[str, Any]) -> NewLead:
    """Unknown keys and nulls are left out."""
    return NewLead(**{name: value for name, value in data.items() if name in KNOWN and value is not None})


def unsaved(new: NewLead, contact: Contact, *, by: Actor) -> Lead:
    refuse_too_far(new.schedule_at)
    given = {name: value for name in COPIED if (value := getattr(new, name)) is not None}
    lead = Lead(**given, contact=contact, created_by=as_user(by), vendor=vendor_of(new, by=by))
    lead.priority = priority_of(new.priority)
    lead.last_name_key, lead.search_text = contact.sort_key, contact.search_text
    lead.disposition = dispositions.key_of(new.disposition)
    if lead.stage in CLOSED_STAGES or lead.disposition in dispositions.FINAL or lead.status == Status.DONE:
        lead.status, lead.closed_at = Status.DONE, now()
    return lead


def priority_of(value: int | str) -> int:
    return Priority[value.upper()] if isinstance(value, str) else value


def vendor_of(new: NewLead, *, by: Actor) -> Vendor | None:
    if isinstance(by, VendorActor):
        return Vendor.objects.get(pk=by.vendor_id)
    if not new.vendor_code:
        return None
    if (vendor := Vendor.objects.filter(code=new.vendor_code).first()) is None:
        raise Missing("No such vendor")
    return vendor


def flag_or_refuse(match: Match, *, by: Actor) -> bool:
    """Whether the new lead is to be flagged: another of the contact waits without an agent (an agent's own ones are
    looked at by the assignment, whatever the policy)."""
    others = match.contact.leads.open()
    if not isinstance(by, VendorActor):  # nobody pays a vendor for somebody who is being worked already
        others = others.filter(agent__isnull=True)
    existing = others.order_by("created_at", "id").first()
    if existing is None:
        return False
    if company_of(by).duplicate_policy == DuplicatePolicy.FLAG:
        return True
    raise DuplicateLead(existing, by=by, by_email=match.by_email)


BLANK = Lead()


def lead_created_event(lead: Lead, match: Match, *, by: Actor) -> Event:
    """Names what was given; the contact's own values stand in the contact's event."""
    given = {name: (None, value) for name in COPIED if (value := getattr(lead, name)) != getattr(BLANK, name)}
    data: dict[str, Any] = {"contact_id": match.contact.pk, "contact_is_new": match.is_new}
    if match.other_id:
        data["other_contact_id"] = match.other_id
    return Event(events.LEAD_CREATED, lead, by, given, data)
