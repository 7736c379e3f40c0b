"""Calls: asked for, logged, listed, counted, given their outcome and canceled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent
from calls import actions
from calls.api import examples, serializers
from calls.api.representation import call_rows, one_json
from calls.filters import CallFilter, PeriodFilter
from calls.lists import ORDERING
from calls.metrics import metrics_of
from calls.models import Call
from calls.recordings import recording_response
from crm.accounts.models import User
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import InvalidField
from crm.lists.api.export_views import ExportViewSet, describe_export
from leads.api.references import agent_in
from leads.models import Lead


class CallViewSet(ApiViewSet):
    """Admins and managers see all calls; an agent its own, those of leads that it holds, and those it logged."""

    schema_tag = "Calls"
    permissions = {
        "schedule": "calls.schedule",
        "history": "calls.view",
        "metrics": "calls.view",
        "retrieve": "calls.view",
        "recording": "calls.view",
        "log": "calls.log",
        "disposition": "calls.log",
        "cancel": "calls.schedule",
    }

    @describe(
        "Have a lead called",
        body=serializers.ScheduleBody,
        errors=(404, 409),
        example=examples.SCHEDULE,
        answer_example=examples.SCHEDULED,
    )
    def schedule(self, request: Request) -> Response:
        """At the front, now or from `at` on, past the agent's business hours and its retry delay. A voice agent dials
        as soon as it has a line; a person finds the lead at the top of the queue. With `agent_id` the lead is assigned
        first.

        Outside of the contact's calling hours the answer adds `held_until`, the first permitted moment. Refused (409,
        with the reason): do not contact, a suppressed number, revoked consent, no phone number, a lead that is done,
        without a holder or without attempts left."""
        body = self.body(serializers.ScheduleBody)
        lead = self.named_lead(body)
        asked = actions.schedule_lead(lead, wanted_at=body.get("at"), agent=agent_in(body), by=acting(request))
        held = {"held_until": asked.held_until} if asked.held_until else {}
        return self.answer({"message": "Lead scheduled successfully", **held})

    @describe("List calls", listing="calls", filterset=CallFilter, ordering=ORDERING, answer_example=examples.CALL)
    def history(self, request: Request) -> Response:
        """Newest first. Dates are days in the company's time zone."""
        return self.listing(
            visible(request).with_names(),
            plural="calls",
            represent=call_rows,
            filterset=CallFilter,
            ordering=ORDERING,
            default="-created_at",
        )

    @describe("How calls went", filterset=PeriodFilter, answer_example=examples.METRICS)
    def metrics(self, request: Request) -> Response:
        """Of calls that have ended. `pickup_rate` is answered of all, in percent; `active_agents` are those who made
        one of them."""
        found: Any = PeriodFilter(request.query_params, visible(request), request=request).checked()
        return self.answer(metrics_of(found).as_json())

    @describe("Read a call", answer_example=examples.ONE)
    def retrieve(self, request: Request, pk: str) -> Response:
        """With its transcript, the decision that allowed it with each rule, and what the provider told."""
        return self.one(self.call(request, pk))

    @describe(
        "Listen to a call",
        files=["audio/mpeg", "audio/wav"],
        errors=(404, 502),
        other_answers={206: "The part that a `Range` asks for.", 416: "There is no such part."},
    )
    def recording(self, request: Request, pk: str) -> HttpResponseBase:
        """Its recording, streamed; 404 where there is none, 502 where the provider does not hand it out now."""
        return recording_response(request._request, self.call(request, pk))

    @describe(
        "Log a call by hand",
        body=serializers.LogBody,
        status=201,
        errors=(409,),
        example=examples.LOG,
        answer_example=examples.ONE,
    )
    def log(self, request: Request) -> Response:
        """A call made or taken outside of the product. It counts as an attempt, and as a response for the SLA; the lead
        takes its `disposition` over. Without one an answered call leaves the lead as it is, and one that reached nobody
        is tried again after the retry delay."""
        body = self.body(serializers.LogBody)
        user = acting(request)
        agent = Agent.objects.filter(user=user).first()
        call = actions.log_call(self.named_lead(body), body, by=user, agent=agent)
        return self.one(call, 201)

    @describe(
        "Set a call's outcome",
        body=serializers.DispositionBody,
        errors=(409,),
        example={"disposition": "Qualified", "summary": "Asked for an offer."},
        answer_example={**examples.ONE, "disposition": "qualified"},
    )
    def disposition(self, request: Request, pk: str) -> Response:
        """By key or label; the lead takes it over, and a final one closes it."""
        call = self.call(request, pk)
        body = self.body(serializers.DispositionBody)
        call = actions.set_call_disposition(call, body["disposition"], summary=body.get("summary"), by=acting(request))
        return self.one(call)

    @describe("Cancel a call", errors=(409,), answer_example={**examples.ONE, "status": "canceled"})
    def cancel(self, request: Request, pk: str) -> Response:
        """One that waits is canceled at once; one that rings or talks is hung up, and ends when the provider says so
        (`cancel_asked`). The lead is called again after its retry delay."""
        return self.one(actions.cancel_call(self.call(request, pk), by=acting(request)))

    def call(self, request: Request, pk: str) -> Call:
        call: Call = self.find(visible(request), pk)
        return call

    def one(self, call: Call, status: int = 200) -> Response:
        fresh = Call.objects.filter(pk=call.pk).with_names().select_related("decision").get()
        return self.answer(one_json(fresh), status, row=fresh)

    def named_lead(self, body: Mapping[str, Any]) -> Lead:
        """Unknown, another company's or a colleague's: `422`, all alike."""
        lead = Lead.objects.visible_to(acting(self.request)).filter(pk=body["lead_id"]).first()
        if lead is None or lead.deleted_at is not None:
            raise InvalidField("lead_id", "No such lead")
        return lead


class CallExport(ExportViewSet):
    schema_tag = "Calls"
    listing_name = "calls"
    permissions = {"export": "calls.view"}

    @describe_export("Export calls", CallFilter, ORDERING)
    def export(self, request: Request) -> Any:
        """The calls that the same filters would list, as CSV, XLSX or PDF."""
        return self.exported(request)


def acting(request: Request) -> User:
    user: Any = request.user
    return user  # type: ignore[no-any-return]


def visible(request: Request) -> Any:
    return Call.objects.visible_to(acting(request))
