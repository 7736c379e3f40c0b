"""The bulk bar of the list: ticked leads, or all that match, changed, shared out, returned or deleted, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST

from crm.accounts.access import requires
from crm.core.api.problems import Unacceptable
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import answer_part
from crm.core.tenancy import get_or_refuse
from crm.jobs.actions import undo_job
from crm.jobs.models import Job, JobState
from crm.jobs.results import may_undo
from crm.jobs.running import run_job
from leads import dispositions, listing
from leads.bulk_jobs import (
    ASSIGN,
    DELETE,
    MOST_AT_ONCE,
    RETURN,
    UPDATE,
    BulkWork,
    Done,
    do_at_once,
    matching,
    scope_of,
    start,
)
from leads.bulk_jobs import VERBS as ADDED
from leads.duplicates.jobs import MERGES
from leads.forms import BulkForm, ShareForm, WhenForm
from leads.models import Priority, Stage, Strategy
from leads.querysets import LeadQuerySet
from leads.views.filtering import list_url, which_leads
from leads.views.finding import came_from
from leads.views.results import counted, is_uuid, keep_result

VERBS = {"assign": ASSIGN, "unassign": RETURN, "update": UPDATE, "delete": DELETE}
DONE = {ASSIGN: "assigned", RETURN: "returned to the queue", UPDATE: "changed", DELETE: "deleted"}
ASKS = {ASSIGN: "Assign {}?", RETURN: "Return {} to the queue?", UPDATE: "Change {}?", DELETE: "Delete {}?"}


@requires("leads.view")
@require_POST
def act(request: Request) -> HttpResponse:
    """`do` it to `ids`, or to `everything` that matches the address, which is asked once more with its number.

    Back to the same list with what became of it; more than 1,000 are a job, whose page shows how far it is.
    """
    params = listing.tidy(request.GET)
    try:
        work = work_of(request)
        if request.POST.get("everything"):
            return with_everything(request, params, work)
        ids = [UUID(pk) for pk in request.POST.getlist("ids") if is_uuid(pk)]
        if not ids:
            raise Refused("Tick at least one lead first.")
        do_it(request, work, ids)
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect(list_url(params))


def work_of(request: Request) -> BulkWork:
    """Raises `Refused` for what the bar's fields do not say well."""
    wanted = request.POST.get("do", "")
    kind = wanted if wanted in ADDED else VERBS.get(wanted, ASSIGN)
    if kind == ASSIGN:
        form = checked(ShareForm(request.POST))
        pool = [agent.pk for agent in form["agents"]] or None
        return BulkWork(ASSIGN, strategy=form["strategy"], pool=pool, notes=form["notes"])
    if kind in ADDED:
        return BulkWork(kind, at=checked(WhenForm(request.POST, prefix="when"))["at"])
    if kind == UPDATE:
        return BulkWork(UPDATE, changes=checked(BulkForm(request.POST, prefix="set"))["changes"])
    return BulkWork(kind)


def checked(form: Any) -> dict[str, Any]:
    if not form.is_valid():
        raise Refused(form.problem)
    data: dict[str, Any] = form.cleaned_data
    return data


def with_everything(request: Request, params: QueryDict, work: BulkWork) -> HttpResponse:
    filters = listing.filters_of(params.dict())
    try:
        leads = matching(scope_of(work.kind, request.user), filters, request.user)
    except Unacceptable as wrong:
        raise Refused(wrong.problems[0].msg) from wrong
    total = leads.order_by().count()
    if not total:
        raise Refused("No lead matches any more.")
    if not request.POST.get("confirmed"):
        return ask(request, params, work, total)
    if total > MOST_AT_ONCE:
        work = BulkWork(**{**vars(work), "filters": filters})
        return go_to(request, reverse("jobs:detail", args=[start(work, by=request.user, total=total).pk]))
    do_it(request, work, in_order(leads, params))
    return redirect(list_url(params))


def in_order(leads: LeadQuerySet, params: QueryDict) -> list[UUID]:
    return list(leads.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])


