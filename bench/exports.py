"""The list of leads as CSV against a bare COPY of the same columns, its first byte, and what memory it takes.

`python -m bench.exports [leads]` alone, or as a part of `make bench`. A workbook and an export as a job beside it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection
from django.http import QueryDict

from crm.core.tenancy import company_active

KILOBYTE = 1024
COLUMNS = """l.id, c.first_name, c.last_name, c.phone_e164, c.email, c.organization, c.title, l.status, l.stage,
    l.disposition, l.priority, l.qualification_status, l.score, l.deal_value, l.deadline, l.first_response_at, a.name,
    u.email, v.code, l.source, l.tags, l.schedule_at, l.next_attempt_at, l.attempts_count, l.expected_close_date,
    l.assigned_at, l.closed_at, l.is_duplicate, l.custom_fields, l.created_at, l.updated_at"""


@dataclass(frozen=True)
class Figures:
    """Seconds, and megabytes that the process grew by while the file was made."""

    rows: int
    copy: float
    ours: float
    first_byte: float
    megabytes: float

    def __str__(self) -> str:
        return (
            f"CSV of {self.rows:,}: {self.ours:.2f} s, {self.ours / self.copy:.2f} x COPY (aim 3 x), first byte "
            f"{self.first_byte * 1000:.0f} ms (aim 200), memory +{self.megabytes:.1f} MB"
        )


def measured(company: Any, user: Any, rounds: int = 3) -> Figures:
    """Ours and COPY in turn, the medians."""
    ours, raw, first, grown = [], [], [], []
    consume(stream(user))
    for _ in range(rounds):
        before = resident()
        begun = time.perf_counter()
        parts = stream(user)
        next(parts)
        first.append(time.perf_counter() - begun)
        grown.append(max((resident() for _ in parts), default=before) - before)
        ours.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        rows = consume(copied(company))
        raw.append(time.perf_counter() - begun)
    medians = map(statistics.median, (raw, ours, first, grown))
    return Figures(rows, *medians)


def stream(user: Any, form: str = "csv") -> Iterator[bytes]:
    """As the API makes it, the filters, the count and the record of it included."""
    from crm.lists.engine import read_request
    from crm.lists.exporting import Download, start_export
    from crm.lists.listings import Reader, listing_of

    reader = Reader(user)
    made = start_export(read_request(listing_of("leads"), QueryDict(f"format={form}"), reader), reader, wait=True)
    assert isinstance(made, Download)
    return made.parts


def copied(company: Any) -> Iterator[bytes]:
    """The floor: one statement, no defusing, no choice of columns, times and lists as the database writes them."""
    query = f"""SELECT {COLUMNS} FROM leads_lead l JOIN leads_contact c ON c.id = l.contact_id
        LEFT JOIN agents_agent a ON a.id = l.agent_id LEFT JOIN accounts_user u ON u.id = a.user_id
        LEFT JOIN vendors_vendor v ON v.id = l.vendor_id
        WHERE l.company_id = %s AND l.deleted_at IS NULL ORDER BY l.created_at DESC, l.id DESC"""
    statement = f"COPY ({query}) TO STDOUT (FORMAT csv)"
    with connection.cursor() as cursor, cursor.cursor.copy(statement, [company.pk]) as lines:
        yield from map(bytes, lines)


def results(works: Any) -> Iterator[Any]:
    from bench.run import Result

    with company_active(works.company.pk):
        found = measured(works.company, works.admin_user)
    yield Result(f"CSV of {found.rows:,} leads", found.ours, found.copy, "<= 3 x COPY")
    print(f"its first byte after {found.first_byte * 1000:.0f} ms (<= 200), memory +{found.megabytes:.1f} MB (flat)")


def consume(parts: Iterable[bytes]) -> int:
    return sum(1 for _ in parts)


def resident() -> float:
    """Megabytes of this process."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / KILOBYTE


def as_job(user: Any, form: str) -> tuple[float, float]:
    """Seconds and the longest batch of an export done as a job."""
    from crm.jobs import running
    from crm.jobs.models import Job
    from crm.lists.engine import read_request
    from crm.lists.exporting import start_export
    from crm.lists.listings import Reader, listing_of

    reader, longest = Reader(user), 0.0
    job = start_export(read_request(listing_of("leads"), QueryDict(f"format={form}"), reader), reader, wait=False)
    assert isinstance(job, Job)
    begun = time.perf_counter()
    lease = running.claim(job.pk)
    more = True
    while more:
        at = time.perf_counter()
        more = running.run_next(job.pk, lease)
        longest = max(longest, time.perf_counter() - at)
    return time.perf_counter() - begun, longest


def seconds(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main(leads: int) -> None:
    from django.conf import settings
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases

    from bench import data
    from crm.celery import app

    app.conf.task_always_eager = False
    old = setup_databases(verbosity=0, interactive=False, serialized_aliases=())
    settings.MEDIA_ROOT = tempfile.mkdtemp()
    try:
        company, admin, _, _ = data.build(leads)
        with company_active(company.pk):
            print(measured(company, admin))
            for form in ("csv", "xlsx"):
                taken, longest = as_job(admin, form)
                print(f"{form.upper()} of {leads:,} as a job: {taken:.1f} s, longest batch {longest:.1f} s")
    finally:
        connections.close_all()
        teardown_databases(old, verbosity=0)


if __name__ == "__main__":
    import os

    os.environ["DATABASE_URL"] = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    os.environ["REDIS_URL"] = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/15")
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    import django

    django.setup()
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
