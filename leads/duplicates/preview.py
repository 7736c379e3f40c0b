"""What a merge would do, told before it is done: reads and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from leads.duplicates.choosing import Chosen, contact_choices, lead_choices
from leads.duplicates.errors import CannotMerge
from leads.duplicates.merging import GONE, ITSELF, LeadPlan, plan_leads
from leads.duplicates.merging_leads import refuse_impossible
from leads.models import Contact, Lead


@dataclass
class Preview:
    """Each field with both values and what comes out, and what becomes of the leads."""

    chosen: list[Chosen]
    leads: LeadPlan = field(default_factory=LeadPlan)

    @property
    def differing(self) -> list[Chosen]:
        return [one for one in self.chosen if one.differs]


def preview_contacts(this: Contact, other: Contact, fields: Mapping[str, str] | None = None) -> Preview:
    """Raises what `merge_contacts` would raise."""
    if this.pk == other.pk:
        raise CannotMerge(ITSELF)
    if this.deleted_at is not None or other.deleted_at is not None:
        raise CannotMerge(GONE)
    rows = Lead.objects.filter(contact__in=[this, other]).select_related("agent").order_by("pk")
    return Preview(contact_choices(this, other, fields or {}), plan_leads(rows, this))


def preview_leads(this: Lead, other: Lead, fields: Mapping[str, str] | None = None) -> Preview:
    """Raises what `merge_leads` would raise."""
    refuse_impossible(this, other)
    return Preview(lead_choices(this, other, fields or {}))
