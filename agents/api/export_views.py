"""Agents as a file."""

from __future__ import annotations

from django.http import HttpResponseBase
from rest_framework.request import Request

from agents.filters import AgentFilter
from agents.lists import ORDERING
from crm.lists.api.export_views import ExportViewSet, describe_export


class AgentExport(ExportViewSet):
    schema_tag = "Agents"
    listing_name = "agents"
    permissions = {"export": "agents.view"}

    @describe_export("Export agents", AgentFilter, ORDERING)
    def export(self, request: Request) -> HttpResponseBase:
        """The agents that the same filters would list, with what they hold, as CSV, XLSX or PDF."""
        return self.exported(request)
