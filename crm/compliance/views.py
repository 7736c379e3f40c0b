"""Pages of the contact gate: the rules in force, decisions, hours of one's own; and the panels on other pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import localdate, now
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.accounts.regions import countries
from crm.compliance.actions import record_consent, take_complaint
from crm.compliance.actions.hours import place_name, remove_stricter_hours, set_stricter_hours
from crm.compliance.clocks import spans_of
from crm.compliance.forms import ConsentForm, StricterHoursForm, hours_initial, put_on, region_codes
from crm.compliance.hours import weekly_windows
from crm.compliance.laws import NOT_LEGAL_ADVICE, Law, all_laws, checked_on
from crm.compliance.models import ConsentSource, ContactDecision, StricterHours, Suppression
from crm.compliance.panel import channel_rows, last_lines
from crm.compliance.places import region_name
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.pages import answer_part, optional_url
from crm.core.tenancy import NotFound, get_or_refuse
from leads.models import Contact, Lead

SHOWN_DECISIONS = 15
REFUSED = 422


@requires("compliance.view")
@require_safe
def rules(request: Request) -> HttpResponse:
    """A constant number of queries. `denied`: refusals alone among the decisions."""
    denied = request.GET.get("show") == "denied"
    decisions = ContactDecision.objects.filter(**({"allowed": False} if denied else {}))
    day = localdate()
    return render(request, "compliance/rules.html", {
        "notice": NOT_LEGAL_ADVICE,
        "checked_on": checked_on(),
        "laws": [law_row(law) for law in all_laws() if law.in_force(day)],
        "coming": [law_row(law) for law in all_laws() if law.in_force_from > day],
        "stricter": [stricter_row(row) for row in StricterHours.objects.order_by("country", "region")],
        "decisions": decisions.select_related("contact", "user").newest_first()[:SHOWN_DECISIONS],
        "denied": denied,
        "suppressed": Suppression.objects.active(now()).count(),
        "may_manage": allows(request.user, "compliance.manage"),
        "hours": request.company.calling_hours,
        "settings_url": optional_url("accounts:settings") if allows(request.user, "company.manage") else "",
    })  # fmt: skip


def law_row(law: Law) -> dict[str, Any]:
    country = countries().get(law.country, law.country)
    place = f"{region_name(law.place)}" if law.region else country
    return {"law": law, "place": place, "country": country, "says": list(said_by(law))}


def said_by(law: Law) -> list[str]:
    """Its hours by groups of days, and what else it says."""
    said = day_groups(law.hours) if law.hours is not None else []
    said += ["none on public holidays"] if law.closed_on else []
    if law.limit:
        hours = law.limit.hours
        said.append(f"at most {law.limit.attempts} in {f'{hours} hours' if hours <= 48 else f'{hours // 24} days'}")
    return [*said, *(["only with consent"] if law.needs_consent else [])]


def day_groups(hours: Any) -> list[str]:
    """`Mon–Fri 09:00–21:30`: neighbouring days that are alike stand together."""
    names, groups = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), []
    start = 0
    for number in range(1, len(names) + 1):
        if number == len(names) or hours[number] != hours[start]:
            days = names[start] if number - start == 1 else f"{names[start]}–{names[number - 1]}"
            groups.append(f"{'' if (start, number) == (0, 7) else days + ' '}{spans_of(hours[start])}")
            start = number
    return groups


def stricter_row(row: StricterHours) -> dict[str, Any]:
    windows = weekly_windows(row.hours)
    return {"row": row, "place": place_name(row), "says": day_groups([day or () for day in windows])}


@requires("compliance.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def hours(request: Request, pk: UUID | None = None) -> HttpResponse:
    """New ones, or those of a place changed."""
    row = get_or_refuse(StricterHours.objects.all(), pk) if pk else None
    form = StricterHoursForm(
        request.POST if request.method == "POST" else None,
        initial=hours_initial(row) if row else {"country": request.company.default_country},
    )
    if form.is_valid():
        fields = dict(form.cleaned_data)
        try:
            kept = set_stricter_hours(fields.pop("country"), fields.pop("region"), **fields, by=request.user)
        except Refused as refused:
            put_on(form, refused)
        else:
            messages.success(request, f"Stricter hours hold for {place_name(kept)}.")
            return redirect("compliance:rules")
    context = {"form": form, "row": row, "regions": region_codes(), "place": place_name(row) if row else ""}
    return render(request, "compliance/hours.html", context, status=REFUSED if form.errors else 200)


@requires("compliance.manage")
@require_POST
def remove_hours(request: Request, pk: UUID) -> HttpResponse:
    row = get_or_refuse(StricterHours.objects.all(), pk)
    remove_stricter_hours(row, by=request.user)
    messages.success(request, f"The law’s hours and the company’s usual ones hold for {place_name(row)} again.")
    return redirect("compliance:rules")


# --- panels ----------------------------------------------------------------------------------------------------------


@requires("contacts.view")
@require_GET
def contact(request: Request, pk: UUID) -> HttpResponse:
    """The panel of a contact's page; without HTMX a page of its own."""
    row = get_or_refuse(Contact.objects.visible_to(request.user), pk)
    if row.deleted_at is not None:
        raise NotFound
    return panel(request, row, reverse("contacts:detail", args=[pk]))


@requires("leads.view")
@require_GET
def lead(request: Request, pk: UUID) -> HttpResponse:
    """The panel of a lead's page."""
    row = get_or_refuse(Lead.objects.visible_to(request.user).select_related("contact"), pk)
    return panel(request, row.contact, reverse("leads:detail", args=[pk]), lead=row)


def panel(
    request: Request, person: Contact, back: str, *, lead: Lead | None = None, form: ConsentForm | None = None
) -> HttpResponse:
    channels, verdict = channel_rows(person, at=now(), actor=request.user, lead=lead)
    context = {
        "contact": person,
        "name": person.name or "No name",
        "channels": channels,
        "verdict": verdict,
        "lines": last_lines(person),
        "form": form or ConsentForm(),
        "back_url": back,
        "may_record": allows(request.user, "consent.record"),
        "notice": NOT_LEGAL_ADVICE,
    }
    status = REFUSED if form is not None and form.errors else 200
    if request.htmx and not request.htmx.history_restore_request:
        return answer_part(request, "compliance/_panel.html", context, status=status)
    return render(request, "compliance/panel.html", context, status=status)


@requires("consent.record")
@require_POST
def consent(request: Request, pk: UUID) -> HttpResponse:
    """What an agent was told by the person, or of a complaint; back to where the form stood (`back`)."""
    person = get_or_refuse(Contact.objects.visible_to(request.user), pk)
    back = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None) or not back.startswith("/"):
        back = reverse("contacts:detail", args=[pk])
    form = ConsentForm(request.POST)
    if not form.is_valid():
        return panel(request, person, back, form=form)
    data, by = form.cleaned_data, request.user
    granted, channel, wording = data["granted"] == "yes", data["channel"], data["wording"]
    if form.is_complaint:
        take_complaint(person, channel, at=now(), by=by, origin=data["origin"], wording=wording)
    else:
        source = ConsentSource.AGENT
        record_consent(person, channel, granted=granted, source=source, by=by, wording=wording, origin=back)
    messages.success(request, "Put on record, for good." if granted else "Put on record: closed from now on.")
    if request.htmx:
        person.refresh_from_db()
        return panel(request, person, back)
    return redirect(back)
