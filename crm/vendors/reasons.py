"""Reason codes: why something that a vendor sent was refused, in one word that its software can read."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions

from crm.core.api.problems import MISSING, Unacceptable
from crm.core.errors import InvalidField, MissingField, Refused

PHONE, EMAIL = {"phone", "phone_e164", "phone_sha256"}, {"email", "email_sha256"}
REASONS = {
    "duplicate": "The person has an open lead already",
    "reserved": "Another vendor has reserved the person",
    "do_not_contact": "The person is not to be contacted",
    "daily_cap_reached": "The day's number of leads is reached",
    "vendor_paused": "Nothing is taken from the vendor at present",
    "missing_field": "A needed field is missing",
    "invalid_phone": "The phone number is none",
    "invalid_email": "The e-mail address is none",
    "invalid_field": "A field has a wrong value",
    "malformed": "The request can't be read",
    "invalid_key": "The key is not valid",
    "forbidden": "The key is not for this",
    "rate_limited": "Too many requests in a minute",
    "refused": "Refused for another reason",
}
RENAMED = {"duplicate_lead": "duplicate"}
BY_STATUS = {401: "invalid_key", 403: "forbidden", 404: "forbidden", 413: "malformed", 415: "malformed"}


def reason_of(error: Exception) -> str:
    """One of `REASONS`."""
    if isinstance(error, MissingField):
        return "missing_field"
    if isinstance(error, InvalidField):
        return _of_fields({error.field})
    if isinstance(error, Refused):
        code = RENAMED.get(error.code, error.code)
        return code if code in REASONS else "refused"
    if isinstance(error, Unacceptable):
        return _of_problems([(problem.loc, problem.type) for problem in error.problems])
    if isinstance(error, exceptions.ValidationError):
        return _of_detail(error.detail)
    if isinstance(error, exceptions.Throttled):
        return "rate_limited"
    if isinstance(error, exceptions.ParseError):
        return "malformed"
    if isinstance(error, PermissionDenied | Http404):
        return "forbidden"
    return BY_STATUS.get(getattr(error, "status_code", 0), "refused")


def _of_detail(detail: Any) -> str:
    from crm.core.api.errors import problems_of

    return _of_problems([(problem.loc, problem.type) for problem in problems_of(detail)])


def _of_problems(problems: list[tuple[Any, str]]) -> str:
    if any(kind == MISSING for _, kind in problems):
        return "missing_field"
    return _of_fields({str(place[1]) for place, _ in problems if len(place) > 1})


def _of_fields(fields: set[str]) -> str:
    if fields and fields <= PHONE:
        return "invalid_phone"
    return "invalid_email" if fields and fields <= EMAIL else "invalid_field"
