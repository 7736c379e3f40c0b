"""Leads: the list, one lead, its stage and value, its notes and its timeline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Avg, Count, Q, Sum
from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.models import User
from crm.audit.models import AuditEntry
from crm.audit.timeline import happening
from crm.core.api.fields import as_uuid
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import InvalidField, Missing
from crm.core.tenancy import NotFound
from crm.lists.filters import search_in_force
from crm.vendors.authentication import TakesKeys, VendorCaller
from leads import actions
from leads.api import examples, serializers
from leads.api.references import agent_in
from leads.api.representation import happening_json, lead_json, lead_page, lead_rows, note_json
from leads.filters import LeadFilter
from leads.happenings import all_of, quotes_in
from leads.intake.posting import answer_post
from leads.lists import LEAD_ORDERING as ORDERING
from leads.models import Lead, Note, Qualification, Stage, StageChange
from leads.querysets import IS_OPEN

NEWEST = {"created_at": "created_at"}
NOT_FOUND = "Lead not found"
SHOWN_OF_ENTRIES = (
    "company", "at", "action", "actor_label", "object_type", "object_id", "changes", "data",
    "user__company", "user__first_name", "user__last_name", "user__email",
)  # fmt: skip


class LeadViewSet(TakesKeys, ApiViewSet):
    schema_tag = "Leads"
    vendor_actions = ("create",)
    permissions = {
        "list": "leads.view",
        "stats": "leads.view",
        "create": "leads.create",
        "retrieve": "leads.view",
        "update": "leads.update",
        "destroy": "leads.delete",
        "stage": "leads.update",
        "deal_value": "leads.update",
        "notes": "leads.view",
        "add_note": "leads.update",
        "timeline": "leads.view",
    }

    @describe(
        "List leads",
        listing="leads",
        filterset=LeadFilter,
        ordering=ORDERING,
        answer_example=examples.LEAD,
    )
    def list(self, request: Request) -> Response:
        """Admins and managers see all, an agent those that it holds or created. `custom.<key>` filters by a custom
        field. Several values of one filter are separated by commas."""
        kept = search_in_force("leads", request.query_params, acting(request))
        return self.listing(
            visible(request).alive().only(*ORDERING.values()),
            plural="leads",
            represent=lead_page,
            filterset=LeadFilter,
            ordering=ORDERING,
            default=kept.ordering if kept and kept.ordering else "-created_at",
        )

    @describe("Count leads by stage and qualification", answer_example=examples.STATS)
    def stats(self, request: Request) -> Response:
        """Of the visible leads that are not deleted; the pipeline's value is that of the open ones."""
        return self.answer(stats_of(visible(request).alive()))

    @describe(
        "Create a lead",
        body=serializers.NewLeadBody,
        status=201,
        errors=(404, 409),
        example=examples.NEW_LEAD,
        answer_example=examples.LEAD,
    )
    def create(self, request: Request) -> Response:
        """The contact is the one of `contact_id`, or the one with this phone or e-mail, or a new one. A named agent
        gets the lead at once (409 without room).

        With a vendor's `x-api-key` the lead is that vendor's: its field mapping is applied, fields that we do not know
        go to `custom_fields`, and the answer holds `id`, `status`, `created_at` and what was sent. A refusal holds a
        `reason_code`: `duplicate`, `reserved`, `do_not_contact`, `daily_cap_reached`, `vendor_paused`,
        `missing_field`, `invalid_phone`, `invalid_email`, `invalid_field`."""
        if isinstance(request.user, VendorCaller):
            return answer_post(self, request.user)
        body = self.body(serializers.NewLeadBody)
        if body.get("campaign_id"):
            raise InvalidField("campaign_id", "No such campaign")
        lead = actions.create_lead(body, by=acting(request), agent=agent_in(body))
        return self.answer(lead_json(lead), 201, row=lead)

    @describe("Read a lead", answer_example=examples.LEAD)
    def retrieve(self, request: Request, pk: str) -> Response:
        found = visible(request).alive().filter(pk=as_uuid(pk))
        shown = next(iter(lead_rows(found)), None) or lead_json(self.lead(request, pk))  # which says why there is none
        return self.answer(shown, row=Lead(pk=shown["id"], updated_at=shown["updated_at"]))

    @describe(
        "Change a lead",
        body=serializers.LeadFields,
        errors=(409,),
        example=examples.LEAD_CHANGE,
        answer_example=examples.LEAD,
    )
    def update(self, request: Request, pk: str) -> Response:
        """PUT and PATCH alike change the named fields alone; fields of the person change the contact."""
        lead = self.lead(request, pk)
        lead = actions.update_lead(lead, self.body(serializers.LeadFields, partial=True), by=acting(request))
        return self.changed(lead)

    @describe("Delete a lead", answer_example={"message": "Lead deleted"})
    def destroy(self, request: Request, pk: str) -> Response:
        """Softly: it leaves every list and stays in the database."""
        actions.delete_lead(self.lead(request, pk), by=acting(request))
        return self.answer({"message": "Lead deleted"})

    @describe(
        "Move a lead in the funnel",
        body=serializers.StageBody,
        errors=(409,),
        example={"stage": "sql", "stage_reason": "Budget confirmed, decision maker engaged"},
        answer_example={**examples.LEAD, "stage": "sql"},
    )
    def stage(self, request: Request, pk: str) -> Response:
        """Any move is allowed; leaving `customer` or `lost` takes a `stage_reason`."""
        lead = self.lead(request, pk)
        body = self.body(serializers.StageBody)
        reason = body.get("stage_reason") or ""
        return self.changed(actions.set_stage(lead, body["stage"], reason=reason, by=acting(request)))

    @describe(
        "Set a lead's deal value",
        body=serializers.DealValueBody,
        errors=(409,),
        example={"deal_value": 15000.0},
        answer_example={**examples.LEAD, "deal_value": 15000.0},
    )
    def deal_value(self, request: Request, pk: str) -> Response:
        lead = self.lead(request, pk)
        value = self.body(serializers.DealValueBody)["deal_value"]
        return self.changed(actions.set_deal_value(lead, value, by=acting(request)))

    @describe("List a lead's notes", listing="notes", ordering=NEWEST, answer_example=examples.NOTE)
    def notes(self, request: Request, pk: str) -> Response:
        lead = self.lead(request, pk)
        return self.listing(
            Note.objects.filter(lead=lead).select_related("user"),
            plural="notes",
            represent=lambda rows: [note_json(note) for note in rows],
            ordering=NEWEST,
            default="-created_at",
        )

    @describe(
        "Write a note about a lead",
        body=serializers.NoteBody,
        status=201,
        example={"text": "Asked for the price list."},
        answer_example=examples.NOTE,
    )
    def add_note(self, request: Request, pk: str) -> Response:
        lead = self.lead(request, pk)
        note = actions.add_note(lead, self.body(serializers.NoteBody)["text"], by=acting(request))
        return self.answer(note_json(note), 201)

    @describe("What happened to a lead", listing="timeline", ordering=["at"], answer_example=examples.HAPPENING)
    def timeline(self, request: Request, pk: str) -> Response:
        """All that happened to the lead and to its contact, newest first."""
        lead = self.lead(request, pk, "company", "contact", "deleted_at", "merged_into")
        entries = AuditEntry.objects.filter(object_id__in=all_of(lead)).select_related("user")
        return self.listing(
            entries.only(*SHOWN_OF_ENTRIES),
            plural="timeline",
            represent=timeline_page,
            ordering={"at": "pk"},
            default="-at",
        )

    def lead(self, request: Request, pk: str, *columns: str) -> Lead:
        return lead_in(self, request, pk, *columns)

    def changed(self, lead: Lead) -> Response:
        return self.answer(lead_json(lead), row=lead)


