"""Periodic work: the reviewed list that `settings.SCHEDULES` names, kept in step with the scheduler's tables.

The platform's superuser sees the rows in the admin and may pause one; all else in them is the list's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string

OURS = "From the product's list of schedules; it may be paused, other changes are undone by the next migration."


@dataclass(frozen=True)
class Schedule:
    """`task`, by its name, is sent to `queue` every so many seconds; one not taken up in that time is dropped."""

    name: str
    task: str
    every_seconds: int
    queue: str = "periodic"


def connect() -> None:
    post_migrate.connect(_after_migrate, dispatch_uid="schedules")


def _after_migrate(sender: Any, using: str, **kwargs: Any) -> None:
    if sender.label == "django_celery_beat" and using == "default":
        sync(import_string(settings.SCHEDULES))


def sync(schedules: list[Schedule]) -> None:
    """Write the list's rows, remove those that left it, touch no row that somebody else made."""
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    for schedule in schedules:
        interval, _ = IntervalSchedule.objects.get_or_create(every=schedule.every_seconds, period="seconds")
        wanted = {
            "task": schedule.task,
            "interval_id": interval.pk,
            "queue": schedule.queue,
            "expire_seconds": schedule.every_seconds,
            "description": OURS,
        }
        row = PeriodicTask.objects.filter(name=schedule.name).first() or PeriodicTask(name=schedule.name)
        if any(getattr(row, name) != value for name, value in wanted.items()):
            for name, value in wanted.items():
                setattr(row, name, value)
            row.save()
    for stale in PeriodicTask.objects.filter(description=OURS).exclude(name__in=[s.name for s in schedules]):
        stale.delete()
