"""A query that every request makes, compiled once: Django's compiling costs more than running it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.db import connections, models
from django.db.models.expressions import Expression
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=models.Model)


class Slot(Expression):
    """Stands in the query for a value that each run gives by name."""

    def __init__(self, name: str, field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return "%s", [self]


class KeptQuery(Generic[M]):
    """`build` makes the queryset of whole rows, annotated or not, with slots; what else it depends on must be the same
    at each run (its scope too)."""

    def __init__(self, build: Callable[[], models.QuerySet[M]]) -> None:
        self.build = build
        self.compiled: WeakKeyDictionary[Any, _Compiled] = (
            WeakKeyDictionary()
        )  # by connection, of which a thread has its own

    def first(self, **values: Any) -> M | None:
        return next(self.rows(**values), None)

    def rows(self, **values: Any) -> Iterator[M]:
        """One query; rows as the queryset gives them, related ones included."""
        connection = connections["default"]
        if (compiled := self.compiled.get(connection)) is None:
            compiled = self.compiled[connection] = _Compiled(self.build(), connection)
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, compiled.params(values, connection))
            found = cursor.fetchall()
        return compiled.read(found)


class _Compiled:
    def __init__(self, queryset: models.QuerySet[Any], connection: Any) -> None:
        self.compiler = queryset.query.get_compiler(connection=connection)
        self.sql, self.given = self.compiler.as_sql()
        select, info = self.compiler.select, self.compiler.klass_info
        self.model, places = info["model"], info["select_fields"]
        self.start, self.end = places[0], places[-1] + 1
        self.annotated = list(self.compiler.annotation_col_map.items())
        self.names = [select[place][0].target.attname for place in places]
        self.related = get_related_populators(info, select, connection.alias)  # type: ignore[call-arg]  # the stubs are of Django 6
        self.converters = self.compiler.get_converters([column for column, _, _ in select])

    def params(self, values: dict[str, Any], connection: Any) -> list[Any]:
        return [
            part.output_field.get_db_prep_value(values[part.name], connection) if isinstance(part, Slot) else part
            for part in self.given
        ]

    def read(self, found: list[Any]) -> Iterator[Any]:
        for row in self.compiler.apply_converters(found, self.converters):
            made = self.model.from_db("default", self.names, row[self.start : self.end])
            for name, place in self.annotated:
                setattr(made, name, row[place])
            for related in self.related:
                related.populate(row, made)
            yield made
