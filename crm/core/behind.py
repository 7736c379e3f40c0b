"""Sets written behind the writer's back: the database works on one core while Python makes the next set on another.

Only for PostgreSQL; on SQLite every statement is done before the next line, as ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from queue import SimpleQueue
from time import monotonic
from typing import Any

from django.db import connection
from django.db.transaction import TransactionManagementError

from crm.core.collector import uncollected

WORTH_IT = 50  # rows
CHECKED_AT_ONCE = "SET CONSTRAINTS ALL IMMEDIATE"
Work = Callable[[Any], Any]  # given psycopg's own cursor


@contextmanager
def writing_behind(rows: int) -> Iterator[None]:
    """In this block, inside a transaction, the sets of `crm/core/bulk_rows.py` are written in their order by a thread,
    where there are enough `rows` for that to be worth it.

    Every other statement waits until all sets so far are written, as does the end of the block; there, or at such a
    statement, an error of the database is raised that would have been raised where the set was given. Foreign keys are
    checked with each set and not all at the commit, for which everybody would wait.
    """
    if rows < WORTH_IT or connection.vendor != "postgresql" or _active.get() is not None:
        yield
        return
    if not connection.in_atomic_block:
        raise TransactionManagementError("Nothing is written behind outside of a transaction")
    with ThreadPoolExecutor(1, thread_name_prefix="behind") as thread:
        behind = _Behind(thread)
        token = _active.set(behind)
        try:
            with connection.execute_wrapper(behind.first), uncollected():
                yield
                behind.wait()
        finally:
            _active.reset(token)


class _Behind:
    """What is given to the thread, and what of it was not looked at yet."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self.thread = thread
        self.checks = False  # foreign keys, set by set
        self.given: deque[tuple[str, Future[float]]] = deque()
        self.raw = connection.connection  # psycopg lets one thread at a time use it

    def give(self, statement: str, work: Work) -> None:
        self.given.append((statement, self.thread.submit(self._do, work)))

    def _do(self, work: Work) -> float:
        begun = monotonic()
        with self.raw.cursor() as cursor:
            if not self.checks:
                cursor.execute(CHECKED_AT_ONCE)
                self.checks = True
            work(cursor)
        return monotonic() - begun

    def wait(self) -> None:
        """Raises the first error; what came after it was refused by the database, and is dropped."""
        while self.given:
            statement, future = self.given.popleft()
            with connection.wrap_database_errors:
                seconds = future.result()
            if connection.queries_logged:
                connection.queries_log.append({"sql": statement, "time": f"{seconds:.3f}"})

    def first(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        self.wait()
        return execute(sql, params, many, context)


_active: ContextVar[_Behind | None] = ContextVar("behind", default=None)


def is_writing() -> bool:
    """Whether the thread has something to write, so that there is time for something else."""
    behind = _active.get()
    return behind is not None and bool(behind.given)


def execute(statement: str, parameters: list[Any]) -> None:
    """One statement that answers nothing."""
    if (behind := _active.get()) is None:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
    else:
        behind.give(statement, lambda cursor: cursor.execute(statement, parameters))


def copy(statement: str, parts: Iterable[str]) -> None:
    """COPY FROM STDIN, the text part by part: the database takes one while the next is being made."""
    if (behind := _active.get()) is None:
        with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as sink:
            for part in parts:
                sink.write(part)
        return
    made: SimpleQueue[str | None] = SimpleQueue()
    behind.give(statement, lambda cursor: _copy(cursor, statement, made))
    try:
        for part in parts:
            made.put(part)
    finally:
        made.put(None)


def _copy(cursor: Any, statement: str, made: SimpleQueue[str | None]) -> None:
    with cursor.copy(statement) as sink:
        for part in iter(made.get, None):
            sink.write(part)
