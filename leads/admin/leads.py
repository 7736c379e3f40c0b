"""Leads on the desk: found, shared out, moved and closed by the actions of the pages and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from crm.core.actors import Actor
from crm.core.admin import CompanyModelAdmin
from crm.core.errors import Refused
from crm.jobs.models import Job
from leads import actions
from leads.admin.duplicates import merge_two
from leads.admin.filters import DeletedFilter, HolderFilter, OpenFilter, SlaFilter
from leads.admin.forms import (
    AssignForm,
    ChangeForm,
    DispositionForm,
    LeadForm,
    NewLeadForm,
    ReasonForm,
    StageForm,
    SureForm,
)
from leads.bulk_jobs import ASSIGN, DELETE, MOST_AT_ONCE, RETURN, UPDATE, BulkWork, do_at_once, start
from leads.duplicates.jobs import merge_leads_now
from leads.models import Lead, Status
from leads.sla import sla_status

STATEFUL = (
    "status",
    "stage",
    "stage_changed_at",
    "disposition",
    "agent",
    "assigned_at",
    "deadline",
    "first_response_at",
    "breached_at",
    "score",
    "attempts_count",
    "next_attempt_at",
    "is_duplicate",
    "vendor",
    "created_by",
    "created_at",
    "updated_at",
    "closed_at",
    "deleted_at",
)


@admin.register(Lead)
class LeadAdmin(CompanyModelAdmin):
    list_display = (
        "name",
        "phone",
        "state",
        "stage",
        "holder",
        "priority",
        "score",
        "clock",
        "source",
        "created",
        "open",
    )
    list_filter = (
        OpenFilter,
        "status",
        "stage",
        "priority",
        HolderFilter,
        SlaFilter,
        "qualification_status",
        "is_duplicate",
        "created_at",
        DeletedFilter,
    )
    search_fields = ("search_text",)
    search_help_text = "Name, phone, e-mail or employer"
    folded_search = "search_text"
    ordering = ("-created_at", "-id")
    paginator = Paginator  # type: ignore[assignment]  # counts all: "select all" says how many
    sortable_by = ("name", "priority", "score", "clock", "created")
    autocomplete_fields = ("contact", "agent")
    actions = (
        "assign",
        "unassign",
        "change",
        "set_stage",
        "set_disposition",
        "close",
        "reopen",
        "delete",
        "restore",
        "merge",
    )
    fieldsets = (
        ("Contact", {"fields": ("person",)}),
        ("Work", {"fields": ("priority", "qualification_status", "source", "schedule_at", "tags")}),
        ("Value", {"fields": ("deal_value", "expected_close_date")}),
        ("More", {"fields": ("custom_fields", "qualification_data")}),
        ("State", {"fields": STATEFUL, "description": "Changed by the actions of the list and on the lead's page."}),
    )
    add_fieldsets = (
        (
            "Contact",
            {
                "fields": ("contact", "first_name", "last_name", "email", "phone", "organization"),
                "description": "Somebody known, or a new person with a phone number or an e-mail address.",
            },
        ),
        ("Work", {"fields": ("agent", "stage", "priority", "source", "schedule_at", "tags")}),
        ("Value", {"fields": ("deal_value", "expected_close_date")}),
        ("More", {"fields": ("custom_fields", "qualification_data")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        return super().get_queryset(request).select_related("contact", "agent")  # type: ignore[no-any-return]

    def label(self, row: Lead) -> str:
        return row.contact.name

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, form=LeadForm if change else NewLeadForm, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*STATEFUL, "person") if obj else ()

    def view_on_site(self, obj: Lead) -> str:  # type: ignore[override]
        return reverse("leads:detail", args=[obj.pk])

    def perform_create(self, data: Mapping[str, Any], *, by: Actor) -> Lead:
        contact = data["contact"]
        given = {name: value for name, value in data.items() if name not in ("contact", "agent")}
        return actions.create_lead({**given, "contact_id": contact and contact.pk}, by=by, agent=data["agent"])

    def perform_update(self, lead: Lead, changes: Mapping[str, Any], *, by: Actor) -> Lead:
        return actions.update_lead(lead, changes, by=by)

    def perform_delete(self, lead: Lead, *, by: Actor) -> None:
        actions.delete_lead(lead, by=by)

    # --- columns ---------------------------------------------------------------------------------------------

    @admin.display(ordering="last_name_key")
    def name(self, lead: Lead) -> str:
        return lead.contact.name

    @admin.display()
    def phone(self, lead: Lead) -> str:
        return lead.contact.phone_e164

    @admin.display(description="Status")
    def state(self, lead: Lead) -> str:
        return f"{lead.get_status_display()}{f' · {lead.disposition}' if lead.disposition else ''}"

    @admin.display(description="Agent", empty_value="Unassigned")
    def holder(self, lead: Lead) -> str | None:
        return lead.agent.name if lead.agent else None

    @admin.display(description="Response", ordering="deadline")
    def clock(self, lead: Lead) -> SafeString:
        status = sla_status(lead)
        return format_html('<span class="sla sla-{}">{}</span>', status.value, status.label)

    @admin.display(description="Created", ordering="created_at")
    def created(self, lead: Lead) -> str:
        return f"{localtime(lead.created_at):%Y-%m-%d %H:%M}"

    @admin.display(description="")
    def open(self, lead: Lead) -> SafeString:
        return format_html('<a href="{}">Open</a>', self.view_on_site(lead))

    @admin.display(description="Contact")
    def person(self, lead: Lead) -> SafeString:
        contact = lead.contact
        link = reverse("admin:leads_contact_change", args=[contact.pk])
        told = " · ".join(filter(None, (contact.phone_e164, contact.email, contact.organization)))
        return format_html('<a href="{}">{}</a> {}', link, contact.name, told)

    # --- actions ---------------------------------------------------------------------------------------------

    def together(self, request: HttpRequest, leads: QuerySet[Lead], work: BulkWork, done: str) -> None:
        """As a job like any bulk call, which can be taken back; what is deleted or refused is told by name.

        More than a request does itself are left to a worker, and the job's page says how far it is.
        """
        by, total = self.actor(request), leads.order_by().count()
        if total > MOST_AT_ONCE:
            ids = [str(pk) for pk in leads.order_by("pk").values_list("pk", flat=True)]
            job = start(replace(work, lead_ids=ids), by=by, total=len(ids))
            words = format_html('{} leads are a job: <a href="{}">how far it is</a>.', f"{total:,}", self.page_of(job))
            messages.info(request, words)
            return
        names = {str(lead.pk): self.label(lead) for lead in leads}
        try:
            _, what = do_at_once(work, [*names], by=by)
        except Refused as refusal:
            messages.error(request, refusal.message)
            return
        refusals = {failed: f"{names.get(str(failed), '')}: {why}" for failed, why in what.failed}
        self.tell(request, len(what.ids), refusals, done)

    def page_of(self, job: Job) -> str:
        return reverse("jobs:detail", args=[job.pk])

    @admin.action(description="Assign by strategy …", permissions=["act"])
    def assign(self, request: HttpRequest, leads: QuerySet[Lead]) -> Any:
        form = self.asked(request, AssignForm)
        if not form.is_valid():
            return self.ask(request, leads, form, title="Share the leads out", button="Assign")
        chosen = form.cleaned_data
        pool = [agent.pk for agent in chosen["agents"]] or None
        work = BulkWork(ASSIGN, strategy=chosen["strategy"], pool=pool, notes=chosen["notes"])
        return self.together(request, leads, work, "leads assigned")

    @admin.action(description="Return to the queue …", permissions=["act"])
    def unassign(self, request: HttpRequest, leads: QuerySet[Lead]) -> Any:
        form = self.asked(request, ReasonForm)
        if not form.is_valid():
            return self.ask(request, leads, form, title="Return the leads to the queue", button="Return")
        return self.together(request, leads, BulkWork(RETURN, notes=form.cleaned_data["reason"]), "leads returned")

    @admin.action(description="Set stage …", permissions=["act"])
    def set_stage(self, request: HttpRequest, leads: QuerySet[Lead]) -> Any:
        form = self.asked(request, StageForm)
        if not form.is_valid():
            return self.ask(request, leads, form, title="Move the leads in the funnel", button="Set stage")
        changes = {"stage": form.cleaned_data["stage"], "stage_reason": form.cleaned_data["reason"]}
        return self.together(request, leads, BulkWork(UPDATE, changes=changes), "leads moved")

    @admin.action(description="Set disposition …", permissions=["act"])
    def set_disposition(self, request: HttpRequest, leads: QuerySet[Lead]) -> Any:
        form = self.asked(request, DispositionForm)
        if not form.is_valid():
            return self.ask(request, leads, form, title="Set the last outcome", button="Set disposition")
        changes = {"disposition": form.cleaned_data["disposition"]}
        return self.together(request, leads, BulkWork(UPDATE, changes=changes), "leads set")

    @admin.action(description="Close", permissions=["act"])
    def close(self, request: HttpRequest, leads: QuerySet[Lead]) -> Any:
        return self.together(request, leads, BulkWork(UPDATE, changes={"status": Status.DONE}), "leads closed")

    @admin.action(description="Reopen", permissions=["act"])
    def reopen(self, request: HttpRequest, leads: QuerySet[Lead]) -> Any:
        return self.together(request, leads, BulkWork(UPDATE, changes={"status": Status.IN_PROGRESS}), "leads reopened")

    @admin.action(description="Change priority or tags …", permissions=["act"])
    def change(self, request: HttpRequest, leads: QuerySet[Lead]) -> Any:
        form = self.asked(request, ChangeForm)
        if not form.is_valid():
            return self.ask(request, leads, form, title="Change the leads", button="Change")
        return self.together(request, leads, BulkWork(UPDATE, changes=form.changes), "leads changed")

    @admin.action(description="Delete …", permissions=["delete"])
    def delete(self, request: HttpRequest, leads: QuerySet[Lead]) -> Any:
        if not self.asked(request, SureForm).is_valid():
            return self.ask(
                request, leads, SureForm(), title="Delete the leads: they leave every list", button="Delete"
            )
        return self.together(request, leads, BulkWork(DELETE), "leads deleted")

    @admin.action(description="Restore", permissions=["delete"])
    def restore(self, request: HttpRequest, leads: QuerySet[Lead]) -> Any:
        by = self.actor(request)
        return self.each(request, leads, lambda lead: actions.restore_lead(lead, by=by), "leads restored")

    @admin.action(description="Merge selected two …", permissions=["act"])
    def merge(self, request: HttpRequest, leads: QuerySet[Lead]) -> Any:
        def label(row: Lead) -> str:
            return f"{row.contact.name}, {self.created(row)}, {row.get_stage_display()}, {self.state(row)}"

        return merge_two(self, request, leads, merge_leads_now, label)
