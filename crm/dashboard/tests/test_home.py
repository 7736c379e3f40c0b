"""Home by role: every figure is what the list behind it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from agents.models import Agent, AgentGoal
from agents.tests.factories import AgentFactory
from calls.tests.factories import CallFactory
from crm.accounts.models import User
from crm.audit.recording import record
from crm.core.tenancy import company_active, unscoped
from crm.sla.actions import take_over_clocks
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.django_db


def page_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def row(company: Any, **fields: Any) -> Any:
    with company_active(company.pk):
        return LeadFactory(**fields)


@pytest.fixture
def busy(company, agent, other_agent):
    """Two unassigned, one of them new; one due soon, one late with each agent, one answered late, one met, one won."""
    at = now()
    held = {"assigned_at": at - timedelta(hours=2)}
    row(company, created_at=at - timedelta(hours=3))
    row(company, status="in_progress")
    row(company, agent=agent, deadline=at + timedelta(minutes=10), **held)
    row(company, agent=agent, deadline=at - timedelta(minutes=10), deal_value=1000, **held)
    row(company, agent=other_agent, deadline=at - timedelta(minutes=5), **held)
    row(company, agent=agent, deadline=at + timedelta(minutes=10), first_response_at=at - timedelta(minutes=5), **held)
    answered = {"status": "in_progress", "first_response_at": at - timedelta(days=40, minutes=-20)}
    row(company, agent=agent, deadline=at - timedelta(days=40), assigned_at=at - timedelta(days=41), **answered)
    row(company, stage="customer", status="done", closed_at=at, agent=agent)
    with company_active(company.pk):
        take_over_clocks()


def test_a_stranger_is_asked_to_sign_in(client, db):
    assert client.get("/").status_code == 302


def test_a_managers_figures_are_what_their_lists_show(manager, agent, other_agent, busy):
    client = page_of(manager)
    response = client.get("/")
    figures, shown = response.context["figures"], response.content.decode()
    assert (figures.new_unassigned, figures.unassigned, figures.due_soon, figures.late) == (1, 2, 1, 2)
    month, days = response.context["month"], response.context["days"]
    assert (month.met, month.judged) == (days.total.met, days.total.judged) == (1, 3)
    held = {one.name: (one.open, one.late) for one in response.context["assignees"]}
    assert held == {agent.name: (4, 1), other_agent.name: (1, 1)}
    for query, count in (
        ("unassigned=true&status=new", figures.new_unassigned),
        ("sla_status=due_soon&ordering=deadline", figures.due_soon),
        ("stage=customer", 1),
    ):
        assert query.replace("&", "&amp;") in shown
        assert len(client.get(f"/leads/?{query}", follow=True).context["rows"]) == count
    for decision in response.context["decisions"]:
        if decision.url.startswith("/leads/"):
            rows = client.get(decision.url.replace("/share/", "/"), follow=True).context["rows"]
            assert decision.title.startswith(f"{len(rows)} lead")


def test_what_needs_a_decision_is_named_with_those_it_is_about(manager, agent, other_agent, busy, company):
    with company_active(company.pk):
        Agent.objects.filter(pk=other_agent.pk).update(max_capacity=1)
        Agent.objects.filter(pk=agent.pk).update(availability="away")
    decisions = {d.title: d.detail for d in page_of(manager).get("/").context["decisions"]}
    assert decisions["2 leads are past the deadline"] == f"1 with {agent.name}, 1 with {other_agent.name}"
    assert decisions["2 leads are waiting for an agent"].startswith("The oldest waits 3 h")
    assert decisions["1 agent is full while 1 has room"] == f"Full: {other_agent.name}"
    assert decisions["1 lead is due soon with nobody at work"] == f"{agent.name} is away"


def test_an_empty_company_is_shown_the_first_steps(manager):
    response = page_of(manager).get("/")
    shown = response.content.decode()
    assert response.context["decisions"] == []
    assert "Begin with your leads" in shown and "Add an agent" in shown and "nothing needs you" in shown


@pytest.mark.parametrize("size", [1, 30])
def test_home_costs_the_same_for_a_small_and_a_large_company(
    manager, agent, company, size, django_assert_max_num_queries
):
    with company_active(company.pk):
        for n in range(size):
            someone = AgentFactory()
            LeadFactory(agent=someone, deadline=now() - timedelta(minutes=n + 1), assigned_at=now())
            LeadFactory(agent=agent, deadline=now() + timedelta(minutes=n + 1), assigned_at=now())
    for user, limit in ((manager, 5), (agent.user, 11)):
        client = page_of(user)
        with django_assert_max_num_queries(limit):
            assert client.get("/").status_code == 200


def test_coming_back_counts_nothing_until_something_has_happened(
    manager, agent, company, django_assert_max_num_queries
):
    client, lead = page_of(manager), row(company)
    with company_active(company.pk):
        record("lead.created", lead, by=manager)
    assert client.get("/").context["figures"].unassigned == 1
    with django_assert_max_num_queries(3):  # session, user, agents
        assert client.get("/").context["figures"].unassigned == 1
    client.post(f"/leads/{lead.pk}/assign/", {"agent": agent.pk})
    figures = client.get("/").context["figures"]
    assert (figures.unassigned, figures.open) == (0, 1)


def test_an_agents_day_is_its_own(agent, other_agent, busy, company):
    row(company, agent=agent, disposition="callback", status="in_progress", next_attempt_at=now() + timedelta(hours=2))
    client = page_of(agent.user)
    response = client.get("/")
    own = response.context["own"]
    assert (own.new, own.due_soon, own.late, own.closed_today, own.won) == (3, 1, 1, 1, 1)
    assert [lead.agent_id for lead in response.context["queue"]] == [agent.pk] * 5
    assert response.context["queue"][0].deadline < now()
    assert len(response.context["call_backs"]) == 1
    assert b"Claim next lead" in response.content
    assert b"What needs a decision" not in response.content
    for query, count in (("status=new", own.new), ("sla_status=due_soon", own.due_soon)):
        assert len(client.get(f"/leads/?agent_id={agent.pk}&{query}").context["rows"]) == count


def test_an_agent_sees_todays_calls_against_the_goals(agent, other_agent, company):
    with company_active(company.pk):
        AgentGoal.objects.create(agent=agent, calls=40)
        for holder, disposition in ((agent, "qualified"), (agent, "callback"), (other_agent, "qualified")):
            CallFactory(lead=LeadFactory(agent=holder), disposition=disposition, placed_at=now(), duration_seconds=90)
        CallFactory(lead=LeadFactory(agent=agent), placed_at=now(), created_at=now() - timedelta(days=2))
    response = page_of(agent.user).get("/")
    goals = {one.label: (one.value, one.beside) for one in response.context["goals"]}
    assert goals == {
        "Calls": ("2", "of 40"), "Reached": ("2", "100.0%"), "Qualified": ("1", ""), "Talk time": ("3", "min"),
    }  # fmt: skip
    assert b'aria-label="Calls: 2 of 40"' in response.content


def test_a_full_agent_can_not_press_claim(agent, company):
    with company_active(company.pk):
        Agent.objects.filter(pk=agent.pk).update(max_capacity=0)
    assert b"disabled title=" in page_of(agent.user).get("/").content


def test_a_user_with_the_role_but_no_agent_is_told_whom_to_ask(company, db):
    from crm.accounts.tests.factories import UserFactory

    assert b"You are no agent yet" in page_of(UserFactory(company=company)).get("/").content


def test_navigation_holds_what_one_may_and_no_more(admin, manager, agent):
    def links(user: Any) -> set[str]:
        return {link.label for group in page_of(user).get("/agents/").context["navigation"] for link in group.links}

    everybodys, managers, admins = (
        {"Home", "Leads", "New lead", "Agents"},
        {"Import"},
        {"Users", "Company", "Audit log"},
    )
    assert links(agent.user) >= everybodys and not links(agent.user) & (managers | admins)
    assert links(manager) >= everybodys | managers and not links(manager) & admins
    assert links(admin) >= everybodys | managers | admins


def test_every_link_of_the_navigation_opens(admin):
    client = page_of(admin)
    context = client.get("/").context
    places = [link for group in context["navigation"] for link in group.links]
    for link in [*places, *context["dock"], *context["dock_more"], *context["own_links"]]:
        assert client.get(link.url).status_code == 200, link.url


def test_the_assignment_mail_is_sent_again(manager, agent, other_agent, company, django_capture_on_commit_callbacks):
    lead = row(company, agent=agent)
    client = page_of(manager)
    assert b"Resend mail" in client.get(f"/leads/{lead.pk}/").content
    with django_capture_on_commit_callbacks():
        response = client.post(f"/leads/{lead.pk}/resend-email/?in=status%3Dnew")
    assert response.url == f"/leads/{lead.pk}/?in=status%3Dnew"
    assert "on its way again" in client.get(response.url).content.decode()
    assert page_of(other_agent.user).post(f"/leads/{lead.pk}/resend-email/").status_code == 403


def test_pages_that_are_not_there_and_not_open_are_in_the_products_look(manager, agent, settings, client):
    settings.DEBUG = False
    gone = page_of(manager).get("/no-such-page/")
    assert gone.status_code == 404 and b"There is no such page" in gone.content and b'class="side"' in gone.content
    refused = page_of(agent.user).get(reverse("agents:new"))
    assert refused.status_code == 403 and b"This page is not open to you" in refused.content
    outside = client.get("/no-such-page/")
    assert outside.status_code == 404 and b'class="door' in outside.content


@pytest.mark.parametrize(
    "path", ["/", "/leads/", "/leads/new/", "/leads/similar/?phone=6022350142", "/agents/", "/agents/new/"]
)
def test_a_superuser_without_a_company_is_sent_to_choose_one(db, path):
    with unscoped("a platform user belongs to no company"):
        root = User.objects.create_superuser("root@example.com", "correct horse battery")
    response = page_of(root).get(path)
    assert response.status_code == 302 and response.url == "/admin/"


def test_times_stand_in_the_readers_zone(manager, company):
    row(company, created_at=datetime(2026, 1, 5, 12, 0, tzinfo=UTC))
    manager.timezone = "Asia/Tokyo"
    with company_active(company.pk):
        manager.save()
    shown = page_of(manager).get("/").content.decode()
    assert 'title="Mon 5 Jan 2026, 21:00:00 JST"' in shown


@pytest.mark.parametrize("readable", [True, False])
def test_mails_are_a_step_away_where_they_stay_readable(admin, manager, settings, readable):
    settings.MAIL_READABLE = readable
    assert (page_of(admin).get("/").content.count(b'href="/dev/mail/"') > 0) is readable
    assert b'href="/dev/mail/"' not in page_of(manager).get("/").content
