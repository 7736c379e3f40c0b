"""What a company's active rules are, kept in the cache for all processes, so that a new lead costs no query for them.

Kept under a mark that every change of a rule renews, at once and again when it is committed: a reader who takes what
was before the commit keeps it under a mark that nobody asks for any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID, uuid4

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

SECONDS = 60
T = TypeVar("T")


def kept(company_id: UUID, read: Callable[[], T]) -> T:
    """As it was read since the last change; read anew where the cache has nothing or does not answer."""
    mark_key, rules_key = _keys(company_id)
    try:
        found = cache.get_many([mark_key, rules_key])
        mark = found.get(mark_key) or cache.get_or_set(mark_key, _mark, None)
        under, rules = found.get(rules_key, (None, None))
        if under == mark:
            return rules  # type: ignore[no-any-return]
        rules = read()
        cache.set(rules_key, (mark, rules), SECONDS)
    except RedisError:
        return read()
    return rules


def forget(company_id: UUID) -> None:
    """Inside the transaction that changes a rule."""
    _renew(company_id)
    transaction.on_commit(lambda: _renew(company_id), robust=True)


def _renew(company_id: UUID) -> None:
    try:
        cache.set(_keys(company_id)[0], _mark(), None)
    except RedisError:  # nobody reads from it either, and what is in it lasts a minute at most
        return


def _keys(company_id: UUID) -> tuple[str, str]:
    return f"routing:{company_id}:mark", f"routing:{company_id}:rules"


def _mark() -> str:
    return uuid4().hex
