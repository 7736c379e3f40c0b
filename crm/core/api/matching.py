"""`ETag` and `If-Match`: a change based on an outdated read is refused (412)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import models, transaction
from rest_framework.exceptions import APIException
from rest_framework.request import Request

T = TypeVar("T")


class Outdated(APIException):
    status_code = 412
    default_detail = "It has changed since you read it."
    default_code = "outdated"


def etag(row: Any) -> str:
    """By the row's id and its last change, to the microsecond."""
    return f'"{row.pk.hex[-12:]}-{int(row.updated_at.timestamp() * 1_000_000):x}"'


def check(request: Request, row: models.Model) -> None:
    """Asks under a lock on the row, inside the transaction of `guarded`, so that of two writers one is refused."""
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return
    fresh = type(row)._base_manager.select_for_update(no_key=True).filter(pk=row.pk).only("pk", "updated_at").first()
    # a compressing proxy, and our own compression, weaken the tag that they pass on
    tags = {part.strip().removeprefix("W/") for part in given.split(",")}
    if fresh is None or etag(fresh) not in tags:
        raise Outdated


def guarded(request: Request, work: Callable[[], T]) -> T:
    """With `If-Match`, the check and the work in one transaction."""
    if "If-Match" not in request.headers or request.method == "GET":
        return work()
    with transaction.atomic():
        return work()
