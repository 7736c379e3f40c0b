"""Contacts, the leads that pursue them, and what happened to each."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from agents.models import Agent
from crm.core.tenancy import TenantKey, TenantModel
from crm.core.text import fold
from crm.jobs.models import Job
from crm.vendors.models import Vendor
from leads.choices import CLOSED_STAGES as CLOSED_STAGES
from leads.choices import OptIn as OptIn
from leads.choices import Priority as Priority
from leads.choices import Qualification as Qualification
from leads.choices import Stage as Stage
from leads.choices import Status as Status
from leads.choices import Strategy as Strategy
from leads.duplicates.keys import CONTACT_INDEXES
from leads.duplicates.models import DuplicatePair as DuplicatePair
from leads.import_choices import ImportKey, ImportMode
from leads.phone_numbers import zones_of
from leads.querysets import DUE_AT, EXTERNAL_ID, IS_OPEN, ContactQuerySet, LeadQuerySet

ALIVE = Q(deleted_at__isnull=True)


class Contact(TenantModel):
    """The person to be reached; one per phone number and per e-mail address in a company."""

    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    email = models.CharField(max_length=254, blank=True, help_text="Lower case")
    phone_e164 = models.CharField(max_length=16, blank=True)
    organization = models.CharField(max_length=200, blank=True, help_text="The employer")
    title = models.CharField(max_length=200, blank=True)
    timezone = models.CharField(max_length=64, blank=True, help_text="As stated; empty: derived from the phone number")
    country = models.CharField(max_length=2, blank=True)
    region = models.CharField(max_length=100, blank=True)
    city = models.CharField(max_length=100, blank=True)
    tags = models.JSONField(default=list, blank=True)
    custom_fields = models.JSONField(default=dict, blank=True)
    lifecycle_stage = models.CharField(max_length=12, choices=Stage, default=Stage.LEAD)
    opt_in_status = models.CharField(max_length=9, choices=OptIn, default=OptIn.UNKNOWN)
    do_not_contact = models.BooleanField(default=False)
    search_text = models.TextField(blank=True, editable=False, help_text="Folded name, e-mail, phone, employer")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    merged_into = TenantKey("self", models.PROTECT, null=True, related_name="+", editable=False, db_index=False)

    objects = ContactQuerySet.as_manager()  # type: ignore[misc]

    personal: ClassVar[frozenset[str]] = frozenset(
        {"first_name", "last_name", "email", "phone_e164", "organization", "title", "city", "region", "custom_fields"}
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "phone_e164"],
                condition=Q(deleted_at__isnull=True) & ~Q(phone_e164=""),
                name="contact_phone_once",
            ),
            models.UniqueConstraint(
                fields=["company", "email"],
                condition=Q(deleted_at__isnull=True) & ~Q(email=""),
                name="contact_email_once",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-created_at", "-id"], name="contact_newest"),
            # the list by its other orders, ties by id
            models.Index(fields=["company", "-updated_at", "-id"], condition=ALIVE, name="contact_updated"),
            models.Index(fields=["company", "last_name", "id"], condition=ALIVE, name="contact_last_name"),
            models.Index(fields=["company", "first_name", "id"], condition=ALIVE, name="contact_first_name"),
            *CONTACT_INDEXES,
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="contact_search"),
            GinIndex(fields=["tags"], opclasses=["jsonb_path_ops"], name="contact_tags"),  # the list by tags
            GinIndex(fields=["custom_fields"], opclasses=["jsonb_path_ops"], name="contact_custom"),  # `custom.<key>`
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email or self.phone_e164

    @property
    def searchable(self) -> str:
        """What `search_text` must hold, here and on the contact's leads."""
        return fold(f"{self.first_name} {self.last_name} {self.email} {self.phone_e164} {self.organization}")

    @property
    def sort_key(self) -> str | None:
        """What `last_name_key` of its leads must hold; none sorts last."""
        return fold(self.last_name)[:150] or None

    @property
    def zones(self) -> tuple[str, ...]:
        """The time zones it may be in: the stated one, else those of the phone number."""
        return (self.timezone,) if self.timezone else zones_of(self.phone_e164)


class ImportMapping(TenantModel):
    """Which column is which field, as the company chose it last for a file with these headers."""

    key = models.CharField(max_length=64, help_text="SHA-256 of the folded headers, sorted")
    mapping = models.JSONField(default=dict, help_text="Header to field")
    mode = models.CharField(max_length=6, choices=ImportMode, default=ImportMode.NEW)
    match_by = models.CharField(max_length=11, choices=ImportKey, default=ImportKey.PERSON)
    used_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "key"], name="import_mapping_once")]

    def __str__(self) -> str:
        return f"{len(self.mapping)} columns"


