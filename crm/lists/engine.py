"""Any list as a file: which rows and columns, in which form, and how they are read in flat memory."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.db import connection
from django.db.models import QuerySet

from crm.accounts.models import User
from crm.core.api.paging import PARAMETERS
from crm.core.api.problems import query_problem
from crm.lists.columns import Column, Kind, text_of
from crm.lists.copying import copied
from crm.lists.filters import search_in_force
from crm.lists.listings import Asker, Listing

OWN_PARAMETERS = frozenset({"format", "columns", "async", "ordering"})
CHUNK_ROWS = 500
DIRECT_ROWS = 10_000  # more is a job's work
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Format:
    """`direct`: so many rows are made while the asker waits. `most`: what a file of this form can hold."""

    name: str
    label: str
    content_type: str
    direct: int = DIRECT_ROWS
    most: int | None = None


FORMATS = {
    it.name: it
    for it in (
        Format("csv", "CSV", "text/csv; charset=utf-8"),
        Format("xlsx", "Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", most=1_048_575),
        Format("pdf", "PDF", "application/pdf", direct=500, most=5_000),
    )
}


@dataclass(frozen=True)
class Export:
    """One file of one list: what stands in the request, read and found sound."""

    listing: Listing
    format: Format
    columns: Sequence[Column]
    filters: Mapping[str, str] = field(default_factory=dict)
    ordering: str = ""

    def rows(self, asker: Asker) -> QuerySet[Any]:
        """Those that the asker may see and the filters let through, in the list's order."""
        found = self.listing.filtered(asker, self.filters)
        order = self.listing.order(self.ordering, found.model)
        return found.order_by(*order.columns(nulls_last=order.field.null))

    def rows_of(self, ids: Sequence[Any], user: User) -> QuerySet[Any]:
        """Those of the ids that the user may see now, in no order."""
        return self.listing.rows(user).filter(pk__in=ids).order_by()

    def as_params(self) -> dict[str, Any]:
        """For a job; `read_params` reads it again."""
        return {
            "list": self.listing.name,
            "format": self.format.name,
            "columns": [column.key for column in self.columns],
            "filters": dict(self.filters),
            "ordering": self.ordering,
        }


def read_request(listing: Listing, params: Any, asker: Asker) -> Export:
    """The export that a query asks for; 422 for a column, a filter, an order or a form that there is not."""
    form = FORMATS.get(str(params.get("format") or "csv").lower())
    if form is None:
        raise query_problem("format", f"Must be one of {', '.join(FORMATS)}.", "enum")
    given: list[str] = params.getlist("columns")
    keys = [key.strip() for text in given for key in text.split(",") if key.strip()]
    kept = search_in_force(listing.name, params, asker.user) if listing.is_searchable else None
    usual = listing.usual if form.name == "pdf" else [column.key for column in listing.columns]
    columns = listing.columns_named(list(dict.fromkeys(keys)) or (kept and kept.columns) or usual)
    ordering = listing.check_order(str(params.get("ordering") or (kept and kept.ordering) or ""))
    paging = PARAMETERS - {"ordering"}
    if mixed := next((name for name in params if name in paging), None):
        raise query_problem(mixed, "An export has no pages.", "unknown_parameter")
    filters = {name: ",".join(params.getlist(name)) for name in params if name not in OWN_PARAMETERS}
    listing.filtered(asker, filters)
    return Export(listing, form, columns, filters, ordering)


def cells(rows: QuerySet[Any], columns: Sequence[Column]) -> QuerySet[Any]:
    """The rows as tuples of the columns' values, in one statement."""
    names = {f"_cell_{number}": column.expression() for number, column in enumerate(columns)}
    found: QuerySet[Any] = rows.annotate(**names).values_list(*names)
    return found


def read_cells(rows: QuerySet[Any], columns: Sequence[Column]) -> Iterator[Row]:
    """In flat memory: the database holds what has not been read yet."""
    return cast("Iterator[Row]", cells(rows, columns).iterator(chunk_size=CHUNK_ROWS))


# --- CSV ---------------------------------------------------------------------------------------------------------


class _Echo:
    """What `csv.writer` writes comes straight back."""

    def write(self, text: str) -> str:
        return text


def csv_line(texts: Iterable[str]) -> str:
    return cast(str, _writer(list(texts)))


_writer: Callable[[list[str]], Any] = csv.writer(_Echo()).writerow


def csv_lines(rows: Iterable[Row], columns: Sequence[Column]) -> Iterator[str]:
    kinds: list[Kind] = [column.kind for column in columns]
    for row in rows:
        yield csv_line(map(text_of, kinds, row))


def csv_head(columns: Sequence[Column]) -> bytes:
    return csv_line(column.key for column in columns).encode()


def csv_stream(rows: QuerySet[Any], columns: Sequence[Column]) -> Iterator[bytes]:
    """The file in pieces, the head at once; PostgreSQL writes it itself, by COPY."""
    yield csv_head(columns)
    if connection.vendor == "postgresql":
        yield from copied(rows, columns)
    else:
        yield from gathered(csv_lines(read_cells(rows, columns), columns))


def gathered(lines: Iterable[str], size: int = 200) -> Iterator[bytes]:
    """Lines in pieces, so that a network is not troubled with each."""
    piece: list[str] = []
    for line in lines:
        piece.append(line)
        if len(piece) == size:
            yield "".join(piece).encode()
            piece.clear()
    yield "".join(piece).encode()
