"""The whole way from scheduler through broker to worker, walked every few seconds so that `/ready` can tell."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from crm.core.health import WORKER, seen


@shared_task(name="core.heartbeat", cross_company=True)
def heartbeat() -> None:
    seen(WORKER)


@worker_ready.connect
def _started(**kwargs: Any) -> None:
    """A worker just started counts as seen before its first heartbeat."""
    seen(WORKER)
