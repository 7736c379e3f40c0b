"""The calls' routes: what S3 shows, who may, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils.timezone import now

from agents.models import Agent
from agents.tests.factories import AgentFactory
from calls.models import Call, Outcome, Status
from calls.tests.conftest import NOON, new_lead
from calls.tests.factories import CallFactory, OpenVoiceAgentFactory
from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from leads.models import Lead
from leads.models import Status as LeadStatus
from leads.tests.factories import ContactFactory

pytestmark = pytest.mark.django_db
Api = Callable[[User], Any]
V1 = "/api/v1/calls"


@pytest.fixture(autouse=True)
def _at_noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def _sent(run_later: Any, line: Any) -> None:
    pass


def make(company: Company, act: Callable[[], Any]) -> Any:
    with company_active(company.pk):
        return act()


def call_of(company: Company, agent: Agent | None, at: datetime = NOON, **fields: Any) -> Call:
    def build() -> Call:
        lead = fields.pop("lead", None) or new_lead(agent or AgentFactory(), **fields.pop("of_lead", {}))
        return CallFactory(lead=lead, agent=agent, created_at=at, **fields)

    made: Call = make(company, build)
    return made


# --- Scheduling --------------------------------------------------------------------------------------------------


def test_a_lead_is_scheduled_as_the_document_shows(api: Api, manager: User, due_lead: Lead, run_later: Any) -> None:
    response = api(manager).post(f"{V1}/schedule", {"lead_id": str(due_lead.pk)})
    assert (response.status_code, response.json()) == (200, {"message": "Lead scheduled successfully"})
    with company_active(due_lead.company_id):
        due_lead.refresh_from_db()
        assert (due_lead.schedule_at, due_lead.front_at, due_lead.next_attempt_at) == (NOON, NOON, None)
        assert AuditEntry.objects.get(action="lead.call_scheduled").object_id == due_lead.pk
    assert run_later == [("calls.call_agent", (due_lead.agent_id,))]


def test_scheduling_passes_the_retry_delay_and_a_moment_of_long_ago_is_now(
    api: Api, manager: User, company: Company, voice: Agent
) -> None:
    lead = make(company, lambda: new_lead(voice, next_attempt_at=NOON + timedelta(days=1), status="in_progress"))
    response = api(manager).post(f"{V1}/schedule", {"lead_id": str(lead.pk), "at": "1999-01-01T00:00:00Z"})
    assert response.status_code == 200
    with company_active(company.pk):
        lead.refresh_from_db()
        assert (lead.schedule_at, lead.next_attempt_at) == (NOON, None)


def test_a_moment_to_come_is_kept_and_nobody_dials_before_it(
    api: Api, manager: User, due_lead: Lead, run_later: Any
) -> None:
    later = NOON + timedelta(days=1)
    assert (
        api(manager).post(f"{V1}/schedule", {"lead_id": str(due_lead.pk), "at": later.isoformat()}).status_code == 200
    )
    with company_active(due_lead.company_id):
        due_lead.refresh_from_db()
        assert (due_lead.schedule_at, due_lead.front_at) == (later, later)
    assert run_later == []


def test_outside_of_calling_hours_the_answer_says_until_when_it_is_held(
    api: Api, manager: User, due_lead: Lead, run_later: Any
) -> None:
    with time_machine.travel(NOON.replace(hour=8), tick=False):
        response = api(manager).post(f"{V1}/schedule", {"lead_id": str(due_lead.pk)})
    assert response.json() == {"message": "Lead scheduled successfully", "held_until": "2026-06-24T15:00:00Z"}
    with company_active(due_lead.company_id):
        due_lead.refresh_from_db()
        assert due_lead.held_until == NOON.replace(hour=15)
    assert run_later == []


def test_an_agent_that_is_named_gets_the_lead(
    api: Api, manager: User, company: Company, agent: Agent, due_lead: Lead
) -> None:
    client, url = api(manager), f"{V1}/schedule"
    assert client.post(url, {"lead_id": str(due_lead.pk), "agent_id": str(agent.pk)}).status_code == 200
    with company_active(company.pk):
        due_lead.refresh_from_db()
        assert due_lead.agent_id == agent.pk and due_lead.deadline is not None
        full = AgentFactory(max_capacity=0)
    refused = client.post(url, {"lead_id": str(due_lead.pk), "agent_id": full.user.email})
    assert refused.status_code == 409 and refused.json()["agent_capacity"]["max"] == 0
    with company_active(company.pk):
        assert list(Lead.objects.queue_of(agent, NOON)) == [due_lead]
    assert client.post(url, {"lead_id": str(due_lead.pk), "agent_id": str(uuid4())}).status_code == 422
    assert client.post(url, {"lead_id": str(due_lead.pk), "agent_id": "nobody@copperline.example"}).status_code == 404


@pytest.mark.parametrize(
    ("of_lead", "of_contact", "reason"),
    [
        ({}, {"do_not_contact": True}, "The contact is marked “do not contact”"),
        ({}, {"opt_in_status": "opted_out"}, "The contact has opted out"),
        ({}, {"phone_e164": ""}, "The contact has no phone number"),
        ({"status": "done"}, {}, "The lead is done; reopen it first"),
        ({"stage": "lost", "status": "done"}, {}, "The lead is done; reopen it first"),
        ({"agent": None}, {}, "Nobody holds this lead; name an agent to call it"),
        ({"attempts_count": 3}, {}, "No attempts left: 3 of 3 are made"),
    ],
    ids=["do not contact", "opted out", "no phone", "done", "lost", "no holder", "no attempts"],
)
def test_what_can_not_be_called_is_refused_with_the_reason_and_stays_as_it_was(
    api: Api, manager: User, company: Company, voice: Agent, of_lead: Any, of_contact: Any, reason: str
) -> None:
    lead = make(company, lambda: new_lead(**{"agent": voice, **of_lead}, contact=ContactFactory(**of_contact)))
    response = api(manager).post(f"{V1}/schedule", {"lead_id": str(lead.pk)})
    assert (response.status_code, response.json()["detail"]) == (409, reason)
    with company_active(company.pk):
        lead.refresh_from_db()
        assert (lead.schedule_at, lead.front_at) == (None, None)
        assert not AuditEntry.objects.filter(action="lead.call_scheduled").exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"lead_id": "seven"}, 422),
        ({"lead_id": 7}, 422),
        ({"lead_id": str(uuid4())}, 422),
        ({"at": "2050-01-01T00:00:00Z"}, 422),
        ({"at": "tomorrow"}, 422),
        ({"agent_id": "not an agent"}, 422),
    ],
)
def test_a_body_that_means_nothing_is_refused(api: Api, manager: User, due_lead: Lead, body: Any, status: int) -> None:
    given = {"lead_id": str(due_lead.pk), **body} if body and "lead_id" not in body else body
    assert api(manager).post(f"{V1}/schedule", given).status_code == status


def test_a_lead_of_a_colleague_or_of_another_company_is_no_lead(
    api: Api, agent: Agent, due_lead: Lead, stranger: User
) -> None:
    for user in (agent.user, stranger):
        response = api(user).post(f"{V1}/schedule", {"lead_id": str(due_lead.pk)})
        assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["body", "lead_id"])


def test_an_agent_schedules_its_own_lead_to_the_top_of_its_queue(api: Api, agent: Agent, company: Company) -> None:
    urgent = make(company, lambda: new_lead(agent, priority=4))
    mine = make(company, lambda: new_lead(agent))
    assert api(agent.user).post(f"{V1}/schedule", {"lead_id": str(mine.pk)}).status_code == 200
    with company_active(company.pk):
        assert list(Lead.objects.queue_of(agent, NOON)) == [mine, urgent]


# --- History -----------------------------------------------------------------------------------------------------


def test_the_history_has_the_documents_shape(api: Api, manager: User, company: Company, voice: Agent) -> None:
    call = call_of(
        company, voice, summary="Interested", duration_seconds=180,
        transcript=[{"speaker": "contact", "text": "Hi", "seconds": 1}],
        of_lead={"contact": make(company, lambda: ContactFactory(first_name="John", last_name=""))},
    )  # fmt: skip
    page = api(manager).get(f"{V1}/history").json()
    assert {name: page[name] for name in ("total", "page", "per_page")} == {"total": 1, "page": 1, "per_page": 10}
    [row] = page["calls"]
    shown = {name: row[name] for name in (
        "id", "lead_id", "agent_id", "lead_name", "lead_phone", "agent_name", "status", "outcome", "duration_seconds",
        "transcript_url", "summary", "created_at",
    )}  # fmt: skip
    assert shown == {
        "id": str(call.pk), "lead_id": str(call.lead_id), "agent_id": str(voice.pk), "lead_name": "John",
        "lead_phone": call.phone_e164, "agent_name": "Nova", "status": "completed", "outcome": "answered",
        "duration_seconds": 180, "transcript_url": row["transcript_url"], "summary": "Interested",
        "created_at": "2026-06-24T19:00:00Z",
    }  # fmt: skip
    assert row["transcript_url"].endswith(f"/calls/{call.pk}/#transcript")


def test_the_history_is_filtered_by_agent_outcome_lead_days_and_words(
    api: Api, manager: User, company: Company, voice: Agent
) -> None:
    company.timezone = "America/New_York"
    company.save()
    other = make(company, lambda: OpenVoiceAgentFactory(name="Élan Vital"))
    zoe = make(
        company,
        lambda: ContactFactory(
            first_name="Zoë", last_name="Ng", phone_e164="+12125550199", search_text="zoe ng +12125550199"
        ),
    )
    first = call_of(company, voice, datetime(2026, 6, 2, 3, 30, tzinfo=UTC))  # still the first of June there
    second = call_of(company, other, datetime(2026, 6, 2, 12, tzinfo=UTC), outcome=Outcome.NO_ANSWER)
    third = call_of(
        company, voice, datetime(2026, 6, 3, 12, tzinfo=UTC), outcome=Outcome.FAILED, of_lead={"contact": zoe}
    )
    client = api(manager)

    def found(query: str) -> list[str]:
        return [row["id"] for row in client.get(f"{V1}/history?{query}").json()["calls"]]

    assert found("") == [str(call.pk) for call in (third, second, first)]
    assert found(f"agent_id={voice.pk}&outcome=answered") == [str(first.pk)]
    assert found("outcome=no_answer,failed") == [str(third.pk), str(second.pk)]
    assert found("start_date=2026-06-02") == [str(third.pk), str(second.pk)]
    assert found("end_date=2026-06-01") == [str(first.pk)]
    assert found("start_date=2026-06-02&end_date=2026-06-02") == [str(second.pk)]
    assert found("search=ZOË") == found("search=zoe+ng") == found("search=(212)+555-0199") == [str(third.pk)]
    assert found("search=elan") == [str(second.pk)]
    assert found("search=zoe+nova") == [str(third.pk)]
    assert found("search=nobody") == []
    assert found(f"lead_id={third.lead_id}") == [str(third.pk)]
    assert found("ordering=created_at&per_page=1&page=2") == [str(second.pk)]
    assert found("page=9") == []


@pytest.mark.parametrize(
    "query",
    ["outcome=perhaps", "per_page=101", "page=0", "start_date=June", "agent=x", "ordering=outcome", "lead_id=7"],
)
def test_a_malformed_filter_is_refused(api: Api, manager: User, query: str) -> None:
    assert api(manager).get(f"{V1}/history?{query}").status_code == 422


def test_agents_see_their_own_calls_and_those_of_leads_they_hold(
    api: Api, manager: User, company: Company, agent: Agent, other_agent: Agent, voice: Agent
) -> None:
    mine = call_of(company, agent)
    taken_over = call_of(company, voice, lead=make(company, lambda: new_lead(agent)))
    theirs = call_of(company, other_agent)
    seen = {row["id"] for row in api(agent.user).get(f"{V1}/history").json()["calls"]}
    assert seen == {str(mine.pk), str(taken_over.pk)}
    assert api(agent.user).get(f"{V1}/{theirs.pk}").status_code == 403
    assert api(agent.user).get(f"{V1}/metrics").json()["total_calls"] == 2
    assert api(manager).get(f"{V1}/history").json()["total"] == 3


def test_another_companys_calls_are_not_there(api: Api, company: Company, voice: Agent, stranger: User) -> None:
    call = call_of(company, voice)
    client = api(stranger)
    assert client.get(f"{V1}/history").json()["total"] == 0
    assert client.get(f"{V1}/metrics").json()["total_calls"] == 0
    for method, path in (("get", ""), ("post", "/cancel"), ("post", "/disposition")):
        assert getattr(client, method)(f"{V1}/{call.pk}{path}", {"disposition": "qualified"}).status_code == 403
    assert client.get(f"{V1}/{uuid4()}").status_code == client.get(f"{V1}/seven").status_code == 404


@pytest.mark.parametrize("rows", [1, 30])
def test_the_history_costs_the_same_whatever_its_length(
    api: Api, manager: User, company: Company, voice: Agent, rows: int, django_assert_num_queries: Any
) -> None:
    for _ in range(rows):
        call_of(company, voice)
    client = api(manager)
    client.get(f"{V1}/history")
    with django_assert_num_queries(2):  # the session and the page, which ends the list and so counts it
        assert len(client.get(f"{V1}/history?per_page=50").json()["calls"]) == rows


# --- Metrics -----------------------------------------------------------------------------------------------------


def test_metrics_are_the_documents(api: Api, manager: User, company: Company, voice: Agent) -> None:
    other = make(company, lambda: OpenVoiceAgentFactory())
    lead = make(company, lambda: new_lead(voice))
    for attempt, outcome in enumerate((Outcome.NO_ANSWER, Outcome.FAILED, Outcome.ANSWERED), start=1):
        call_of(company, voice, lead=lead, attempt=attempt, outcome=outcome)
    call_of(company, other, outcome=Outcome.ANSWERED)
    call_of(company, other, outcome="", status=Status.RINGING)
    call_of(company, other, outcome="", status=Status.CANCELED)
    client = api(manager)
    assert client.get(f"{V1}/metrics").json() == {
        "total_calls": 4,
        "answered_calls": 2,
        "no_answer_calls": 1,
        "failed_calls": 1,
        "pickup_rate": 50.0,
        "average_attempts_per_lead": 2.0,
        "active_agents": 2,
    }
    of_one = client.get(f"{V1}/metrics?agent_id={voice.pk}&start_date=2026-06-24&end_date=2026-06-24").json()
    assert (of_one["total_calls"], of_one["pickup_rate"], of_one["average_attempts_per_lead"]) == (3, 33.3, 3.0)
    empty = client.get(f"{V1}/metrics?start_date=2027-01-01").json()
    assert empty == dict.fromkeys(empty, 0) and len(empty) == 7
    assert client.get(f"{V1}/metrics?search=x").status_code == 422


# --- One call ----------------------------------------------------------------------------------------------------


def test_a_call_is_logged_by_hand(api: Api, agent: Agent, company: Company) -> None:
    lead = make(company, lambda: new_lead(agent, deadline=NOON + timedelta(hours=1)))
    body = {"lead_id": str(lead.pk), "duration_seconds": 240, "disposition": "Qualified", "summary": "Wants an offer."}
    response = api(agent.user).post(V1, body)
    row = response.json()
    assert response.status_code == 201
    assert (row["status"], row["outcome"], row["disposition"], row["is_manual"], row["attempt"]) == (
        "completed", "answered", "qualified", True, 1,
    )  # fmt: skip
    assert (row["agent_id"], row["duration_seconds"], row["decision"]) == (str(agent.pk), 240, None)
    assert (row["answered_at"], row["ended_at"]) == ("2026-06-24T18:56:00Z", "2026-06-24T19:00:00Z")
    with company_active(company.pk):
        lead.refresh_from_db()
        assert (lead.attempts_count, lead.first_response_at, lead.disposition, lead.status) == (
            1, NOON, "qualified", LeadStatus.IN_PROGRESS,
        )  # fmt: skip
        entry = AuditEntry.objects.get(action="call.logged")
        assert (entry.object_id, entry.user_id, entry.data["outcome"]) == (lead.pk, agent.user_id, "answered")


def test_an_attempt_in_vain_logged_by_hand_is_tried_again_until_none_is_left(
    api: Api, agent: Agent, company: Company
) -> None:
    lead = make(company, lambda: new_lead(agent))
    for attempt in (1, 2, 3):
        assert api(agent.user).post(V1, {"lead_id": str(lead.pk), "outcome": "no_answer"}).status_code == 201
        with company_active(company.pk):
            lead.refresh_from_db()
            assert lead.attempts_count == attempt
            if attempt < 3:
                assert (lead.status, lead.next_attempt_at) == ("in_progress", NOON + timedelta(minutes=60))
    assert (lead.status, lead.disposition) == ("done", "no_answer")


def test_a_call_that_came_in_is_a_response_and_no_attempt(api: Api, agent: Agent, company: Company) -> None:
    lead = make(company, lambda: new_lead(agent))
    response = api(agent.user).post(
        V1, {"lead_id": str(lead.pk), "direction": "inbound", "callback_at": "2026-06-26T10:00:00Z"}
    )
    assert response.json()["direction"] == "inbound"
    with company_active(company.pk):
        lead.refresh_from_db()
        assert (lead.attempts_count, lead.first_response_at) == (0, NOON)
        assert lead.next_attempt_at == datetime(2026, 6, 26, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"outcome": "perhaps"}, 422),
        ({"disposition": "delighted"}, 422),
        ({"duration_seconds": -1}, 422),
        ({"duration_seconds": 10**9}, 422),
        ({"started_at": "noon"}, 422),
        ({"lead_id": str(uuid4())}, 422),
    ],
)
def test_a_log_that_means_nothing_leaves_nothing_behind(
    api: Api, manager: User, due_lead: Lead, body: Any, status: int
) -> None:
    assert api(manager).post(V1, {"lead_id": str(due_lead.pk), **body}).status_code == status
    with company_active(due_lead.company_id):
        assert Call.objects.count() == 0
        due_lead.refresh_from_db()
        assert (due_lead.attempts_count, due_lead.status) == (0, "new")


def test_the_outcome_of_a_call_is_taken_over_by_the_lead(
    api: Api, agent: Agent, company: Company, stranger: User
) -> None:
    call = call_of(company, agent)
    client = api(agent.user)
    row = client.post(
        f"{V1}/{call.pk}/disposition", {"disposition": "Not interested", "summary": "Maybe next year."}
    ).json()
    assert (row["disposition"], row["summary"]) == ("not_interested", "Maybe next year.")
    with company_active(company.pk):
        lead = Lead.objects.get(pk=call.lead_id)
        assert (lead.disposition, lead.status) == ("not_interested", LeadStatus.DONE)
    assert client.post(f"{V1}/{call.pk}/disposition", {"disposition": "delighted"}).status_code == 422
    assert client.post(f"{V1}/{call.pk}/disposition", {}).status_code == 400
    ringing = call_of(company, agent, status=Status.RINGING, outcome="")
    assert client.post(f"{V1}/{ringing.pk}/disposition", {"disposition": "qualified"}).status_code == 409


def test_a_call_that_is_over_can_not_be_canceled(api: Api, manager: User, company: Company, voice: Agent) -> None:
    call = call_of(company, voice)
    response = api(manager).post(f"{V1}/{call.pk}/cancel")
    assert (response.status_code, response.json()["detail"]) == (409, "The call is over: it was completed")


def test_the_export_holds_the_same_calls(api: Api, manager: User, company: Company, voice: Agent) -> None:
    call_of(company, voice, summary="=1+1")
    body = b"".join(
        api(manager).get(f"{V1}/export?format=csv&columns=lead_name,agent_name,outcome,summary").streaming_content
    )
    header, row = body.decode("utf-8-sig").splitlines()
    assert header == "lead_name,agent_name,outcome,summary" and row.endswith(",Nova,answered,'=1+1")


def test_whoever_is_not_signed_in_sees_nothing(client: Any) -> None:
    for path in ("history", "metrics"):
        assert client.get(f"{V1}/{path}").status_code == 401
    assert now() == NOON
