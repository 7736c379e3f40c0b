"""The import's pages: upload, map and preview, result."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from agents.models import Agent
from crm.accounts.access import requires
from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.tenancy import get_or_refuse
from leads.importing.actions import discard_file, failed_rows_csv, keep_file
from leads.importing.engine import Outcome, foresee, import_leads
from leads.importing.mapping import CHOICES, CUSTOM, SKIP, problems, suggest
from leads.importing.reading import Table, read_table
from leads.models import ImportFile

PREVIEWED = 20
SHOWN_ERRORS = 200


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
    earlier = ImportFile.objects.exclude(finished_at=None).select_related("user").defer("content", "mapping")
    context = {
        "error": error,
        "earlier": earlier.order_by("-created_at")[:10],
        "max_rows": settings.IMPORT_MAX_ROWS_IN_REQUEST,
        "max_megabytes": settings.IMPORT_MAX_BYTES // 1_000_000,
    }
    return render(request, "leads/import/upload.html", context, status=422 if error else 200)


@requires("leads.import")
def import_file(request: Request, pk: UUID) -> HttpResponseBase:
    """Its columns and what would happen; once it has run, what did."""
    file = get_or_refuse(ImportFile.objects.all(), pk)
    if file.finished_at:
        return render(request, "leads/import/result.html", _result(file))
    table = read_table(bytes(file.content), max_rows=settings.IMPORT_MAX_ROWS_IN_REQUEST)
    mapping = _mapping(table, request.POST) if request.method == "POST" else suggest(table.headers, rich=True)
    agent = _agent(request.POST)
    wrong = problems(mapping)
    if request.method == "POST" and request.POST.get("do") == "import" and not wrong:
        return _run(request, file, table, mapping, agent)
    outcome = None if wrong else foresee(table, mapping, company=request.company, by=request.user, agent=agent)
    context = _preview(file, table, mapping, agent, outcome, wrong)
    return render(request, "leads/import/map.html", context, status=422 if wrong and request.method == "POST" else 200)


@requires("leads.import")
@require_POST
def discard(request: Request, pk: UUID) -> HttpResponseBase:
    discard_file(get_or_refuse(ImportFile.objects.all(), pk), by=request.user)
    messages.success(request, "The file was thrown away; nothing was imported.")
    return redirect("leads:import")


def _run(
    request: Request, file: ImportFile, table: Table, mapping: dict[str, str], agent: Agent | None
) -> HttpResponseBase:
    outcome = import_leads(file, table, mapping, company=request.company, by=request.user, agent=agent)
    messages.success(request, f"{len(outcome.created):,} leads were created from {file.name}.")
    return redirect("leads:import_file", file.pk)


def _mapping(table: Table, given: QueryDict) -> dict[str, str]:
    """As chosen, by the column's position; what is no choice is kept as a custom field."""
    known = {value for value, _ in CHOICES}
    chosen = {header: given.get(f"column-{n}", CUSTOM) for n, header in enumerate(table.headers)}
    return {header: field if field in known else CUSTOM for header, field in chosen.items()}


def _agent(given: QueryDict) -> Agent | None:
    return get_or_refuse(Agent.objects.filter(is_active=True), given["agent"]) if given.get("agent") else None


def _preview(
    file: ImportFile,
    table: Table,
    mapping: dict[str, str],
    agent: Agent | None,
    outcome: Outcome | None,
    wrong: list[str],
) -> dict[str, Any]:
    columns = [
        {"name": f"column-{n}", "header": header, "first": _first_value(table, n), "field": mapping[header]}
        for n, header in enumerate(table.headers)
    ]
    return {
        "file": file,
        "table": table,
        "columns": columns,
        "choices": CHOICES,
        "mapped": sum(field not in (CUSTOM, SKIP) for field in mapping.values()),
        "agents": Agent.objects.filter(is_active=True).order_by("name"),
        "agent": agent,
        "problems": wrong,
        "outcome": outcome,
        "rows": _first_rows(table, outcome) if outcome else [],
        "errors": outcome.errors[:SHOWN_ERRORS] if outcome else [],
    }


def _first_value(table: Table, column: int) -> str:
    return next((cells[column] for _, cells in table.rows if column < len(cells) and cells[column]), "")


def _first_rows(table: Table, outcome: Outcome) -> list[dict[str, Any]]:
    wrong = {error.row: error.message for error in outcome.errors}
    width = len(table.headers)
    return [
        {"number": number, "cells": (cells + [""] * width)[:width], "error": wrong.get(number, "")}
        for number, cells in table.rows[:PREVIEWED]
    ]


def _result(file: ImportFile) -> dict[str, Any]:
    result = file.result or {}
    return {
        "file": file,
        "result": result,
        "errors": result.get("errors", [])[:SHOWN_ERRORS],
        "warnings": result.get("warnings", [])[:SHOWN_ERRORS],
    }


@requires("leads.import")
def failed_rows(request: Request, pk: UUID) -> HttpResponse:
    """The refused rows as CSV: row and reason."""
    file = get_or_refuse(ImportFile.objects.all(), pk)
    response = HttpResponse(failed_rows_csv(file), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="failed-rows.csv"'
    return response
