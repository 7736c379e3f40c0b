"""Leads and contacts as files."""

from __future__ import annotations

from django.http import HttpResponseBase
from rest_framework.request import Request

from crm.lists.api.export_views import ExportViewSet, describe_export
from leads.filters import ContactFilter, LeadFilter
from leads.lists import CONTACT_ORDERING, LEAD_ORDERING


class LeadExport(ExportViewSet):
    schema_tag = "Leads"
    listing_name = "leads"
    permissions = {"export": "leads.view"}

    @describe_export("Export leads", LeadFilter, LEAD_ORDERING)
    def export(self, request: Request) -> HttpResponseBase:
        """The leads that the same filters would list, in their order, as CSV, XLSX or PDF; an agent's own.

        `custom.<key>` is a column too. What a spreadsheet would run as a formula is defused. Above 10,000 rows
        (PDF: 500) the answer is `202` with a job.
        """
        return self.exported(request)


class ContactExport(ExportViewSet):
    schema_tag = "Contacts"
    listing_name = "contacts"
    permissions = {"export": "contacts.view"}

    @describe_export("Export contacts", ContactFilter, CONTACT_ORDERING)
    def export(self, request: Request) -> HttpResponseBase:
        """The contacts that the same filters would list, as `GET /leads/export` does it."""
        return self.exported(request)
