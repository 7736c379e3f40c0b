"""`GET /leads/{id}/why`."""

from __future__ import annotations

from typing import Any

from django.utils.timezone import now
from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.models import User
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.tenancy import NotFound
from leads.models import Lead
from leads.why import examples
from leads.why.registry import Cause, Section, explain


class WhyViewSet(ApiViewSet):
    schema_tag = "Leads"
    permissions = {"why": "leads.view"}

    @describe("Why, and why not", answer=examples.ANSWER_SCHEMA, answer_example=examples.ANSWER)
    def why(self, request: Request, pk: str) -> Response:
        """Each section answers one question about the lead and names the causes. Removing a cause that
        `is_decisive`, and it alone, changes the answer; `details` are what a cause rests on, `holds` whether a
        condition is met."""
        user: User = request.user  # type: ignore[assignment]
        lead = self.find(Lead.objects.visible_to(user).select_related("contact", "agent", "vendor"), pk)
        if lead.deleted_at is not None:
            raise NotFound("Lead not found")
        at = now()
        sections = [section_json(name, section) for name, section in explain(lead, user, at).items()]
        return self.answer({"lead_id": lead.pk, "at": at, "sections": sections})


def section_json(name: str, section: Section) -> dict[str, Any]:
    return {
        "name": name,
        "title": section.title,
        "answer": section.answer,
        "causes": [cause_json(cause) for cause in section.causes],
    }


def cause_json(cause: Cause) -> dict[str, Any]:
    return {
        **cause.data,
        "code": cause.code,
        "text": cause.text,
        "is_decisive": cause.is_decisive,
        "details": [{**detail.data, "text": detail.text, "holds": detail.holds} for detail in cause.details],
    }
