"""Who holds a lead: assigning, handing on, giving back, claiming; the history and whom else it might go to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from agents.api.views import find_agent
from agents.capacity import capacity_of
from agents.errors import IsNoAgent
from agents.models import Agent
from crm.accounts.models import User
from crm.accounts.permissions_table import allows
from crm.core.api.fields import as_uuid
from crm.core.api.paging import read_size
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import InvalidField, MissingField, NotAllowed
from crm.core.tenancy import NotFound
from leads.api.references import agent_in, agent_named
from leads.api.representation import lead_json
from leads.assignment import examples, serializers
from leads.assignment.representation import assignment_rows, suggestion_rows, with_names
from leads.assignment.single import assign_by_strategy, assign_lead, claim_lead, reassign_lead, unassign_lead
from leads.assignment.suggestions import suggestions_for
from leads.models import Assignment, Lead, Strategy

NEWEST = {"at": "at"}


class AssignmentViewSet(ApiViewSet):
    """An agent is named by UUID or e-mail; whoever is no manager hands on and returns only what it holds."""

    schema_tag = "Assignment"
    permissions = {
        "assign": "leads.assign_own",
        "reassign": "leads.assign_own",
        "assign_to_user": "leads.assign_own",
        "unassign": "leads.assign_own",
        "claim": "leads.claim",
        "history": "leads.view",
        "suggestions": "leads.view",
        "history_of_agent": "agents.view",
    }

    @describe(
        "Assign a lead",
        body=serializers.AssignBody,
        errors=[404, 409],
        example=examples.ASSIGN,
        answer_example=examples.ASSIGNED,
    )
    def assign(self, request: Request, pk: str) -> Response:
        """To the agent named, or to whom `strategy` names of `agent_ids` or `agent_emails` (none: all active people).

        A held lead is handed on. An agent without room, inactive, or who holds another open lead of the contact is
        refused.
        """
        return self._assign(request, pk, only_held=False)

    @describe(
        "Hand a lead on",
        body=serializers.AssignBody,
        errors=[404, 409],
        example=examples.ASSIGN,
        answer_example=examples.ASSIGNED,
    )
    def reassign(self, request: Request, pk: str) -> Response:
        """As `assign`, for a lead that somebody holds (409 else). Its clock starts again."""
        return self._assign(request, pk, only_held=True)

    @describe("Assign a lead to a user", errors=[409], answer_example=examples.LEAD)
    def assign_to_user(self, request: Request, pk: str, user_id: str) -> Response:
        """Answers the lead. A user who is no agent is refused (409)."""
        lead = self._lead_to_hand_on(request, pk)
        user = self._user(user_id)
        assign_lead(lead, _agent_of(user), by=acting(request))
        return self.answer(lead_json(lead), row=lead)

    @describe(
        "Return a lead to the queue",
        body=serializers.UnassignBody,
        errors=[409],
        example={"reason": "On leave next week"},
        answer_example=examples.RETURNED,
    )
    def unassign(self, request: Request, pk: str) -> Response:
        lead = self._lead_to_hand_on(request, pk)
        body = self.body(serializers.UnassignBody)
        holder = lead.agent
        unassign_lead(lead, by=acting(request), reason=body.get("reason") or body.get("notes") or "")
        return self._assigned(lead, holder)

    @describe(
        "Claim the next lead",
        errors=[409],
        answer_example={**examples.LEAD, "agent_capacity": examples.CAPACITY},
        other_answers={204: "No unassigned lead is left."},
    )
    def claim(self, request: Request) -> Response:
        """The best unassigned lead, by priority, score and age, for the agent that the user is."""
        user = acting(request)
        agent = Agent.objects.filter(user=user).first()
        if agent is None:
            raise NotAllowed("Only an agent claims leads, and you are none")
        lead = claim_lead(agent, by=user)
        if lead is None:
            return Response(status=204)
        return self.answer({**lead_json(lead), "agent_capacity": capacity_of(agent).as_json()}, row=lead)

    @describe("Who held a lead", listing="assignments", ordering=NEWEST, answer_example=examples.ASSIGNMENT)
    def history(self, request: Request, pk: str) -> Response:
        """Every change of holder, newest first, with why."""
        return self._listed(Assignment.objects.filter(lead=self._lead(request, pk)))

    @describe(
        "Whom a lead might go to",
        parameters=[OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 100})],
        answer_example={"lead_id": examples.LEAD_ID, "suggestions": [examples.SUGGESTION]},
    )
    def suggestions(self, request: Request, pk: str) -> Response:
        """Active agents, the best first, with what speaks for and against each; who can't take it comes last."""
        lead = self._lead(request, pk)
        found = suggestions_for(lead, limit=read_size(request.query_params, "limit", 20))
        return self.answer({"lead_id": lead.pk, "suggestions": suggestion_rows(found)})

    @describe("What an agent was given", listing="assignments", ordering=NEWEST, answer_example=examples.ASSIGNMENT)
    def history_of_agent(self, request: Request, pk: str) -> Response:
        """Every lead that it received, newest first; an agent sees those of leads that it may see."""
        agent = find_agent(self, pk)
        rows, user = Assignment.objects.filter(to_agent=agent), acting(request)
        if not allows(user, "leads.view_all"):
            rows = rows.filter(lead__in=Lead.objects.visible_to(user))
        return self._listed(rows)

    # --- how -----------------------------------------------------------------------------------------------------

    def _assign(self, request: Request, pk: str, *, only_held: bool) -> Response:
        lead = self._lead_to_hand_on(request, pk)
        body = self.body(serializers.AssignBody)
        agent, strategy = _agent_named(body), body.get("strategy") or Strategy.MANUAL
        what: dict[str, Any] = {
            "by": acting(request),
            "notes": body.get("notes") or "",
            "priority": body.get("priority"),
        }
        if strategy != Strategy.MANUAL:
            pool = [agent.pk] if agent else _pool_named(body)
            assign_by_strategy(lead, strategy=strategy, pool=pool, only_held=only_held, **what)
        elif agent is None:
            raise MissingField("agent_id", "Name an agent by agent_email, agent_id or assignee_id, or a strategy.")
        else:
            (reassign_lead if only_held else assign_lead)(lead, agent, **what)
        return self._assigned(lead, lead.agent)

    def _assigned(self, lead: Lead, agent: Agent | None) -> Response:
        capacity = capacity_of(agent).as_json() if agent else None
        return self.answer({"success": True, "lead": lead_json(lead), "agent_capacity": capacity}, row=lead)

    def _lead(self, request: Request, pk: str) -> Lead:
        """404 where there is none or it is deleted, 403 where the role may not see it or it is another company's."""
        lead = self.find(Lead.objects.visible_to(acting(request)).select_related("agent", "contact"), pk)
        if lead.deleted_at is not None:
            raise NotFound("Lead not found")
        return lead

    def _lead_to_hand_on(self, request: Request, pk: str) -> Lead:
        lead, user = self._lead(request, pk), acting(request)
        if not allows(user, "leads.assign") and (lead.agent is None or lead.agent.user_id != user.pk):
            raise PermissionDenied("Agents hand on and return only the leads that they hold.")
        return lead

    def _user(self, reference: str) -> User:
        """By UUID (404 unknown, 403 another company's) or e-mail."""
        if as_uuid(reference):
            known: User = self.find(User.objects.select_related("agent"), reference)
            return known
        named: list[User] = list(User.objects.select_related("agent").filter(email__iexact=reference))
        if not named:
            raise NotFound
        return named[0]

    def _listed(self, rows: Any) -> Response:
        return self.listing(
            with_names(rows), plural="assignments", represent=assignment_rows, ordering=NEWEST, default="-at"
        )


def acting(request: Request) -> User:
    user: Any = request.user
    return user  # type: ignore[no-any-return]


def _agent_named(body: Mapping[str, Any]) -> Agent | None:
    if body.get("agent_id") or body.get("agent_email"):
        return agent_in(body)
    if user_id := body.get("assignee_id"):
        user = User.objects.select_related("agent").filter(pk=user_id).first()
        if user is None:
            raise InvalidField("assignee_id", "There is no such user.")
        return _agent_of(user)
    return None


def _agent_of(user: User) -> Agent:
    agent: Agent | None = getattr(user, "agent", None)
    if agent is None:
        raise IsNoAgent(user)
    return agent


def _pool_named(body: Mapping[str, Any]) -> list[UUID] | None:
    fields = [field for field in ("agent_ids", "agent_emails") if body.get(field)]
    return [agent_named(field, name).pk for field in fields for name in body[field]] or None
