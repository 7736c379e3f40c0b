"""Named selections of agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db.models import Count, F, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from crm.core.api.json import is_clean
from crm.core.tenancy import TenantQuerySet

if TYPE_CHECKING:
    from agents.models import Agent  # noqa: F401


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


class AgentQuerySet(TenantQuerySet["Agent"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def people(self) -> Self:
        return self.filter(kind="human")

    def named(self, reference: str) -> Self:
        """By UUID or by the user's e-mail, as the API accepts an agent wherever one is named."""
        if is_uuid(reference):
            return self.filter(pk=reference)
        if not is_clean(reference):  # what no column holds
            return self.none()
        return self.filter(user__email__iexact=reference)

    def with_load(self) -> Self:
        """Adds `held`, the number of open leads; a look into the partial index `lead_held` for each agent."""
        held = self.open_leads().filter(agent=OuterRef("pk")).order_by().values("agent").annotate(n=Count("pk"))
        return self.annotate(held=Coalesce(Subquery(held.values("n")), 0, output_field=IntegerField()))

    def with_room(self, room: bool = True) -> Self:
        """Those that could be given one more open lead, or those that could not."""
        can_take = Q(is_active=True) & (Q(max_capacity__isnull=True) | Q(held__lt=F("max_capacity")))
        return self.with_load().filter(can_take if room else ~can_take)

    def matching(self, words: str) -> Self:
        """Every word in the name or the e-mail."""
        found = self
        for word in words.split():
            found = found.filter(Q(name__icontains=word) | Q(user__email__icontains=word))
        return found

    def open_leads(self) -> Any:
        """Leads stand on a higher floor and are reached by the name of the relation."""
        leads: Any = self.model._meta.get_field("leads").related_model
        return leads.objects.open()
