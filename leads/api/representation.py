"""Leads, contacts, notes and dispositions as the API shows them; each reads what it needs in one query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import now

from leads.dispositions import Outcome
from leads.happenings import QUOTED
from leads.models import Contact, Lead, Note, Priority
from leads.sla import status_of

PRIORITIES = {priority.value: priority.name.lower() for priority in Priority}
CONTACT_COLUMNS = (
    "first_name",
    "last_name",
    "email",
    "phone_e164",
    "organization",
    "title",
    "lifecycle_stage",
    "opt_in_status",
    "do_not_contact",
)
NULL_WHEN_BLANK = ("email", "phone_e164", "organization", "title")
LEAD_COLUMNS = (
    "id",
    "company_id",
    "contact_id",
    "agent_id",
    "agent__name",
    "agent__user_id",
    "agent__user__email",
    "created_by_id",
    "vendor__code",
    "source",
    "status",
    "stage",
    "stage_changed_at",
    "disposition",
    "priority",
    "qualification_status",
    "score",
    "deal_value",
    "expected_close_date",
    "qualification_data",
    "custom_fields",
    "tags",
    "schedule_at",
    "attempts_count",
    "next_attempt_at",
    "deadline",
    "first_response_at",
    "assigned_at",
    "closed_at",
    "is_duplicate",
    "created_at",
    "updated_at",
    *(f"contact__{name}" for name in CONTACT_COLUMNS),
)


def lead_rows(leads: QuerySet[Lead]) -> list[dict[str, Any]]:
    """Each lead as in `api.md`, in the queryset's order; one statement, joins included."""
    at = now()
    return [lead_of(row, at) for row in leads.values(*LEAD_COLUMNS)]


def lead_json(lead: Lead) -> dict[str, Any]:
    """One lead as it stands in the database, deleted or not; the same shape as in a list."""
    return lead_rows(Lead.objects.filter(pk=lead.pk))[0]


def lead_page(leads: Iterable[Lead]) -> list[dict[str, Any]]:
    """The leads of one page, of which only the ids are at hand, in their order."""
    ids = [lead.pk for lead in leads]
    if not ids:
        return []
    rows = {row["id"]: row for row in lead_rows(Lead.objects.filter(pk__in=ids))}
    return [rows[pk] for pk in ids if pk in rows]


def lead_of(row: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "id": row["id"],
        "company_id": row["company_id"],
        "contact_id": row["contact_id"],
        "contact": contact_of(row),
        "first_name": row["contact__first_name"],
        "last_name": row["contact__last_name"],
        "email": row["contact__email"] or None,
        "phone_e164": row["contact__phone_e164"] or None,
        "agent_id": row["agent_id"],
        "agent_name": row["agent__name"],
        "agent_email": row["agent__user__email"],
        "assignee_id": row["agent__user_id"],
        "created_by_id": row["created_by_id"],
        "vendor_code": row["vendor__code"],
        "campaign_id": None,
        "source": row["source"] or None,
        "status": row["status"],
        "stage": row["stage"],
        "stage_changed_at": row["stage_changed_at"],
        "disposition": row["disposition"] or None,
        "priority": PRIORITIES[row["priority"]],
        "qualification_status": row["qualification_status"],
        "score": row["score"],
        "deal_value": row["deal_value"],
        "expected_close_date": row["expected_close_date"],
        "qualification_data": row["qualification_data"],
        "custom_fields": row["custom_fields"],
        "tags": row["tags"],
        "schedule_at": row["schedule_at"],
        "attempts_count": row["attempts_count"],
        "next_attempt_at": row["next_attempt_at"],
        "deadline": row["deadline"],
        "sla_status": status_of(row["deadline"], row["first_response_at"], row["closed_at"], at).value,
        "first_response_at": row["first_response_at"],
        "assigned_at": row["assigned_at"],
        "closed_at": row["closed_at"],
        "is_duplicate": row["is_duplicate"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def contact_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The person inside a lead; what is not known is null, as in `contact_json`."""
    found = {name: row[f"contact__{name}"] for name in CONTACT_COLUMNS}
    return {"id": row["contact_id"], **found, **{name: found[name] or None for name in NULL_WHEN_BLANK}}


def contact_json(contact: Contact) -> dict[str, Any]:
    """`timezone` is the stated one, else the phone number's where that has but one; `timezones` all it may be in."""
    zones = contact.zones
    return {
        "id": contact.pk,
        "company_id": contact.company_id,
        "name": contact.name,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "email": contact.email or None,
        "phone_e164": contact.phone_e164 or None,
        "organization": contact.organization or None,
        "title": contact.title or None,
        "timezone": zones[0] if len(zones) == 1 else None,
        "timezones": list(zones),
        "country": contact.country or None,
        "region": contact.region or None,
        "city": contact.city or None,
        "tags": contact.tags,
        "custom_fields": contact.custom_fields,
        "lifecycle_stage": contact.lifecycle_stage,
        "opt_in_status": contact.opt_in_status,
        "do_not_contact": contact.do_not_contact,
        "created_by_id": contact.created_by_id,
        "created_at": contact.created_at,
        "updated_at": contact.updated_at,
    }


def note_json(note: Note) -> dict[str, Any]:
    """Reads the user's name; select it with the notes."""
    return {
        "id": note.pk,
        "lead_id": note.lead_id,
        "text": note.text,
        "user_id": note.user_id,
        "user_name": note.user.name if note.user else None,
        "created_at": note.created_at,
    }


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """`id` is null for those that every company has."""
    return {
        "id": outcome.id,
        "key": outcome.key,
        "label": outcome.label,
        "is_final": outcome.is_final,
        "reached_person": outcome.reached_person,
        "is_active": outcome.is_active,
        "is_built_in": outcome.id is None,
    }


def happening_json(happening: Any, texts: Mapping[str, str]) -> dict[str, Any]:
    """One entry of a timeline; `text` is the note's, the message's, or the reason of a move."""
    named = (happening.data.get(name) for name in (*QUOTED, "stage_change_id"))
    return {
        "id": happening.id,
        "at": happening.at,
        "action": happening.action,
        "label": happening.label,
        "actor": happening.actor,
        "object_type": happening.object_type,
        "object_id": happening.object_id,
        "changes": happening.changes,
        "data": happening.data,
        "text": next((texts[pk] for pk in named if pk in texts), None),
    }
