"""A suppression list as a file: its rows read into addresses, kept on disk only while they are brought in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import orjson
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from crm.compliance.actions.suppressions import (
    SHA256,
    Address,
    checked_channels,
    email_address,
    phone_address,
)
from crm.compliance.models import AddressKind
from crm.core.api.fields import parse_day, parse_moment
from crm.core.errors import InvalidField, Refused
from crm.core.ids import uuid7
from crm.core.text import fold
from crm.jobs.kinds import RowProblem
from leads.importing.reading import Row, limited, open_source

MAX_ROWS = 1_000_000
COLUMNS = {
    "phone": ("phone", "phone_e164", "phone number", "number", "mobile", "cell", "telephone"),
    "email": ("email", "e-mail", "email address", "e-mail address", "mail"),
    "sha256": ("sha256", "sha-256", "hash", "phone_sha256", "email_sha256"),
    "kind": ("kind", "type"),
    "channels": ("channels", "channel"),
    "reason": ("reason", "note"),
    "source": ("source", "list"),
    "expires_at": ("expires_at", "until", "expires", "expiry"),
}
ADDRESSES = ("phone", "email", "sha256")


@dataclass(frozen=True)
class Reading:
    """How rows are read: which column is what, the company's country and zone, and the source where none is named."""

    columns: Mapping[str, int]
    country: str
    zone: str
    source: str

    def address(self, row: Row) -> Address | RowProblem:
        number, cells = row
        given = {name: cells[at].strip() for name, at in self.columns.items() if at < len(cells) and cells[at].strip()}
        try:
            return self._address(given)
        except Refused as refused:
            return RowProblem(refused.message, row=number)

    def _address(self, given: Mapping[str, str]) -> Address:
        kind, digest, value = self._who(given)
        wanted = [name.strip().lower() for name in given.get("channels", "").replace(";", ",").split(",")]
        return Address(
            kind,
            digest,
            value,
            checked_channels(kind, [name for name in wanted if name]),
            given.get("reason", ""),
            given.get("source", "") or self.source,
            self._until(given.get("expires_at", "")),
        )

    def _who(self, given: Mapping[str, str]) -> tuple[AddressKind, str, str]:
        if phone := given.get("phone"):
            return email_address(phone) if "@" in phone else phone_address(phone, country=self.country)
        if email := given.get("email"):
            return email_address(email)
        digest = given.get("sha256", "").lower()
        if not SHA256.fullmatch(digest):
            raise InvalidField("phone", "No phone number, e-mail address or SHA-256 in this row")
        kind = given.get("kind", AddressKind.PHONE).lower()
        if kind not in AddressKind.values:
            raise InvalidField("kind", "The kind must be phone or email")
        return AddressKind(kind), digest, ""

    def _until(self, text: str) -> datetime | None:
        """A day counts to its end."""
        if not text:
            return None
        zone = ZoneInfo(self.zone)
        if (day := parse_day(text)) is not None:
            return datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=1)
        if (moment := parse_moment(text, zone)) is None:
            raise InvalidField("expires_at", f"“{text[:40]}” is no date such as 2026-12-31")
        return moment


def read_file(stream: BinaryIO) -> tuple[dict[str, int], Iterator[Row]]:
    """Which column is what, and the rows. A file of one column needs no head. Raises `UnreadableFile`, `TooLarge`."""
    source = open_source(stream)
    columns = columns_of(source.headers)
    rows: Iterator[Row] = limited(source.rows, MAX_ROWS)
    if not set(ADDRESSES) & columns.keys():
        columns, rows = {"phone": 0}, _with_first(source.headers, rows)
    return columns, rows


def columns_of(headers: Sequence[str]) -> dict[str, int]:
    known = {alias: name for name, aliases in COLUMNS.items() for alias in aliases}
    found: dict[str, int] = {}
    for at, header in enumerate(headers):
        if (name := known.get(fold(header))) is not None:
            found.setdefault(name, at)
    return found


def _with_first(headers: Sequence[str], rows: Iterator[Row]) -> Iterator[Row]:
    yield 1, list(headers)
    yield from rows


def keep_rows(rows: Iterable[Row]) -> tuple[str, int]:
    """On disk, a JSON array a line; its name and how many there are."""
    lines = [orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows]
    return default_storage.save(f"suppressions/{uuid7()}.jsonl", ContentFile(b"".join(lines))), len(lines)


def rows_from(path: str, offset: int, count: int) -> tuple[list[Row], int | None]:
    """At most so many rows from the offset on, and the offset behind them; none at the end, or where it is gone."""
    rows: list[Any] = []
    if not default_storage.exists(path):
        return [], None
    with default_storage.open(path, "rb") as lines:
        lines.seek(offset)
        while len(rows) < count and (line := lines.readline()):
            rows.append(orjson.loads(line))
            offset += len(line)
        return rows, offset if lines.read(1) else None


def wipe(path: str) -> None:
    """Of people's addresses nothing is kept longer than it is needed."""
    default_storage.delete(path)
