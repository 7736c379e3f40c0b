"""The suppression list as a file."""

from __future__ import annotations

from django.http import HttpResponseBase
from rest_framework.request import Request

from crm.compliance.filters import SuppressionFilter
from crm.compliance.lists import ORDERING
from crm.lists.api.export_views import ExportViewSet, describe_export


class SuppressionExport(ExportViewSet):
    schema_tag = "Suppressions"
    listing_name = "suppressions"
    permissions = {"export": "suppressions.view"}

    @describe_export("Export suppressed addresses", SuppressionFilter, ORDERING)
    def export(self, request: Request) -> HttpResponseBase:
        """Each address as its SHA-256, by which it can be brought in anywhere; the addresses themselves stay here."""
        return self.exported(request)