class ImportFile(TenantModel):
    """A file of leads between upload and result; what it holds is wiped once it has been brought in."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=255)
    rows = models.FileField(upload_to="imports/", blank=True, max_length=300, help_text="One JSON array a line")
    headers = models.JSONField(default=list)
    total = models.PositiveIntegerField(default=0)
    mapping = models.JSONField(default=dict)
    mode = models.CharField(max_length=6, choices=ImportMode, default=ImportMode.NEW)
    match_by = models.CharField(max_length=11, choices=ImportKey, default=ImportKey.PERSON)
    job = TenantKey(Job, models.PROTECT, null=True, related_name="+", db_index=False)
    agent = TenantKey(Agent, models.PROTECT, null=True, related_name="+", db_index=False)
    result = models.JSONField(null=True, help_text="As the API answers it; empty until it has run")
    created_at = models.DateTimeField(default=now, editable=False)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["company", "-created_at"], name="import_newest")]  # earlier imports; the purge

    def __str__(self) -> str:
        return self.name


class Lead(TenantModel):
    """One pursuit of a contact: where it stands on three axes, who holds it, and when it is due."""

    contact = TenantKey(Contact, models.PROTECT, related_name="leads")
    agent = TenantKey(Agent, models.PROTECT, null=True, blank=True, related_name="leads", db_index=False)
    vendor = TenantKey(Vendor, models.PROTECT, null=True, blank=True, related_name="leads")
    import_file = TenantKey(
        ImportFile, models.PROTECT, null=True, blank=True, related_name="leads", editable=False, db_index=False
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        db_index=False,
    )
    source = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=11, choices=Status, default=Status.NEW)
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.LEAD)
    stage_changed_at = models.DateTimeField(default=now, editable=False)
    disposition = models.CharField(max_length=50, blank=True, help_text="The last outcome, by its key")
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    qualification_status = models.CharField(max_length=12, choices=Qualification, default=Qualification.UNQUALIFIED)
    score = models.PositiveSmallIntegerField(default=0)
    deal_value = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    expected_close_date = models.DateTimeField(null=True, blank=True)
    qualification_data = models.JSONField(default=dict, blank=True)
    custom_fields = models.JSONField(default=dict, blank=True)
    tags = models.JSONField(default=list, blank=True)
    schedule_at = models.DateTimeField(null=True, blank=True)
    attempts_count = models.PositiveIntegerField(default=0, editable=False)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    held_until = models.DateTimeField(null=True, blank=True, editable=False, help_text="By the gate: no call before")
    front_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="To be called past hours, delays")
    assigned_at = models.DateTimeField(null=True, blank=True, editable=False)
    deadline = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the first response is due")
    first_response_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Since the last assignment"
    )
    accept_due_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Returned to the queue then, without a first response"
    )
    breached_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_duplicate = models.BooleanField(
        default=False, editable=False, help_text="Another open lead of the contact stands beside it"
    )
    last_name_key = models.CharField(
        max_length=150, null=True, editable=False, help_text="The contact's, folded, to sort by; none sorts last"
    )
    search_text = models.TextField(blank=True, editable=False, help_text="The contact's, to search by")
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    merged_into = TenantKey("self", models.PROTECT, null=True, related_name="+", editable=False, db_index=False)

    objects = LeadQuerySet.as_manager()  # type: ignore[misc]

    personal: ClassVar[frozenset[str]] = frozenset({"custom_fields", "qualification_data"})

    class Meta:
        constraints = [
            models.UniqueConstraint(  # one open lead per contact and agent, whatever races
                fields=["contact", "agent"], condition=IS_OPEN & Q(agent__isnull=False), name="lead_open_once_per_agent"
            ),
            models.CheckConstraint(condition=Q(score__lte=100), name="lead_score_sane"),
        ]
        indexes = [
            # the list by each order and its opposite, ties by id; rows without a value are read apart, last
            models.Index(fields=["company", "-created_at", "-id"], condition=ALIVE, name="lead_newest"),
            models.Index(fields=["company", "-updated_at", "-id"], condition=ALIVE, name="lead_updated"),
            models.Index(fields=["company", "-score", "-id"], condition=ALIVE, name="lead_score"),
            models.Index(fields=["company", "-priority", "-id"], condition=ALIVE, name="lead_priority"),
            models.Index(fields=["company", "deadline", "id"], condition=ALIVE, name="lead_deadline"),
            models.Index(fields=["company", "deal_value", "id"], condition=ALIVE, name="lead_deal_value"),
            models.Index(fields=["company", "next_attempt_at", "id"], condition=ALIVE, name="lead_next_attempt"),
            models.Index(fields=["company", "last_name_key", "id"], condition=ALIVE, name="lead_last_name"),
            # an agent's own list; its open ones, counted and looked through for a contact by the index alone
            models.Index(fields=["agent", "-created_at", "-id"], condition=ALIVE, name="lead_of_agent"),
            models.Index(fields=["agent", "company", "contact", "id"], condition=IS_OPEN, name="lead_held"),
            models.Index(fields=["created_by", "-created_at", "-id"], condition=ALIVE, name="lead_of_creator"),
            # the next to claim
            models.Index(
                fields=["company", "-priority", "-score", "created_at"],
                condition=IS_OPEN & Q(agent__isnull=True),
                name="lead_unassigned",
            ),
            # what an agent is to call now: what stands at the front, then by priority, the longest due first
            models.Index("agent", "priority", DUE_AT, condition=IS_OPEN & Q(agent__isnull=False), name="lead_call_due"),
            models.Index("agent", "front_at", condition=IS_OPEN & Q(front_at__isnull=False), name="lead_at_front"),
            # what nobody has touched within the accept time, across companies
            models.Index(
                fields=["accept_due_at", "company"],
                condition=IS_OPEN & Q(accept_due_at__isnull=False, first_response_at__isnull=True),
                name="lead_accept_due",
            ),
            models.Index(
                fields=["agent", "closed_at"], condition=Q(closed_at__isnull=False), name="lead_closed"
            ),  # performance
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="lead_search"),
            GinIndex(fields=["tags"], opclasses=["jsonb_path_ops"], name="lead_tags"),  # the list by tags
            GinIndex(fields=["custom_fields"], opclasses=["jsonb_path_ops"], name="lead_custom"),  # by `custom.<key>`
            # which lead an import means by the id that another system gave it; of part of the rows alone, PostgreSQL
            # would keep no statistics that it uses, and read the table instead
            models.Index("company", EXTERNAL_ID, name="lead_external"),
            # how many a filter by state finds, from the index alone
            models.Index(fields=["company", "status", "stage"], condition=ALIVE, name="lead_by_state"),
            # the board: what each stage adds up to, from the index alone, and the cards that came to it last
            models.Index(
                fields=["company", "stage", "-stage_changed_at", "-id"],
                include=["deal_value", "status"],
                condition=ALIVE,
                name="lead_board",
            ),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="lead_merged"),
            # those that stand beside another open one of their contact, to be decided
            models.Index(
                fields=["company", "-created_at", "-id"], condition=IS_OPEN & Q(is_duplicate=True), name="lead_flagged"
            ),
            # what an import brought in, to be shared out
            models.Index(
                fields=["import_file", "-created_at", "-id"],
                condition=Q(import_file__isnull=False),
                name="lead_imported",
            ),
        ]

    def __str__(self) -> str:
        """The contact's name where it is at hand: it costs no query."""
        return self.contact.name if Lead.contact.is_cached(self) else f"Lead {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.deleted_at is None and self.status != Status.DONE and self.stage not in CLOSED_STAGES