def ask(request: Request, params: QueryDict, work: BulkWork, total: int) -> HttpResponse:
    """Once, with how many they are and what is to be done; the form that comes back says the same and `confirmed`."""
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in ("csrfmiddlewaretoken", "ids", "confirmed")
        for value in values
    ]
    context = {
        "title": asked(work, total),
        "does": [("Which", which_leads(request, params)), *in_words(work)],
        "button": f"{asked(work, total).split()[0]} {leads(total)}",
        "may_undo": work.kind not in ADDED,
        "is_deletion": work.kind == DELETE,
        "is_job": total > MOST_AT_ONCE,
        "fields": fields,
        "params": params,
        "list_url": list_url(params),
    }
    if request.htmx:
        return answer_part(request, "leads/_ask_bulk.html", context)
    return render(request, "leads/ask_bulk.html", context)


def asked(work: BulkWork, total: int) -> str:
    asks = ADDED[work.kind].asks if work.kind in ADDED else ASKS[work.kind]
    return asks.format(leads(total))


def in_words(work: BulkWork) -> Any:
    """What it will do, line by line."""
    if work.at:
        yield "Not before", f"{localtime(work.at):%a %-d %b, %H:%M}"
    labels = dispositions.labels() if work.changes.get("disposition") else {}
    names: Mapping[str, Any] = {
        "stage": lambda value: ("Stage", Stage(value).label),
        "stage_reason": lambda value: ("Reason", value),
        "disposition": lambda value: ("Disposition", labels.get(value, value)),
        "priority": lambda value: ("Priority", Priority(value).label),
        "add_tags": lambda value: ("Tags added", ", ".join(value)),
    }
    yield from (names[name](value) for name, value in work.changes.items())
    if work.strategy:
        yield "How", Strategy(work.strategy).label
        yield "Among", f"{len(work.pool)} agents" if work.pool else "all active people"


def do_it(request: Request, work: BulkWork, ids: Sequence[UUID]) -> None:
    """At once, with a toast that can take it back, and by name what was not done."""
    if len(ids) > MOST_AT_ONCE:
        raise Refused(f"Tick at most {MOST_AT_ONCE:,} leads.")
    job, done = do_at_once(work, ids, by=request.user)
    title = told(work, done)
    if done.failed or work.kind == ASSIGN:
        keep_result(request, title, done)
    tell = messages.warning if done.failed or done.returned else messages.success
    back = reverse("leads:undo", args=[job.pk]) if done.ids and work.kind not in ADDED else ""
    tell(request, f"{title}.", extra_tags=back)


def told(work: BulkWork, done: Done) -> str:
    """“3 leads changed, 1 not”."""
    title = f"{leads(len(done.ids))} {ADDED[work.kind].done if work.kind in ADDED else DONE[work.kind]}"
    if done.failed:
        title += f", {len(done.failed):,} not"
    if done.later:
        title += f"; {len(done.later):,} of them when it is permitted there"
    if done.returned:
        title += f"; {leads(len(done.returned))} went to the queue, where the agent had no room"
    return title


def leads(count: int) -> str:
    return counted(count, "lead")


def go_to(request: Request, url: str) -> HttpResponse:
    """The whole page, also where only a part was asked for."""
    return HttpResponse(headers={"HX-Redirect": url}) if request.htmx else redirect(url)


@requires("leads.view")
@require_POST
def undo(request: Request, pk: UUID) -> HttpResponse:
    """Take a bulk call back: small ones at once, and back to where the toast was; large ones as a job."""
    job = get_or_refuse(Job.objects.visible_to(request.user), pk)
    back = HttpResponseRedirect(came_from(request))
    if not may_undo(job, request.user):
        messages.error(request, "Your role may not take this back.")
        return back
    small = job.processed <= MOST_AT_ONCE
    try:
        undoing = undo_job(job, by=request.user, queued=not small)
    except Refused as refused:
        messages.error(request, refused.message)
        return back
    if not small:
        return go_to(request, reverse("jobs:detail", args=[undoing.pk]))
    run_job(undoing.pk)
    undoing.refresh_from_db()
    if undoing.state != JobState.SUCCEEDED:
        messages.error(request, undoing.message or "It is being taken back.")
    elif undoing.failed:
        left = "a part" if job.kind in MERGES else leads(undoing.failed)
        messages.warning(request, f"Taken back, but for {left}: {undoing.first_errors[0]['error']}.")
    elif job.kind in MERGES:
        messages.success(request, "Taken back: the two stand apart again.")
    else:
        messages.success(request, f"Taken back: {leads(undoing.succeeded)} as before.")
    return back
