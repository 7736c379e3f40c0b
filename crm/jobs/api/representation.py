"""A job as the API shows it, and the answer of whatever starts one."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response

from crm.core.api.json import utc_text
from crm.jobs.kinds import has_result, shown_result
from crm.jobs.models import Job


def job_json(job: Job) -> dict[str, Any]:
    """Costs no query. `errors` are the first hundred; `GET /jobs/{id}/errors` pages through all."""
    return {
        "id": str(job.pk),
        "kind": job.kind,
        "title": job.title,
        "state": job.state,
        "total": job.total,
        "processed": job.processed,
        "succeeded": job.succeeded,
        "failed": job.failed,
        "errors": job.first_errors,
        "message": job.message or None,
        "result": shown_result(job),
        "result_url": f"{address_of(job)}/result" if has_result(job) else None,
        "cancel_asked": job.cancel_asked,
        "user_id": str(job.user_id),
        "undoes_id": str(job.undoes.pk) if job.undoes else None,
        "created_at": utc_text(job.created_at),
        "started_at": utc_text(job.started_at) if job.started_at else None,
        "finished_at": utc_text(job.finished_at) if job.finished_at else None,
    }


def address_of(job: Job) -> str:
    """In the canonical mount."""
    return f"/api/v1/jobs/{job.pk}"


def accepted(job: Job) -> Response:
    """`202`: it will be done; where to look is said in the body and in `Location`."""
    body = {"job_id": str(job.pk), "job": job_json(job)}
    return Response(body, 202, headers={"Location": address_of(job)})


JOB_EXAMPLE: dict[str, Any] = {
    "id": "01981c5e-a111-7abc-8def-0123456789ab",
    "kind": "leads.import",
    "title": "Import fair.csv",
    "state": "running",
    "total": 12000,
    "processed": 8000,
    "succeeded": 7961,
    "failed": 39,
    "errors": [{"row": 14, "error": "Invalid phone number format: 480 555 01"}],
    "message": None,
    "result": {"new_contacts": 7810},
    "result_url": "/api/v1/jobs/01981c5e-a111-7abc-8def-0123456789ab/result",
    "cancel_asked": False,
    "user_id": "01981c5e-7d2a-7a11-8c21-0d9e8f7a6b5c",
    "undoes_id": None,
    "created_at": "2026-03-02T09:30:00Z",
    "started_at": "2026-03-02T09:30:01Z",
    "finished_at": None,
}
ACCEPTED_EXAMPLE: dict[str, Any] = {"job_id": JOB_EXAMPLE["id"], "job": JOB_EXAMPLE}
