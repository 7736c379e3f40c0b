"""The registry: each kind of job, in the app that owns the work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crm.accounts.models import User
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
class ResultFile:
    """A file made as it is sent: `chunks` may ask the database, in the company that is active then."""

    name: str
    content_type: str
    chunks: Iterator[bytes]


@dataclass(frozen=True)
class Kind:
    """How a kind of job is done.

    `run_batch(job)` does the next piece from `job.cursor` inside a transaction that also moves the cursor: killed at
    any point, it is done once. `finish(job)` runs once in the last one. `between(job)` is called before each batch in
    no transaction, for what takes long and writes no rows (a file); it may be called twice. `undo_kind` names the kind
    of job that takes it back; that job's params hold `job_id`.
    """

    name: str
    label: str
    permission: str
    run_batch: Callable[[Job], Batch]
    finish: Callable[[Job], None] | None = None
    undo_kind: str = ""
    refused: Callable[[Job], ResultFile] | None = None  # what was not done, as a file; where there is no result file
    page: Callable[[Job], str] | None = None  # the address of what it made
    between: Callable[[Job], None] | None = None
    shown: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None  # its result as people see it; none: as it is
    named: Callable[[Collection[str], User], Mapping[str, tuple[str, str]]] | None = None  # object id → name, address


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Called at import by the owning app's `job_kinds.py`."""
    _kinds[kind.name] = kind
    return kind


def kind_of(name: str) -> Kind:
    return _kinds[name]


def known_kind(name: str) -> Kind | None:
    """None for what a job of an earlier version was."""
    return _kinds.get(name)


def has_result(job: Job) -> bool:
    """Whether there is a file to download: what it made, or what it refused."""
    kind = known_kind(job.kind)
    return bool(job.result_file) or bool(job.failed and kind is not None and kind.refused is not None)


def shown_result(job: Job) -> Mapping[str, Any]:
    kind = known_kind(job.kind)
    return job.result if kind is None or kind.shown is None else kind.shown(job.result)


def all_kinds() -> list[Kind]:
    return [*_kinds.values()]
