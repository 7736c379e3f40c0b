"""Possible duplicates and merges by HTTP."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.jobs.models import Job
from crm.jobs.running import run_job
from leads.duplicates.finding import keep_pairs, ordered
from leads.duplicates.models import DuplicatePair, FoundBy
from leads.models import Contact, Lead
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")


@pytest.fixture
def desk(api, manager):
    return api(manager)


def pair_of(one: Contact, other: Contact, *reasons: str) -> DuplicatePair:
    keep_pairs({ordered(one.pk, other.pk): reasons or ["name"]}, found_by=FoundBy.SCAN)
    return DuplicatePair.objects.latest("pk")


def test_the_list_shows_both_and_why(desk):
    a, b = ContactFactory(first_name="Ann", last_name="Lee", organization="Acme"), ContactFactory(email="")
    pair = pair_of(a, b, "email", "name")
    answer = desk.get("/api/v1/duplicates")
    assert (answer.status_code, answer.json()["total"]) == (200, 1)
    row = answer.json()["duplicates"][0]
    assert (row["id"], row["state"], row["reasons"], row["found_by"]) == (
        str(pair.pk),
        "open",
        ["email", "name"],
        "scan",
    )
    assert row["contacts"][0] == {
        "id": str(a.pk), "name": "Ann Lee", "email": a.email, "phone_e164": a.phone_e164, "organization": "Acme",
        "merged_into_id": None,
    }  # fmt: skip
    assert row["contacts"][1]["email"] is None


def test_filters_and_the_three_forms_of_paging(desk):
    people = [ContactFactory() for _ in range(4)]
    for other in people[1:]:
        pair_of(people[0], other)
    pair_of(people[1], people[2], "email")
    assert desk.get(f"/api/v1/duplicates?contact_id={people[3].pk}").json()["total"] == 1
    assert desk.get("/api/v1/duplicates?reason=email").json()["total"] == 1
    assert desk.get("/api/v1/duplicates?reason=email,name&found_by=scan").json()["total"] == 4
    assert desk.get("/api/v1/duplicates?state=dismissed").json()["total"] == 0
    assert desk.get("/api/v1/duplicates?state=nonsense").status_code == 422
    begun = desk.get("/api/v1/duplicates?cursor=&per_page=3").json()
    assert len(begun["duplicates"]) == 3
    assert len(desk.get(f"/api/v1/duplicates?cursor={begun['next']}&per_page=3").json()["duplicates"]) == 1


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_costs_the_same_with_one_pair_and_with_thirty(desk, rows, django_assert_max_num_queries):
    first = ContactFactory()
    for _ in range(rows):
        pair_of(first, ContactFactory())
    with django_assert_max_num_queries(6):
        assert desk.get("/api/v1/duplicates?per_page=50").json()["total"] == rows


def test_a_pair_whose_contact_was_deleted_is_not_shown(desk):
    a, b = ContactFactory(), ContactFactory()
    pair_of(a, b)
    Contact.objects.filter(pk=b.pk).update(deleted_at="2026-01-01T00:00Z")
    assert desk.get("/api/v1/duplicates").json()["total"] == 0


def test_dismissing_and_taking_it_back(desk, manager):
    pair = pair_of(ContactFactory(), ContactFactory())
    answer = desk.post(f"/api/v1/duplicates/{pair.pk}/dismiss")
    assert (answer.status_code, answer.json()["state"], answer.json()["decided_by_id"]) == (
        200,
        "dismissed",
        str(manager.pk),
    )
    assert desk.post(f"/api/v1/duplicates/{pair.pk}/dismiss").status_code == 409
    assert desk.get("/api/v1/duplicates").json()["total"] == 0
    assert desk.get("/api/v1/duplicates?state=dismissed").json()["total"] == 1
    assert desk.post(f"/api/v1/duplicates/{pair.pk}/reopen").json()["state"] == "open"
    assert desk.post(f"/api/v1/duplicates/{uuid4()}/dismiss").status_code == 404


def test_a_search_is_a_job(desk):
    ContactFactory(email="ann@x.example"), ContactFactory(email="a.nn@x.example")
    answer = desk.post("/api/v1/duplicates/scan")
    assert answer.status_code == 202 and answer.json()["job"]["kind"] == "contacts.find_duplicates"
    assert desk.post("/api/v1/duplicates/scan").status_code == 409
    run_job(Job.objects.get().pk)
    assert desk.get(f"/api/v1/jobs/{answer.json()['job_id']}").json()["result"] == {"found": 1}
    assert desk.get("/api/v1/duplicates").json()["total"] == 1


def test_a_dry_run_tells_what_would_be_done_and_does_nothing(desk, agent):
    this, other = ContactFactory(organization="", tags=["a"]), ContactFactory(organization="Apex", tags=["b"])
    mine, theirs = LeadFactory(contact=this, agent=agent), LeadFactory(contact=other, agent=agent)
    moved = LeadFactory(contact=other)
    body = {"other_id": str(other.pk), "fields": {"phone_e164": "other"}, "dry_run": True}
    answer = desk.post(f"/api/v1/contacts/{this.pk}/merge", body, format="json")
    told = answer.json()
    assert (answer.status_code, told["dry_run"], told["job_id"]) == (200, True, None)
    fields = {row["field"]: row for row in told["fields"]}
    assert fields["organization"] == {
        "field": "organization", "this": None, "other": "Apex", "taken": "other", "result": "Apex",
        "may_choose": True, "why": None,
    }  # fmt: skip
    assert (fields["tags"]["taken"], fields["tags"]["result"]) == ("both", ["a", "b"])
    assert (fields["phone_e164"]["taken"], fields["do_not_contact"]["may_choose"]) == ("other", False)
    assert told["leads"] == {
        "moved": [str(moved.pk)],
        "merged": [{"lead_id": str(mine.pk), "other_id": str(theirs.pk)}],
    }
    assert (
        Contact.objects.alive().count() == 2
        and not AuditEntry.objects.filter(object_type="contact").exists()
        and not Job.objects.exists()
    )


def test_a_merge_answers_what_was_done_and_is_undone_as_a_job(desk):
    this, other = ContactFactory(organization="Acme"), ContactFactory(organization="Apex")
    lead = LeadFactory(contact=other)
    body = {"other_id": str(other.pk), "fields": {"organization": "other"}}
    answer = desk.post(f"/api/v1/contacts/{this.pk}/merge", body, format="json")
    told = answer.json()
    assert (answer.status_code, told["contact"]["organization"], told["dry_run"]) == (200, "Apex", False)
    assert (told["contact"]["id"], told["leads"]["moved"]) == (str(this.pk), [str(lead.pk)])
    gone = desk.get(f"/api/v1/contacts/{other.pk}")
    assert (gone.status_code, gone.json()["merged_into_id"]) == (404, str(this.pk))
    job = desk.get(f"/api/v1/jobs/{told['job_id']}").json()
    assert (job["kind"], job["state"], job["result"]["leads_moved"]) == ("contacts.merge", "succeeded", 1)
    undone = desk.post(f"/api/v1/jobs/{told['job_id']}/undo")
    assert undone.status_code == 202
    run_job(Job.objects.get(pk=undone.json()["job_id"]).pk)
    assert desk.get(f"/api/v1/contacts/{other.pk}").json()["organization"] == "Apex"
    assert desk.get(f"/api/v1/contacts/{this.pk}").json()["organization"] == "Acme"


def test_a_repeated_request_merges_once(desk):
    this, other = ContactFactory(), ContactFactory()
    url, body = f"/api/v1/contacts/{this.pk}/merge", {"other_id": str(other.pk)}
    first = desk.post(url, body, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    again = desk.post(url, body, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert desk.post(url, body, format="json").status_code == 422  # there is no such contact any more


@pytest.mark.parametrize(
    ("body", "status", "loc"),
    [
        ({}, 400, "other_id"),
        ({"other_id": "x"}, 422, "other_id"),
        ({"other_id": str(uuid4())}, 422, "other_id"),
        ({"other_id": "OTHER", "fields": []}, 422, "fields"),
        ({"other_id": "OTHER", "fields": {"email": 1}}, 422, "fields"),
        ({"other_id": "OTHER", "fields": {"email": "mine"}}, 422, "fields"),
        ({"other_id": "OTHER", "fields": {"opt_in_status": "other"}}, 422, "fields"),
        ({"other_id": "OTHER", "dry_run": "perhaps"}, 422, "dry_run"),
        ({"other_id": "THIS"}, 409, None),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(desk, body, status, loc):
    this, other = ContactFactory(), ContactFactory()
    named = {"OTHER": str(other.pk), "THIS": str(this.pk)}
    given = {**body, **({"other_id": named.get(body["other_id"], body["other_id"])} if "other_id" in body else {})}
    answer = desk.post(f"/api/v1/contacts/{this.pk}/merge", given, format="json")
    assert answer.status_code == status, answer.json()
    if loc is not None:
        assert answer.json()["detail"][0]["loc"][:2] == ["body", loc]
    assert Contact.objects.alive().count() == 2


def test_agents_may_not_and_another_companys_ids_are_unknown(api, agent, desk, stranger):
    mine, other = ContactFactory(created_by=agent.user), ContactFactory(created_by=agent.user)
    pair = pair_of(mine, other)
    with company_active(stranger.company_id):
        theirs = ContactFactory()
    of_agent, of_stranger = api(agent.user), api(stranger)
    calls = [
        ("get", "/api/v1/duplicates", None),
        ("post", "/api/v1/duplicates/scan", None),
        ("post", f"/api/v1/duplicates/{pair.pk}/dismiss", None),
        ("post", f"/api/v1/contacts/{mine.pk}/merge", {"other_id": str(other.pk)}),
    ]
    for method, url, body in calls:
        assert getattr(of_agent, method)(url, body, format="json").status_code == 403
    assert of_stranger.post(f"/api/v1/duplicates/{pair.pk}/dismiss").status_code == 403
    assert of_stranger.get("/api/v1/duplicates").json()["total"] == 0
    for url in (f"/api/v1/contacts/{mine.pk}/merge", f"/api/v1/contacts/{theirs.pk}/merge"):
        answer: Any = of_stranger.post(url, {"other_id": str(mine.pk)}, format="json")
        assert answer.status_code in (403, 422) and mine.first_name not in answer.content.decode()
    assert (
        desk.post(f"/api/v1/contacts/{mine.pk}/merge", {"other_id": str(theirs.pk)}, format="json").status_code == 422
    )
    assert Contact.objects.alive().count() == 2


# --- Leads -------------------------------------------------------------------------------------------------------


def test_leads_of_one_contact_are_merged(desk):
    this = LeadFactory(source="", tags=["a"])
    other = LeadFactory(contact=this.contact, source="fair", tags=["b"], deal_value=5, priority=4)
    url = f"/api/v1/leads/{this.pk}/merge"
    dry = desk.post(url, {"other_id": str(other.pk), "dry_run": True}, format="json").json()
    taken = {row["field"]: (row["taken"], row["result"]) for row in dry["fields"]}
    assert (taken["source"], taken["priority"], taken["tags"]) == (
        ("other", "fair"),
        ("this", "normal"),
        ("both", ["a", "b"]),
    )
    body = {"other_id": str(other.pk), "fields": {"priority": "other"}}
    told = desk.post(url, body, format="json").json()
    lead = told["lead"]
    assert (lead["priority"], lead["source"], lead["deal_value"], lead["tags"]) == ("urgent", "fair", 5.0, ["a", "b"])
    gone = desk.get(f"/api/v1/leads/{other.pk}")
    assert (gone.status_code, gone.json()["merged_into_id"]) == (404, str(this.pk))
    assert Lead.objects.alive().count() == 1


def test_leads_that_can_not_be_one_are_refused_with_the_reason(desk):
    this, stranger = LeadFactory(), LeadFactory()
    closed = LeadFactory(contact=this.contact, status="done")
    for first, second, words in (
        (this, stranger, "merge the contacts first"),
        (closed, this, "let the open one stay"),
        (this, this, "itself"),
    ):
        answer = desk.post(f"/api/v1/leads/{first.pk}/merge", {"other_id": str(second.pk)}, format="json")
        assert (answer.status_code, words in answer.json()["detail"]) == (409, True), answer.json()
    assert desk.post(f"/api/v1/leads/{this.pk}/merge", {"other_id": str(uuid4())}, format="json").status_code == 422
    assert desk.post(
        f"/api/v1/leads/{this.pk}/merge", {"other_id": str(closed.pk), "fields": {"stage": "other"}}, format="json"
    ).status_code == 422  # fmt: skip
    assert Lead.objects.alive().count() == 3
