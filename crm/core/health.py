"""`GET /health` (this process lives) and `GET /ready` (all that the product needs was seen lately); both are public."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from celery import current_app
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)

WORKER, BEAT = "worker", "beat"
SEEN_WITHIN_SECONDS = 60
KEPT_SECONDS = 24 * 3600
BROKER_PATIENCE_SECONDS = 2


def seen(part: str) -> None:
    """A part tells that it works; kept in the cache, which all processes share."""
    cache.set(_key(part), time.time(), KEPT_SECONDS)


@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """`503` as long as one check is not `ok`; says which, and nothing of why: that is in the log."""
    checks = {name: "ok" if _passes(name, check) else "failed" for name, check in CHECKS.items()}
    good = set(checks.values()) == {"ok"}
    return JsonResponse({"status": "ok" if good else "failed", "checks": checks}, status=200 if good else 503)


def _passes(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:
        logger.exception("the check of the %s failed", name)
        return False


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _broker_answers() -> bool:
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=BROKER_PATIENCE_SECONDS)
    return True


def _seen_lately(part: str) -> Callable[[], bool]:
    return lambda: time.time() - cache.get(_key(part), 0) <= SEEN_WITHIN_SECONDS


def _key(part: str) -> str:
    return f"seen:{part}"


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database_answers,
    "broker": _broker_answers,
    "worker": _seen_lately(WORKER),
    "beat": _seen_lately(BEAT),
}
