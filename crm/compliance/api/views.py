"""Consent of a contact, the gate's decision, and suppressed addresses."""

from __future__ import annotations

from typing import Any

from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.models import User
from crm.compliance.actions import record_consent, take_complaint
from crm.compliance.actions.suppressions import lift_suppression, suppress
from crm.compliance.api import examples, serializers
from crm.compliance.api.representation import decision_json, entry_json, standing_json, suppression_json
from crm.compliance.channels import Channel
from crm.compliance.filters import SuppressionFilter
from crm.compliance.gate import decide
from crm.compliance.lists import ORDERING
from crm.compliance.models import ConsentEvent, ConsentSource, Suppression
from crm.compliance.querysets import by_contact
from crm.core.api.fields import parse_moment
from crm.core.api.problems import query_problem
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import InvalidField
from crm.core.http import company_zone
from crm.core.tenancy import NotFound
from leads.api.views import acting
from leads.models import Contact

NEWEST = {"at": "at", "created_at": "created_at"}
DECISION_PARAMETERS = (
    OpenApiParameter("channel", {"type": "string", "enum": list(Channel.values), "default": "voice"}),
    OpenApiParameter("at", {"type": "string", "format": "date-time"}, description="Now, unless it is given."),
)


class ContactConsentViewSet(ApiViewSet):
    schema_tag = "Contacts"
    permissions = {"list": "contacts.view", "record": "consent.record", "decision": "contacts.view"}

    @describe(
        "A contact's consent",
        listing="entries",
        ordering=NEWEST,
        answer_example=examples.ENTRY,
        extra_example=examples.STANDING,
    )
    def list(self, request: Request, pk: str) -> Response:
        """The ledger, newest first: each grant and revocation, and beside it what holds now for each channel (null:
        nothing was said)."""
        contact = self.contact(request, pk)
        said = by_contact(ConsentEvent.objects.in_force([contact.pk])).get(contact.pk, {})
        return self.listing(
            ConsentEvent.objects.filter(contact=contact).select_related("user"),
            plural="entries",
            represent=lambda rows: [entry_json(event) for event in rows],
            ordering=NEWEST,
            default="-at",
            extra=standing_json(contact, said),
        )

    @describe(
        "Record consent",
        body=serializers.ConsentBody,
        status=201,
        example=examples.CONSENT,
        answer_example=examples.RECORDED,
    )
    def record(self, request: Request, pk: str) -> Response:
        """A grant or a revocation, for good. A revocation closes its channel at once; `all` closes every one and marks
        the contact `do_not_contact`, and `all` granted takes both back. A `complaint` that somebody passes on revokes
        alike, and stands in the ledger as one."""
        contact = self.contact(request, pk)
        lines = recorded(contact, self.body(serializers.ConsentBody), by=acting(request))
        contact.refresh_from_db()
        said = by_contact(ConsentEvent.objects.in_force([contact.pk])).get(contact.pk, {})
        return self.answer({**standing_json(contact, said), "entries": [entry_json(line) for line in lines]}, 201)

    @describe("May a contact be reached", parameters=DECISION_PARAMETERS, answer_example=examples.DECISION)
    def decision(self, request: Request, pk: str) -> Response:
        """The contact gate's answer with every rule, its source and the next permitted moment (null: only a person or
        an act can change it). It leaves no trace; what the product itself dials or sends keeps its decision. Not legal
        advice."""
        contact = self.contact(request, pk)
        params = request.query_params
        for name in params.keys() - {"channel", "at"}:
            raise query_problem(name, "Unknown parameter.", "unknown_parameter")
        channel = params.get("channel", Channel.VOICE).lower()
        if channel not in Channel.values:
            raise query_problem("channel", f"Must be one of {', '.join(Channel.values)}.", "enum")
        at = parse_moment(params["at"], company_zone(request)) if "at" in params else now()
        if at is None:
            raise query_problem("at", "Must be a time such as 2026-03-01T10:00:00Z.")
        return self.answer(decision_json(decide(contact, channel, at=at, actor=acting(request)), contact))

    def contact(self, request: Request, pk: str) -> Contact:
        contact: Contact = self.find(Contact.objects.visible_to(acting(request)), pk)
        if contact.deleted_at is not None:
            raise NotFound("Contact not found")
        return contact


def recorded(contact: Contact, body: dict[str, Any], *, by: User) -> list[ConsentEvent]:
    wording, source = body.get("wording", ""), body.get("source", "")
    if not body.get("complaint"):
        return record_consent(
            contact,
            body["channel"],
            granted=body["granted"],
            source=ConsentSource.API,
            by=by,
            wording=wording,
            basis=body.get("basis", ""),
            origin=source,
        )
    if body["granted"]:
        raise InvalidField("granted", "A complaint agrees to nothing")
    return take_complaint(contact, body["channel"], at=now(), by=by, origin=source, wording=wording)


class SuppressionViewSet(ApiViewSet):
    schema_tag = "Suppressions"
    permissions = {
        "list": "suppressions.view",
        "create": "suppressions.manage",
        "destroy": "suppressions.manage",
    }

    @describe(
        "List suppressed addresses",
        listing="suppressions",
        filterset=SuppressionFilter,
        ordering=ORDERING,
        answer_example=examples.SUPPRESSION,
    )
    def list(self, request: Request) -> Response:
        """Phone numbers and e-mail addresses that are never to be reached, whoever has them. `address` is the whole
        one for administrators, masked for others. `search` takes a whole number, address or SHA-256."""
        return self.listing(
            Suppression.objects.all(),
            plural="suppressions",
            represent=lambda rows: [suppression_json(row, acting(request)) for row in rows],
            filterset=SuppressionFilter,
            ordering=ORDERING,
            default="-created_at",
        )

    @describe(
        "Suppress an address",
        body=serializers.NewSuppressionBody,
        status=201,
        example=examples.NEW_SUPPRESSION,
        answer_example=examples.SUPPRESSION,
        other_answers={200: "It was on the list already, and now covers what both said."},
    )
    def create(self, request: Request) -> Response:
        """A phone number or an e-mail address. One that is on the list already is widened and answered with 200."""
        body = self.body(serializers.NewSuppressionBody)
        row, is_new = suppress(
            by=acting(request),
            phone=body.get("phone", ""),
            email=body.get("email", ""),
            channels=body.get("channels", ()),
            reason=body.get("reason", ""),
            source=body.get("source", "") or "API",
            expires_at=body.get("expires_at"),
        )
        return self.answer(suppression_json(row, acting(request)), 201 if is_new else 200, row=row)

    @describe("Lift a suppression", answer_example={"message": "Suppression lifted"})
    def destroy(self, request: Request, pk: str) -> Response:
        lift_suppression(self.find(Suppression.objects.all(), pk), by=acting(request))
        return self.answer({"message": "Suppression lifted"})
