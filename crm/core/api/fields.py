"""Input fields of the API: strict about type (422), one sentence an error, documented as they behave.

Present and `null` is refused unless `allow_null=True`; missing is 400 unless `required=False`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from django.db.models import Choices
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.drainage import set_override
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.core.api.json import is_clean
from crm.core.http import company_zone

E164 = re.compile(r"\+[1-9]\d{0,14}", re.ASCII)  # S3: 1 to 15 digits; whether anybody can have it is asked later
MAX_INT = 2**31 - 1
MONEY_DIGITS = 14  # numeric(14, 2), unless the column has fewer
MAX_TAGS, MAX_TAG = 100, 100
MAX_JSON_KEYS = 500


class Body(serializers.Serializer[Any]):
    """Base of request bodies: unknown fields are ignored. Read by `ApiViewSet.body`."""


class CleanCharField(serializers.CharField):
    """Text: a JSON string alone (no numbers), trimmed, without NUL or lone surrogates, at most 255 unless told."""

    default_error_messages = {
        "required": "Field required.",
        "null": "May not be null.",
        "invalid": "Must be a string.",
        "blank": "May not be empty.",
        "unclean": "Text may not hold NUL or lone surrogates.",
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 255)
        super().__init__(**kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str) and not is_clean(data):
            self.fail("unclean")
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data.strip() if self.trim_whitespace else data


class EmailField(CleanCharField):
    """An e-mail address, lower-cased."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 254)
        super().__init__(**kwargs)
        from django.core.validators import EmailValidator

        self.validators.append(EmailValidator("Not an e-mail address."))

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).lower()


class E164Field(CleanCharField):
    """A phone number in E.164 form; the form alone is checked."""

    default_error_messages = {"form": "Phone number must be in E.164 format"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "max_length": 40})

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text and not E164.fullmatch(text):
            self.fail("form")
        return text


class IntField(serializers.IntegerField):
    """A JSON integer (`5`, `5.0`), within 32 bits unless told."""

    default_error_messages = {
        "required": "Field required.",
        "null": "May not be null.",
        "invalid": "Must be an integer.",
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 0)
        kwargs.setdefault("max_value", MAX_INT)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | float) or data != data // 1:
            self.fail("invalid")
        return int(data)


class NumberField(serializers.FloatField):
    """A JSON number."""

    default_error_messages = {
        "required": "Field required.",
        "null": "May not be null.",
        "invalid": "Must be a number.",
    }

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return float(data)


class MoneyField(serializers.Field[Any, Any, Any, Any]):
    """An amount of money as a JSON number, not negative, rounded to two places; a `Decimal` that fits its column."""

    default_error_messages = {
        "required": "Field required.",
        "null": "May not be null.",
        "invalid": "Must be a number.",
        "range": "Must be between 0 and {most}.",
    }

    def __init__(self, *, digits: int = MONEY_DIGITS, **kwargs: Any) -> None:
        """`digits`: the column's `max_digits`, two of them behind the point; SQLite would keep more and not read it."""
        super().__init__(**kwargs)
        self.most = Decimal(10 ** (digits - 2)) - Decimal("0.01")
        set_override(self, "field", {"type": "number", "minimum": 0, "maximum": float(self.most)})

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        if not 0 <= data <= self.most:
            self.fail("range", most=self.most)
        return Decimal(str(data)).quantize(Decimal("0.01"), ROUND_HALF_UP)

    def to_representation(self, value: Any) -> Any:
        return value


class BoolField(serializers.BooleanField):
    """`true` or `false`."""

    default_error_messages = {
        "required": "Field required.",
        "null": "May not be null.",
        "invalid": "Must be true or false.",
    }

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class ChoiceField(serializers.ChoiceField):
    """One of the choices, in any case; gives the choice's own value. `allow_blank=True` takes ""."""

    default_error_messages = {
        "required": "Field required.",
        "null": "May not be null.",
        "invalid_choice": "Must be one of {allowed}.",
    }

    def __init__(self, choices: Any, *, aliases: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """`choices`: a `TextChoices` class, pairs or values. For `IntegerChoices` the names are the values."""
        super().__init__(choices=named_choices(choices), **kwargs)
        self.stored = stored_choices(choices)
        self.aliases = {key.lower(): value for key, value in (aliases or {}).items()}

    def to_internal_value(self, data: Any) -> Any:
        if data == "" and self.allow_blank:
            return ""
        key = data.strip().lower() if isinstance(data, str) else None
        if key in self.aliases:
            return self.aliases[key]
        if key is None or key not in self.stored:
            self.fail("invalid_choice", allowed=", ".join(str(name) for name in self.choices))
        return self.stored[key]


def named_choices(choices: Any) -> list[Any]:
    """What a client writes: names for `IntegerChoices`, values otherwise."""
    if isinstance(choices, type) and issubclass(choices, Choices):
        return [m.name.lower() if isinstance(m.value, int) else m.value for m in choices]
    return [choice[0] if isinstance(choice, tuple) else choice for choice in choices]


def stored_choices(choices: Any) -> dict[str, Any]:
    """What a client writes, lower-cased → what is stored."""
    if isinstance(choices, type) and issubclass(choices, Choices):
        return {(m.name if isinstance(m.value, int) else str(m.value)).lower(): m for m in choices}
    return {str(value).lower(): value for value in named_choices(choices)}


@extend_schema_field({"type": "string", "format": "uuid"})
class UuidField(serializers.Field[Any, Any, Any, Any]):
    """An id; whether it names anything is the view's to ask."""

    default_error_messages = {"required": "Field required.", "null": "May not be null.", "invalid": "Must be a UUID."}

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str) or (value := as_uuid(data)) is None:
            self.fail("invalid")
        return value

    def to_representation(self, value: Any) -> Any:
        return value