class Disposition(TenantModel):
    """An outcome that a company added to the built-in ones (`leads/dispositions.py`)."""

    key = models.CharField(max_length=50)
    label = models.CharField(max_length=100)
    is_final = models.BooleanField(default=False, help_text="Closes the lead")
    reached_person = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["label"]
        constraints = [models.UniqueConstraint(fields=["company", "key"], name="disposition_key_once")]

    def __str__(self) -> str:
        return self.label


class StageChange(TenantModel):
    """One move in the funnel: from, to, why, by whom, and how long the lead had stayed."""

    lead = TenantKey(Lead, models.CASCADE, related_name="stage_changes", db_index=False)
    from_stage = models.CharField(max_length=12, choices=Stage, blank=True, help_text="Empty: it began here")
    to_stage = models.CharField(max_length=12, choices=Stage)
    reason = models.TextField(blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    is_automatic = models.BooleanField(default=False)
    stayed_seconds = models.PositiveBigIntegerField(default=0)
    at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["lead", "-at"], name="stage_change_of_lead")]

    def __str__(self) -> str:
        return f"{self.from_stage or '–'} → {self.to_stage}"


class Assignment(TenantModel):
    """One change of holder: from, to, by whom, by which strategy, and why this agent."""

    lead = TenantKey(Lead, models.CASCADE, related_name="assignments", db_index=False)
    from_agent = TenantKey(Agent, models.PROTECT, null=True, related_name="+", db_index=False)
    to_agent = TenantKey(Agent, models.PROTECT, null=True, related_name="received", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    actor_label = models.CharField(max_length=200, blank=True, help_text="Who acted, where it was no user")
    strategy = models.CharField(max_length=12, choices=Strategy, blank=True)
    notes = models.TextField(blank=True)
    reason = models.JSONField(default=dict, help_text="Why this agent: rank, room, score, availability at that moment")
    deadline = models.DateTimeField(null=True)
    at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(fields=["lead", "-at"], name="assignment_of_lead"),
            models.Index(fields=["to_agent", "-at"], name="assignment_to_agent"),  # its history; leads received
        ]

    def __str__(self) -> str:
        return f"{self.from_agent_id or '–'} → {self.to_agent_id or '–'}"


class Note(TenantModel):
    """What somebody wrote about a lead."""

    lead = TenantKey(Lead, models.CASCADE, related_name="notes", db_index=False)
    text = models.TextField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=now, editable=False)

    personal: ClassVar[frozenset[str]] = frozenset({"text"})

    class Meta:
        indexes = [models.Index(fields=["lead", "-created_at"], name="note_of_lead")]

    def __str__(self) -> str:
        return self.text[:60]


import leads.routing.models  # noqa: E402, F401 - the rules stand beside the leads that they send
