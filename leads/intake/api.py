"""Routes of the intake: a vendor's ping, and giving a lead back. Its post is `POST /leads` (`leads/api/views.py`)."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import NotAllowed
from crm.vendors.authentication import TakesKeys, VendorCaller
from leads.intake import examples
from leads.intake.actions import return_lead
from leads.intake.posting import answer_ping
from leads.intake.serializers import PingBody, ReturnBody
from leads.models import Lead


class IntakeViewSet(TakesKeys, ApiViewSet):
    schema_tag = "Leads"
    permissions = {"ping": "leads.ping", "give_back": "leads.return"}
    vendor_actions = ("ping",)

    @describe(
        "Ask whether a lead would be taken, and reserve it",
        body=PingBody,
        example=examples.PING,
        answer={
            "type": "object",
            "required": ["accepted", "reason_code", "reserved_until"],
            "properties": {
                "accepted": {"type": "boolean"},
                "reason_code": {"type": "string", "nullable": True},
                "reserved_until": {"type": "string", "nullable": True, "format": "date-time"},
                "detail": {"type": "string", "description": "The reason in a sentence."},
            },
        },
        answer_example=examples.PING_ANSWER,
    )
    def ping(self, request: Request) -> Response:
        """With a vendor's `x-api-key` alone. The hash is of the number in E.164 or of the address in lower case, so
        that nobody is named. What is accepted is the vendor's for ten minutes: no other vendor's ping or post of
        the person is. A repetition answers the same."""
        caller = request.user
        if not isinstance(caller, VendorCaller):
            raise NotAllowed("Only a vendor pings, with its key.")
        return answer_ping(self, caller)

    @describe(
        "Give a lead back to its vendor",
        body=ReturnBody,
        errors=(409,),
        example=examples.RETURN,
        answer_example=examples.RETURN_ANSWER,
    )
    def give_back(self, request: Request, pk: str) -> Response:
        """Moves it to `lost` with the reason; it is not paid for, and counts in the vendor's scorecard. Once, and
        not a customer. What the person complained of (`complaint`) goes into their consent ledger."""
        user = request.user
        lead = self.find(Lead.objects.visible_to(user).alive().select_related("vendor"), pk)  # type: ignore[arg-type]
        body = self.body(ReturnBody)
        row = return_lead(lead, body["reason"], by=user, complaint=body.get("complaint") or "")  # type: ignore[arg-type]
        lead.refresh_from_db()
        told = {"vendor_code": lead.vendor.code if lead.vendor else None, "reason": row.reason, "returned_at": row.at}
        return self.answer({"success": True, "lead_id": lead.pk, **told, "stage": lead.stage}, row=lead)
