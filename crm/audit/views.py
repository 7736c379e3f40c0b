"""The page of the audit log, for administrators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from crm.audit.filters import AuditFilter
from crm.audit.labels import label_of, labels
from crm.audit.models import AuditEntry
from crm.audit.shown import shown
from crm.audit.verification import Head, Verification, verify_log
from crm.core.api.fields import as_uuid
from crm.core.api.paging import COUNTED, counted
from crm.core.api.problems import Problem, Unacceptable
from crm.core.http import Request
from crm.core.keyset import Order
from crm.core.pages import answer_part, optional_url

PAGE_ROWS = 50
NEWEST = Order(AuditEntry, "-id")
FILTERS = ("actor", "action", "object", "start_date", "end_date")
WORDS = {"actor": "Who", "action": "What", "object": "On", "start_date": "From", "end_date": "Until"}
OTHERS = ("cursor", "back")
may_view = permission_required("audit.view_auditentry", raise_exception=True)


@login_required
@may_view
@require_GET
def entry_list(request: Request) -> HttpResponse:
    """The log, or for HTMX its list alone. Filters live in the address, tidied of a form's empty fields."""
    params = tidy(request.GET)
    if params.urlencode() != request.GET.urlencode():
        return redirect(f"{reverse('audit:list')}?{params.urlencode()}" if params else "audit:list")
    context = list_context(request, params)
    if request.htmx and not request.htmx.history_restore_request:
        return answer_part(request, "audit/_list.html", context)
    return render(request, "audit/list.html", context)


@login_required
@may_view
@require_GET
def verify(request: Request) -> HttpResponse:
    """Walks the whole chain; `head` is one kept earlier. The panel alone for HTMX, else a page of its own."""
    context = verify_context(request.GET.get("head", "").strip())
    if request.htmx:
        return answer_part(request, "audit/_verified.html", context)
    return render(request, "audit/verify.html", context)


def verify_context(head: str) -> dict[str, Any]:
    try:
        found: Verification | None = verify_log(Head.parse(head) if head else None)
    except ValueError as error:
        return {"head": head, "error": f"{error}."}
    return {"head": head, "found": found}


def tidy(params: QueryDict) -> QueryDict:
    clean = QueryDict(mutable=True)
    for name, values in params.lists():
        if value := ",".join(dict.fromkeys(part.strip() for part in values if part.strip())):
            clean[name] = value
    return clean


def list_context(request: Request, params: QueryDict) -> dict[str, Any]:
    """Everything that the list shows: a constant number of queries."""
    entries, problems = matching(request, params)
    cursor, back = params.get("cursor", ""), params.get("back", "")
    page = NEWEST.page(entries.select_related("user"), PAGE_ROWS, cursor=cursor, back=back)
    total = counted(entries) if page.rows else 0
    users = list(get_user_model()._default_manager.order_by("first_name", "last_name", "pk"))
    return {
        "params": params,
        "export_url": export_url(params),
        "problems": problems,
        "rows": shown(page.rows),
        "next": page.next,
        "back": page.back,
        "total": f"{COUNTED:,}+" if total > COUNTED else f"{total:,}",
        "filtered": any(name in params for name in FILTERS),
        "chips": chips(params, {str(user.pk): user.name for user in users}),
        "users": users,
        "actions": labels(),
        "objects": ("lead", "contact", "agent", "user", "company"),
    }


def export_url(params: QueryDict) -> str:
    """The matching entries as CSV; a higher floor makes it."""
    rest = params.copy()
    for name in OTHERS:
        rest.pop(name, None)
    url = optional_url("lists:export", "audit")
    return f"{url}?{rest.urlencode()}" if url and rest else url


def matching(request: Request, params: QueryDict) -> tuple[Any, list[Problem]]:
    """The filtered entries; none, and what is wrong, where a filter is not understood."""
    entries = AuditEntry.objects.all()
    try:
        return AuditFilter(params, entries, request=request, known=OTHERS).checked(), []
    except Unacceptable as error:
        return entries.none(), error.problems


def chips(params: QueryDict, names: dict[str, str]) -> list[dict[str, str]]:
    """Each filter in force as words, with the address that is left without it."""
    found = []
    for name in FILTERS:
        if name in params:
            rest = params.copy()
            for gone in (name, *OTHERS):
                rest.pop(gone, None)
            text = ", ".join(chip_text(name, value, names) for value in str(params[name]).split(","))
            found.append({"label": WORDS[name], "text": text, "without": f"{reverse('audit:list')}?{rest.urlencode()}"})
    return found


def chip_text(name: str, value: str, names: dict[str, str]) -> str:
    if name == "actor":
        return names.get(value.lower(), value)
    if name == "action":
        return label_of(value)
    kind, _, pk = value.rpartition(":")
    if name == "object" and isinstance(as_uuid(pk), UUID):
        return f"{kind or 'object'} …{pk[-8:]}"
    return value
