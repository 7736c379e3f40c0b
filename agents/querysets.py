"""Named selections of agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm.core.tenancy import TenantQuerySet

if TYPE_CHECKING:
    from agents.models import Agent  # noqa: F401


class AgentQuerySet(TenantQuerySet["Agent"]):
    pass
