"""Rows that the product sends out by itself, a call or a message: each points at the decision that allowed it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from crm.compliance.models import ContactDecision
from crm.core.tenancy import TenantKey, TenantModel


class Decided(TenantModel):
    """Base of what is sent: set both fields with `decided_by`, and hold `sent_only_if_allowed` in `Meta.constraints`.

    After every `migrate` the database is made to check that `decision_allowed` is what the decision says and, where
    the model has a `contact`, that the row begins with a decision on that contact (`guard.py`); when contacts are
    merged the row may go along, and the decision stays with whom it was about.
    """

    decision = TenantKey(ContactDecision, models.PROTECT, null=True, blank=True, related_name="+", editable=False)
    decision_allowed = models.BooleanField(null=True, editable=False, help_text="As the decision says, by the database")

    class Meta:
        abstract = True


def decided_by(decision: ContactDecision) -> dict[str, Any]:
    """The fields of a new `Decided` row."""
    return {"decision": decision, "decision_allowed": decision.allowed}


def sent_only_if_allowed(name: str, *, unless: Q) -> models.CheckConstraint:
    """No such row without a decision that allows it, but for those of `unless`: logged by hand, or coming in."""
    return models.CheckConstraint(condition=unless | Q(decision__isnull=False, decision_allowed=True), name=name)
