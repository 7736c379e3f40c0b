"""An import of 10,000 rows against a bare COPY of what it writes, and its memory at 10,000 and 200,000 rows."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connection, models

from bench.data import _value
from crm.audit.models import AuditEntry
from crm.core.ids import uuid7
from crm.core.tenancy import company_active, unscoped
from leads.models import Contact, Lead

ROWS = 10_000
HEADER = "first_name,last_name,phone,email,company,notes,deal_value\n"


def file_of(rows: int, salt: int = 0) -> bytes:
    """Believable people, one in a hundred with a phone number that is none; `salt` makes others of them."""
    lines = (
        f"F{n},Last{n % 97},{phone(n + salt) if n % 100 else '12'},p{n + salt}@example.com,Acme {n % 50},note {n},{n % 9000}"
        for n in range(rows)
    )
    return (HEADER + "\n".join(lines)).encode()


def phone(n: int) -> str:
    return f"+1415{2_000_000 + n:07d}"


def importing(rows: int, salt: int, company: Any, by: Any) -> float:
    """Seconds, from the upload to the finished job."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    from leads.importing.actions import keep_file, start_import
    from leads.importing.mapping import suggest

    begun = time.perf_counter()
    with company_active(company.pk):
        file = keep_file(SimpleUploadedFile("leads.csv", file_of(rows, salt)), by=by)
        job = start_import(file, suggest(file.headers), by=by, at_once=True)
        if job.failed != len(range(0, rows, 100)):
            raise SystemExit(f"{job.failed} rows were refused: {job.first_errors[:3]}")
    return time.perf_counter() - begun


def copying(rows: int, salt: int, company: Any) -> float:
    """Seconds to COPY contacts, leads and one entry of history for each; making the values is not counted."""
    seconds = 0.0
    pairs = [(uuid7(), uuid7(), n) for n in range(rows)]
    own = {"company_id": company.pk}
    for model, values in (
        (
            Contact,
            [{**own, "id": c, "first_name": f"F{n}", "phone_e164": phone(n + salt), "email": f"r{n + salt}@example.com",
              "search_text": f"f{n} last{n % 97} r{n + salt}@example.com {phone(n + salt)}"} for c, _, n in pairs],
        ),
        (
            Lead,
            [{**own, "id": lead, "contact_id": c, "custom_fields": {"company": f"Acme {n % 50}", "notes": f"note {n}"},
              "search_text": f"f{n} last{n % 97} r{n + salt}@example.com {phone(n + salt)}"} for c, lead, n in pairs],
        ),
        (
            AuditEntry,
            [{**own, "action": "lead.created", "actor_kind": "system", "object_type": "lead", "object_id": lead,
              "changes": [{"field": "custom_fields"}], "mac": "0" * 64} for _, lead, _ in pairs],
        ),
    ):  # fmt: skip
        seconds += _copied(model, values)
    return seconds


def _copied(model: type[models.Model], values: list[dict[str, Any]]) -> float:
    fields = list(model._meta.concrete_fields)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    made = [[_value(field, row) for field in fields] for row in values]
    begun = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN') as copy:
        for row in made:
            copy.write_row(row)
    return time.perf_counter() - begun


def results(works: Any) -> Iterator[Any]:
    """Three rounds in alternation after one that warms up; then the memory of two processes."""
    from bench.run import Result

    with unscoped("who acts in the benchmark"):
        by = works.agents[0].user.__class__.objects.get(email="bench@example.com")
    ours, raw = [], []
    for number in range(4):
        ours.append(importing(ROWS, number * ROWS, works.company, by))
        raw.append(copying(ROWS, (10 + number) * ROWS, works.company))
    mine, theirs = sorted(ours[1:])[1], sorted(raw[1:])[1]
    yield Result(
        f"import {ROWS:,} rows: {ROWS / mine:,.0f} rows/s, COPY {ROWS / theirs:,.0f}", mine, theirs, "<= 3 x raw"
    )
    small, large = (
        memory(rows, salt, works.company.pk, by.pk) for rows, salt in ((10_000, 300_000), (200_000, 400_000))
    )
    print(f"memory of an import: {small} MB with 10,000 rows, {large} MB with 200,000 (aim: flat)")


def memory(rows: int, salt: int, company: UUID, by: UUID) -> int:
    """The most that a process of its own held, in MB."""
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{connection.settings_dict['NAME']}"
    command = [sys.executable, "-m", "bench.import_memory", str(rows), str(salt), str(company), str(by)]
    done = subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1])
