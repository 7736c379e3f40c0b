"""What a job leaves behind as a file, and who may take it back."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse

from crm.accounts.models import User
from crm.accounts.permissions_table import allows
from crm.core.tenancy import NotFound
from crm.jobs.kinds import Kind, has_result, known_kind
from crm.jobs.models import Job


def result_response(job: Job) -> HttpResponseBase:
    """The file as an attachment, streamed; raises `NotFound` where there is none."""
    kind = known_kind(job.kind)
    if job.result_file and default_storage.exists(str(job.result_file.name)):
        return FileResponse(job.result_file.open("rb"), as_attachment=True, filename=job.result_name or "result")
    if not job.result_file and has_result(job) and kind is not None and kind.refused is not None:
        made = kind.refused(job)
        response = StreamingHttpResponse(made.chunks, content_type=made.content_type)
        response["Content-Disposition"] = f'attachment; filename="{made.name}"'
        return response
    raise NotFound("This job has no result to download")


def may_undo(job: Job, user: User) -> bool:
    """Whether the user may do what the job did, and so take it back."""
    kind = known_kind(job.kind)
    return kind is not None and allows(user, kind.permission)


def undo_of(job: Job) -> Kind | None:
    """The kind of job that takes this one back, if there is one."""
    kind = known_kind(job.kind)
    return known_kind(kind.undo_kind) if kind is not None and kind.undo_kind else None