UUID_FORM = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def as_uuid(text: str) -> UUID | None:
    """None where it is no UUID; Python's own reader also takes `{…}` and `urn:uuid:`."""
    return UUID(text) if UUID_FORM.fullmatch(text) else None


@extend_schema_field({"type": "object", "additionalProperties": True})
class JsonObjectField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object, kept as it is."""

    default_error_messages = {
        "required": "Field required.",
        "null": "May not be null.",
        "invalid": "Must be an object.",
        "many": f"At most {MAX_JSON_KEYS} keys.",
        "unclean": "Text may not hold NUL or lone surrogates.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        if len(data) > MAX_JSON_KEYS:
            self.fail("many")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class ListField(serializers.ListField):
    """A JSON list of `child`; errors name the place."""

    default_error_messages = {
        "required": "Field required.",
        "null": "May not be null.",
        "not_a_list": "Must be a list.",
        "empty": "May not be empty.",
    }


@extend_schema_field({"type": "array", "items": {"type": "string", "maxLength": MAX_TAG}, "maxItems": MAX_TAGS})
class TagsField(serializers.Field[Any, Any, Any, Any]):
    """Short texts without repetition, in the order given."""

    default_error_messages = {
        "required": "Field required.",
        "null": "May not be null.",
        "invalid": "Must be a list of strings.",
        "long": f"A tag has at most {MAX_TAG} characters.",
        "many": f"At most {MAX_TAGS} tags.",
    }

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list) or not all(isinstance(tag, str) and is_clean(tag) for tag in data):
            self.fail("invalid")
        tags = list(dict.fromkeys(tag.strip() for tag in data if tag.strip()))
        if len(tags) > MAX_TAGS:
            self.fail("many")
        if any(len(tag) > MAX_TAG for tag in tags):
            self.fail("long")
        return tags

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": "string", "format": "date-time"})
class MomentField(serializers.Field[Any, Any, Any, Any]):
    """A moment in ISO 8601, aware and in UTC; without a zone it is in the company's, a bare date is its midnight."""

    default_error_messages = {
        "required": "Field required.",
        "null": "May not be null.",
        "invalid": "Must be a time in ISO 8601, such as 2026-03-01T09:00:00Z.",
    }

    def to_internal_value(self, data: Any) -> dt.datetime:
        zone = company_zone(self.context.get("request"))
        if not isinstance(data, str) or (moment := parse_moment(data, zone)) is None:
            self.fail("invalid")
        return moment

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": "string", "format": "date"})
class DayField(serializers.Field[Any, Any, Any, Any]):
    """A date, `2026-03-01`."""

    default_error_messages = {
        "required": "Field required.",
        "null": "May not be null.",
        "invalid": "Must be a date such as 2026-03-01.",
    }

    def to_internal_value(self, data: Any) -> dt.date:
        if not isinstance(data, str) or (day := parse_day(data)) is None:
            self.fail("invalid")
        return day

    def to_representation(self, value: Any) -> Any:
        return value


def parse_moment(text: str, zone: dt.tzinfo) -> dt.datetime | None:
    """Aware and in UTC, or None where the text is no possible time."""
    text = text.strip()
    try:
        moment = parse_datetime(text)
        if moment is None and (day := parse_day(text)) is not None:
            moment = dt.datetime.combine(day, dt.time())
        if moment is None:
            return None
        return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def parse_day(text: str) -> dt.date | None:
    try:
        return parse_date(text.strip())
    except ValueError:
        return None


def one_of(names: Iterable[str], data: Mapping[str, Any]) -> str | None:
    """The first of the names that stands in the data with a value."""
    return next((name for name in names if data.get(name) not in (None, "")), None)
