"""Agents: the capacity dashboard, and what managers set."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from agents.actions import create_agent, deactivate_agent, set_availability, set_capacity, update_agent
from agents.api import examples, serializers
from agents.api.representation import agent_json, agent_rows, agents, summary
from agents.filters import AgentFilter
from agents.models import Agent
from crm.accounts.models import User
from crm.accounts.permissions_table import allows
from crm.core.api.fields import as_uuid
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import InvalidField, Missing
from crm.core.tenancy import NotFound

ORDERING = {"name": "name", "created_at": "created_at", "updated_at": "updated_at", "availability": "availability"}


class AgentViewSet(ApiViewSet):
    """An agent is named by its UUID or, URL-encoded, by its e-mail."""

    schema_tag = "Agents"
    permissions = {
        "list": "agents.view",
        "retrieve": "agents.view",
        "create": "agents.manage",
        "update": "agents.manage",
        "destroy": "agents.manage",
        "capacity": "agents.manage",
        "availability": "agents.set_own_availability",  # others' with `agents.manage`
    }

    @describe(
        "Agents with their capacity",
        listing="agents",
        filterset=AgentFilter,
        ordering=ORDERING,
        answer_example=examples.AGENT,
        extra_example=examples.SUMMARY,
    )
    def list(self, request: Request) -> Response:
        """The summary is over all agents of the company, whatever the filter."""
        return self.listing(
            agents(),
            plural="agents",
            represent=agent_rows,
            filterset=AgentFilter,
            ordering=ORDERING,
            default="name",
            per_page=100,
            extra={"summary": summary()},
        )

    @describe(
        "Make an agent",
        body=serializers.NewAgent,
        status=201,
        errors=[404, 409],
        example={"email": "george@contentkingpins.com", "max_capacity": 25, "business_hours": examples.HOURS},
        answer_example=examples.AGENT,
    )
    def create(self, request: Request) -> Response:
        """A person from a user's `user_id` or `email`, or an AI voice agent with a `name`."""
        data = self.body(serializers.NewAgent)
        user = _user_named(data)
        agent = create_agent(user, _settable(data), by=acting(request))
        if data.get("is_active") is False:
            agent = deactivate_agent(agent, by=acting(request))
        return self._answer(agent, 201)

    @describe("One agent", answer_example=examples.AGENT)
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(self._find(pk))

    @describe(
        "Change an agent",
        body=serializers.AgentFields,
        errors=[409],
        example={"timezone": "America/New_York", "business_hours": examples.HOURS, "max_attempts": 5},
        answer_example=examples.AGENT,
    )
    def update(self, request: Request, pk: str) -> Response:
        """Only the named fields change. `business_hours: null` means the company's, `{}` never.

        `is_active: false` returns its open leads to the queue.
        """
        agent = self._find(pk)
        data = self.body(serializers.AgentFields, partial=True)
        return self._answer(update_agent(agent, data, by=acting(request)))

    @describe(
        "Switch an agent off",
        answer_example={"message": "Agent deactivated", "agent": {**examples.AGENT, "is_active": False}},
    )
    def destroy(self, request: Request, pk: str) -> Response:
        """Its open leads go back to the queue, on record; its history stays."""
        agent = deactivate_agent(self._find(pk), by=acting(request))
        return self.answer({"message": "Agent deactivated", "agent": agent_json(agent)}, row=agent)

    @describe(
        "Set how many open leads an agent may hold",
        body=serializers.CapacityBody,
        example={"max": 30},
        answer_example={
            **examples.AGENT,
            "capacity": {"current": 15, "max": 30, "percentage": 50, "available_slots": 15},
        },
    )
    def capacity(self, request: Request, pk: str) -> Response:
        """`max` (also `max_capacity`, `max_leads`), 0 to 10,000; for a voice agent `null` takes the limit away.

        Below what it holds is allowed, and only stops new assignments.
        """
        agent = self._find(pk)
        return self._answer(set_capacity(agent, self.body(serializers.CapacityBody)["max"], by=acting(request)))

    @describe(
        "Set an agent's availability",
        body=serializers.AvailabilityBody,
        example={"availability": "away"},
        answer_example={**examples.AGENT, "availability": "away"},
    )
    def availability(self, request: Request, pk: str) -> Response:
        """Agents set their own."""
        agent, user = self._find(pk), acting(request)
        if agent.user_id != user.pk and not allows(user, "agents.manage"):
            raise PermissionDenied("Agents set their own availability alone.")
        data = self.body(serializers.AvailabilityBody)
        return self._answer(set_availability(agent, data["availability"], by=user))

    def _find(self, reference: str) -> Agent:
        return find_agent(self, reference)

    def _answer(self, agent: Agent, status: int = 200) -> Response:
        return self.answer(agent_json(agent), status, row=agent)


def find_agent(view: ApiViewSet, reference: str) -> Agent:
    """By UUID (404 unknown, 403 another company's) or by e-mail in one's own company (404)."""
    if as_uuid(reference):
        return view.find(agents(), reference)
    agent: Agent | None = agents().filter(user__email__iexact=reference.strip()).first()
    if agent is None:
        raise NotFound
    if view.request.method not in ("GET", "HEAD"):
        view.check_match(agent)
    return agent


def acting(request: Request) -> User:
    user: Any = request.user
    return user  # type: ignore[no-any-return]


def _settable(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in ("kind", "user_id", "email", "is_active")}


def _user_named(data: dict[str, Any]) -> User | None:
    users, user = User.objects.select_related("company"), None
    if pk := data.get("user_id"):
        user = users.filter(pk=pk).first()
        if user is None:
            raise InvalidField("user_id", "There is no such user.")
    elif email := data.get("email"):
        user = users.filter(email__iexact=email).first()
        if user is None:
            raise Missing("There is no user with this e-mail address.")
    return user
