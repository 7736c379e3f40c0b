"""Three ways through a list: `page`/`per_page`, `skip`/`limit`, and `cursor`, which costs the same at any depth."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.db.models import F, Field, Q, QuerySet

from crm.core.api.json import is_clean, utc_text
from crm.core.api.problems import Problem, Unacceptable, query_problem

PARAMETERS = frozenset({"page", "per_page", "skip", "limit", "cursor", "ordering"})
COUNTED = 10_000  # `total` is exact up to here
PER_PAGE, MAX_PER_PAGE = 10, 100
WHOLE = re.compile(r"[0-9]{1,40}", re.ASCII)
Represent = Callable[[list[Any]], list[dict[str, Any]]]


@dataclass(frozen=True)
class Order:
    """By one column, ties by id in the same direction, nulls last in both."""

    name: str  # as asked for: -created_at
    path: str  # the queryset's: created_at
    field: Field[Any, Any]
    id_field: Field[Any, Any]

    @property
    def descending(self) -> bool:
        return self.name.startswith("-")

    def columns(self, *, nulls_last: bool) -> list[Any]:
        """`nulls_last` only where there are nulls: an index on a plain column would not serve it."""
        if self.path == "pk":
            return ["-pk" if self.descending else "pk"]
        if not nulls_last:
            return ["-" + self.path, "-pk"] if self.descending else [self.path, "pk"]
        column = F(self.path)
        first = column.desc(nulls_last=True) if self.descending else column.asc(nulls_last=True)
        return [first, "-pk" if self.descending else "pk"]

    def after(self, value: Any, pk: Any) -> Q:
        """Rows that come after (value, pk); the first term lets an index find the place."""
        way = "lt" if self.descending else "gt"
        if self.path == "pk":
            return Q(**{f"pk__{way}": pk})
        tie = Q(**{self.path: value, f"pk__{way}": pk})
        return Q(**{f"{self.path}__{way}e": value}) & (Q(**{f"{self.path}__{way}": value}) | tie)


def read_order(params: Mapping[str, Any], model: Any, allowed: Mapping[str, str], default: str) -> Order:
    """`ordering=-created_at`; what is not in `allowed` (name → path) is refused."""
    name = str(params.get("ordering") or default)
    path = allowed.get(name.removeprefix("-"))
    if path is None or name.startswith("--"):
        raise query_problem("ordering", f"Must be one of {', '.join(allowed)}, with - for descending.", "enum")
    return Order(name, path, field_of(model, path), model._meta.pk)


def field_of(model: Any, path: str) -> Field[Any, Any]:
    *joins, last = path.split("__")
    for join in joins:
        model = model._meta.get_field(join).related_model
    return model._meta.pk if last == "pk" else model._meta.get_field(last)  # type: ignore[no-any-return]


def read_whole(params: Mapping[str, Any], name: str, default: int, low: int, high: int | None) -> int:
    text = params.get(name)
    if text is None:
        return default
    if not WHOLE.fullmatch(str(text)):
        raise query_problem(name, "Must be a whole number.", "int_parsing")
    number = int(text)
    if number < low or (high is not None and number > high):
        bounds = f"at least {low}" if high is None else f"between {low} and {high}"
        raise query_problem(name, f"Must be {bounds}.", "out_of_range")
    return number


def read_size(params: Mapping[str, Any], name: str, default: int) -> int:
    return read_whole(params, name, default, 1, MAX_PER_PAGE)


def answer_list(
    queryset: QuerySet[Any],
    params: Mapping[str, Any],
    *,
    plural: str,
    represent: Represent,
    order: Order,
    per_page: int = PER_PAGE,
) -> dict[str, Any]:
    """The answer of a list, in the form that the parameters ask for; at most two queries beside `represent`'s."""
    refuse_mixed_forms(params)
    if "cursor" in params:
        return cursor_page(queryset, params, plural=plural, represent=represent, order=order, per_page=per_page)
    if "skip" in params or "limit" in params:
        skip, limit = read_whole(params, "skip", 0, 0, None), read_size(params, "limit", per_page)
        rows, total, exact = numbered_rows(queryset, order, skip, limit)
        return {plural: represent(rows), **totals(total, exact), "skip": skip, "limit": limit}
    page, size = read_whole(params, "page", 1, 1, None), read_size(params, "per_page", per_page)
    rows, total, exact = numbered_rows(queryset, order, (page - 1) * size, size)
    return {plural: represent(rows), **totals(total, exact), "page": page, "per_page": size}


