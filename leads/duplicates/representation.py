"""Possible duplicates and merges as the API shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime

from crm.audit.recording import plain
from crm.jobs.models import Job
from leads.duplicates.choosing import Chosen
from leads.duplicates.merging import LeadPlan
from leads.duplicates.models import DuplicatePair
from leads.models import Contact, OptIn, Priority, Qualification, Stage
from leads.rows import phone_shown


def pair_json(pair: DuplicatePair) -> dict[str, Any]:
    """Reads both contacts; select them with the pairs."""
    return {
        "id": pair.pk,
        "state": pair.state,
        "reasons": pair.reasons,
        "found_by": pair.found_by,
        "found_at": pair.found_at,
        "decided_at": pair.decided_at,
        "decided_by_id": pair.decided_by_id,
        "contacts": [person_json(contact) for contact in (pair.first, pair.second)],
    }


def person_json(contact: Contact) -> dict[str, Any]:
    return {
        "id": contact.pk,
        "name": contact.name,
        "email": contact.email or None,
        "phone_e164": contact.phone_e164 or None,
        "organization": contact.organization or None,
        "merged_into_id": contact.merged_into_id,
    }


def merge_json(
    chosen: Iterable[Chosen], plan: LeadPlan, *, other_id: Any, dry_run: bool, job: Job | None
) -> dict[str, Any]:
    """What stands beside the contact or lead that stays."""
    return {
        "other_id": other_id,
        "dry_run": dry_run,
        "fields": [chosen_json(one) for one in chosen],
        "leads": {
            "moved": [lead.pk for lead in plan.moved],
            "merged": [{"lead_id": stays.pk, "other_id": goes.pk} for stays, goes in plan.merged],
        },
        "job_id": job.pk if job is not None else None,
    }


def chosen_json(one: Chosen) -> dict[str, Any]:
    return {
        "field": one.name,
        "this": value_of(one.name, one.this),
        "other": value_of(one.name, one.other),
        "taken": one.taken,
        "result": value_of(one.name, one.result),
        "may_choose": one.may_choose,
        "why": one.why or None,
    }


def value_of(name: str, value: Any) -> Any:
    """As the API shows the field elsewhere: priority and vendor by name, blanks as null."""
    if name == "priority":
        return Priority(value).name.lower()
    if name == "vendor":
        return value.code if value is not None else None
    if name == "deal_value":
        return value
    return None if value == "" else plain(value)


WORDS: dict[str, Any] = {
    "priority": Priority,
    "lifecycle_stage": Stage,
    "opt_in_status": OptIn,
    "qualification_status": Qualification,
}


def shown(name: str, value: Any) -> str:
    """As a page shows it."""
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if name == "phone_e164":
        return phone_shown(value)
    if name in WORDS:
        return str(WORDS[name](value).label)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    return f"{localtime(value):%-d %b %Y, %H:%M}" if isinstance(value, datetime) else str(value)
