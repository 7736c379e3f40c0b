"""The pages of jobs: the list, one job with its progress, and what the side bar shows of running ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_POST

from crm.accounts.access import requires
from crm.accounts.models import User
from crm.accounts.permissions_table import allows
from crm.core.api.matching import etag
from crm.core.api.problems import Unacceptable
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.keyset import Order
from crm.core.pages import optional_url, tidy
from crm.core.tenancy import get_or_refuse
from crm.jobs.actions import UNDO_DAYS, cancel_job, undo_job
from crm.jobs.filters import JobFilter
from crm.jobs.kinds import all_kinds, has_result, known_kind
from crm.jobs.models import Job, JobError, JobState
from crm.jobs.results import may_undo, result_response, undo_of

PAGE_ROWS = 50
SHOWN_ERRORS = 200
SHOWN_RUNNING = 3
NEWEST = Order(Job, "-created_at")


@requires("jobs.view")
@require_GET
def job_list(request: Request) -> HttpResponse:
    """Newest first; `kind` and `state` narrow it, `cursor` goes on."""
    params = tidy(request.GET)
    jobs: Any = Job.objects.visible_to(request.user).select_related("user", "undoes")
    try:
        jobs, problem = JobFilter(params, jobs, request=request, known=("cursor",)).checked(), ""
    except Unacceptable as error:
        jobs, problem = jobs.none(), error.problems[0].msg
    page = NEWEST.page(jobs, PAGE_ROWS, cursor=params.get("cursor", ""))
    context = {
        "rows": page.rows,
        "next": page.next,
        "params": params,
        "problem": problem,
        "filtered": bool(params.keys() - {"cursor"}),
        "kinds": sorted(all_kinds(), key=lambda kind: kind.label),
        "states": JobState.choices,
        "import_url": optional_url("leads:import") if allows(request.user, "leads.import") else "",
    }
    return render(request, "jobs/list.html", context)


@requires("jobs.view")
@require_GET
def detail(request: Request, pk: UUID) -> HttpResponseBase:
    """One job. HTMX asks for its standing alone, every two seconds while it runs: `304` when nothing has changed."""
    job = find(request, pk)
    tag = etag(job)
    if request.htmx and request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    shown = standing(job, request.user)
    if not request.htmx or request.htmx.boosted:
        return render(request, "jobs/detail.html", shown)
    if request.htmx.current_url_abs_path == shown["page"]:  # it stands on that very page
        shown["page"] = ""
    response = render(request, "jobs/_standing.html", shown)
    response["ETag"], response["Cache-Control"] = tag, "private, no-cache"
    if not job.is_active:  # what stands around it changes as well
        response["HX-Refresh"] = "true"
    patch_vary_headers(response, ["HX-Request", "HX-Current-URL", "Cookie"])
    return response


def standing(job: Job, user: User) -> dict[str, Any]:
    kind, undone_by = known_kind(job.kind), job.undone_by.order_by("-created_at").first()
    is_over = not job.is_active
    undoable = is_over and undo_of(job) is not None and may_undo(job, user) and job.state != JobState.UNDONE
    young = job.created_at > now() - timedelta(days=UNDO_DAYS)
    return {
        "job": job,
        "kind_label": kind.label if kind is not None else job.kind,
        "page": kind.page(job) if kind is not None and kind.page is not None and job.succeeded else "",
        "has_result": has_result(job),
        "errors": _told(job, user) if is_over else [],
        "undone_by": undone_by,
        "may_undo": undoable and young and not (undone_by is not None and undone_by.is_active),
        "undo_until": job.created_at + timedelta(days=UNDO_DAYS),
    }


def _told(job: Job, user: User) -> list[dict[str, Any]]:
    """What was not done: the row, or the name and page of the object, else its id, and the reason."""
    errors = list(JobError.objects.filter(job=job).order_by("pk")[:SHOWN_ERRORS])
    kind, ids = known_kind(job.kind), {error.object_id for error in errors} - {""}
    names = kind.named(ids, user) if ids and kind is not None and kind.named is not None else {}
    return [
        {"row": error.row, "name": name, "page": page, "message": error.message}
        for error in errors
        for name, page in [names.get(error.object_id, (error.object_id, ""))]
    ]


@requires("jobs.view")
@require_GET
def running(request: Request) -> HttpResponse:
    """The user's own running jobs for the side bar; nothing, and no more asking, where there are none."""
    jobs = list(Job.objects.filter(user=request.user).active().order_by("-created_at")[:SHOWN_RUNNING])
    if not jobs and "polled" not in request.GET:
        return HttpResponse(status=204)
    return render(request, "jobs/_running.html", {"jobs": jobs})


@requires("jobs.view")
@require_GET
def result(request: Request, pk: UUID) -> HttpResponseBase:
    return result_response(find(request, pk))


@requires("jobs.view")
@require_POST
def cancel(request: Request, pk: UUID) -> HttpResponse:
    try:
        job = cancel_job(find(request, pk), by=request.user)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        stopped = job.state == JobState.CANCELLED
        messages.success(request, "It was cancelled." if stopped else "It stops after the rows that it is at.")
    return redirect("jobs:detail", pk)


@requires("jobs.view")
@require_POST
def undo(request: Request, pk: UUID) -> HttpResponse:
    """Leads to the job that takes it back."""
    job = find(request, pk)
    if not may_undo(job, request.user):
        messages.error(request, "Your role may not take this back.")
        return redirect("jobs:detail", pk)
    try:
        pk = undo_job(job, by=request.user).pk
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("jobs:detail", pk)


def find(request: Request, pk: UUID) -> Job:
    return get_or_refuse(Job.objects.visible_to(request.user).select_related("user", "undoes"), pk)
