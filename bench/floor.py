"""The floor of each work: a bare Django view of the same rows, `.values()` and orjson; no auth, no rules, no paging."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from django.views.decorators.csrf import csrf_exempt

from crm.audit.models import AuditEntry
from crm.core.tenancy import unscoped
from leads.models import Assignment, Contact, Lead, StageChange

COLUMNS = [
    "id", "company_id", "contact_id", "contact__first_name", "contact__last_name", "contact__email",
    "contact__phone_e164", "contact__organization", "contact__title", "contact__tags", "contact__timezone",
    "contact__lifecycle_stage", "contact__opt_in_status", "contact__do_not_contact", "agent_id", "agent__user_id",
    "agent__user__email", "vendor__code", "created_by_id", "source", "status", "stage", "stage_changed_at",
    "disposition", "priority", "qualification_status", "score", "deal_value", "expected_close_date",
    "qualification_data", "custom_fields", "tags", "schedule_at", "attempts_count", "next_attempt_at", "deadline",
    "first_response_at", "breached_at", "assigned_at", "created_at", "updated_at",
]  # fmt: skip


def _answer(data: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(data, default=str), content_type="application/json", status=status)


def _rows(request: HttpRequest) -> QuerySet[Lead, Any]:
    rows = Lead.objects.filter(company_id=request.GET["company"], deleted_at__isnull=True).order_by(
        "-created_at", "-id"
    )
    for name in ("status", "stage", "agent_id"):
        if value := request.GET.get(name):
            rows = rows.filter(**{name: value})
    if word := request.GET.get("search"):
        rows = rows.filter(search_text__contains=word)
    return rows


def list_leads(request: HttpRequest) -> HttpResponse:
    with unscoped("the floor of a benchmark"):
        return _answer({"leads": list(_rows(request).values(*COLUMNS)[: int(request.GET.get("n", 25))])})


def one_lead(request: HttpRequest, pk: UUID) -> HttpResponse:
    with unscoped("the floor of a benchmark"):
        lead = Lead.objects.filter(pk=pk).values(*COLUMNS)[0]
        timeline = list(AuditEntry.objects.filter(object_id=pk).order_by("-id").values()[:25])
    return _answer({"lead": lead, "timeline": timeline})


@csrf_exempt
@transaction.atomic
def create_lead(request: HttpRequest) -> HttpResponse:
    given = orjson.loads(request.body)
    with unscoped("the floor of a benchmark"):
        company = given["company"]
        known = Contact.objects.filter(company_id=company, deleted_at__isnull=True).exclude(phone_e164="")
        if known.filter(phone_e164=given["phone_e164"]).exists():  # by the unique index, as the product asks
            return _answer({}, 400)
        contact = Contact(company_id=company, first_name=given["first_name"], phone_e164=given["phone_e164"])
        contact.save(force_insert=True)
        lead = Lead(company_id=company, contact=contact, custom_fields=given["custom_fields"])
        lead.save(force_insert=True)
        StageChange(company_id=company, lead=lead, to_stage="lead").save(force_insert=True)
        _event(lead, "lead.created")
    return _answer({"id": lead.pk}, 201)


@csrf_exempt
@transaction.atomic
def update_lead(request: HttpRequest, pk: UUID) -> HttpResponse:
    given = orjson.loads(request.body)
    with unscoped("the floor of a benchmark"):
        lead = Lead.objects.get(pk=pk)
        lead.source, lead.score, lead.updated_at = given["source"], lead.score, now()
        lead.save(update_fields=["source", "updated_at"])
        _event(lead, "lead.updated")
    return _answer({"id": lead.pk})


@csrf_exempt
@transaction.atomic
def assign_lead(request: HttpRequest, pk: UUID) -> HttpResponse:
    given = orjson.loads(request.body)
    with unscoped("the floor of a benchmark"):
        lead = Lead.objects.get(pk=pk)
        before, lead.agent_id, lead.assigned_at = lead.agent_id, UUID(given["agent_id"]), now()
        lead.save(update_fields=["agent", "assigned_at"])
        Assignment(
            company_id=lead.company_id, lead=lead, from_agent_id=before, to_agent_id=lead.agent_id, strategy="manual"
        ).save(force_insert=True)
        _event(lead, "lead.assigned")
    return _answer({"id": lead.pk})


def _event(lead: Lead, action: str) -> None:
    AuditEntry(
        company_id=lead.company_id, action=action, actor_kind="system", object_type="lead", object_id=lead.pk
    ).save(force_insert=True)
