"""What the contact gate decided, what people agreed to, whom not to reach, and hours stricter than the law's."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from crm.compliance.channels import ALL, COVERS, Channel
from crm.compliance.querysets import ConsentQuerySet, DecisionQuerySet, SuppressionQuerySet
from crm.compliance.replies import Meaning
from crm.core.encrypted import EncryptedTextField
from crm.core.ids import uuid7
from crm.core.tenancy import TenantKey, TenantModel
from leads.models import Contact, Lead


class ContactDecision(TenantModel):
    """One answer of the gate that was acted upon: might this contact be reached, by this channel, at that moment?

    Never changed afterwards (`guard.py`). What is sent points at `(id, allowed)`.
    """

    contact = TenantKey(Contact, models.PROTECT, related_name="decisions", db_index=False)
    lead = TenantKey(Lead, models.PROTECT, null=True, related_name="decisions", db_index=False)
    channel = models.CharField(max_length=8, choices=Channel)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    actor_label = models.CharField(max_length=200, blank=True, help_text="Who asked, where it was no user")
    at = models.DateTimeField(default=now, help_text="The moment that was asked about")
    allowed = models.BooleanField()
    rules = models.JSONField(default=list, help_text="Each rule with its outcome, text and source")
    next_permitted_at = models.DateTimeField(null=True, help_text="Empty: only a person or an act can change it")
    created_at = models.DateTimeField(default=now, editable=False)

    objects = DecisionQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints = [  # what `guard.py` lets calls and messages point at
            models.UniqueConstraint(fields=["id", "allowed"], name="decision_as_allowed"),
        ]
        indexes = [
            models.Index(fields=["company", "-id"], name="decision_newest"),  # recent decisions
            models.Index(fields=["company", "-id"], condition=Q(allowed=False), name="decision_denied"),
            models.Index(fields=["contact", "-id"], name="decision_newest_of"),  # the contact's page
            models.Index(  # the lead's page: why it was (not) called
                fields=["lead", "-id"], condition=Q(lead__isnull=False), name="decision_of_lead"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {'allowed' if self.allowed else 'denied'}"

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """The rules that said no; none where the rows of a company were filled by hand with anything else."""
        return [rule for rule in self.rules if isinstance(rule, dict) and rule.get("outcome") == "deny"]


class ConsentState(models.TextChoices):
    GRANTED = "granted", "Granted"
    REVOKED = "revoked", "Revoked"
    CLEARED = "cleared", "Taken back"  # the entry before it was an error, or was undone: nothing is known again


class ConsentSource(models.TextChoices):
    """Who or what brought it in."""

    API = "api", "API"
    AGENT = "agent", "Agent"
    STATUS = "status", "The contact's own fields"
    DISPOSITION = "disposition", "Disposition"
    VENDOR = "vendor", "Vendor"
    REPLY = "reply", "Text reply"
    TRANSCRIPT = "transcript", "Call transcript"
    UNSUBSCRIBE = "unsubscribe", "Unsubscribe link"
    COMPLAINT = "complaint", "Complaint"
    MERGE = "merge", "Merged contact"


class ConsentEvent(TenantModel):
    """One line of the consent ledger: a grant or a revocation for one channel, and all that proves it.

    Append-only, by triggers; only the erasure of a person may blank `address`, `ip` and `wording`.
    """

    contact = TenantKey(Contact, models.PROTECT, related_name="consent_events", db_index=False)
    lead = TenantKey(Lead, models.PROTECT, null=True, related_name="+", db_index=False)
    act = models.UUIDField(default=uuid7, help_text="Shared by the lines of one act that covers several channels")
    channel = models.CharField(max_length=8, choices=COVERS)
    state = models.CharField(max_length=7, choices=ConsentState)
    wording = models.TextField(blank=True, help_text="What the person said, or agreed to")
    basis = models.CharField(max_length=200, blank=True, help_text="By what rule: express consent, a request …")
    source = models.CharField(max_length=11, choices=ConsentSource)
    origin = models.CharField(max_length=200, blank=True, help_text="Where exactly: a form, a campaign, a call")
    address = models.CharField(max_length=254, blank=True, help_text="The phone number or e-mail address meant")
    ip = models.GenericIPAddressField(null=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    actor_label = models.CharField(max_length=200, blank=True, help_text="Who recorded it, where it was no user")
    at = models.DateTimeField(default=now, help_text="When it was said; what is said later counts")
    created_at = models.DateTimeField(default=now, editable=False)

    objects = ConsentQuerySet.as_manager()  # type: ignore[misc]

    personal: ClassVar[frozenset[str]] = frozenset({"wording", "address", "ip"})

    class Meta:
        indexes = [
            models.Index(fields=["contact", "channel", "-at", "-id"], name="consent_now"),  # what holds today
            models.Index(fields=["contact", "-at", "-id"], name="consent_of_contact"),  # the ledger
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.get_state_display().lower()}"

    @property
    def is_whole_person(self) -> bool:
        return self.channel == ALL


class IncomingText(TenantModel):
    """A text message that a person sent us; what it asked for stands in the ledger.

    Without a contact it was a keyword from a number that nobody has, and neither number nor words are kept.
    """

    contact = TenantKey(Contact, models.PROTECT, null=True, related_name="texts", db_index=False)
    channel = models.CharField(max_length=8, choices=Channel)
    text = EncryptedTextField(blank=True)
    meaning = models.CharField(max_length=5, choices=Meaning, blank=True, help_text="Where it was a keyword")
    provider = models.CharField(max_length=20)
    provider_id = models.CharField(max_length=64, help_text="The provider's own name for it")
    at = models.DateTimeField(default=now, help_text="When it came")

    personal: ClassVar[frozenset[str]] = frozenset({"text"})

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "provider", "provider_id"], name="incoming_text_once")
        ]
        indexes = [models.Index(fields=["contact", "-at"], name="incoming_text_of")]  # the person's; merges

    def __str__(self) -> str:
        return f"{self.get_channel_display()}, {self.at:%Y-%m-%d %H:%M}"


class AddressKind(models.TextChoices):
    PHONE = "phone", "Phone"
    EMAIL = "email", "E-mail"


class Suppression(TenantModel):
    """A phone number or e-mail address that is never to be reached, whoever has it; found by its hash."""

    kind = models.CharField(max_length=5, choices=AddressKind)
    value_sha256 = models.CharField(max_length=64, help_text="Of the number in E.164, the address in lower case")
    value = EncryptedTextField(blank=True, help_text="Empty where only its hash was given")
    channels = models.JSONField(default=list, help_text="Those that it covers")
    reason = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=100, blank=True, help_text="Where it comes from: a registry, a request …")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: for good")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)

    objects = SuppressionQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        constraints = [  # also finds the addresses of a set of contacts
            models.UniqueConstraint(fields=["company", "kind", "value_sha256"], name="suppression_once")
        ]
        indexes = [models.Index(fields=["company", "-created_at", "-id"], name="suppression_newest")]  # the list

    def __str__(self) -> str:
        return self.shown

    @property
    def shown(self) -> str:
        """Enough to tell it by, and not the address itself: for those who may not see it."""
        if not self.value:
            return f"#{self.value_sha256[:12]}"
        if self.kind == AddressKind.PHONE:
            return f"{self.value[:2]}•••{self.value[-4:]}"
        name, _, domain = self.value.partition("@")
        return f"{name[:1]}•••@{domain}"


class StricterHours(TenantModel):
    """The company's own calling hours for a country or a part of it: narrower than the law's, never wider."""

    country = models.CharField(max_length=2, help_text="ISO 3166")
    region = models.CharField(max_length=3, blank=True, help_text="ISO 3166-2 without the country; empty: all of it")
    channels = models.JSONField(default=list, help_text="Those that it binds")
    hours = models.JSONField(default=dict, help_text="Windows by weekday, local time; a day left out has none")
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name_plural = "stricter hours"
        constraints = [
            models.UniqueConstraint(fields=["company", "country", "region"], name="stricter_hours_once")
        ]  # also the list

    def __str__(self) -> str:
        return f"{self.country}-{self.region}" if self.region else self.country