def lead_in(view: ApiViewSet, request: Request, pk: str, *columns: str) -> Lead:
    """404 where there is none or it is deleted (naming the one that it was merged into), 403 where the role may not
    see it or it is another company's. With `columns` it reads those alone.
    """
    try:
        rows = visible(request).only(*columns).telling_merges() if columns else visible(request)
        lead: Lead = view.find(rows, pk)
    except NotFound:
        raise NotFound(NOT_FOUND) from None
    if lead.deleted_at is not None and lead.merged_into_id is not None:
        raise Missing("The lead was merged into another", merged_into_id=str(lead.merged_into_id))
    if lead.deleted_at is not None:
        raise NotFound(NOT_FOUND)
    return lead


def acting(request: Request) -> User:
    user: Any = request.user
    return user  # type: ignore[no-any-return]


def visible(request: Request) -> Any:
    return Lead.objects.visible_to(acting(request))


def stats_of(leads: Any) -> dict[str, Any]:
    """One statement."""
    stages = {f"{stage.value}_count": Count("pk", filter=Q(stage=stage)) for stage in Stage}
    verdicts = {
        f"{verdict.value}_count": Count("pk", filter=Q(qualification_status=verdict)) for verdict in Qualification
    }
    counted: dict[str, Any] = leads.aggregate(
        total_leads=Count("pk"),
        **stages,
        avg_score=Avg("score"),
        total_pipeline_value=Sum("deal_value", filter=IS_OPEN),
        **verdicts,
    )
    counted["avg_score"] = round(float(counted["avg_score"] or 0), 1)
    counted["total_pipeline_value"] = counted["total_pipeline_value"] or 0.0
    return counted


def timeline_page(entries: Iterable[AuditEntry]) -> list[dict[str, Any]]:
    """With the texts that the log itself does not hold: notes, messages, and the reasons of moves."""
    happenings = [happening(entry) for entry in entries]
    texts: dict[str, str] = quotes_in(happenings)
    if moves := {h.data["stage_change_id"] for h in happenings if "stage_change_id" in h.data}:
        reasons = StageChange.objects.filter(pk__in=moves).values_list("pk", "reason")
        texts |= {str(pk): reason for pk, reason in reasons}
    return [happening_json(h, texts) for h in happenings]
