"""Walking a sorted list by where one stands instead of by how many rows to skip: the same cost at any depth.

Sorted by one column, ties by id in the same direction, nulls last. Rows with a value and rows without one are two
parts, each read along its index; the second only when the first has run out.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

M = TypeVar("M", bound=models.Model)


class BadCursor(ValueError):
    """The text is no position that we gave out for this order."""


@dataclass(frozen=True)
class Position:
    """A row's place: its value in the sorted column, and its id."""

    value: Any
    pk: UUID


@dataclass(frozen=True)
class Page(Generic[M]):
    """One window of a list and the ways on from it (cursors, empty where the list ends)."""

    rows: list[M]
    next: str
    back: str


@dataclass(frozen=True)
class Order:
    """`Order(Lead, "deadline")`; a leading minus sorts downwards."""

    model: type[models.Model]
    name: str

    @property
    def column(self) -> str:
        return self.name.removeprefix("-")

    @property
    def descending(self) -> bool:
        return self.name.startswith("-")

    @property
    def field(self) -> Any:
        return self.model._meta.get_field(self.column)

    def position_of(self, row: models.Model) -> Position:
        return Position(getattr(row, self.column), row.pk)

    def take(
        self, rows: models.QuerySet[M], size: int, position: Position | None = None, *, backwards: bool = False
    ) -> list[M]:
        """At most `size` rows strictly behind (or before) the position, in the list's own order.

        One statement; two where the part with values runs out and the column can be empty.
        """
        found: list[M] = []
        for condition, ordering in self._parts(position, backwards):
            if len(found) < size:
                found += rows.filter(condition).order_by(*ordering)[: size - len(found)]
        return found[::-1] if backwards else found

    def page(self, rows: models.QuerySet[M], size: int, *, cursor: str = "", back: str = "") -> Page[M]:
        """The window behind `cursor`, else before `back`, else the first. A cursor that is not ours begins anew."""
        try:
            position = self.decode(cursor or back) if cursor or back else None
        except BadCursor:
            position = None
        backwards = position is not None and not cursor
        found = self.take(rows, size + 1, position, backwards=backwards)
        more = len(found) > size
        shown = (found[1:] if backwards else found[:-1]) if more else found
        if not shown:
            return self.page(rows, size) if position is not None else Page([], "", "")
        goes_on, came_from = (True, more) if backwards else (more, position is not None)
        return Page(shown, self.encode(shown[-1]) if goes_on else "", self.encode(shown[0]) if came_from else "")

    def first_parts(self) -> list[Callable[[models.QuerySet[M], int], models.QuerySet[M]]]:
        """What `take` reads from the beginning, as unread querysets of (rows, size): the next where one runs out."""

        def part(condition: Q, ordering: tuple[str, ...]) -> Callable[[models.QuerySet[M], int], models.QuerySet[M]]:
            return lambda rows, size: rows.filter(condition).order_by(*ordering)[:size]

        return [part(condition, ordering) for condition, ordering in self._parts(None, False)]

    def in_order(self, rows: Iterable[M]) -> list[M]:
        """As the database sorts numbers, moments and ids; texts it sorts in its own way."""
        found = list(rows)
        valued = [row for row in found if getattr(row, self.column) is not None]
        empty = [row for row in found if getattr(row, self.column) is None]
        valued.sort(key=lambda row: (getattr(row, self.column), row.pk), reverse=self.descending)
        empty.sort(key=lambda row: row.pk, reverse=self.descending)
        return valued + empty

    def _parts(self, position: Position | None, backwards: bool) -> Iterator[tuple[Q, tuple[str, ...]]]:
        """What to read, in the order of reading."""
        down = self.descending != backwards
        by_value = (f"-{self.column}", "-pk") if down else (self.column, "pk")
        by_pk = (by_value[1],)
        valued, empty = Q(**{f"{self.column}__isnull": False}), Q(**{f"{self.column}__isnull": True})
        if not self.field.null:
            yield (Q() if position is None else self._beyond(position, down)), by_value
        elif position is None:
            yield from ([(empty, by_pk), (valued, by_value)] if backwards else [(valued, by_value), (empty, by_pk)])
        elif position.value is None:
            yield empty & Q(**{"pk__lt" if down else "pk__gt": position.pk}), by_pk
            if backwards:
                yield valued, by_value
        else:
            yield self._beyond(position, down), by_value
            if not backwards:
                yield empty, by_pk

    def _beyond(self, position: Position, down: bool) -> Q:
        """One range of the index, then the tie: PostgreSQL does not read `a < x OR (a = x AND …)` as a range."""
        reach, past, tie = ("lte", "lt", "pk__lt") if down else ("gte", "gt", "pk__gt")
        range_ = Q(**{f"{self.column}__{reach}": position.value})
        return range_ & (Q(**{f"{self.column}__{past}": position.value}) | Q(**{tie: position.pk}))

    def encode(self, row: models.Model) -> str:
        """The row's position as opaque text for an address."""
        value = None if getattr(row, self.column) is None else self.field.value_to_string(row)
        text = json.dumps([self.name, value, str(row.pk)], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def decode(self, text: str) -> Position:
        """Raises `BadCursor` for what was not encoded by the same order."""
        try:
            padded = text + "=" * (-len(text) % 4)
            name, value, pk = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            if name != self.name:
                raise BadCursor(text)
            return Position(None if value is None else self.field.to_python(value), UUID(pk))
        except (binascii.Error, ValueError, TypeError, ValidationError, RecursionError) as error:
            raise BadCursor(text) from error
