"""Strict filters: one FilterSet per list, shared by page, API, saved search, bulk verb and export.

An unknown parameter or a malformed value is refused (422); a value that names nothing gives an empty list.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from decimal import Decimal, InvalidOperation
from typing import Any, cast
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django_filters import Filter, FilterSet

from crm.core.api.fields import MAX_INT, as_uuid, named_choices, parse_day, parse_moment, stored_choices
from crm.core.api.json import is_clean
from crm.core.api.problems import Problem, Unacceptable
from crm.core.http import company_zone

MAX_VALUES = 200
MAX_TEXT = 1000


class StrictFilterSet(FilterSet):
    """Holds only the filters that the data names, so that a request pays for what it asks.

    `data`: a QueryDict or a plain dict (a saved search: a value may be a list). `known`: parameters that are
    somebody else's (paging, ordering). A page that renders the whole form says `whole=True`.
    """

    def __init__(
        self,
        data: Any = None,
        queryset: QuerySet[Any] | None = None,
        *,
        request: Any = None,
        prefix: str | None = None,
        known: Collection[str] = (),
        whole: bool = False,
    ) -> None:
        queryset = self._meta.model._default_manager.all() if queryset is None else queryset
        self.is_bound = data is not None
        self.data = {} if data is None else data
        self.queryset = queryset
        self.request = request
        self.form_prefix = prefix
        self.known = frozenset(known)
        self.filters = self._named(whole)
        for item in self.filters.values():
            item.model, item.parent = queryset.model, self

    def _named(self, whole: bool) -> dict[str, Filter]:
        declared: dict[str, Filter] = type(self).base_filters
        found = {name: declared.get(name) or self.dynamic(name) for name in (declared if whole else self.data)}
        if whole:
            found |= {name: self.dynamic(name) for name in self.data if name not in declared}
        return {name: deepcopy(item) for name, item in found.items() if item is not None}

    @classmethod
    def dynamic(cls, name: str) -> Filter | None:
        """A filter for a parameter that no list can name beforehand (`custom.<key>`); None: it is unknown."""
        return None

    def checked(self) -> QuerySet[Any]:
        """The filtered queryset; `Unacceptable` (422), listing all that is wrong, where anything is."""
        problems, queryset = self._unknown(), self.queryset
        values: dict[str, Any] = {}
        for name, item in self.filters.items():
            try:
                value = item.field.clean(item.field.widget.value_from_datadict(self.data, {}, name))
            except ValidationError as error:
                problems += [Problem(("query", name), message) for message in error.messages]
            else:
                values[name] = value
                queryset = queryset if problems else item.filter(queryset, value)
        problems += self._backwards(values)
        if problems:
            raise Unacceptable(problems)
        return queryset

    def _unknown(self) -> list[Problem]:
        unknown = [name for name in self.data if name not in self.filters and name not in self.known]
        return [Problem(("query", name), "Unknown parameter.", "unknown_parameter") for name in unknown]

    def _backwards(self, values: Mapping[str, Any]) -> list[Problem]:
        """Ranges that end before they begin: two bounds of one field that leave nothing between them."""
        bounds: dict[str, dict[str, tuple[str, Any]]] = {}
        for name, value in values.items():
            item = self.filters[name]
            if value is not None and isinstance(item, _OneFilter) and item.lookup_expr in ("gte", "lte"):
                bounds.setdefault(item.field_name, {})[item.lookup_expr] = (name, item.limit(value))
        ranges = [(both["gte"], both["lte"]) for both in bounds.values() if len(both) == 2]
        return [
            Problem(("query", last), f"Nothing lies between {first} and {last}: the range ends before it begins.")
            for (first, low), (last, high) in ranges
            if low > high
        ]


class _Values(forms.Widget):
    """Every value of a parameter: repeated, or with commas."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[str]:
        given: Any = data.getlist(name) if hasattr(data, "getlist") else data.get(name)
        given = [] if given is None else given if isinstance(given, list | tuple) else [given]
        return [part.strip() for value in given for part in str(value).split(",") if part.strip()]


