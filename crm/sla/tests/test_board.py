"""The board of deadlines, by page and by API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now

from agents.tests.factories import AgentFactory
from crm.accounts.tests.factories import UserFactory
from crm.core.tenancy import company_active
from crm.sla.actions import take_over_clocks
from crm.sla.models import Timer
from leads.models import Priority
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def page_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def held(agent, due, answered=None, **fields):
    at = now()
    moments = {"assigned_at": at + due - 120 * MINUTE, "deadline": at + due}
    if answered is not None:
        moments |= {"first_response_at": at + answered, "status": "in_progress"}
    late = (answered is None and due < timedelta()) or (answered or -9 * DAY) > due
    return LeadFactory(agent=agent, **moments, breached_at=moments["deadline"] if late else None, **fields)


@pytest.fixture
def clocks(company, agent, other_agent):
    """With Priya one late and urgent, one due soon, one met today, one met and one missed 20 days ago, one with room.

    With Tom one later still, and one missed 40 days ago.
    """
    with company_active(company.pk):
        rows = {
            "late": held(agent, -10 * MINUTE, priority=Priority.URGENT),
            "soon": held(agent, 20 * MINUTE),
            "room": held(agent, 90 * MINUTE),
            "met": held(agent, 60 * MINUTE, answered=-5 * MINUTE),
            "met long ago": held(agent, -20 * DAY, answered=-20 * DAY - MINUTE),
            "missed long ago": held(agent, -20 * DAY, answered=-19 * DAY),
            "later": held(other_agent, -30 * MINUTE),
            "too long ago": held(other_agent, -40 * DAY, answered=-39 * DAY),
        }
        take_over_clocks()
    return rows


def shown(response) -> list:
    return [timer.lead_id for timer in response.context["rows"]]


def test_what_is_late_and_due_stands_there_the_oldest_deadline_first(manager, clocks):
    response = page_of(manager).get("/sla/")
    assert shown(response) == [clocks[name].pk for name in ("later", "late", "soon")]
    total = response.context["board"].total
    assert (total.late, total.due_soon) == (2, 1)
    assert (total.week.met, total.week.judged) == (1, 3)
    assert (total.month.met, total.month.judged) == (2, 5)


def test_it_tells_agents_and_priorities_apart(manager, agent, other_agent, clocks):
    board = page_of(manager).get("/sla/").context["board"]
    by_agent = {one.name: (one.late, one.due_soon, one.month.met, one.month.judged) for one in board.by_agent}
    assert by_agent == {"Priya Rao": (1, 1, 2, 4), "Tom Dell": (1, 0, 0, 1)}
    by_priority = {one.name: (one.late, one.due_soon, one.week.judged) for one in board.by_priority}
    assert by_priority == {"Urgent": (1, 0, 1), "Normal": (1, 1, 2)}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sla_status=breached", ["later", "late"]),
        ("sla_status=due_soon", ["soon"]),
        ("priority=urgent", ["late"]),
        ("agent_id=tom@copperline.example", ["later"]),
        ("agent_id=&priority=&sla_status=breached,due_soon", ["later", "late", "soon"]),
        ("priority=low", []),
    ],
)
def test_the_address_narrows_what_is_shown_on_the_page_and_in_the_api(query, names, manager, clocks, api):
    pks = [clocks[name].pk for name in names]
    assert shown(page_of(manager).get(f"/sla/?{query}")) == pks
    if "=&" not in query:
        answer = api(manager).get(f"/api/v1/sla/timers?{query}").json()
        assert ([row["lead_id"] for row in answer["timers"]], answer["total"]) == ([str(pk) for pk in pks], len(pks))


@pytest.mark.parametrize("query", ["priority=immediate", "sla_status=met", "colour=red"])
def test_what_is_no_filter_is_said_and_shows_nothing(query, manager, clocks, api):
    response = page_of(manager).get(f"/sla/?{query}")
    assert (shown(response), b'role="alert"' in response.content) == ([], True)
    refused = api(manager).get(f"/api/v1/sla/timers?{query}")
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["query", query.split("=")[0]])


def test_an_agent_sees_its_own_clocks_alone(agent, other_agent, clocks, api):
    response = page_of(agent.user).get("/sla/")
    assert shown(response) == [clocks["late"].pk, clocks["soon"].pk]
    assert b"Tom Dell" not in response.content
    answer = api(other_agent.user).get("/api/v1/sla").json()
    assert (answer["breached"], answer["due_soon"]) == (1, 0)
    assert [one["agent_name"] for one in answer["by_agent"]] == ["Tom Dell"]
    assert api(other_agent.user).get(f"/api/v1/leads/{clocks['late'].pk}/timers").status_code == 403


def test_a_user_who_is_no_agent_and_a_stranger_see_nothing(company, stranger, clocks, api):
    outsider = UserFactory(company=company, role="agent")
    for user in (outsider, stranger):
        assert shown(page_of(user).get("/sla/")) == []
        assert api(user).get("/api/v1/sla").json()["by_agent"] == []
    assert api(stranger).get(f"/api/v1/leads/{clocks['late'].pk}/timers").status_code == 403


def test_where_nothing_presses_the_page_says_so(manager):
    response = page_of(manager).get("/sla/")
    assert b"Nothing is late or due" in response.content and b"nothing presses" in response.content


def test_the_api_answers_rates_in_percent_and_null_where_nothing_was_owed(manager, clocks, api):
    answer = api(manager).get("/api/v1/sla").json()
    assert answer["last_7_days"] == {"met": 1, "owed": 3, "rate": 33.3}
    assert answer["last_30_days"] == {"met": 2, "owed": 5, "rate": 40.0}
    with company_active(manager.company_id):
        Timer.objects.all().delete()
    assert api(manager).get("/api/v1/sla").json() == {
        "due_soon": 0,
        "breached": 0,
        "last_7_days": {"met": 0, "owed": 0, "rate": None},
        "last_30_days": {"met": 0, "owed": 0, "rate": None},
        "by_agent": [],
        "by_priority": [],
    }


def test_a_leads_clocks_are_listed_with_how_they_ended(manager, agent, clocks, api):
    [timer] = api(manager).get(f"/api/v1/leads/{clocks['met'].pk}/timers").json()["timers"]
    assert (timer["outcome"], timer["agent_id"], timer["priority"]) == ("met", str(agent.pk), "normal")
    assert timer["answered_at"] == timer["ended_at"] < timer["deadline"]


@pytest.mark.parametrize("number", [1, 25])
def test_the_board_costs_the_same_for_one_clock_and_for_twenty_five(
    number, manager, company, django_assert_max_num_queries, django_assert_num_queries
):
    with company_active(company.pk):
        for _ in range(number):
            held(AgentFactory(), -10 * MINUTE)
        take_over_clocks()
    client = page_of(manager)
    with django_assert_num_queries(6):
        assert len(shown(client.get("/sla/"))) == number


def test_long_boards_go_on(manager, agent, company):
    with company_active(company.pk):
        pks = [held(agent, -n * MINUTE).pk for n in range(40, 0, -1)]
        take_over_clocks()
    client = page_of(manager)
    first = client.get("/sla/")
    second = client.get(f"/sla/?cursor={first.context['next']}")
    assert shown(first) + shown(second) == pks
    assert (len(shown(first)), second.context["next"]) == (25, "")
    assert shown(client.get("/sla/?cursor=nonsense")) == shown(first)


def test_days_are_the_readers_and_late_ones_stand_on_the_day_of_the_deadline(manager, agent, clocks):
    days = page_of(manager).get("/sla/").context["days"]
    assert (len(days.days), days.total.met, days.total.late) == (30, 2, 3)
    assert sum(day.met for day in days.days) == 2
    by_date = {day.date: (day.met, day.late) for day in days.days}
    assert by_date[(now() - 20 * DAY).date()] == (1, 1)
