"""The registry: each kind of job, in the app that owns the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crm.jobs.models import Job


@dataclass(frozen=True)
class RowProblem:
    """A row of a file, or an object, that was not done."""

    message: str
    row: int | None = None
    object_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Batch:
    """What one batch did. `cursor` is where the next one begins; `None` ends the job."""

    cursor: Any
    succeeded: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    result: Mapping[str, Any] = field(default_factory=dict)  # merged into the job's

    @property
    def processed(self) -> int:
        return self.succeeded + len(self.problems)


@dataclass(frozen=True)
class Kind:
    """How a kind of job is done.

    `run_batch(job)` does the next piece from `job.cursor` inside a transaction that also moves the cursor: killed at
    any point, it is done once. `finish(job)` runs once in the last one. `undo(job)` gives the params of the job
    (of kind `undo_kind`) that takes it back.
    """

    name: str
    label: str
    permission: str
    run_batch: Callable[[Job], Batch]
    finish: Callable[[Job], None] | None = None
    undo_kind: str = ""


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Called at import by the owning app's `job_kinds.py`."""
    _kinds[kind.name] = kind
    return kind


def kind_of(name: str) -> Kind:
    return _kinds[name]


def all_kinds() -> list[Kind]:
    return [*_kinds.values()]
