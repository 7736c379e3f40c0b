"""Many leads called at once."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from calls.api import examples, serializers
from calls.bulk import SCHEDULE
from crm.core.api.schema import describe
from leads.api.bulk_views import AS_A_JOB, BulkViewSet
from leads.bulk_jobs import BulkWork


class BulkCallViewSet(BulkViewSet):
    """As `POST /calls/schedule` does for one; an id that is malformed, unknown or not the asker's fails alone."""

    schema_tag = "Calls"
    permissions = {"bulk_schedule": "calls.schedule"}

    @describe(
        "Have many leads called",
        body=serializers.BulkScheduleBody,
        example=examples.BULK_SCHEDULE,
        answer_example=examples.BULK_SCHEDULED,
        other_answers=AS_A_JOB,
    )
    def bulk_schedule(self, request: Request) -> Response:
        """By the rules of a single one, for whom holds each lead. One outside of its contact's calling hours has
        `held_until`, the first permitted moment; what is refused has the reason as its `error`."""
        body = self.body(serializers.BulkScheduleBody)
        return self._do(request, body, BulkWork(SCHEDULE, at=body.get("at")), "scheduled_count")
