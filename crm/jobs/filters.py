"""The filters of the list of jobs, for its page and its API."""

from __future__ import annotations

from crm.core.api.filters import CsvFilter, MomentFilter, StrictFilterSet
from crm.jobs.models import Job, JobState


class JobFilter(StrictFilterSet):
    kind = CsvFilter("kind", label="leads.import, leads.bulk_assign …")
    state = CsvFilter("state", choices=JobState.choices)
    created_after = MomentFilter("created_at", "gte")
    created_before = MomentFilter("created_at", "lte")

    class Meta:
        model = Job
        fields: list[str] = []
