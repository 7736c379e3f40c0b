"""Long work: how far it is, what came of it, stopping it and taking it back."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.jobs.actions import cancel_job, undo_job
from crm.jobs.api.representation import ACCEPTED_EXAMPLE, JOB_EXAMPLE, accepted, job_json
from crm.jobs.filters import JobFilter
from crm.jobs.models import Job, JobError
from crm.jobs.querysets import JobQuerySet
from crm.jobs.results import may_undo, result_response

ERROR_EXAMPLE: dict[str, Any] = {"row": 14, "id": None, "error": "Invalid phone number format: 480 555 01", "data": {}}


class JobViewSet(ApiViewSet):
    """Admins and managers see all jobs of the company, an agent those it started."""

    schema_tag = "Jobs"
    permissions = {
        "list": "jobs.view",
        "retrieve": "jobs.view",
        "errors": "jobs.view",
        "result": "jobs.view",
        "cancel": "jobs.view",
        "undo": "jobs.view",
    }

    def jobs(self) -> JobQuerySet:
        user: Any = self.request.user
        return Job.objects.visible_to(user).select_related("undoes")

    @describe(
        "Jobs",
        listing="jobs",
        filterset=JobFilter,
        ordering=["created_at"],
        answer_example=JOB_EXAMPLE,
    )
    def list(self, request: Request) -> Response:
        """Imports, exports, bulk operations and other long work, newest first."""
        return self.listing(
            self.jobs(),
            plural="jobs",
            represent=lambda jobs: [job_json(job) for job in jobs],
            filterset=JobFilter,
            ordering={"created_at": "created_at"},
            default="-created_at",
        )

    @describe("One job", answer_example=JOB_EXAMPLE, other_answers={304: "Nothing has changed since `If-None-Match`."})
    def retrieve(self, request: Request, pk: str) -> HttpResponseBase:
        """`processed` of `total` is how far it is; ask again every few seconds, with `If-None-Match`."""
        job = self.find(self.jobs(), pk)
        tag = self.etag(job)
        if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
            return HttpResponse(status=304, headers={"ETag": tag})
        return self.answer(job_json(job), row=job)

    @describe("What a job did not do", listing="errors", answer_example=ERROR_EXAMPLE)
    def errors(self, request: Request, pk: str) -> Response:
        """Each row of the file, or each object, with the reason, in the order of the work."""
        job = self.find(self.jobs(), pk)
        return self.listing(
            JobError.objects.filter(job=job),
            plural="errors",
            represent=lambda rows: [error_json(row) for row in rows],
            ordering={"id": "pk"},
            default="id",
        )

    @describe("Stop a job", answer_example=JOB_EXAMPLE, errors=[409])
    def cancel(self, request: Request, pk: str) -> Response:
        """Before its next batch; what is done stays done. `409` where it is over."""
        user: Any = request.user
        job = cancel_job(self.find(self.jobs(), pk), by=user)
        return self.answer(job_json(job), row=job)

    @describe(
        "The result of a job as a file",
        answer={"type": "string", "format": "binary"},
        errors=[404],
    )
    def result(self, request: Request, pk: str) -> HttpResponseBase:
        """What it made, or, of an import, the rows that it refused, each with the reason. `404` where there is none."""
        return result_response(self.find(self.jobs(), pk))

    @describe("Take a job back", status=202, answer_example=ACCEPTED_EXAMPLE, errors=[409])
    def undo(self, request: Request, pk: str) -> Response:
        """Starts the job that does it, within 30 days. What was changed since is left as it is and reported."""
        user: Any = request.user
        job = self.find(self.jobs(), pk)
        if not may_undo(job, user):
            self.permission_denied(request)
        return accepted(undo_job(job, by=user))


def error_json(error: JobError) -> dict[str, Any]:
    return {"row": error.row, "id": error.object_id or None, "error": error.message, "data": error.data}
