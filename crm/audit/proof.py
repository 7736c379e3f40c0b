"""The keyed hashes that prove the log, all HMAC-SHA256 under `AUDIT_KEY`.

An entry carries the hash of its own content, so that one put in or edited by other hands is known at once. A seal's
`mac` has two halves of 128 bits: the first holds the entry's content, the seal's number and moment together; the second
ties that to the whole `mac` of the seal before. Without the key none of them can be made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django.conf import settings

if TYPE_CHECKING:
    from crm.audit.models import AuditEntry

Digest = Callable[[bytes], str]
HALF = 32  # hexadecimal digits
BLOCK = 64  # bytes that SHA-256 works on at a time
START = "0" * 2 * HALF  # stands before a company's first seal


def content_mac(entry: AuditEntry, digest: Digest | None = None) -> str:
    """Over every column but this one, in a form that is the same before the insert and after a read.

    `digest`: `digester()`, where many are made.
    """
    parts = (
        "entry",
        entry.id,
        entry.company_id,
        entry.at.astimezone(UTC),
        entry.action,
        entry.actor_kind,
        entry.user_id,
        entry.actor_label,
        entry.object_type,
        entry.object_id,
        entry.changes,
        entry.data,
        clean_ip(entry.ip),
        entry.request_id,
    )
    return (digest or digester())(_canonical(parts))


def seal_mac(before: str, number: int, sealed_at: datetime, entry_id: UUID, content: str, *, genuine: bool) -> str:
    """Both halves. `genuine`: the entry's content fitted its own hash when it was sealed."""
    own = own_half(number, sealed_at, entry_id, content, genuine=genuine)
    return own + chain_half(before, own)


def own_half(number: int, sealed_at: datetime, entry_id: UUID, content: str, *, genuine: bool) -> str:
    return _mac("seal", number, sealed_at.astimezone(UTC), entry_id, content, genuine)[:HALF]


def chain_half(before: str, own: str) -> str:
    return _mac("chain", before, own)[:HALF]


@lru_cache(maxsize=1024)
def clean_ip(address: str | None) -> str | None:
    """In one spelling; without an interface's name, which databases refuse; none where it is no address."""
    try:
        return str(ip_address((address or "").partition("%")[0]))
    except ValueError:
        return None


def keyed_digest(message: bytes) -> str:
    """HMAC-SHA256 under `AUDIT_KEY` in hexadecimal."""
    return digester()(message)


def digester() -> Digest:
    """`keyed_digest` under the key that is set now, worked in once: half of a short message's time."""
    begun, finish = _begun(str(settings.AUDIT_KEY))

    def digest(message: bytes) -> str:
        inner, outer = begun.copy(), finish.copy()
        inner.update(message)
        outer.update(inner.digest())
        return str(outer.hexdigest())

    return digest


@lru_cache(maxsize=4)
def _begun(key: str) -> tuple[Any, Any]:
    """Both hashes of RFC 2104 with the padded key in them."""
    whole = key.encode()
    padded = (whole if len(whole) <= BLOCK else hashlib.sha256(whole).digest()).ljust(BLOCK, b"\0")
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in padded)), hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))


def _mac(*parts: Any) -> str:
    return keyed_digest(_canonical(parts))


def _canonical(parts: tuple[Any, ...]) -> bytes:
    try:
        return orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # numbers past 64 bits
        return json.dumps(parts, sort_keys=True, default=str).encode()
