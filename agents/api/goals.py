"""An agent's goals for a day: its own, and for managers anybody's."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from agents.api import examples, serializers
from agents.api.views import acting
from agents.goals import GOALS, goals_of, set_goals
from agents.models import Agent, AgentGoal
from crm.accounts.permissions_table import allows
from crm.core.api.problems import Problem, Unacceptable
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import Missing

AGENT_ID = OpenApiParameter("agent_id", str, description="Whose, for managers: its UUID or e-mail.")


class GoalViewSet(ApiViewSet):
    """Whose: one's own, or for managers the agent that `agent_id` names."""

    schema_tag = "Agents"
    permissions = {"retrieve": "agents.view", "update": "agents.set_own_goals"}

    @describe("An agent's goals for a day", answer_example=examples.GOALS, parameters=[AGENT_ID], errors=[404])
    def retrieve(self, request: Request) -> Response:
        """A goal that is not set is null."""
        agent = self._whose(request, request.query_params.get("agent_id", ""), "query")
        return Response(as_json(goals_of(agent)))

    @describe(
        "Set an agent's goals for a day",
        body=serializers.GoalsBody,
        errors=[404],
        example={"calls": 60, "qualified": 8},
        answer_example=examples.GOALS,
    )
    def update(self, request: Request) -> Response:
        """Only the named goals change; null takes one away."""
        data = self.body(serializers.GoalsBody)
        agent = self._whose(request, data.pop("agent_id", ""), "body")
        return Response(as_json(set_goals(agent, data, by=acting(request))))

    def _whose(self, request: Request, reference: str, place: str) -> Agent:
        user, agents = acting(request), Agent.objects.select_related("user")
        if not reference:
            return self._own(agents.filter(user=user).first())
        agent = agents.named(reference).first()
        if not allows(user, "agents.manage") and (agent is None or agent.user_id != user.pk):
            raise PermissionDenied("Agents see and set their own goals alone.")
        if agent is None:
            raise Unacceptable([Problem((place, "agent_id"), "There is no such agent.")])
        return agent

    def _own(self, agent: Agent | None) -> Agent:
        if agent is None:
            raise Missing("You are no agent; name one by agent_id.")
        return agent


def as_json(goal: AgentGoal) -> dict[str, Any]:
    agent = goal.agent
    return {
        "agent_id": agent.email or str(agent.pk),
        "period": "day",
        **{name: getattr(goal, name) for name in GOALS},
        "updated_at": goal.updated_at if not goal._state.adding else None,
    }
