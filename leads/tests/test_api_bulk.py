"""`POST /leads/bulk-update`, `/leads/bulk-assign`, `/leads/bulk-delete`."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.tests.factories import AgentFactory
from crm.audit.models import AuditEntry
from crm.core.ids import uuid7
from crm.core.tenancy import company_active
from crm.jobs.models import Job, JobState
from leads.models import Lead
from leads.tests.assigning import make_leads
from leads.tests.factories import LeadFactory

UPDATE, ASSIGN, DELETE = (f"/api/v1/leads/bulk-{verb}" for verb in ("update", "assign", "delete"))
NOT_FOUND = "Lead not found"


def post(client: Any, path: str, **body: Any) -> Any:
    return client.post(path, body, format="json")


@pytest.fixture
def leads(in_company) -> list[Lead]:
    return make_leads(3)


def ids(leads) -> list[str]:
    return [str(lead.pk) for lead in leads]


def test_a_bulk_update_answers_for_each_lead_in_its_order(api, manager, stranger, leads):
    with company_active(stranger.company_id):
        foreign = str(LeadFactory().pk)
    unknown = str(uuid7())
    named = [ids(leads)[1], "lead1", foreign, unknown, ids(leads)[0].upper(), 7, None, ids(leads)[1]]
    answer = post(api(manager), UPDATE, lead_ids=named, updates={"disposition": "Qualified", "priority": "High"})
    assert answer.status_code == 200
    data = answer.json()
    job = Job.objects.get()
    assert data.pop("job_id") == str(job.pk)
    assert data == {
        "success": True,
        "updated_count": 2,
        "failed_count": 5,
        "results": [
            {"lead_id": named[0], "success": True, "error": None},
            {"lead_id": "lead1", "success": False, "error": NOT_FOUND},
            {"lead_id": foreign, "success": False, "error": NOT_FOUND},
            {"lead_id": unknown, "success": False, "error": NOT_FOUND},
            {"lead_id": named[4], "success": True, "error": None},
            {"lead_id": "7", "success": False, "error": NOT_FOUND},
            {"lead_id": "null", "success": False, "error": NOT_FOUND},
        ],
        "returned_to_queue": [],
    }
    changed = Lead.objects.filter(disposition="qualified", priority=3)
    assert set(changed.values_list("pk", flat=True)) == {leads[0].pk, leads[1].pk}
    assert (job.kind, job.state, job.succeeded, job.failed) == ("leads.bulk_update", JobState.SUCCEEDED, 2, 5)


def test_success_is_false_only_when_none_did(api, manager, leads):
    client = api(manager)
    answer = post(client, UPDATE, lead_ids=["lead1", str(uuid7())], updates={"source": "fair"})
    assert (answer.status_code, answer.json()["success"], answer.json()["updated_count"]) == (200, False, 0)
    answer = post(client, UPDATE, lead_ids=["lead1", *ids(leads)], updates={"source": "fair"})
    assert answer.json()["success"] is True
    answer = post(client, DELETE, filter={"source": "none such"})
    assert (answer.json()["success"], answer.json()["results"]) == (True, [])


def test_leaving_a_closed_stage_without_a_reason_fails_for_that_lead(api, manager, in_company):
    lost, open_ = LeadFactory(stage="lost", status="done"), LeadFactory()
    answer = post(api(manager), UPDATE, lead_ids=ids([lost, open_]), updates={"stage": "mql"}).json()
    assert [r["error"] for r in answer["results"]] == ["A reason is needed to leave customer or lost", None]


def test_by_filter_all_that_match_are_changed_and_no_other(api, manager, in_company):
    make_leads(3, source="web")
    other = make_leads(1, 50, source="fair")[0]
    body = {"filter": {"source": "web", "min_score": 0, "unassigned": True, "stage": ["lead", "mql"]}}
    answer = post(api(manager), UPDATE, **body, updates={"tags": ["hot"]}).json()
    assert answer["updated_count"] == 3
    assert list(Lead.objects.filter(tags=[])) == [other]


NO_FILTER = 'Name at least one filter, or {"all": true} for every lead.'


@pytest.mark.parametrize(
    ("filters", "where", "says"),
    [
        ({}, ["body", "filter"], NO_FILTER),
        ({"source": None, "stage": []}, ["body", "filter"], NO_FILTER),
        ({"source": " , ", "stage": ["", None]}, ["body", "filter"], NO_FILTER),
        ({"all": None}, ["body", "filter"], NO_FILTER),
        ({"all": False}, ["body", "filter", "all"], "Must be true, or left out."),
        ({"all": "true"}, ["body", "filter", "all"], "Must be true, or left out."),
        ({"all": True, "source": "web"}, ["body", "filter", "all"], "Stands alone, without other filters."),
    ],
)
@pytest.mark.parametrize("route", [DELETE, UPDATE, ASSIGN])
def test_a_filter_that_chooses_nothing_does_not_mean_every_lead(
    api, manager, agent, leads, route, filters, where, says
):
    body = {UPDATE: {"updates": {"source": "x"}}, ASSIGN: {"agent_id": str(agent.pk)}}.get(route, {})
    answer = post(api(manager), route, filter=filters, **body)
    assert answer.status_code == 422
    assert [(problem["loc"], problem["msg"]) for problem in answer.json()["detail"]] == [(where, says)]
    assert Lead.objects.alive().filter(source="", agent=None).count() == 3 and not Job.objects.exists()


def test_a_search_without_a_word_deletes_nobody(api, manager, leads):
    answer = post(api(manager), DELETE, filter={"search": "\u00b4"})  # an accent alone
    assert (answer.status_code, answer.json()["deleted_count"]) == (200, 0)
    assert Lead.objects.alive().count() == 3


def test_every_lead_is_deleted_where_that_is_said(api, manager, leads):
    assert post(api(manager), DELETE, filter={"all": True}).json()["deleted_count"] == 3
    assert not Lead.objects.alive().exists()


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"updates": {"source": "x"}}, 400, ["body", "lead_ids"]),
        ({"lead_ids": ["a"]}, 400, ["body", "updates"]),
        ({"lead_ids": [], "updates": {"source": "x"}}, 422, ["body", "lead_ids"]),
        ({"lead_ids": "a", "updates": {"source": "x"}}, 422, ["body", "lead_ids"]),
        ({"lead_ids": ["a\x00"], "updates": {"source": "x"}}, 422, ["body", "lead_ids", "0"]),
        ({"lead_ids": ["a"], "filter": {}, "updates": {"source": "x"}}, 422, ["body", "filter"]),
        ({"filter": {"colour": "red"}, "updates": {"source": "x"}}, 422, ["body", "filter", "colour"]),
        ({"filter": {"stage": "nope"}, "updates": {"source": "x"}}, 422, ["body", "filter", "stage"]),
        ({"filter": {"stage": {"a": 1}}, "updates": {"source": "x"}}, 422, ["body", "filter", "stage"]),
        ({"filter": [], "updates": {"source": "x"}}, 422, ["body", "filter"]),
        ({"lead_ids": ["a"], "updates": {}}, 422, None),
        ({"lead_ids": ["a"], "updates": {"stage_reason": "x"}}, 422, None),
        ({"lead_ids": ["a"], "updates": {"priority": "highest"}}, 422, ["body", "updates", "priority"]),
        ({"lead_ids": ["a"], "updates": {"disposition": "Nope"}}, 422, ["body", "disposition"]),
        ({"lead_ids": ["a"], "updates": [1]}, 422, None),
        ({"lead_ids": ["a"], "updates": {"source": "x"}, "async": "yes"}, 422, ["body", "async"]),
    ],
)
def test_malformed_requests_name_the_field(api, manager, body, status, where):
    answer = post(api(manager), UPDATE, **body)
    assert answer.status_code == status, answer.json()
    if where:
        assert where in [problem["loc"] for problem in answer.json()["detail"]]


def test_agents_work_within_their_own_leads(api, agent, other_agent, in_company):
    own, others, made = LeadFactory(agent=agent), LeadFactory(agent=other_agent), LeadFactory(created_by=agent.user)
    named = ids([own, others, made])
    client = api(agent.user)
    updated = post(client, UPDATE, lead_ids=named, updates={"source": "fair"}).json()
    assert [r["success"] for r in updated["results"]] == [True, False, True]
    assert updated["results"][1]["error"] == NOT_FOUND
    handed = post(client, ASSIGN, lead_ids=named, agent_email=other_agent.user.email).json()
    assert [r["success"] for r in handed["results"]] == [True, False, False], "only what it holds"
    by_filter = post(client, UPDATE, filter={"all": True}, updates={"source": "mine"}).json()
    assert [r["lead_id"] for r in by_filter["results"]] == [str(made.pk)]


def test_bulk_assign_shares_out_and_tells_who_got_what(api, manager, leads):
    a, b = AgentFactory(), AgentFactory(max_capacity=1)
    body = {"strategy": "round_robin", "agent_emails": [a.user.email, b.user.email], "notes": "Fair"}
    answer = post(api(manager), ASSIGN, lead_ids=ids(leads), **body).json()
    assert answer["success"] and answer["assigned_count"] == 3 and answer["failed_count"] == 0
    assert answer["distribution"] == {str(a.pk): 2, str(b.pk): 1}
    holders = {r["lead_id"]: UUID(r["agent_id"]) for r in answer["results"]}
    assert holders == {str(pk): agent for pk, agent in Lead.objects.values_list("pk", "agent_id")}


def test_one_agent_named_takes_what_it_has_room_for(api, manager, leads):
    agent = AgentFactory(name="Ana", max_capacity=2)
    answer = post(api(manager), ASSIGN, filter={"unassigned": "true"}, agent_id=str(agent.pk)).json()
    assert (answer["assigned_count"], answer["failed_count"]) == (2, 1)
    assert answer["results"][2] == {
        "lead_id": str(leads[2].pk),
        "success": False,
        "error": "Ana has no room: 2 of 2 open leads",
        "agent_id": None,
    }


def test_bulk_assign_without_agents_or_strategy_goes_to_whoever_has_room(api, manager, agent, leads):
    assert post(api(manager), ASSIGN, lead_ids=ids(leads)).json()["distribution"] == {str(agent.pk): 3}


def test_wrong_agents_are_refused_and_nothing_is_assigned(api, manager, leads):
    client = api(manager)
    assert post(client, ASSIGN, lead_ids=ids(leads), agent_email="nobody@example.org").status_code == 404
    assert post(client, ASSIGN, lead_ids=ids(leads), agent_ids=[str(uuid7())]).status_code == 422
    assert post(client, ASSIGN, lead_ids=ids(leads), strategy="manual").status_code == 400
    assert post(client, ASSIGN, lead_ids=ids(leads), strategy="fastest").status_code == 422
    assert not Lead.objects.filter(agent__isnull=False).exists() and not Job.objects.exists()


def test_bulk_delete_takes_leads_out_of_the_list(api, manager, leads):
    client = api(manager)
    answer = post(client, DELETE, lead_ids=[*ids(leads)[:2], "lead9"]).json()
    assert (answer["success"], answer["deleted_count"], answer["failed_count"]) == (True, 2, 1)
    assert client.get("/api/v1/leads").json()["total"] == 1
    again = post(client, DELETE, lead_ids=ids(leads)[:1]).json()
    assert (again["success"], again["results"][0]["error"]) == (False, NOT_FOUND)


def test_a_call_can_be_taken_back(api, manager, leads, django_capture_on_commit_callbacks):
    client = api(manager)
    job_id = post(client, UPDATE, lead_ids=ids(leads), updates={"stage": "sql", "source": "x"}).json()["job_id"]
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"/api/v1/jobs/{job_id}/undo")
    assert answer.status_code == 202, answer.json()
    assert Lead.objects.filter(stage="lead", source="").count() == 3
    assert client.get(f"/api/v1/jobs/{job_id}").json()["state"] == "undone"
    assert client.post(f"/api/v1/jobs/{job_id}/undo").status_code == 409


def test_others_cannot_take_it_back(api, manager, agent, stranger, leads):
    job_id = post(api(manager), UPDATE, lead_ids=ids(leads), updates={"source": "x"}).json()["job_id"]
    assert api(agent.user).post(f"/api/v1/jobs/{job_id}/undo").status_code == 403
    assert api(stranger).post(f"/api/v1/jobs/{job_id}/undo").status_code == 403
    assert Lead.objects.filter(source="x").count() == 3


@pytest.mark.parametrize("by_filter", [False, True])
def test_asked_for_it_is_a_job(api, manager, leads, by_filter, django_capture_on_commit_callbacks):
    named = {"filter": {"stage": "lead", "source": None}} if by_filter else {"lead_ids": [*ids(leads), "lead1"]}
    with django_capture_on_commit_callbacks(execute=True):
        answer = post(api(manager), UPDATE, **named, updates={"priority": "urgent", "deal_value": 5}, **{"async": True})
    assert answer.status_code == 202
    body = answer.json()
    assert (body["job_id"], body["job"]["kind"], body["job"]["state"]) == (
        body["job"]["id"],
        "leads.bulk_update",
        "queued",
    )
    job = api(manager).get(f"/api/v1/jobs/{body['job_id']}").json()
    assert (job["state"], job["succeeded"], job["failed"]) == ("succeeded", 3, 0 if by_filter else 1)
    assert Lead.objects.filter(priority=4, deal_value=5).count() == 3


def test_more_than_a_thousand_are_a_job(api, manager, in_company, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr("leads.api.bulk_views.MOST_AT_ONCE", 4)
    client = api(manager)
    leads = make_leads(5)
    assert post(client, UPDATE, lead_ids=ids(leads)[:4], updates={"source": "a"}).status_code == 200
    assert post(client, UPDATE, lead_ids=[*ids(leads)[:4]] * 2, updates={"source": "a"}).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        assert post(client, UPDATE, lead_ids=ids(leads), updates={"source": "b"}).status_code == 202
        answer = post(client, DELETE, filter={"all": True})
    assert answer.status_code == 202 and answer.json()["job"]["total"] == 5
    assert not Lead.objects.alive().exists()


def test_the_same_key_does_it_once(api, manager, leads):
    client, body = api(manager), {"lead_ids": ids(leads), "updates": {"source": "x"}}
    first = client.post(UPDATE, body, format="json", headers={"Idempotency-Key": "k1"})
    again = client.post(UPDATE, body, format="json", headers={"Idempotency-Key": "k1"})
    assert first.json() == again.json() and Job.objects.count() == 1


def test_each_lead_has_its_entry_in_the_log(api, manager, leads):
    post(api(manager), UPDATE, lead_ids=ids(leads), updates={"source": "x", "stage": "mql"})
    actions = AuditEntry.objects.filter(object_type="lead").values_list("action", flat=True)
    assert sorted(actions) == ["lead.stage_changed"] * 3 + ["lead.updated"] * 3


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite splits by its limit of parameters")
def test_a_request_costs_the_same_for_ten_and_a_thousand(api, manager, in_company):
    client, counts = api(manager), []
    for size, start in ((10, 0), (1000, 100)):
        body = {"lead_ids": ids(make_leads(size, start)), "updates": {"disposition": "Qualified", "priority": "high"}}
        with CaptureQueriesContext(connection) as queries:
            assert post(client, UPDATE, **body).json()["updated_count"] == size
        counts.append(len(queries))
    assert counts[0] == counts[1], counts


def test_results_are_json_of_plain_values(api, manager, leads):
    answer = post(api(manager), UPDATE, lead_ids=ids(leads), updates={"schedule_at": "2026-03-01T09:00:00Z"})
    assert json.loads(answer.content)["updated_count"] == 3


@pytest.mark.parametrize("is_job", [False, True])
def test_a_call_in_a_hundred_years_is_planned_for_nobody(
    api, manager, leads, is_job, django_capture_on_commit_callbacks
):
    updates = {"schedule_at": "2990-01-01T00:00:00Z", "source": "fair"}
    with django_capture_on_commit_callbacks(execute=True):
        answer = post(api(manager), UPDATE, lead_ids=ids(leads), updates=updates, **{"async": is_job})
    said = answer.json() if not is_job else api(manager).get(f"/api/v1/jobs/{answer.json()['job_id']}").json()
    assert "Must be within ten years" in json.dumps(said)
    assert answer.status_code == (202 if is_job else 422) and said.get("state") == ("failed" if is_job else None)
    assert not Lead.objects.filter(source="fair").exists()
