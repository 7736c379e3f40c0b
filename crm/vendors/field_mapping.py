"""What a vendor calls the fields of a lead, read into ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.core.errors import InvalidField

# What a vendor may say of a lead; `leads.intake` reads these, and a test holds the two together.
PERSON = (
    "name",
    "first_name",
    "last_name",
    "email",
    "phone",
    "phone_e164",
    "organization",
    "title",
    "timezone",
    "country",
    "region",
    "city",
)
LEAD = ("source", "priority", "deal_value", "expected_close_date", "schedule_at", "tags", "qualification_data")
FIELDS = (*PERSON, *LEAD)
# Ours to say, so neither taken from a vendor nor kept among its own fields.
OURS = frozenset(
    {
        *("id", "company_id", "contact_id", "contact", "agent_id", "agent_email", "agent_name", "assignee_id"),
        *("vendor_code", "vendor_id", "campaign_id", "created_by_id", "status", "stage", "stage_reason"),
        *("stage_changed_at", "disposition", "qualification_status", "score", "attempts_count", "next_attempt_at"),
        *("deadline", "sla_status", "assigned_at", "first_response_at", "closed_at", "is_duplicate"),
        *("created_at", "updated_at"),
    }
)
CUSTOM = "custom_fields."
MAX_FIELDS, MAX_NAME = 200, 100


def checked(mapping: Mapping[str, Any]) -> dict[str, str]:
    """The mapping, its names trimmed. Raises `InvalidField` for an unknown field of ours, or one that two are read
    into."""
    if len(mapping) > MAX_FIELDS:
        raise InvalidField("field_mapping", f"At most {MAX_FIELDS} fields")
    read: dict[str, str] = {}
    for theirs, ours in mapping.items():
        theirs = theirs.strip()
        if not theirs or len(theirs) > MAX_NAME:
            raise InvalidField("field_mapping", f"A field's name has 1 to {MAX_NAME} characters")
        if not isinstance(ours, str) or not is_ours(ours := ours.strip()):
            raise InvalidField("field_mapping", f"{theirs}: not one of our fields, nor custom_fields.<name>")
        if ours in read.values():
            raise InvalidField("field_mapping", f"Two fields are read into {ours}")
        read[theirs] = ours
    return read


def is_ours(name: str) -> bool:
    if name.startswith(CUSTOM):
        return 0 < len(name.removeprefix(CUSTOM).strip()) <= MAX_NAME
    return name in FIELDS


def mapped(sent: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, Any]:
    """What the vendor sent in our words: by its own mapping, else by our names; what we do not know is custom.

    `custom_fields` itself may be sent, and what stands in it comes first. A field of ours that the mapping fills is
    not taken from the vendor's field of that name.
    """
    given = sent.get("custom_fields")
    custom: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    by_mapping = {theirs: ours for theirs, ours in mapping.items() if theirs in sent}
    filled = set(by_mapping.values())
    for name, value in sent.items():
        ours = by_mapping.get(name)
        if ours is not None and ours.startswith(CUSTOM):
            custom[ours.removeprefix(CUSTOM).strip()] = value
        elif ours is not None:
            fields[ours] = value
        elif name in FIELDS and name not in filled:
            fields[name] = value
        elif name != "custom_fields" and name not in OURS:
            custom[name] = value
    if given is not None and not isinstance(given, Mapping):
        return {**fields, "custom_fields": given}  # refused where the body is read
    if custom or given:
        fields["custom_fields"] = {**custom, **(given or {})}
    return fields
