"""A company's own accounts at the services that we call."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from crm.core.encrypted import EncryptedTextField
from crm.core.tenancy import TenantModel

SHOWN = 4
SHORTEST_SHOWN = 12  # of a shorter secret, its end would tell too much


class Provider(models.TextChoices):
    """Those at which a company may have an account of its own."""

    TWILIO = "twilio", "Twilio"


class Connection(TenantModel):
    """The company's own account at a provider, which goes before the installation's; its secret is shown to nobody."""

    provider = models.CharField(max_length=20, choices=Provider)
    account = models.CharField(max_length=64, help_text="The provider's own name for it, such as Twilio's Account SID")
    secret = EncryptedTextField(help_text="With which it lets us in, and signs what it tells us")
    caller_number = models.CharField(
        max_length=16, blank=True, help_text="To call from, where an agent has no number of its own; E.164"
    )
    is_active = models.BooleanField(default=False, help_text="Calls go by it; what it tells is believed in any case")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["provider"]
        constraints = [models.UniqueConstraint(fields=["company", "provider"], name="connection_once")]
        indexes = [models.Index(fields=["account"], name="connection_account")]  # whose a callback is

    def __str__(self) -> str:
        return self.get_provider_display()

    @property
    def secret_end(self) -> str:
        """Enough to tell it by."""
        return self.secret[-SHOWN:] if len(self.secret) >= SHORTEST_SHOWN else ""
