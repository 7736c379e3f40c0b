"""Agents on the desk: capacity, availability and hours, by the actions of the pages and the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from agents.actions import activate_agent, create_agent, deactivate_agent, set_availability, update_agent
from agents.capacity import Capacity
from agents.goals import GOALS, set_goals
from agents.models import Agent, AgentGoal, Availability
from crm.core.actors import Actor
from crm.core.admin import CompanyModelAdmin, RefusableForm
from crm.core.admin_fields import ObjectField

PLAIN = ("name", "availability", "max_capacity", "timezone", "business_hours")
CALLS = (
    "max_attempts",
    "retry_delay_minutes",
    "max_concurrent_calls",
    "caller_number",
    "own_number",
    "voice",
    "voice_script",
)


class AgentForm(RefusableForm):
    business_hours = ObjectField(null=True, help_text='By day: {"mon": [["09:00", "17:00"]]}; empty: the company\'s')

    class Meta:
        model = Agent
        fields: ClassVar[list[str]] = []


class NewAgentForm(AgentForm):
    """A user's agent takes the user's name unless another is given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = False


@admin.register(Agent)
class AgentAdmin(CompanyModelAdmin):
    form = AgentForm
    list_display = ("name", "kind", "email", "availability", "load", "free", "is_active", "open")
    list_filter = ("kind", "is_active", "availability")
    search_fields = ("name", "user__email")
    ordering = ("name", "id")
    sortable_by = ("name", "load", "availability")
    autocomplete_fields = ("user",)
    readonly_fields = ("kind", "is_active", "last_placed_at", "created_at", "updated_at")
    actions = ("make_available", "make_away", "deactivate", "activate")
    fieldsets = (
        ("Agent", {"fields": PLAIN}),
        ("Calls", {"fields": CALLS}),
        ("State", {"fields": ("kind", "user", "is_active", "last_placed_at", "created_at", "updated_at")}),
    )
    add_fieldsets = (
        ("Agent", {"fields": ("user", *PLAIN), "description": "With a user a person; without one an AI voice agent."}),
        ("Calls", {"fields": CALLS}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        return Agent.objects.with_load().select_related("user").order_by(*self.ordering)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, form=AgentForm if change else NewAgentForm, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "user") if obj else ()

    def view_on_site(self, obj: Agent) -> str:  # type: ignore[override]
        return reverse("agents:detail", args=[obj.pk])

    def perform_create(self, data: Mapping[str, Any], *, by: Actor) -> Agent:
        fields = {name: data[name] for name in (*PLAIN, *CALLS) if data[name] not in (None, "")}
        return create_agent(data["user"], fields, by=by)

    def perform_update(self, agent: Agent, changes: Mapping[str, Any], *, by: Actor) -> Agent:
        return update_agent(agent, changes, by=by)

    # --- columns ---------------------------------------------------------------------------------------------

    @admin.display(empty_value="–")
    def email(self, agent: Agent) -> str | None:
        return agent.email

    @admin.display(description="Open leads", ordering="held")
    def load(self, agent: Agent) -> SafeString | str:
        held, most = agent.held, agent.max_capacity  # type: ignore[attr-defined]
        if not most:
            return f"{held} of {'any number' if most is None else most}"
        meter = '<meter min="0" max="{}" low="{}" high="{}" optimum="0" value="{}"></meter>'
        bar = format_html(meter, most, most * 0.8, most * 0.99, held)
        return format_html('<span class="meter">{} {} of {}</span>', bar, held, most)

    @admin.display(description="Room")
    def free(self, agent: Agent) -> str:
        slots = Capacity(agent.held, agent.max_capacity).available_slots  # type: ignore[attr-defined]
        return "No limit" if slots is None else str(slots) if slots else "Full"

    @admin.display(description="")
    def open(self, agent: Agent) -> SafeString:
        return format_html('<a href="{}">Open</a>', self.view_on_site(agent))

    # --- actions ---------------------------------------------------------------------------------------------

    @admin.action(description="Set available", permissions=["act"])
    def make_available(self, request: HttpRequest, agents: QuerySet[Agent]) -> None:
        self._set_availability(request, agents, Availability.AVAILABLE)

    @admin.action(description="Set away", permissions=["act"])
    def make_away(self, request: HttpRequest, agents: QuerySet[Agent]) -> None:
        self._set_availability(request, agents, Availability.AWAY)

    def _set_availability(self, request: HttpRequest, agents: QuerySet[Agent], to: Availability) -> None:
        by = self.actor(request)
        self.each(request, agents, lambda agent: set_availability(agent, to, by=by), f"agents set {to.label.lower()}")

    @admin.action(description="Deactivate, and return open leads to the queue", permissions=["act"])
    def deactivate(self, request: HttpRequest, agents: QuerySet[Agent]) -> None:
        by = self.actor(request)
        self.each(request, agents, lambda agent: deactivate_agent(agent, by=by), "agents deactivated")

    @admin.action(description="Activate", permissions=["act"])
    def activate(self, request: HttpRequest, agents: QuerySet[Agent]) -> None:
        by = self.actor(request)
        self.each(request, agents, lambda agent: activate_agent(agent, by=by), "agents activated")


@admin.register(AgentGoal)
class AgentGoalAdmin(CompanyModelAdmin):
    """What agents mean to reach in a day; an emptied goal is taken away. Its history is the agent's."""

    list_display = ("agent", *GOALS, "updated_at")
    list_select_related = ("agent",)
    search_fields = ("agent__name",)
    ordering = ("agent__name", "id")
    autocomplete_fields = ("agent",)
    fields = ("agent", *GOALS)

    def label(self, row: AgentGoal) -> str:
        return str(row)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("agent",) if obj else ()

    def perform_create(self, data: Mapping[str, Any], *, by: Actor) -> AgentGoal:
        return set_goals(data["agent"], {name: data[name] for name in GOALS}, by=by)

    def perform_update(self, goal: AgentGoal, changes: Mapping[str, Any], *, by: Actor) -> AgentGoal:
        return set_goals(goal.agent, changes, by=by)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        entries = self.admin_site.history_of(self.get_object(request, object_id).agent)  # type: ignore[attr-defined]
        return super().history_view(request, object_id, {"entries": entries})
