"""Sharing out everything that matches an address: one page, one button."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import Agent
from crm.accounts.models import Company, User
from leads.models import Lead
from leads.tests.factories import LeadFactory

pytestmark = pytest.mark.django_db


def page(client: Client, query: str) -> str:
    answer = client.get(f"{reverse('leads:share')}?{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_says_how_many_wait_and_how_much_room_there_is(
    client: Client, in_company: Any, manager: User, agent: Agent
) -> None:
    Agent.objects.filter(pk=agent.pk).update(max_capacity=2)
    for _ in range(3):
        LeadFactory()
    client.force_login(manager)
    shown = page(client, "unassigned=true")
    assert "Share out 3 leads" in shown
    assert "the team has room for 2" in shown
    assert "1 of them will stay in the queue" in shown


def test_its_form_places_what_matches_and_nothing_else(
    client: Client, in_company: Any, manager: User, agent: Agent
) -> None:
    wanted, other = LeadFactory(source="fair"), LeadFactory(source="web")
    client.force_login(manager)
    shown = page(client, "source=fair&unassigned=true")
    action = shown.split('class="form" method="post" action="')[1].split('"')[0].replace("&amp;", "&")
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', shown))
    client.post(action, {**hidden, "strategy": "capacity", "agents": [agent.pk], "do": "assign"})
    wanted.refresh_from_db()
    other.refresh_from_db()
    assert (wanted.agent_id, other.agent_id) == (agent.pk, None)


def test_without_a_filter_it_offers_who_waits_and_says_so(
    client: Client, in_company: Any, manager: User, agent: Agent
) -> None:
    wanted, worked = LeadFactory(), LeadFactory(status="in_progress")
    held, closed = LeadFactory(agent=agent), LeadFactory(status="done", stage="lost")
    client.force_login(manager)
    for query in ("", "?ordering=deadline", "?status="):
        answer = client.get(f"{reverse('leads:share')}{query}", follow=True)
        assert answer.request["QUERY_STRING"] == "unassigned=true&status=new%2Cin_progress"
        shown = answer.content.decode()
        assert "Share out 2 leads" in shown
        assert "<dt>Which</dt><dd>Held by nobody; Status is New, In progress</dd>" in shown
    action = shown.split('class="form" method="post" action="')[1].split('"')[0].replace("&amp;", "&")
    client.post(action, {"everything": "1", "confirmed": "1", "strategy": "capacity", "do": "assign"})
    holders = {lead.pk: lead.agent_id for lead in Lead.objects.all()}
    assert (holders[wanted.pk], holders[worked.pk]) == (agent.pk, agent.pk)
    assert (holders[held.pk], holders[closed.pk]) == (agent.pk, None)


def test_without_agents_it_offers_the_first_step(client: Client, in_company: Any, manager: User) -> None:
    LeadFactory()
    client.force_login(manager)
    assert "Nobody works leads yet" in page(client, "unassigned=true")


def test_with_nothing_left_there_is_no_form(client: Client, in_company: Any, manager: User, agent: Agent) -> None:
    client.force_login(manager)
    shown = page(client, "unassigned=true")
    assert "None of these leads is left" in shown
    assert Lead.objects.count() == 0


def test_an_address_that_means_nothing_goes_to_the_list_which_says_so(
    client: Client, in_company: Any, manager: User
) -> None:
    client.force_login(manager)
    answer = client.get(f"{reverse('leads:share')}?stage=nonsense")
    assert answer.headers["Location"] == f"{reverse('leads:list')}?stage=nonsense"


def test_agents_have_no_such_page(client: Client, company: Company, agent: Agent) -> None:
    client.force_login(agent.user)
    assert client.get(reverse("leads:share")).status_code == 403