def refuse_mixed_forms(params: Mapping[str, Any]) -> None:
    forms = [names for names in (("cursor",), ("skip",), ("page",)) if any(name in params for name in names)]
    if len(forms) > 1:
        raise query_problem(forms[1][0], f"Not together with {forms[0][0]}.", "conflicting_parameter")


def totals(total: int, exact: bool) -> dict[str, Any]:
    return {"total": total} if exact else {"total": total, "total_is_exact": False}


def numbered_rows(queryset: QuerySet[Any], order: Order, skip: int, limit: int) -> tuple[list[Any], int, bool]:
    """Rows, total and whether it is exact. A page that ends the list needs no count."""
    total = None
    if skip >= COUNTED:
        total = counted(queryset)
        if total <= COUNTED or skip > 2**31:
            return [], min(total, COUNTED), total <= COUNTED
    rows = sliced(queryset, order, skip, limit)
    if total is None:
        known_end = len(rows) < limit and (rows or skip == 0)
        total = skip + len(rows) if known_end else counted(queryset)
    return rows, min(total, COUNTED), total <= COUNTED


def counted(queryset: QuerySet[Any]) -> int:
    """Up to one more than COUNTED: never reads on."""
    return queryset.order_by()[: COUNTED + 1].count()


def sliced(queryset: QuerySet[Any], order: Order, skip: int, limit: int) -> list[Any]:
    """Where the column may be null, those with a value come first and an index serves them; nulls only when reached."""
    end = skip + limit
    if not order.field.null:
        return list(queryset.order_by(*order.columns(nulls_last=False))[skip:end])
    valued = queryset.filter(**{f"{order.path}__isnull": False}).order_by(*order.columns(nulls_last=False))
    if len(rows := list(valued[skip:end])) == limit:
        return rows
    return list(queryset.order_by(*order.columns(nulls_last=True))[skip:end])


def cursor_page(
    queryset: QuerySet[Any],
    params: Mapping[str, Any],
    *,
    plural: str,
    represent: Represent,
    order: Order,
    per_page: int,
) -> dict[str, Any]:
    """One page after the cursor; `next` is null at the end. One query, two where the values run out."""
    size = read_size(params, "limit", 0) if "limit" in params else read_size(params, "per_page", per_page)
    place = read_cursor(str(params.get("cursor") or ""), order)
    rows = rows_after(queryset, order, place, size + 1)
    more, rows = len(rows) > size, rows[:size]
    return {plural: represent(rows), "per_page": size, "next": write_cursor(rows[-1], order) if more else None}


@dataclass(frozen=True)
class Place:
    value: Any
    pk: Any


def rows_after(queryset: QuerySet[Any], order: Order, place: Place | None, limit: int) -> list[Any]:
    rows: list[Any] = []
    if place is None or place.value is not None or order.path == "pk":
        valued = queryset.filter(**{f"{order.path}__isnull": False}) if order.field.null else queryset
        valued = valued if place is None else valued.filter(order.after(place.value, place.pk))
        rows = list(valued.order_by(*order.columns(nulls_last=False))[:limit])
        place = None
    if order.field.null and len(rows) < limit:
        nulls = queryset.filter(**{f"{order.path}__isnull": True})
        if place is not None:
            nulls = nulls.filter(**{"pk__lt" if order.descending else "pk__gt": place.pk})
        rows += nulls.order_by("-pk" if order.descending else "pk")[: limit - len(rows)]
    return rows


def write_cursor(row: Any, order: Order) -> str:
    value: Any = row
    for part in order.path.split("__"):
        value = getattr(value, part)
    shown = value if value is None or isinstance(value, int | float) else plain(value)
    return base64.urlsafe_b64encode(orjson.dumps([order.name, shown, str(row.pk)])).decode().rstrip("=")


def plain(value: Any) -> str:
    return utc_text(value) if hasattr(value, "astimezone") else str(value)


def read_cursor(text: str, order: Order) -> Place | None:
    """None begins; a cursor that is not one of ours, or of another ordering, is refused."""
    if not text:
        return None
    try:
        name, value, pk = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
        if name != order.name or not is_clean(f"{value}{pk}") or isinstance(value, list | dict | bool):
            raise ValueError("of another list")
        return Place(None if value is None else order.field.to_python(value), order.id_field.to_python(pk))
    except (ValueError, TypeError, OverflowError, binascii.Error, ValidationError):
        raise Unacceptable([Problem(("query", "cursor"), "Not a cursor of this list.", "cursor")]) from None
