"""What may be said of an agent, field by field; what is against it raises `InvalidField`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agents.models import CAPACITY_LIMIT, Availability, Kind
from crm.accounts.regions import is_timezone
from crm.core.api.fields import E164
from crm.core.errors import InvalidField
from crm.core.working_hours import validate_hours
from crm.providers.scripts import script_problem

LIMITS = {
    "max_attempts": (1, 100),
    "retry_delay_minutes": (0, 366 * 24 * 60),
    "max_concurrent_calls": (1, 1000),
}
LENGTHS = {"voice_script": 20_000, "voice": 64}


def clean_fields(changes: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The known fields among the changes, in the form that the model holds; unknown names are left out."""
    cleaned = {name: CLEANERS[name](name, value) for name, value in changes.items() if name in CLEANERS}
    if "max_capacity" in cleaned:
        clean_capacity(cleaned["max_capacity"], kind)
    return cleaned


def clean_capacity(maximum: int | None, kind: str) -> int | None:
    """Open leads, 0 to 10,000; a voice agent may have no maximum."""
    if maximum is None and kind == Kind.HUMAN:
        raise InvalidField("max", "A person needs a maximum.")
    if maximum is None:
        return None
    if isinstance(maximum, bool) or not isinstance(maximum, int) or not 0 <= maximum <= CAPACITY_LIMIT:
        raise InvalidField("max", f"Must be a whole number from 0 to {CAPACITY_LIMIT}.")
    return maximum


def _name(field: str, value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(text := " ".join(value.split())) <= 200:
        raise InvalidField(field, "Give a name of 1 to 200 characters.")
    return text


def _timezone(field: str, value: Any) -> str:
    """Empty: the company's."""
    if value in (None, ""):
        return ""
    if not is_timezone(value):
        raise InvalidField(field, "Not a time zone by its IANA name, such as Europe/Berlin.")
    return str(value)


def _hours(field: str, value: Any) -> Any:
    """None: the company's."""
    if value is not None and (problem := validate_hours(value)):
        raise InvalidField(field, problem)
    return value


def _number(field: str, value: Any) -> int:
    low, high = LIMITS[field]
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidField(field, f"Must be a whole number from {low} to {high}.")
    return value


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > LENGTHS[field]:
        raise InvalidField(field, f"Must be a text of at most {LENGTHS[field]} characters.")
    return value


def _script(field: str, value: Any) -> str:
    text = _text(field, value)
    if problem := script_problem(text):
        raise InvalidField(field, problem)
    return text


def _telephone(field: str, value: Any) -> str:
    if value in (None, ""):
        return ""
    if not isinstance(value, str) or not E164.fullmatch(value):
        raise InvalidField(field, "Phone number must be in E.164 format")
    return value


def _availability(field: str, value: Any) -> str:
    if value not in Availability.values:
        raise InvalidField(field, f"Must be one of {', '.join(Availability.values)}.")
    return str(value)


CLEANERS: dict[str, Callable[[str, Any], Any]] = {
    "name": _name,
    "timezone": _timezone,
    "business_hours": _hours,
    "availability": _availability,
    "max_attempts": _number,
    "retry_delay_minutes": _number,
    "max_concurrent_calls": _number,
    "max_capacity": lambda field, value: value,
    "voice_script": _script,
    "voice": _text,
    "caller_number": _telephone,
    "own_number": _telephone,
}
