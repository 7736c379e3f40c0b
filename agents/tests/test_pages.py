"""The pages of agents, as a browser without JavaScript uses them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils.timezone import now

from agents.models import Agent
from agents.tests.factories import AgentFactory, VoiceAgentFactory
from crm.accounts.tests.factories import UserFactory
from crm.core.tenancy import company_active
from leads.models import Lead
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def page_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(manager):
    return page_of(manager)


def give(agent: Agent, count: int, **fields: Any) -> list[Lead]:
    with company_active(agent.company_id):
        return [LeadFactory(agent=agent, **fields) for _ in range(count)]


def fresh(agent: Agent) -> Agent:
    with company_active(agent.company_id):
        return Agent.objects.get(pk=agent.pk)


def told(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_the_dashboard_says_who_has_room_and_who_has_none(desk, agent, other_agent, company):
    with company_active(company.pk):
        Agent.objects.filter(pk=other_agent.pk).update(max_capacity=2)
        VoiceAgentFactory(name="Aria", max_capacity=150)
        LeadFactory()
    give(agent, 5, assigned_at=now(), deadline=now() + timedelta(minutes=10))
    give(other_agent, 3)
    response = desk.get("/agents/")
    summary = response.context["summary"]
    assert (summary.active, summary.held, summary.room, summary.free, summary.full) == (
        3,
        8,
        177,
        170,
        [other_agent.name],
    )
    members = {row["of"].agent.name: row["of"] for row in response.context["members"]}
    assert (members[agent.name].due_soon, members[agent.name].level) == (5, "")
    assert (members[other_agent.name].over, members[other_agent.name].level) == (1, "Over")
    bars = {bar.member.agent.name: bar for bar in response.context["people"]}
    assert (bars[agent.name].room, bars[agent.name].due, bars[agent.name].held) == (100, 20, 0)
    assert (bars[other_agent.name].room, bars[other_agent.name].held, bars[other_agent.name].over) == (8, 8, 4)
    shown = response.content.decode()
    for words in ("Share out 1 lead", "5 of 25", "20%", "1 over", "voice", "Who has room?"):
        assert words in shown


@pytest.mark.parametrize("agents", [1, 30])
def test_the_dashboard_costs_the_same_for_one_agent_and_thirty(desk, company, agents, django_assert_max_num_queries):
    with company_active(company.pk):
        for _ in range(agents):
            AgentFactory()
    with django_assert_max_num_queries(6):
        assert len(desk.get("/agents/").context["members"]) == agents


def test_a_company_without_agents_is_offered_the_first(desk):
    assert b"Add the first agent" in desk.get("/agents/").content


def test_an_agent_reads_all_and_changes_nothing_but_its_own_availability(agent, other_agent):
    client = page_of(agent.user)
    shown = client.get("/agents/").content.decode()
    assert other_agent.name in shown and "/agents/new/" not in shown
    assert client.get(f"/agents/{other_agent.pk}/").status_code == 200
    for path in ("new/", f"{agent.pk}/edit/"):
        assert client.get(f"/agents/{path}").status_code == 403
    assert client.post(f"/agents/{agent.pk}/capacity/", {"max_capacity": 99}).status_code == 403
    assert client.post(f"/agents/{agent.pk}/activity/", {"active": "false"}).status_code == 403
    assert client.post(f"/agents/{other_agent.pk}/availability/", {"availability": "away"}).status_code == 403
    client.post(f"/agents/{agent.pk}/availability/", {"availability": "away"})
    assert (fresh(agent).availability, fresh(agent).max_capacity, fresh(other_agent).availability) == (
        "away",
        25,
        "available",
    )


def test_an_agents_history_names_contacts_to_managers_and_itself_alone(desk, agent, other_agent, company):
    with company_active(company.pk):
        lead = LeadFactory()
    desk.post(f"/leads/{lead.pk}/assign/", {"agent": other_agent.pk})
    name = lead.contact.name
    assert name in desk.get(f"/agents/{other_agent.pk}/").content.decode()
    assert name in page_of(other_agent.user).get(f"/agents/{other_agent.pk}/").content.decode()
    assert name not in page_of(agent.user).get(f"/agents/{other_agent.pk}/").content.decode()


def test_another_companys_agent_is_forbidden_and_unnamed(stranger, agent):
    client = page_of(stranger)
    for path in ("", "edit/"):
        response = client.get(f"/agents/{agent.pk}/{path}")
        assert response.status_code == 403 and agent.name.encode() not in response.content
    for path, form in (
        ("capacity/", {"max_capacity": 1}),
        ("availability/", {"availability": "away"}),
        ("activity/", {"active": "false"}),
    ):
        assert client.post(f"/agents/{agent.pk}/{path}", form).status_code == 403
    assert (fresh(agent).max_capacity, fresh(agent).availability, fresh(agent).is_active) == (25, "available", True)


def test_the_parts_of_the_performance_add_up_to_the_score(desk, agent):
    give(agent, 3, status="done", stage="customer", closed_at=now())
    response = desk.get(f"/agents/{agent.pk}/")
    assert round(sum(part["points"] for part in response.context["parts"])) == response.context["member"].score


@pytest.mark.parametrize(
    ("given", "kept", "says"),
    [
        ("30", 30, "takes at most 30 open leads now."),
        ("0", 0, "takes at most 0 open leads now."),
        ("", 25, "A person needs a maximum."),
        ("-1", 25, "Ensure this value is greater than or equal to 0."),
        ("10001", 25, "Ensure this value is less than or equal to 10000."),
        ("many", 25, "Enter a whole number."),
    ],
)
def test_capacity_is_set_or_refused_with_the_reason(desk, agent, given, kept, says):
    response = desk.post(f"/agents/{agent.pk}/capacity/", {"max_capacity": given})
    assert response.url == f"/agents/{agent.pk}/"
    assert told(response)[-1].endswith(says)
    assert fresh(agent).max_capacity == kept


def test_availability_is_set_from_the_lists_cell(desk, agent):
    menu = desk.get(f"/agents/{agent.pk}/availability/", **HTMX).content.decode()
    assert f'popover data-at="av-{agent.pk}"' in menu
    assert desk.get(f"/agents/{agent.pk}/availability/").url == f"/agents/{agent.pk}/"
    cell = desk.post(f"/agents/{agent.pk}/availability/", {"availability": "busy"}, **HTMX).content.decode()
    assert "Busy" in cell and "is busy now." in cell
    assert told(desk.post(f"/agents/{agent.pk}/availability/", {"availability": "asleep"}))[-1].startswith(
        "Select a valid"
    )
    assert fresh(agent).availability == "busy"


def test_deactivating_says_what_it_will_do_and_returns_the_leads(desk, agent):
    leads = give(agent, 2)
    assert "2 open leads go back to the queue" in desk.get(f"/agents/{agent.pk}/").content.decode()
    desk.post(f"/agents/{agent.pk}/activity/", {"active": "false"})
    with company_active(agent.company_id):
        assert Lead.objects.filter(pk__in=[lead.pk for lead in leads], agent__isnull=True).count() == 2
    assert not fresh(agent).is_active
    desk.post(f"/agents/{agent.pk}/activity/", {"active": "true"})
    assert fresh(agent).is_active


def form_of(response: Any) -> dict[str, Any]:
    """What a browser would send back untouched."""
    form = response.context["form"]
    values = {name: form.fields[name].prepare_value(form[name].value()) for name in form.fields}
    return {name: value for name, value in values.items() if value not in (None, False)}


def test_editing_keeps_what_was_not_touched(desk, agent):
    before = fresh(agent)
    response = desk.post(
        f"/agents/{agent.pk}/edit/", {**form_of(desk.get(f"/agents/{agent.pk}/edit/")), "timezone": "Europe/Berlin"}
    )
    assert response.url == f"/agents/{agent.pk}/"
    after = fresh(agent)
    assert after.timezone == "Europe/Berlin"
    for name in (
        "name",
        "max_capacity",
        "business_hours",
        "max_attempts",
        "retry_delay_minutes",
        "max_concurrent_calls",
    ):
        assert getattr(after, name) == getattr(before, name), name


def test_hours_of_its_own_are_read_as_people_write_them(desk, agent):
    typed = form_of(desk.get(f"/agents/{agent.pk}/edit/"))
    hours = {
        "hours_mon": "9-12:30, 13:30 – 17:00",
        "hours_tue": "22:00 to 06:00",
        "hours_wed": "",
        "hours_thu": "",
        "hours_fri": "",
    }
    desk.post(f"/agents/{agent.pk}/edit/", {**typed, **hours, "own_hours": "on"})
    assert fresh(agent).business_hours == {"mon": [["09:00", "12:30"], ["13:30", "17:00"]], "tue": [["22:00", "06:00"]]}
    desk.post(f"/agents/{agent.pk}/edit/", typed)
    assert fresh(agent).business_hours is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"max_capacity": ""}, "max_capacity"),
        ({"own_hours": "on", "hours_mon": "25:00-26:00"}, "own_hours"),
        ({"own_hours": "on", "hours_mon": "morning"}, "hours_mon"),
        ({"max_attempts": "0"}, "max_attempts"),
        ({"name": "P\0"}, "name"),
    ],
)
def test_a_wrong_edit_names_the_field_and_changes_nothing(desk, agent, changes, field):
    before = fresh(agent)
    response = desk.post(f"/agents/{agent.pk}/edit/", {**form_of(desk.get(f"/agents/{agent.pk}/edit/")), **changes})
    assert response.status_code == 422 and field in response.context["form"].errors
    assert f'id="id_{field}-e"' in response.content.decode()
    assert fresh(agent).updated_at == before.updated_at


def test_a_voice_agent_is_made_and_a_user_becomes_an_agent(desk, company):
    typed = form_of(desk.get("/agents/new/"))
    response = desk.post("/agents/new/", {**typed, "name": "Aria", "voice": "alloy", "caller_number": "+14155550123"})
    with company_active(company.pk):
        aria = Agent.objects.get()
        user = UserFactory(company=company, role="manager", first_name="Mei", last_name="Sato")
    assert response.url == f"/agents/{aria.pk}/"
    assert (aria.kind, aria.name, aria.voice, aria.caller_number, aria.max_capacity) == (
        "voice",
        "Aria",
        "alloy",
        "+14155550123",
        None,
    )
    desk.post("/agents/new/", {**typed, "user": user.pk})
    with company_active(company.pk):
        assert Agent.objects.get(user=user).max_capacity == 25
    assert b"Aria" in desk.get("/agents/").content and b"Mei Sato" in desk.get("/agents/").content
    assert desk.get(f"/agents/{aria.pk}/edit/").status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"), [({}, "name"), ({"name": "Aria", "caller_number": "555"}, "caller_number")]
)
def test_a_wrong_new_agent_names_the_field(desk, company, changes, field):
    response = desk.post("/agents/new/", {**form_of(desk.get("/agents/new/")), **changes})
    assert response.status_code == 422 and field in response.context["form"].errors
    with company_active(company.pk):
        assert not Agent.objects.exists()
