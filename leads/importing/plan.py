"""What an import is to do with the rows of a file, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from agents.models import Agent
from crm.accounts.models import Company
from crm.core.actors import Actor
from leads.import_choices import ImportKey, ImportMode
from leads.importing.preparing import Prepared, Preparer, RowError
from leads.importing.reading import Row


@dataclass(frozen=True)
class Plan:
    """What an import is to do: which column fills which field, for whom, and what becomes of known people."""

    headers: Sequence[str]
    mapping: Mapping[str, str]
    company: Company
    by: Actor
    agent: Agent | None = None
    mode: str = ImportMode.NEW
    key: str = ImportKey.PERSON

    @cached_property
    def preparer(self) -> Preparer:
        return Preparer(self.headers, self.mapping, self.company)


Read = Prepared | RowError


def read(rows: Iterable[Row], preparer: Preparer) -> list[Read]:
    """Checked by themselves: no other row and nothing in the database is looked at."""
    return [preparer.prepare(number, cells) for number, cells in rows]


@dataclass
class Outcome:
    """What a batch did, or would do. `duplicates` are part of `errors`, or notes on a row that was taken."""

    total: int = 0
    created: list[UUID] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)  # the row of each created lead
    updated: int = 0
    new_contacts: int = 0
    errors: list[RowError] = field(default_factory=list)
    warnings: list[RowError] = field(default_factory=list)
    duplicates: list[RowError] = field(default_factory=list)

    @property
    def taken(self) -> int:
        return len(self.created) + self.updated

    def as_json(self) -> dict[str, Any]:
        """The answer of S3, and beside it warnings and duplicates row by row."""
        return {
            "success_count": self.taken,
            "created_count": len(self.created),
            "updated_count": self.updated,
            "error_count": len(self.errors),
            "errors": [error.as_json("error") for error in sorted(self.errors, key=lambda e: e.row)],
            "total_processed": self.total,
            "warnings": [warning.as_json("warning") for warning in self.warnings],
            "duplicates": [duplicate.as_json("reason") for duplicate in self.duplicates],
            "new_contacts": self.new_contacts,
        }
