"""What SQLite does not do by itself: keep the statistics by which it chooses indexes."""

from __future__ import annotations

from celery import shared_task
from django.db import connection


def refresh_statistics() -> None:
    """Without them SQLite reads whole tables where an index stands ready; PostgreSQL's autovacuum sees to its own."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit=1000")
            cursor.execute("ANALYZE")


@shared_task(name="core.refresh_statistics", cross_company=True)  # type: ignore[call-overload,untyped-decorator]
def refresh() -> None:
    """Hourly, and cheap: a sample of each index."""
    refresh_statistics()
