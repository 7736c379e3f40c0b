"""The suppression list as pages: looking, adding, bringing a file in, lifting."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.compliance.actions.suppressions import lift_suppression, suppress
from crm.compliance.filters import hashes_of
from crm.compliance.forms import SuppressionFileForm, SuppressionForm, put_on
from crm.compliance.importing import Imported, import_list
from crm.compliance.models import Suppression
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import optional_url
from crm.core.tenancy import get_or_refuse
from crm.jobs.models import Job

ON_PAGE = 50
REFUSED = 422
SHOWN_PROBLEMS = 50


@requires("suppressions.view")
@require_safe
def suppressions(request: Request) -> HttpResponse:
    """`search`: a whole number, address or hash. A constant number of queries."""
    words = request.GET.get("search", "").replace("\x00", "").strip()[:300]
    found = Suppression.objects.select_related("created_by").newest_first()
    if words:
        found = found.of(hashes_of(words, request.company.default_country))
    page = Paginator(found, ON_PAGE).get_page(request.GET.get("page"))
    return render(request, "compliance/suppressions.html", {
        "page": page,
        "search": words,
        "at": now(),
        "sees": allows(request.user, "suppressions.see_addresses"),
        "may_manage": allows(request.user, "suppressions.manage"),
        "export_url": optional_url("lists:export", "suppressions"),
    })  # fmt: skip


@requires("suppressions.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Request) -> HttpResponse:
    form = SuppressionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        data = form.cleaned_data
        which = "email" if "@" in data["address"] else "phone"
        try:
            row, is_new = suppress(
                **{which: data["address"]},
                channels=data["channels"],
                reason=data["reason"],
                source="by hand",
                expires_at=data["expires_at"],
                by=request.user,
            )
        except Refused as refused:
            put_on(form, refused, phone="address", email="address")
        else:
            messages.success(request, f"{row.shown} {'is' if is_new else 'was on it and stays'} on the list.")
            return redirect("compliance:suppressions")
    return render(request, "compliance/suppress.html", {"form": form}, status=REFUSED if form.errors else 200)


@requires("suppressions.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def bring_in(request: Request) -> HttpResponse:
    """A file of up to 1,000 rows at once, with the rows that were refused; a longer one as a job."""
    posted = request.method == "POST"
    form = SuppressionFileForm(request.POST if posted else None, files=request.FILES if posted else None)
    result: Imported | None = None
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            done = import_list(file.file, file.name or "file", source=form.cleaned_data["source"], by=request.user)
        except Refused as refused:
            form.add_error("file", f"{refused.message.rstrip('.')}.")
        else:
            if isinstance(done, Job):
                return redirect("jobs:detail", done.pk)
            result = done
            form = SuppressionFileForm()
    context = {"form": form, "result": result, "problems": result.problems[:SHOWN_PROBLEMS] if result else []}
    return render(request, "compliance/bring_in.html", context, status=REFUSED if form.errors else 200)


@requires("suppressions.manage")
@require_POST
def lift(request: Request, pk: UUID) -> HttpResponse:
    row = get_or_refuse(Suppression.objects.all(), pk)
    lift_suppression(row, by=request.user)
    messages.success(request, f"{row.shown} is no longer on the list.")
    return redirect("compliance:suppressions")
