"""A person's own calls from a client of theirs: dial, talk, say how it went. The cockpit's gestures, one route each."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent
from calls import actions
from calls.api import examples, serializers
from calls.api.views import CallViewSet, acting
from calls.models import Call
from crm.core.api.schema import describe
from crm.providers.ports import Control
from leads.api.references import agent_in


class OwnCallViewSet(CallViewSet):
    """For whoever is an agent: the leads that they hold, the calls that they talk in."""

    permissions = dict.fromkeys(("dial", "control", "hand_on", "wrap_up"), "calls.dial")

    @describe(
        "Call a lead now",
        body=serializers.DialBody,
        status=201,
        errors=(409,),
        example=examples.SCHEDULE,
        answer_example=examples.DIALLED,
    )
    def dial(self, request: Request) -> Response:
        """One of your own, past business hours; the provider dials at once, and rings your own telephone first where it
        must. Its course is read at `GET /calls/{id}`.

        Refused (409, with the reason): not permitted by the contact gate, with `rules` and `next_permitted_at` (null
        where no hour changes the answer); in a call with somebody already; your last call is not wrapped up, with its
        `call_id`; a lead that is done or not yours."""
        agent = Agent.objects.filter(user=acting(request)).first()
        if agent is None:
            raise PermissionDenied("You are no agent: only agents dial.")
        lead = self.named_lead(self.body(serializers.DialBody))
        return self.one(actions.dial(lead, agent, by=acting(request)), 201)

    @describe(
        "Mute, hold or press keys in a call",
        body=serializers.ControlBody,
        errors=(409,),
        example={"control": "hold"},
        answer_example={**examples.DIALLED, "status": "in_progress", "is_held": True},
    )
    def control(self, request: Request, pk: str) -> Response:
        """While you talk in it: `mute`, `unmute`, `hold`, `resume`, and `keys` with the keys to be pressed. `409` where
        the provider can't: then it is done on your own telephone, as with Twilio."""
        call, body = self.own(request, pk), self.body(serializers.ControlBody)
        what = Control(body["control"])
        return self.one(actions.control_call(call, what, keys=body.get("keys") or "", by=acting(request)))

    @describe(
        "Hand a call on",
        body=serializers.HandOnBody,
        errors=(404, 409),
        example={"agent_id": "tom@copperline.example"},
        answer_example={**examples.DIALLED, "status": "in_progress", "transferred_to": "Tom Dell"},
    )
    def hand_on(self, request: Request, pk: str) -> Response:
        """The contact is put through to a colleague, or to a telephone by its number. With that you are out of the
        call, and still say how it went; the lead stays yours."""
        call, body = self.own(request, pk), self.body(serializers.HandOnBody)
        agent, number, name = agent_in(body), body.get("number") or "", body.get("name") or ""
        return self.one(actions.hand_on_call(call, agent=agent, number=number, name=name, by=acting(request)))

    @describe(
        "Say how your call went",
        body=serializers.WrapUpBody,
        errors=(409,),
        example={"disposition": "Qualified", "note": "Wants an offer for twenty seats."},
        answer_example={**examples.ONE, "disposition": "qualified"},
    )
    def wrap_up(self, request: Request, pk: str) -> Response:
        """Needed before the next call. One that goes on is hung up, unless it was handed on. The lead takes the outcome
        over; one that stays open is called again at `callback_at`, or after your retry delay."""
        call, body = self.own(request, pk), self.body(serializers.WrapUpBody)
        how: dict[str, Any] = {"note": body.get("note") or "", "callback_at": body.get("callback_at")}
        return self.one(actions.wrap_up(call, body["disposition"], by=acting(request), **how))

    def own(self, request: Request, pk: str) -> Call:
        call: Call = self.find(Call.objects.filter(agent__user=acting(request)).select_related("agent"), pk)
        return call
