"""The cockpit: who is next, may they be called, the call, how it went, the next one; every gesture a plain form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from agents.models import Agent
from calls.actions import apply_update, attended, dial, place_call
from calls.models import Call, Status
from calls.tests.conftest import NOON, new_lead
from calls.tests.factories import CallFactory
from calls.tests.fakes import update
from crm.accounts.models import Company, User
from crm.core.tenancy import company_active
from crm.providers.ports import CallOutcome, CallStatus
from leads.models import Contact, Lead
from leads.tests.factories import ContactFactory

pytestmark = pytest.mark.django_db
SLEEPING = "+6421234567"  # where it is the middle of the night at NOON


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def _line(line: Any, run_later: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(attended, "later", lambda name, *args, **options: run_later.append((name, args)))


def make(company: Company, work: Callable[[], Any]) -> Any:
    with company_active(company.pk):
        return work()


@pytest.fixture
def mine(company: Company, agent: Agent) -> Lead:
    return make(
        company, lambda: new_lead(agent, priority=4, contact=ContactFactory(first_name="Jane", last_name="Roe"))
    )


@pytest.fixture
def desk(agent: Agent) -> Client:
    return signed_in(agent.user)


def signed_in(user: User | None) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def fresh(row: Any) -> Any:
    with company_active(row.company_id):
        return type(row)._base_manager.get(pk=row.pk)


def talked(lead: Lead, agent: Agent, outcome: CallOutcome = CallOutcome.ANSWERED, **told: Any) -> Call:
    with company_active(lead.company_id):
        call = dial(lead, agent, by=agent.user)
        place_call(call.pk)
        apply_update(call, update(call.pk, CallStatus.IN_PROGRESS))
        apply_update(call, update(call.pk, CallStatus.COMPLETED, outcome=outcome, **told))
    return call


def text(response: Any) -> str:
    return " ".join(unescape(response.content.decode()).split())


# --- who is next ----------------------------------------------------------------------------------------------------


def test_the_first_who_may_be_called_stands_there(desk: Client, company: Company, agent: Agent, mine: Lead) -> None:
    asleep = make(company, lambda: new_lead(agent, priority=4, score=99, contact=ContactFactory(phone_e164=SLEEPING)))
    page = desk.get("/cockpit/")
    assert page.context["lead"] == mine
    assert [row.lead for row in page.context["way"].rows] == [mine, asleep]
    assert "May be called now." in text(page)
    assert "Hello <mark>Jane</mark>, this is <mark>Priya Rao</mark>." in text(page)


def test_why_not_is_said_before_anybody_presses(desk: Client, company: Company, agent: Agent) -> None:
    lead = make(company, lambda: new_lead(agent, contact=ContactFactory(phone_e164=SLEEPING)))
    shown = desk.get(f"/cockpit/{lead.pk}/")
    page, reason = text(shown), shown.context["verdict"].reason
    assert f"Not now: {reason}. Next permitted: " in page
    assert 'disabled aria-describedby="why-not"' in page
    response = desk.post(f"/cockpit/{lead.pk}/call/", follow=True)
    assert make(company, Call.objects.count) == 0
    assert [f"{reason}."] == [str(message) for message in response.context["messages"]]


def test_an_empty_queue_says_what_belongs_there(desk: Client) -> None:
    page = text(desk.get("/cockpit/"))
    assert "Nobody waits for your call" in page
    assert "Nobody waits for a call-back." in page


def test_who_is_no_agent_is_told(manager: User) -> None:
    assert "You are no agent yet" in text(signed_in(manager).get("/cockpit/"))


def test_a_filtered_list_is_worked_through(desk: Client, company: Company, agent: Agent) -> None:
    a, b, c = [
        make(company, lambda n=n: new_lead(agent, source="fair", score=n, contact=ContactFactory(first_name=f"N{n}")))
        for n in (30, 20, 10)
    ]
    make(company, lambda: new_lead(agent, source="web", score=25))
    query = "?in=source%3Dfair%26ordering%3D-score"
    first = desk.get(f"/cockpit/{query}")
    assert (first.context["lead"], first.context["way"].following) == (a, b)
    second = desk.get(f"/cockpit/{b.pk}/{query}").context["way"]
    assert (second.previous, second.following) == (a, c)
    assert second.following_url == f"/cockpit/{c.pk}/{query}"
    assert [row.lead for row in second.rows] == [b, c]
    assert desk.get(f"/cockpit/{c.pk}/{query}").context["way"].following is None


@pytest.mark.parametrize("named", ["nonsense%3D1", "ordering%3Dteeth", "%00"])
def test_a_list_that_is_not_understood_is_the_queue(desk: Client, mine: Lead, named: str) -> None:
    assert desk.get(f"/cockpit/?in={named}").context["lead"] == mine


# --- the call -------------------------------------------------------------------------------------------------------


def test_a_call_is_made_by_a_plain_form(desk: Client, company: Company, mine: Lead, agent: Agent) -> None:
    response = desk.post(f"/cockpit/{mine.pk}/call/?in=source%3Dfair")
    assert response.headers["Location"] == f"/cockpit/{mine.pk}/?in=source%3Dfair"
    call = make(company, Call.objects.get)
    assert (call.lead_id, call.agent_id, call.needs_wrap_up, call.decision_allowed) == (mine.pk, agent.pk, True, True)
    page = desk.get(f"/cockpit/{mine.pk}/")
    assert "End call" in text(page)
    assert f'hx-get="/cockpit/calls/{call.pk}/"' in text(page)


def test_the_telephone_is_asked_for_alone_and_stops_when_the_call_is_over(
    desk: Client, company: Company, mine: Lead, agent: Agent
) -> None:
    call = make(company, lambda: dial(mine, agent, by=agent.user))
    htmx = {"HX-Request": "true"}
    assert "hx-trigger" in text(desk.get(f"/cockpit/calls/{call.pk}/", headers=htmx))
    make(company, lambda: place_call(call.pk))
    make(company, lambda: apply_update(call, update(call.pk, CallStatus.COMPLETED, outcome=CallOutcome.NO_ANSWER)))
    part = text(desk.get(f"/cockpit/calls/{call.pk}/", headers=htmx))
    assert "hx-trigger" not in part
    assert 'data-suggest="no_answer"' in part
    assert desk.get(f"/cockpit/calls/{call.pk}/").headers["Location"] == f"/cockpit/{mine.pk}/"


def test_ending_a_call_asks_the_provider(desk: Client, company: Company, mine: Lead, agent: Agent) -> None:
    call = make(company, lambda: dial(mine, agent, by=agent.user))
    make(company, lambda: place_call(call.pk))
    assert desk.post(f"/cockpit/calls/{call.pk}/hang-up/").status_code == 302
    assert fresh(call).cancel_asked
    make(company, lambda: apply_update(call, update(call.pk, CallStatus.CANCELED)))
    assert fresh(call).status == Status.CANCELED
    page = desk.post(f"/cockpit/calls/{call.pk}/hang-up/", follow=True)
    assert any("is over" in str(message) for message in page.context["messages"])


def test_saving_how_it_went_leads_to_the_next(desk: Client, company: Company, agent: Agent, mine: Lead) -> None:
    following = make(company, lambda: new_lead(agent, priority=3))
    call = talked(mine, agent)
    response = desk.post(f"/cockpit/calls/{call.pk}/wrap-up/", {"disposition": "qualified", "note": "Wants a demo."})
    assert response.headers["Location"] == f"/cockpit/{following.pk}/"
    assert (fresh(call).disposition, fresh(mine).disposition) == ("qualified", "qualified")
    assert make(company, lambda: mine.notes.get().text) == "Wants a demo."  # type: ignore[attr-defined]
    assert desk.get("/cockpit/").context["lead"] == following


def test_a_pause_sets_the_agent_away(desk: Client, agent: Agent, mine: Lead) -> None:
    call = talked(mine, agent)
    response = desk.post(f"/cockpit/calls/{call.pk}/wrap-up/", {"disposition": "contacted", "pause": "1"})
    assert response.headers["Location"] == "/cockpit/"
    assert fresh(agent).availability == "away"


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({}, "Choose how the call went."),
        ({"disposition": "teleported"}, "“teleported” is not a disposition of this company."),
        ({"disposition": "callback", "callback_at": "soon"}, "Give the call-back's day and time."),
        ({"disposition": "callback", "callback_at": "2020-01-01T10:00"}, "A call-back lies ahead, within a year."),
        ({"disposition": "callback", "note": "x\0"}, "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    desk: Client, agent: Agent, mine: Lead, typed: dict[str, str], problem: str
) -> None:
    call = talked(mine, agent)
    response = desk.post(f"/cockpit/calls/{call.pk}/wrap-up/", {"note": "Kept.", **typed})
    page = text(response)
    assert response.status_code == 422
    assert problem in page
    assert ("Kept." in page) is ("note" not in typed)
    assert fresh(call).needs_wrap_up


def test_a_call_that_is_not_wrapped_up_comes_first(desk: Client, company: Company, agent: Agent, mine: Lead) -> None:
    other = make(company, lambda: new_lead(agent, priority=4, score=100))
    talked(mine, agent)
    assert desk.get("/cockpit/?in=x").headers["Location"] == f"/cockpit/{mine.pk}/?in=x"
    page = text(desk.get(f"/cockpit/{other.pk}/"))
    assert "Your call with Jane Roe is not wrapped up yet." in page
    response = desk.post(f"/cockpit/{other.pk}/call/", follow=True)
    assert "Your last call is not wrapped up yet." in map(str, response.context["messages"])


@pytest.mark.parametrize(
    ("outcome", "detail", "suggested"),
    [
        (CallOutcome.NO_ANSWER, "voicemail", "voicemail"),
        (CallOutcome.NO_ANSWER, "busy", "no_answer"),
        (CallOutcome.FAILED, "invalid_number", "wrong_number"),
        (CallOutcome.ANSWERED, "", ""),
    ],
)
def test_the_call_suggests_its_outcome(
    desk: Client, agent: Agent, mine: Lead, outcome: CallOutcome, detail: str, suggested: str
) -> None:
    talked(mine, agent, outcome, detail=detail)
    page = desk.get("/cockpit/", follow=True)
    assert page.context["suggested"] == suggested
    checked = re.findall(r'name="disposition" value="(\w+)" checked', text(page))
    assert checked == ([suggested] if suggested else [])


# --- the rest of the desk -------------------------------------------------------------------------------------------


def test_todays_numbers_stand_against_the_goals(desk: Client, company: Company, agent: Agent, manager: User) -> None:
    from agents.goals import set_goals

    def fill() -> None:
        set_goals(agent, {"calls": 10, "talk_minutes": 60}, by=manager)
        day = {"agent": agent, "placed_at": NOON, "created_at": NOON}
        CallFactory(lead=new_lead(agent), duration_seconds=150, disposition="qualified", **day)
        CallFactory(lead=new_lead(agent), outcome="no_answer", duration_seconds=20, **day)
        CallFactory(lead=new_lead(agent), **day | {"created_at": NOON - timedelta(days=1)})

    make(company, fill)
    figures = {
        figure.label: (figure.value, figure.beside, figure.share) for figure in desk.get("/cockpit/").context["today"]
    }
    assert figures == {
        "Calls": ("2", "of 10", 0.2),
        "Reached": ("1", "50.0%", None),
        "Qualified": ("1", "", None),
        "Talk time": ("2", "of 60 min", 2 / 60),
    }


def test_call_backs_stand_by_their_time(desk: Client, company: Company, agent: Agent, other_agent: Agent) -> None:
    def promised(holder: Agent, hours: int) -> Lead:
        return new_lead(holder, disposition="callback", next_attempt_at=NOON + timedelta(hours=hours))

    later, due = make(company, lambda: promised(agent, 3)), make(company, lambda: promised(agent, -1))
    make(company, lambda: promised(other_agent, 1))
    shown = desk.get("/cockpit/?backs=all").context["call_backs"]
    assert [(promise.lead, promise.is_due) for promise in shown] == [(due, True), (later, False)]


def test_a_manager_sees_everybodys_call_backs_and_takes_one_over(company: Company, agent: Agent, manager: User) -> None:
    from agents.tests.factories import AgentFactory

    own = make(company, lambda: AgentFactory(user=manager))
    lead = make(company, lambda: new_lead(agent, disposition="callback", next_attempt_at=NOON))
    client = signed_in(manager)
    assert client.get("/cockpit/").context["call_backs"] == []
    assert [promise.lead for promise in client.get("/cockpit/?backs=all").context["call_backs"]] == [lead]
    assert "Priya Rao holds this lead." in text(client.get(f"/cockpit/{lead.pk}/"))
    assert client.post(f"/cockpit/{lead.pk}/call/").status_code == 302
    assert make(company, Call.objects.count) == 0
    client.post(f"/cockpit/{lead.pk}/take-over/")
    assert fresh(lead).agent_id == own.pk


def test_availability_is_switched_there(desk: Client, agent: Agent) -> None:
    desk.post("/cockpit/availability/", {"availability": "busy"})
    assert fresh(agent).availability == "busy"
    desk.post("/cockpit/availability/", {"availability": "asleep"})
    assert fresh(agent).availability == "busy"


def test_colleagues_and_strangers_are_kept_out(
    agent: Agent, other_agent: Agent, stranger: User, mine: Lead, manager: User
) -> None:
    call = talked(mine, agent)
    for user in (other_agent.user, stranger):
        client = signed_in(user)
        assert client.get(f"/cockpit/{mine.pk}/").status_code == 403
        assert client.post(f"/cockpit/{mine.pk}/call/").status_code == 403
        assert client.post(f"/cockpit/{mine.pk}/take-over/").status_code == 403
        for what in ("", "hang-up/", "wrap-up/"):
            method = client.post if what else client.get
            assert method(f"/cockpit/calls/{call.pk}/{what}", {"disposition": "qualified"}).status_code == 403
    assert (
        signed_in(manager).post(f"/cockpit/calls/{call.pk}/wrap-up/", {"disposition": "qualified"}).status_code == 403
    )
    assert signed_in(agent.user).post(f"/cockpit/{mine.pk}/take-over/").status_code == 403
    assert fresh(call).needs_wrap_up


@pytest.mark.parametrize("count", [1, 30])
def test_the_desk_costs_the_same_for_one_lead_and_for_many(
    desk: Client, company: Company, agent: Agent, count: int, django_assert_num_queries: Any
) -> None:
    def fill() -> None:
        for n in range(count):
            new_lead(agent, disposition="callback" if n % 2 else "", next_attempt_at=NOON - timedelta(hours=1))

    make(company, fill)
    desk.get("/cockpit/")
    with django_assert_num_queries(QUERIES):
        page = desk.get("/cockpit/")
    assert len(page.context["way"].rows) == count


QUERIES = 15


def test_a_script_is_text_and_a_value_is_no_markup(desk: Client, company: Company, agent: Agent, mine: Lead) -> None:
    make(company, lambda: Agent.objects.filter(pk=agent.pk).update(voice_script="<b>Hi</b> {{first_name}} {{email}}"))
    make(company, lambda: Contact.objects.filter(pk=mine.contact_id).update(first_name="<script>{{email}}"))
    page = " ".join(desk.get("/cockpit/").content.decode().split())
    assert "&lt;b&gt;Hi&lt;/b&gt; <mark>&lt;script&gt;{{email}}</mark>" in page