class _CsvField(forms.Field):
    widget = _Values

    def __init__(self, *, read: Callable[[str], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.read = read

    def clean(self, value: list[str]) -> list[Any]:
        if len(value) > MAX_VALUES:
            raise ValidationError(f"At most {MAX_VALUES} values.")
        return [self.read(part) for part in value]


def read_text(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise ValidationError(f"At most {MAX_TEXT} characters.")
    if not is_clean(text):
        raise ValidationError("Text may not hold NUL.")
    return text


def read_uuid(text: str) -> UUID:
    if (value := as_uuid(text)) is None:
        raise ValidationError("Must be a UUID.")
    return value


class CsvFilter(Filter):
    """Any of several values, by commas or repeated. `choices` refuses others; `read` turns a text into a value.

    `read` raises `django.core.exceptions.ValidationError` for a malformed value.
    """

    field_class = _CsvField

    def __init__(
        self,
        field_name: str | None = None,
        *,
        choices: Any = None,
        read: Callable[[str], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.documented = {"type": "string"} if choices is None else {"type": "string", "enum": named_choices(choices)}
        reader = read or (read_text if choices is None else choice_reader(choices))
        if reader is read_uuid:
            self.documented = {"type": "string", "format": "uuid"}
        super().__init__(field_name, read=reader, **kwargs)
        self.extra.setdefault("required", False)

    def filter(self, qs: QuerySet[Any], value: list[Any]) -> QuerySet[Any]:
        if not value:
            return qs
        lookup = {self.field_name: value[0]} if len(value) == 1 else {f"{self.field_name}__in": value}
        return qs.exclude(**lookup) if self.exclude else qs.filter(**lookup)


def choice_reader(choices: Any) -> Callable[[str], Any]:
    """Reads a choice in any case."""
    stored = stored_choices(choices)

    def read(text: str) -> Any:
        if (key := text.lower()) not in stored:
            raise ValidationError(f"Must be one of {', '.join(map(str, named_choices(choices)))}.")
        return stored[key]

    return read


class UuidFilter(CsvFilter):
    """Any of several ids."""

    def __init__(self, field_name: str | None = None, **kwargs: Any) -> None:
        super().__init__(field_name, read=read_uuid, **kwargs)


class _OneField(forms.Field):
    """One value; empty is none."""

    def __init__(self, *, read: Callable[[str], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.read = read

    def clean(self, value: Any) -> Any:
        text = "" if value is None else str(value).strip()
        return self.read(text) if text else None


class _OneFilter(Filter):
    field_class = _OneField
    documented: dict[str, Any] = {"type": "string"}

    def __init__(self, field_name: str | None = None, lookup_expr: str = "exact", **kwargs: Any) -> None:
        super().__init__(field_name, lookup_expr, read=kwargs.pop("read", self.read), **kwargs)
        self.extra.setdefault("required", False)

    @staticmethod
    def read(text: str) -> Any:
        return read_text(text)

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value is None:
            return qs
        return cast("QuerySet[Any]", self.get_method(qs)(**{f"{self.field_name}__{self.lookup_expr}": value}))

    def limit(self, value: Any) -> Any:
        """What a bound of a range is compared by."""
        return value


class TextFilter(_OneFilter):
    """One text, commas and all; give `method=` for a search."""


class IntFilter(_OneFilter):
    """A whole number within 32 bits."""

    documented = {"type": "integer"}

    @staticmethod
    def read(text: str) -> int:
        if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit() or len(text) > 11:
            raise ValidationError("Must be a whole number.")
        if abs(number := int(text)) > MAX_INT:
            raise ValidationError("Out of range.")
        return number


class NumberFilter(_OneFilter):
    """A decimal number of at most 14 digits before the point."""

    documented = {"type": "number"}

    @staticmethod
    def read(text: str) -> Decimal:
        try:
            number = Decimal(text) if len(text) <= 40 and "_" not in text and text.isascii() else Decimal("NaN")
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise ValidationError("Must be a number.")
        if abs(number) >= Decimal("1e14"):
            raise ValidationError("Out of range.")
        return number


class BoolFilter(_OneFilter):
    """`true` or `false` (also 1 and 0)."""

    documented = {"type": "boolean"}

    @staticmethod
    def read(text: str) -> bool:
        if text.lower() in ("true", "1"):
            return True
        if text.lower() in ("false", "0"):
            return False
        raise ValidationError("Must be true or false.")


class NullFilter(BoolFilter):
    """`unassigned=true` asks for rows where the field is null."""

    def filter(self, qs: QuerySet[Any], value: bool | None) -> QuerySet[Any]:
        return qs if value is None else qs.filter(**{f"{self.field_name}__isnull": value})


class MomentFilter(_OneFilter):
    """From or up to a moment: `MomentFilter("created_at", "gte")`, `MomentFilter("created_at", "lte")`.

    Without a zone it is the company's; a bare date covers its whole day there, so `…_before` includes it.
    """

    documented = {"type": "string", "description": "A time in ISO 8601, or a date, which covers its whole day."}

    def filter(self, qs: QuerySet[Any], value: str | None) -> QuerySet[Any]:
        if value is None:
            return qs
        found = moment_q(self.field_name, self.lookup_expr, value, self._zone)
        return qs.exclude(found) if self.exclude else qs.filter(found)

    def limit(self, value: str) -> dt.datetime:
        lookup, moment = moment_q(self.field_name, self.lookup_expr, value, self._zone).children[0]  # type: ignore[misc]
        return cast(dt.datetime, moment - dt.timedelta.resolution if lookup.endswith("__lt") else moment)

    @property
    def field(self) -> forms.Field:
        field = cast(forms.Field, super().field)
        field.read = self._checked  # type: ignore[attr-defined]
        return field

    @property
    def _zone(self) -> dt.tzinfo:
        return company_zone(getattr(getattr(self, "parent", None), "request", None))

    def _checked(self, text: str) -> str:
        moment_q(self.field_name, self.lookup_expr, text, self._zone)
        return text


def moment_q(field: str, lookup: str, text: str, zone: dt.tzinfo) -> Q:
    """`lookup` is gt, gte, lt or lte; raises `ValidationError` where the text is no possible time."""
    day = parse_day(text)
    moment = parse_moment(text, zone)
    if moment is None or (day is not None and day.year > 9998):
        raise ValidationError("Must be a time in ISO 8601, such as 2026-03-01T09:00:00Z, or a date.")
    if day is None or lookup in ("gte", "lt"):
        return Q(**{f"{field}__{lookup}": moment})
    next_day = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone).astimezone(dt.UTC)
    return Q(**{f"{field}__{'lt' if lookup == 'lte' else 'gte'}": next_day})
