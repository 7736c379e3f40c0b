"""Pages of vendors: who they are, their keys, their mapping, and how their leads have done."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.accounts.access import requires
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import optional_url
from crm.core.tenancy import get_or_refuse
from crm.vendors import actions
from crm.vendors.caps import accepted_on, company_day
from crm.vendors.forms import EditVendorForm, MappingForm, NewVendorForm, PeriodForm, initial_of, put_on
from crm.vendors.models import Status, Vendor
from crm.vendors.reasons import REASONS
from crm.vendors.scorecard import Scorecard, counts_of, scorecard_of

ON_PAGE = 50


@requires("vendors.manage")
@require_safe
def vendor_list(request: Request) -> HttpResponse:
    """`show`: all (at first), active or paused. A constant number of queries."""
    shown, words = request.GET.get("show", "all"), request.GET.get("search", "").replace("\x00", "")
    found = Vendor.objects.matching(words).with_key()
    if shown in Status.values:
        found = found.filter(status=shown)
    page = Paginator(found, ON_PAGE).get_page(request.GET.get("page"))
    counts = counts_of([vendor.pk for vendor in page])
    return render(request, "vendors/list.html", {
        "page": page,
        "rows": [{"vendor": vendor, **counts[vendor.pk]} for vendor in page],
        "shown": shown,
        "search": words,
        "views": [("all", "All"), *Status.choices],
    })  # fmt: skip


@requires("vendors.manage")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Request) -> HttpResponse:
    """Answers with the key itself, not with a redirect: it is kept nowhere and shown this once."""
    form = NewVendorForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        fields = dict(form.cleaned_data)
        try:
            vendor, key = actions.create_vendor(fields.pop("vendor_code"), fields, by=request.user)
        except Refused as refused:
            put_on(form, refused)
        else:
            return render(request, "vendors/key.html", {"vendor": vendor, "key": key, "is_new": True})
    return render(request, "vendors/new.html", {"form": form}, status=422 if form.errors else 200)


@requires("vendors.manage")
@require_safe
def detail(request: Request, pk: UUID) -> HttpResponse:
    vendor = get_or_refuse(Vendor.objects.with_key(), pk)
    form = PeriodForm(request.GET or None)
    start, end = form.days()
    day = dt.timedelta(days=1)
    card = scorecard_of(vendor, midnight(request, start), midnight(request, end and end + day))
    return render(request, "vendors/detail.html", {
        "vendor": vendor,
        "form": form,
        "card": card,
        "facts": facts(card),
        "reasons": [(code, REASONS.get(code, code), count) for code, count in card.refused_by_reason.items()],
        "today": accepted_on(vendor, company_day()),
        "leads_url": f"{optional_url('leads:list')}?vendor_code={vendor.code}" if optional_url("leads:list") else "",
    }, status=422 if form.errors else 200)  # fmt: skip


def midnight(request: Request, day: dt.date | None) -> dt.datetime | None:
    """As the day begins in the company's time zone."""
    return None if day is None else dt.datetime.combine(day, dt.time(), ZoneInfo(request.company.timezone))


def facts(card: Scorecard) -> list[tuple[str, int, float | None]]:
    """Words, a number, and what share of the posted, accepted or all leads it is."""
    return [
        (f"Accepted of {card.posted:,}", card.accepted, card.acceptance_rate),
        ("Duplicates", card.duplicates, card.duplicate_rate),
        ("Returned", card.returned, card.return_rate),
        ("Customers", card.converted, card.conversion_rate),
    ]


@requires("vendors.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, pk: UUID) -> HttpResponse:
    vendor = get_or_refuse(Vendor.objects.all(), pk)
    form = EditVendorForm(request.POST if request.method == "POST" else None, initial=initial_of(vendor))
    if form.is_valid() and saved(request, form, vendor):
        return redirect("vendors:detail", pk)
    context = {"form": form, "vendor": vendor}
    return render(request, "vendors/edit.html", context, status=422 if form.errors else 200)


@requires("vendors.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def mapping(request: Request, pk: UUID) -> HttpResponse:
    vendor = get_or_refuse(Vendor.objects.all(), pk)
    form = MappingForm(request.POST if request.method == "POST" else None, mapping=vendor.field_mapping)
    if form.is_valid() and saved(request, form, vendor):
        return redirect("vendors:detail", pk)
    context = {"form": form, "vendor": vendor}
    return render(request, "vendors/mapping.html", context, status=422 if form.errors else 200)


def saved(request: Request, form: Any, vendor: Vendor) -> bool:
    try:
        actions.update_vendor(vendor, form.cleaned_data, by=request.user)
    except Refused as refused:
        put_on(form, refused)
        return False
    messages.success(request, "Saved.")
    return True


@requires("vendors.manage")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_key(request: Request, pk: UUID) -> HttpResponse:
    """Asks first, for the key before dies at once; then shows the new one, this once."""
    vendor = get_or_refuse(Vendor.objects.with_key(), pk)
    if request.method == "POST":
        key = actions.regenerate_key(vendor, by=request.user)
        return render(request, "vendors/key.html", {"vendor": vendor, "key": key})
    return render(request, "vendors/new_key.html", {"vendor": vendor})


@requires("vendors.manage")
@require_POST
def revoke(request: Request, pk: UUID) -> HttpResponse:
    vendor = get_or_refuse(Vendor.objects.all(), pk)
    try:
        actions.revoke_key(vendor, by=request.user)
    except Refused as refused:
        messages.error(request, f"{refused.message}.")
    else:
        messages.success(request, f"{vendor.name} has no key now, and can send nothing.")
    return redirect("vendors:detail", pk)
