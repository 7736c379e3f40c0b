"""The import's pages: upload, map and preview, progress and result."""

from __future__ import annotations

from itertools import islice, zip_longest
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents.models import Agent
from crm.accounts.access import requires
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.tenancy import get_or_refuse
from crm.jobs.kinds import shown_result
from crm.jobs.models import JobState
from crm.jobs.views import standing
from leads.import_choices import ImportKey, ImportMode
from leads.importing.actions import (
    discard_file,
    fits_request,
    foresee_file,
    keep_file,
    remember,
    remembered,
    start_import,
)
from leads.importing.mapping import CHOICES, CUSTOM, SKIP, problems, suggest
from leads.importing.plan import Outcome
from leads.importing.reading import Row
from leads.importing.storing import MAX_ROWS, all_rows
from leads.models import ImportFile

PREVIEWED = 20
SHOWN_ERRORS = 200
PREVIEW_SECONDS = 3.0  # as many rows as can be looked at in these are foreseen


@requires("leads.import")
def upload(request: Request) -> HttpResponseBase:
    """Take a file and go on to its columns; below the form the earlier imports."""
    error = ""
    if request.method == "POST":
        try:
            file = keep_file(request.FILES.get("file"), by=request.user)
        except Refused as refusal:
            error = refusal.message
        else:
            return redirect("leads:import_file", file.pk)
    earlier = ImportFile.objects.exclude(job=None).select_related("user", "job").defer("mapping", "headers")
    context = {
        "error": error,
        "earlier": earlier.order_by("-created_at")[:10],
        "max_rows": MAX_ROWS,
        "max_megabytes": settings.IMPORT_MAX_BYTES // 1_000_000,
    }
    return render(request, "leads/import/upload.html", context, status=422 if error else 200)


@requires("leads.import")
def import_file(request: Request, pk: UUID) -> HttpResponseBase:
    """Its columns and what would happen; once it runs, how far it is, and what came of it."""
    file = get_or_refuse(ImportFile.objects.select_related("job__user", "job__undoes"), pk)
    if file.job is not None:
        return render(request, "leads/import/result.html", result(file, request))
    given = request.POST
    known = remembered(file.headers)
    suggested = {**suggest(file.headers, rich=True), **(known.mapping if known else {})}
    mapping = chosen_mapping(file.headers, given) if request.method == "POST" else fitting(file.headers, suggested)
    mode = given.get("mode") or (known.mode if known else ImportMode.NEW)
    match_by = given.get("match_by") or (known.match_by if known else ImportKey.PERSON)
    how: dict[str, Any] = {
        "agent": _agent(given),
        "mode": mode if mode in ImportMode.values else ImportMode.NEW,
        "match_by": match_by if match_by in ImportKey.values else ImportKey.PERSON,
    }
    wrong = problems(mapping, how["match_by"])
    if request.method == "POST" and given.get("do") == "import" and not wrong:
        return run(request, file, mapping, how)
    outcome = None
    if not wrong:
        outcome = foresee_file(file, mapping, by=request.user, seconds=PREVIEW_SECONDS, **how)
    context = {**preview(file, mapping, outcome), **how, "problems": wrong}
    context["is_remembered"] = known is not None and request.method != "POST"
    return render(request, "leads/import/map.html", context, status=422 if wrong and request.method == "POST" else 200)


@requires("leads.import")
@require_POST
def discard(request: Request, pk: UUID) -> HttpResponseBase:
    discard_file(get_or_refuse(ImportFile.objects.all(), pk), by=request.user)
    messages.success(request, "The file was thrown away; nothing was imported.")
    return redirect("leads:import")


def run(request: Request, file: ImportFile, mapping: dict[str, str], how: dict[str, Any]) -> HttpResponseBase:
    """A small file at once, a large one as a job; either way the file's page tells of it."""
    try:
        job = start_import(file, mapping, by=request.user, at_once=fits_request(file), **how)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("leads:import_file", file.pk)
    remember(file.headers, mapping, how["mode"], how["match_by"])
    if not job.is_active:
        messages.success(request, said(job.result, file.name))
    return redirect("leads:import_file", file.pk)


def said(result: dict[str, Any], name: str) -> str:
    updated = f", {result['updated']:,} were updated" if result.get("updated") else ""
    return f"{result.get('created', 0):,} leads were created{updated} from {name}."


def chosen_mapping(headers: list[str], given: QueryDict) -> dict[str, str]:
    """As chosen, by the column's position; what is no choice is kept as a custom field."""
    known = {value for value, _ in CHOICES}
    chosen = {header: given.get(f"column-{n}", CUSTOM) for n, header in enumerate(headers)}
    return {header: field if field in known else CUSTOM for header, field in chosen.items()}


def fitting(headers: list[str], mapping: dict[str, str]) -> dict[str, str]:
    """For these headers alone: what is remembered may spell them otherwise."""
    return {header: mapping.get(header, CUSTOM) for header in headers}


def _agent(given: QueryDict) -> Agent | None:
    return get_or_refuse(Agent.objects.filter(is_active=True), given["agent"]) if given.get("agent") else None


def preview(file: ImportFile, mapping: dict[str, str], outcome: Outcome | None) -> dict[str, Any]:
    first = list(islice(all_rows(file), PREVIEWED))
    columns = [
        {"name": f"column-{n}", "header": header, "first": first_value(first, n), "field": mapping[header]}
        for n, header in enumerate(file.headers)
    ]
    return {
        "file": file,
        "columns": columns,
        "choices": CHOICES,
        "modes": ImportMode.choices,
        "keys": ImportKey.choices,
        "mapped": sum(field not in (CUSTOM, SKIP) for field in mapping.values()),
        "agents": Agent.objects.filter(is_active=True).order_by("name"),
        "outcome": outcome,
        "is_sample": outcome is not None and outcome.total < file.total,
        "rows": first_rows(file.headers, first, outcome) if outcome else [],
        "errors": outcome.errors[:SHOWN_ERRORS] if outcome else [],
    }


def first_value(rows: list[Row], column: int) -> str:
    return next((cells[column] for _, cells in rows if column < len(cells) and cells[column]), "")


def first_rows(headers: list[str], rows: list[Row], outcome: Outcome) -> list[dict[str, Any]]:
    wrong = {error.row: error.message for error in outcome.errors}
    width = len(headers)
    return [
        {
            "number": number,
            "cells": [*zip_longest(headers, cells[:width], fillvalue="")],
            "error": wrong.get(number, ""),
        }
        for number, cells in rows
    ]


def result(file: ImportFile, request: Request) -> dict[str, Any]:
    job: Any = file.job
    shown = standing(job, request.user)
    here = reverse("leads:import_file", args=[file.pk])
    return {
        **shown,
        "page": "" if shown["page"] == here else shown["page"],
        "file": file,
        "is_done": job.state == JobState.SUCCEEDED,
        "said": shown_result(job),
    }
