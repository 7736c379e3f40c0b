"""What the simulator keeps of the calls that it plays, so that a restart goes on where it stopped."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from crm.core.encrypted import EncryptedTextField
from crm.core.tenancy import TenantModel


class SimulatedCall(TenantModel):
    """One call that nobody's telephone rings for. What happens in it follows from its id and the seed."""

    call_id = models.UUIDField()
    request = EncryptedTextField(help_text="What was asked for, as JSON; emptied when the call is over")
    placed_at = models.DateTimeField()
    canceled_at = models.DateTimeField(null=True)
    state = EncryptedTextField(blank=True, default="", help_text="What was done in it, as JSON; emptied likewise")
    steps_told = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, help_text="When the next step is to be told; none: the call is over")
    failures = models.PositiveSmallIntegerField(default=0, help_text="Of telling the next step, in a row")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "call_id"], name="simulated_call_once")]
        indexes = [
            # the sweep asks which companies' calls wait
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="simulated_call_due"),
            # those over are thrown away
            models.Index(fields=["placed_at"], condition=Q(due_at__isnull=True), name="simulated_call_over"),
        ]

    def __str__(self) -> str:
        return f"call {self.call_id}"
