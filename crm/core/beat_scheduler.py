"""The scheduler of `celery beat`: django-celery-beat's, which also tells that it ticks."""

from __future__ import annotations

import logging
import time
from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler

from crm.core.health import BEAT, seen

logger = logging.getLogger(__name__)

TELL_EVERY_SECONDS = 10


class Scheduler(DatabaseScheduler):  # type: ignore[misc]
    """Its tables are written by `crm/core/schedules.py`."""

    _told_at = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() - self._told_at >= TELL_EVERY_SECONDS:
            self._tell()
        return super().tick(*args, **kwargs)

    def _tell(self) -> None:
        """A cache that is away must not stop the scheduler."""
        self._told_at = time.monotonic()
        try:
            seen(BEAT)
        except Exception:
            logger.exception("the scheduler could not tell that it runs")
