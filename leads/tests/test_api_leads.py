"""`/leads` by its contract (`api.md`, "Leads")."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils.timezone import now

from agents.models import Agent
from agents.tests.factories import VoiceAgentFactory
from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from leads.actions import create_lead, delete_lead, set_disposition
from leads.models import Contact, Lead
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
LEADS = "/api/v1/leads"
FIELDS = {
    "id",
    "company_id",
    "contact_id",
    "contact",
    "first_name",
    "last_name",
    "email",
    "phone_e164",
    "agent_id",
    "agent_email",
    "assignee_id",
    "created_by_id",
    "vendor_code",
    "campaign_id",
    "source",
    "status",
    "stage",
    "stage_changed_at",
    "disposition",
    "priority",
    "qualification_status",
    "score",
    "deal_value",
    "expected_close_date",
    "qualification_data",
    "custom_fields",
    "tags",
    "schedule_at",
    "attempts_count",
    "next_attempt_at",
    "deadline",
    "sla_status",
    "assigned_at",
    "created_at",
    "updated_at",
}
JOHN = {"first_name": "John", "phone_e164": "+14155552671"}


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json()
    return [lead["id"] for lead in answer.json()["leads"]]


def test_creating_answers_the_lead_with_every_field(api: Any, manager: User, company: Company) -> None:
    answer = api(manager).post(LEADS, {**JOHN, "deal_value": 10000.005, "priority": "HIGH", "tags": ["a", "a"]})
    assert answer.status_code == 201
    lead = answer.json()
    assert lead.keys() >= FIELDS
    assert answer["ETag"]
    shown = {name: lead[name] for name in ("status", "stage", "priority", "score", "disposition", "tags", "sla_status")}
    assert shown == {
        "status": "new",
        "stage": "lead",
        "priority": "high",
        "score": 0,
        "disposition": None,
        "tags": ["a"],
        "sla_status": "none",
    }
    assert lead["deal_value"] == 10000.01
    assert (lead["company_id"], lead["created_by_id"]) == (str(company.pk), str(manager.pk))
    assert lead["created_at"].endswith("Z")
    row = Lead.objects.get()
    assert (str(row.pk), row.contact.phone_e164, row.agent_id) == (lead["id"], "+14155552671", None)
    assert AuditEntry.objects.filter(object_id=row.pk).values_list("action", flat=True).get() == "lead.created"


@pytest.mark.parametrize("field", ["agent_id", "agent_email"])
def test_an_agent_is_named_by_uuid_or_email(api: Any, manager: User, agent: Agent, field: str) -> None:
    by_email = api(manager).post(LEADS, {**JOHN, field: "PRIYA@copperline.example"}).json()
    assert (by_email["agent_id"], by_email["agent_email"]) == (str(agent.pk), "priya@copperline.example")
    assert by_email["assignee_id"] == str(agent.user_id)
    assert by_email["sla_status"] == "on_track"
    by_id = api(manager).post(LEADS, {"name": "Ann Lee", "email": "a@example.org", field: str(agent.pk)}).json()
    assert (by_id["agent_id"], by_id["last_name"]) == (str(agent.pk), "Lee")


def test_a_voice_agent_gets_leads_without_limit(api: Any, manager: User) -> None:
    voice = VoiceAgentFactory()
    lead = api(manager).post(LEADS, {**JOHN, "agent_id": str(voice.pk)}).json()
    assert (lead["agent_id"], lead["agent_email"], lead["assignee_id"]) == (str(voice.pk), None, None)


def test_what_a_body_names_must_exist_in_the_own_company(
    api: Any, manager: User, stranger: User, stranger_agent: Agent
) -> None:
    client = api(manager)
    with company_active(stranger.company_id):
        foreign = ContactFactory()
    refused = [
        ({**JOHN, "agent_id": str(uuid4())}, 422),
        ({**JOHN, "agent_id": str(stranger_agent.pk)}, 422),
        ({**JOHN, "agent_id": "Priya"}, 422),
        ({**JOHN, "agent_id": "nobody@copperline.example"}, 404),
        ({**JOHN, "agent_email": stranger_agent.email}, 404),
        ({**JOHN, "assignee_id": str(stranger.pk)}, 422),
        ({"contact_id": str(foreign.pk)}, 422),
        ({"contact_id": str(uuid4())}, 422),
        ({"contact_id": 123}, 422),
        ({**JOHN, "vendor_code": "NOPE"}, 404),
        ({**JOHN, "campaign_id": str(uuid4())}, 422),
    ]
    for body, status in refused:
        assert client.post(LEADS, body).status_code == status, body
    assert not Lead.objects.exists()


@pytest.fixture
def stranger_agent(stranger: User) -> Agent:
    from agents.tests.factories import AgentFactory

    with company_active(stranger.company_id):
        return AgentFactory()


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "phone_e164"),
        ({"phone_e164": "+14155552671"}, 400, "first_name"),
        ({"first_name": "A", "phone_e164": "415-555-2671"}, 422, "phone_e164"),
        ({"first_name": "A", "phone_e164": "14155552671"}, 422, "phone_e164"),
        ({"first_name": 5, "phone_e164": "+14155552671"}, 422, "first_name"),
        ({"first_name": "A" * 151, "phone_e164": "+14155552671"}, 422, "first_name"),
        ({**JOHN, "email": "no address"}, 422, "email"),
        ({**JOHN, "priority": "highest"}, 422, "priority"),
        ({**JOHN, "stage": "won"}, 422, "stage"),
        ({**JOHN, "deal_value": "10"}, 422, "deal_value"),
        ({**JOHN, "deal_value": -1}, 422, "deal_value"),
        ({**JOHN, "deal_value": 10**30}, 422, "deal_value"),
        ({**JOHN, "schedule_at": "2026-02-30T10:00:00Z"}, 422, "schedule_at"),
        ({**JOHN, "schedule_at": 5}, 422, "schedule_at"),
        ({**JOHN, "custom_fields": ["a"]}, 422, "custom_fields"),
        ({**JOHN, "tags": "vip"}, 422, "tags"),
        ({**JOHN, "timezone": "Mars/Phobos"}, 422, "timezone"),
        ({**JOHN, "country": "USA"}, 422, "country"),
        ({**JOHN, "contact_id": "nobody"}, 422, "contact_id"),
        ({**JOHN, "last_name": "a\x00b"}, 422, "last_name"),
    ],
)
def test_bad_input_names_the_field_and_makes_nothing(
    api: Any, manager: User, body: dict[str, Any], status: int, field: str
) -> None:
    answer = api(manager).post(LEADS, body)
    assert answer.status_code == status, answer.json()
    assert any(problem["loc"] == ["body", field] for problem in answer.json()["detail"])
    assert not Contact.objects.exists()


def test_what_is_missing_is_told_together_with_what_is_malformed(api: Any, manager: User) -> None:
    answer = api(manager).post(LEADS, {"last_name": 5, "deal_value": "much"})
    assert answer.status_code == 400
    named = {problem["loc"][-1]: problem["type"] for problem in answer.json()["detail"]}
    assert named.keys() == {"phone_e164", "first_name", "last_name", "deal_value"}
    assert named["phone_e164"] == named["first_name"] == "missing"


def test_an_impossible_number_of_the_right_form_is_against_a_rule(api: Any, manager: User) -> None:
    for body in (
        {"phone_e164": "+13955571028"},
        {"phone_e164": "+1999"},
        {"phone": "(415) 555-invalid"},
        {"phone": "12"},
    ):
        answer = api(manager).post(LEADS, {"first_name": "A", **body})
        assert (answer.status_code, answer.json()) == (400, {"detail": "Invalid phone number format"})


def test_what_is_not_known_of_the_contact_is_null_inside_the_lead_too(api: Any, manager: User) -> None:
    lead = api(manager).post(LEADS, {"first_name": "A", "phone_e164": "+14155552671"}).json()
    assert (
        lead["email"] is lead["contact"]["email"] is lead["contact"]["organization"] is lead["contact"]["title"] is None
    )


@pytest.mark.parametrize("text", ["14155552671", "+0415", "+1 415", "+1415555267100000", "+١٤١٥", "+"])
def test_a_number_of_another_form_is_malformed(api: Any, manager: User, text: str) -> None:
    answer = api(manager).post(LEADS, {"first_name": "A", "phone_e164": text})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "phone_e164"]


def test_a_duplicate_names_the_first_where_the_asker_may_see_it(api: Any, manager: User, agent: Agent) -> None:
    first = api(manager).post(LEADS, {**JOHN, "agent_id": str(agent.pk)}).json()
    again = api(manager).post(LEADS, {**JOHN, "agent_id": str(agent.pk)})
    detail = "Lead with this phone number already exists for this agent"
    assert (again.status_code, again.json()) == (400, {"detail": detail, "existing_lead_id": first["id"]})
    api(manager).post(LEADS, JOHN)
    unseen = api(agent.user).post(LEADS, JOHN)
    assert (unseen.status_code, unseen.json()) == (400, {"detail": detail})


def test_without_room_nothing_is_made(api: Any, manager: User, agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(max_capacity=0)
    answer = api(manager).post(LEADS, {**JOHN, "agent_id": str(agent.pk)})
    assert answer.status_code == 409
    assert answer.json()["agent_capacity"]["available_slots"] == 0
    assert not Lead.objects.exists()
    assert not Contact.objects.exists()


def test_changing_names_only_what_is_given(api: Any, manager: User) -> None:
    lead = create_lead({**JOHN, "source": "web", "tags": ["old"], "custom_fields": {"a": 1, "b": 2}}, by=manager)
    answer = api(manager).put(
        f"{LEADS}/{lead.pk}",
        {"first_name": "Jane", "custom_fields": {"a": 3}, "score": 99, "unknown": 1, "disposition": "Call Back"},
    )
    assert answer.status_code == 200, answer.json()
    shown = answer.json()
    assert (shown["first_name"], shown["source"], shown["custom_fields"]) == ("Jane", "web", {"a": 3})
    assert (shown["tags"], shown["score"], shown["disposition"], shown["status"]) == (
        ["old"],
        0,
        "callback",
        "in_progress",
    )
    lead.refresh_from_db()
    assert lead.search_text == "jane +14155552671"
    assert answer["ETag"] == api(manager).get(f"{LEADS}/{lead.pk}")["ETag"]


def test_an_outdated_change_is_refused(api: Any, manager: User) -> None:
    lead = create_lead(JOHN, by=manager)
    tag = api(manager).get(f"{LEADS}/{lead.pk}")["ETag"]
    first = api(manager).patch(f"{LEADS}/{lead.pk}", {"last_name": "A"}, headers={"If-Match": tag})
    assert first.status_code == 200
    assert first["ETag"] != tag
    assert api(manager).patch(f"{LEADS}/{lead.pk}", {"source": "x"}, headers={"If-Match": tag}).status_code == 412
    assert Lead.objects.get().source == ""


def test_a_taken_phone_or_email_is_refused(api: Any, manager: User) -> None:
    lead = create_lead(JOHN, by=manager)
    ContactFactory(phone_e164="+442071838750", email="taken@example.org")
    for body in ({"phone_e164": "+442071838750"}, {"email": "TAKEN@example.org"}):
        answer = api(manager).patch(f"{LEADS}/{lead.pk}", {**body, "source": "new"})
        assert answer.status_code == 400, answer.json()
    lead.refresh_from_db()
    assert lead.source == ""


def test_the_stage_moves_with_its_reason_and_leaving_the_end_needs_one(api: Any, manager: User) -> None:
    lead = create_lead(JOHN, by=manager)
    path = f"{LEADS}/{lead.pk}/stage"
    moved = api(manager).put(path, {"stage": "SQL", "stage_reason": "Budget confirmed"})
    assert (moved.status_code, moved.json()["stage"]) == (200, "sql")
    assert api(manager).put(path, {"stage": "customer"}).json()["status"] == "done"
    refused = api(manager).put(path, {"stage": "sql"})
    assert refused.status_code == 400
    assert refused.json()["detail"][0]["loc"] == ["body", "stage_reason"]
    assert api(manager).put(path, {"stage": "sql", "stage_reason": "Fell through"}).json()["status"] == "in_progress"
    assert [(c.from_stage, c.to_stage, c.reason) for c in lead.stage_changes.order_by("at")] == [
        ("lead", "sql", "Budget confirmed"),
        ("sql", "customer", ""),
        ("customer", "sql", "Fell through"),
    ]
    assert api(manager).put(path, {}).status_code == 400
    assert api(manager).put(path, {"stage": "won"}).status_code == 422


def test_the_deal_value_is_set_and_cleared(api: Any, manager: User) -> None:
    lead = create_lead(JOHN, by=manager)
    path = f"{LEADS}/{lead.pk}/deal-value"
    assert api(manager).put(path, {"deal_value": 15000.00}).json()["deal_value"] == 15000.0
    assert api(manager).put(path, {"deal_value": None}).json()["deal_value"] is None
    assert api(manager).put(path, {}).status_code == 400
    assert api(manager).put(path, {"deal_value": "much"}).status_code == 422


def test_deleting_hides_the_lead_everywhere(api: Any, manager: User) -> None:
    lead = create_lead(JOHN, by=manager)
    answer = api(manager).delete(f"{LEADS}/{lead.pk}/")
    assert (answer.status_code, answer.json()) == (200, {"message": "Lead deleted"})
    for verb, path in (("get", ""), ("delete", ""), ("get", "/timeline"), ("get", "/notes")):
        gone = getattr(api(manager), verb)(f"{LEADS}/{lead.pk}{path}")
        assert (gone.status_code, gone.json()) == (404, {"detail": "Lead not found"})
    assert ids(api(manager).get(LEADS)) == []
    assert Lead.objects.get().deleted_at is not None


def test_unknown_malformed_and_foreign_ids(api: Any, manager: User, stranger: User) -> None:
    lead = create_lead(JOHN, by=manager)
    for pk in (uuid4(), "nope", "%00", "1"):
        assert api(manager).get(f"{LEADS}/{pk}").status_code == 404
    for verb in ("get", "put", "patch", "delete"):
        assert getattr(api(stranger), verb)(f"{LEADS}/{lead.pk}").status_code == 403
    for path in ("stage", "deal-value"):
        assert api(stranger).put(f"{LEADS}/{lead.pk}/{path}", {"stage": "mql", "deal_value": 1}).status_code == 403
    assert api(stranger).post(f"{LEADS}/{lead.pk}/notes", {"text": "x"}).status_code == 403
    assert ids(api(stranger).get(LEADS)) == []


def test_an_agent_sees_and_changes_what_it_holds_or_created_alone(
    api: Any, manager: User, agent: Agent, other_agent: Agent
) -> None:
    held = create_lead(JOHN, by=manager, agent=agent)
    made = create_lead({"first_name": "B", "email": "b@example.org"}, by=agent.user)
    colleagues = create_lead({"first_name": "C", "email": "c@example.org"}, by=manager, agent=other_agent)
    client = api(agent.user)
    assert set(ids(client.get(LEADS))) == {str(held.pk), str(made.pk)}
    assert client.get(f"{LEADS}/stats").json()["total_leads"] == 2
    assert client.patch(f"{LEADS}/{held.pk}", {"source": "call"}).status_code == 200
    for verb, path in (("get", ""), ("patch", ""), ("delete", ""), ("get", "/timeline"), ("get", "/notes")):
        assert getattr(client, verb)(f"{LEADS}/{colleagues.pk}{path}").status_code == 403
    colleagues.refresh_from_db()
    assert colleagues.deleted_at is None


def test_nobody_gets_in_without_signing_in(client: Any) -> None:
    for path in (LEADS, f"{LEADS}/stats", f"{LEADS}/{uuid4()}", "/api/v1/contacts", "/api/v1/dispositions"):
        assert client.get(path).status_code == 401


def test_notes_are_listed_newest_first(api: Any, agent: Agent, manager: User) -> None:
    lead = create_lead(JOHN, by=manager, agent=agent)
    for text in ("first", "second"):
        answer = api(agent.user).post(f"{LEADS}/{lead.pk}/notes", {"text": text})
        assert answer.status_code == 201
        assert answer.json()["user_name"] == "Priya Rao"
    listed = api(manager).get(f"{LEADS}/{lead.pk}/notes").json()
    assert [note["text"] for note in listed["notes"]] == ["second", "first"]
    assert (listed["total"], listed["page"], listed["per_page"]) == (2, 1, 10)
    for body, status in (({}, 400), ({"text": ""}, 422), ({"text": 5}, 422), ({"text": "\x00"}, 422)):
        assert api(manager).post(f"{LEADS}/{lead.pk}/notes", body).status_code == status


def test_the_timeline_tells_all_newest_first_with_notes_and_reasons(api: Any, agent: Agent, manager: User) -> None:
    lead = create_lead(JOHN, by=manager, agent=agent)
    client = api(agent.user)
    client.put(f"{LEADS}/{lead.pk}/stage", {"stage": "mql", "stage_reason": "Asked for a demo"})
    client.post(f"{LEADS}/{lead.pk}/notes", {"text": "Likes blue"})
    told = client.get(f"{LEADS}/{lead.pk}/timeline").json()
    assert [(entry["action"], entry["text"]) for entry in told["timeline"][:3]] == [
        ("lead.note_added", "Likes blue"),
        ("lead.stage_changed", "Asked for a demo"),
        ("lead.assigned", None),
    ]
    assert {entry["action"] for entry in told["timeline"][3:]} == {"lead.created", "contact.created"}  # one moment
    assert told["timeline"][1]["actor"] == "Priya Rao"
    assert "Asked" not in str(AuditEntry.objects.values_list("data", "changes"))
    page = client.get(f"{LEADS}/{lead.pk}/timeline?cursor=&per_page=2").json()
    assert len(page["timeline"]) == 2
    rest = client.get(f"{LEADS}/{lead.pk}/timeline?per_page=10&cursor={page['next']}").json()
    assert len(rest["timeline"]) == 3
    assert rest["next"] is None


def test_stats_count_by_stage_and_value_the_open(api: Any, manager: User) -> None:
    for number, (stage, value, score) in enumerate([("lead", 100, 50), ("mql", 50, 81), ("customer", 999, 71)]):
        create_lead(
            {"first_name": "A", "email": f"{number}@example.org", "stage": stage, "deal_value": value}, by=manager
        )
        Lead.objects.filter(contact__email=f"{number}@example.org").update(score=score)
    assert api(manager).get(f"{LEADS}/stats").json() == {
        "total_leads": 3,
        "lead_count": 1,
        "mql_count": 1,
        "sql_count": 0,
        "opportunity_count": 0,
        "customer_count": 1,
        "lost_count": 0,
        "avg_score": 67.3,
        "total_pipeline_value": 150.0,
        "unqualified_count": 3,
        "qualified_count": 0,
        "disqualified_count": 0,
    }
    Lead.objects.all().update(deleted_at=now())
    assert api(manager).get(f"{LEADS}/stats").json()["avg_score"] == 0.0


def test_orderings_put_nulls_last_both_ways(api: Any, manager: User) -> None:
    values = {"a": 5, "b": None, "c": 7}
    rows = {
        name: LeadFactory(
            deal_value=value,
            deadline=None if value is None else now() + timedelta(hours=value),
            next_attempt_at=None if value is None else now() + timedelta(hours=value),
            last_name_key=None if value is None else name,
            score=value or 0,
            priority=1 + (value or 0) % 3,
        )
        for name, value in values.items()
    }
    names = {str(row.pk): name for name, row in rows.items()}
    client = api(manager)
    for order in ("deal_value", "deadline", "next_attempt_at", "last_name"):
        assert [names[pk] for pk in ids(client.get(f"{LEADS}?ordering={order}"))] == ["a", "c", "b"]
        assert [names[pk] for pk in ids(client.get(f"{LEADS}?ordering=-{order}"))] == ["c", "a", "b"]
    assert [names[pk] for pk in ids(client.get(f"{LEADS}?ordering=-score"))] == ["c", "a", "b"]
    assert [names[pk] for pk in ids(client.get(f"{LEADS}?ordering=-priority"))] == ["a", "c", "b"]
    assert [names[pk] for pk in ids(client.get(LEADS))] == ["c", "b", "a"]
    assert client.get(f"{LEADS}?ordering=source").status_code == 422


@pytest.mark.parametrize("path", ["", "/search"])
def test_three_ways_through_the_list(api: Any, manager: User, path: str) -> None:
    rows = [str(LeadFactory().pk) for _ in range(5)][::-1]
    client = api(manager)
    paged = client.get(f"{LEADS}{path}?page=2&per_page=2").json()
    assert [lead["id"] for lead in paged.pop("leads")] == rows[2:4]
    assert paged == {"total": 5, "page": 2, "per_page": 2}
    skipped = client.get(f"{LEADS}{path}?skip=4&limit=3").json()
    assert [lead["id"] for lead in skipped.pop("leads")] == rows[4:]
    assert skipped == {"total": 5, "skip": 4, "limit": 3}
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{LEADS}{path}?cursor={cursor}&per_page=2&ordering=-deal_value").json()
        seen += [lead["id"] for lead in page["leads"]]
        cursor = page["next"]
    assert sorted(seen) == sorted(rows)
    for bad in ("page=0", "per_page=101", "nonsense=1", "page=a", "cursor=!", "limit=0"):
        assert client.get(f"{LEADS}{path}?{bad}").status_code == 422, bad


@pytest.mark.parametrize("rows", [1, 30])
def test_a_list_costs_four_statements_at_any_length(
    api: Any, manager: User, agent: Agent, rows: int, django_assert_num_queries: Any
) -> None:
    for _ in range(rows):
        LeadFactory(agent=agent)
    for asker in (manager, agent.user):
        client = api(asker)
        with django_assert_num_queries(3 if rows == 1 else 4):  # a page that ends the list needs no count
            answer = client.get(f"{LEADS}?per_page=25")
        assert len(answer.json()["leads"]) == min(rows, 25)


def test_one_lead_and_its_timeline_cost_few_statements(
    api: Any, manager: User, agent: Agent, django_assert_num_queries: Any
) -> None:
    lead = create_lead(JOHN, by=manager, agent=agent)
    client = api(manager)
    with django_assert_num_queries(2):
        client.get(f"{LEADS}/{lead.pk}")
    with django_assert_num_queries(3):
        client.get(f"{LEADS}/{lead.pk}/timeline")


def test_a_deleted_lead_is_not_in_the_timeline_of_strangers(api: Any, manager: User, stranger: User) -> None:
    lead = create_lead(JOHN, by=manager)
    set_disposition(lead, "completed", by=manager)
    delete_lead(lead, by=manager)
    assert api(stranger).get(f"{LEADS}/{lead.pk}/timeline").status_code == 403


@pytest.mark.parametrize("verb", ["post", "patch"])
def test_a_call_in_a_hundred_years_is_refused_by_its_field(api, manager, verb):
    with company_active(manager.company_id):
        lead = LeadFactory()
    far = {"schedule_at": "2990-01-01T00:00:00Z"}
    client = api(manager)
    if verb == "post":
        answer = client.post("/api/v1/leads", {"first_name": "Ann", "phone": "+14155552671", **far}, format="json")
    else:
        answer = client.patch(f"/api/v1/leads/{lead.pk}", {"source": "fair", **far}, format="json")
    assert answer.status_code == 422
    assert answer.json()["detail"] == [
        {"loc": ["body", "schedule_at"], "msg": "Must be within ten years", "type": "value_error"}
    ]
    with company_active(manager.company_id):
        assert Lead.objects.count() == 1 and not Lead.objects.exclude(schedule_at=None).exists()
        assert Lead.objects.get().source == lead.source
