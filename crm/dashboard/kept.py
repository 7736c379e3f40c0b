"""What home counts, kept for half a minute while nothing happens in the company, so that coming back costs no count.

Kept under the newest entry of the audit log, which every change writes: whoever changed something sees it at once. What
time alone brings about (a deadline passes) is seen half a minute late, as is an entry that was written before the
newest one and committed after it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar
from uuid import UUID

from django.core.cache import cache
from redis.exceptions import RedisError

SECONDS = 30
T = TypeVar("T")


def kept(company_id: UUID, newest: UUID | None, zone: str, read: Callable[[], T]) -> T:
    """`newest`: the log's entry, none where it has none; `zone`: the reader's, whose calendar days are counted by."""
    if newest is None:
        return read()
    key = f"home:{company_id}:{newest}:{zone}"
    with suppress(RedisError):
        if (found := cache.get(key)) is not None:
            return found  # type: ignore[no-any-return]
    made = read()
    with suppress(RedisError):
        cache.set(key, made, SECONDS)
    return made
