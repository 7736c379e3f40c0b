"""Files between upload and result."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.audit.recording import record
from crm.core.errors import MissingField
from crm.core.tenancy import current_company_id
from leads import events
from leads.assignment.errors import AgentInactive
from leads.importing.engine import Outcome, foresee, import_leads
from leads.importing.errors import TooLarge, UnreadableFile
from leads.importing.mapping import problems, suggest
from leads.importing.reading import read_table
from leads.models import ImportFile

KEPT_DAYS = 1  # how long an upload that nobody ran is kept
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@transaction.atomic
def keep_file(upload: UploadedFile[Any] | None, *, by: User) -> ImportFile:
    """Store an upload after a look at it. Raises `MissingField`, `UnreadableFile` or `TooLarge`."""
    content = checked_content(upload)
    read_table(content, max_rows=settings.IMPORT_MAX_ROWS_IN_REQUEST)
    return ImportFile.objects.create(user=by, name=((upload and upload.name) or "file")[:255], content=content)


def import_upload(
    upload: UploadedFile[Any] | None, *, by: User, agent: Agent | None = None, dry_run: bool = False, max_rows: int
) -> Outcome:
    """Read, map by the headers and import (or foresee) in one go, nothing half-written.

    Raises `MissingField`, `UnreadableFile` (also where a needed column is missing), `TooLarge`, and
    `AgentInactive` where the agent takes no leads.
    """
    content = checked_content(upload)
    table = read_table(content, max_rows=max_rows)
    mapping = suggest(table.headers)
    if wrong := problems(mapping):
        raise UnreadableFile(f"{' '.join(wrong)} The file's columns are: {', '.join(table.headers[:20])}.")
    if agent is not None and not agent.is_active:
        raise AgentInactive(agent)
    company = Company.objects.get(pk=current_company_id())
    if dry_run:
        return foresee(table, mapping, company=company, by=by, agent=agent)
    with transaction.atomic():
        file = ImportFile.objects.create(
            user=by, name=((upload and upload.name) or "file")[:255], content=b"", agent=agent
        )
        return import_leads(file, table, mapping, company=company, by=by, agent=agent)


def checked_content(upload: UploadedFile[Any] | None) -> bytes:
    """Raises `MissingField` where there is none, `TooLarge` above the limit."""
    if upload is None:
        raise MissingField("file", "Choose a file first.")
    if (upload.size or 0) > settings.IMPORT_MAX_BYTES:
        raise TooLarge(f"The file is larger than {settings.IMPORT_MAX_BYTES // 1_000_000} MB.")
    content: bytes = upload.read()
    return content


@transaction.atomic
def discard_file(file: ImportFile, *, by: User) -> None:
    """Throw away an upload that has not run; one that has stays as a record."""
    if file.finished_at is None:
        record(events.IMPORT_DISCARDED, file, by=by)
        file.delete()


def purge_files() -> int:
    """Throw away uploads of the active company that nobody ran within a day; how many."""
    return _unused_files().delete()[0]


def companies_with_old_files() -> list[UUID]:
    return list(_unused_files().order_by().values_list("company_id", flat=True).distinct())


def _unused_files() -> QuerySet[ImportFile]:
    return ImportFile.objects.filter(finished_at=None, created_at__lt=now() - timedelta(days=KEPT_DAYS))


def failed_rows_csv(file: ImportFile) -> str:
    """The refused rows' numbers and reasons; a cell that a spreadsheet would run as a formula is defused."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["row", "error"])
    for error in (file.result or {}).get("errors", []):
        text = error["error"]
        writer.writerow([error["row"], f"'{text}" if text.startswith(FORMULA_STARTS) else text])
    return out.getvalue()
