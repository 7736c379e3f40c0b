"""`/saved-searches`, and `saved_search=<id>` wherever leads are filtered."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.lists.listings import Reader
from crm.lists.models import SavedSearch
from leads.filters import LeadFilter
from leads.tests.factories import LeadFactory

HOT = {"name": "Hot", "object": "leads", "filters": {"min_score": 70}, "ordering": "-score"}


def saved(client: Any, **changes: Any) -> dict[str, Any]:
    response = client.post("/api/v1/saved-searches", {**HOT, **changes})
    assert response.status_code == 201, response.content
    return response.json()


@pytest.fixture
def leads(company: Company) -> dict[str, Any]:
    with company_active(company.pk):
        return {score: LeadFactory(score=score, source="web" if score < 80 else "fair") for score in (20, 75, 90)}


def scores(response: Any) -> list[int]:
    assert response.status_code == 200, response.content
    return [lead["score"] for lead in response.json()["leads"]]


def test_a_search_is_saved_read_changed_and_deleted_with_an_entry_each(api: Any, admin: User, company: Company) -> None:
    client = api(admin)
    made = saved(client, columns=["first_name", "custom.budget"])
    assert made == {
        **HOT,
        "id": made["id"],
        "columns": ["first_name", "custom.budget"],
        "shared": False,
        "owner_id": str(admin.pk),
        "may_change": True,
        "created_at": made["created_at"],
        "updated_at": made["updated_at"],
    }
    url = f"/api/v1/saved-searches/{made['id']}"
    assert client.get(url).json() == made
    changed = client.patch(url, {"name": "Hotter", "filters": {"min_score": "80"}, "shared": True}).json()
    assert (changed["name"], changed["filters"], changed["shared"], changed["ordering"]) == (
        "Hotter", {"min_score": "80"}, True, "-score",
    )  # fmt: skip
    assert [row["name"] for row in client.get("/api/v1/saved-searches").json()["saved_searches"]] == ["Hotter"]
    assert client.delete(url).json() == {"message": "Saved search deleted"}
    assert client.get(url).status_code == 404
    with company_active(company.pk):
        assert not SavedSearch.objects.exists()
        entries = AuditEntry.objects.filter(object_type="savedsearch").order_by("pk")
        assert [entry.action for entry in entries] == [
            "saved_search.created", "saved_search.updated", "saved_search.deleted",
        ]  # fmt: skip
        assert "Hotter" not in str([entry.changes for entry in entries])


def test_the_lead_list_takes_a_saved_search_beside_further_filters(api: Any, admin: User, leads: Any) -> None:
    client = api(admin)
    pk = saved(client)["id"]
    assert scores(client.get("/api/v1/leads", {"saved_search": pk})) == [90, 75]
    assert scores(client.get("/api/v1/leads", {"saved_search": pk, "ordering": "score"})) == [75, 90]
    assert scores(client.get("/api/v1/leads", {"saved_search": pk, "source": "fair"})) == [90]
    assert scores(client.get("/api/v1/leads/search", {"saved_search": pk, "max_score": "80"})) == [75]
    assert scores(client.get("/api/v1/leads", {"saved_search": str(uuid4())})) == []
    refused = client.get("/api/v1/leads", {"saved_search": "hot"})
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["query", "saved_search"])


def test_lists_of_values_and_flags_are_kept_as_given(api: Any, admin: User, leads: Any) -> None:
    client = api(admin)
    filters = {"source": ["web", "fair"], "unassigned": True, "max_score": 80, "custom.budget": []}
    refused = client.post("/api/v1/saved-searches", {**HOT, "filters": filters})
    assert [problem["loc"] for problem in refused.json()["detail"]] == [["body", "filters", "custom.budget"]]
    filters.pop("custom.budget")
    made = saved(client, filters=filters)
    assert made["filters"] == filters
    assert scores(client.get("/api/v1/leads", {"saved_search": made["id"], "ordering": "score"})) == [20, 75]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"filters": {"colour": "red"}}, ["body", "filters", "colour"]),
        ({"filters": {"min_score": "many"}}, ["body", "filters", "min_score"]),
        ({"filters": {"stage": {"is": "mql"}}}, ["body", "filters", "stage"]),
        ({"filters": {"saved_search": str(uuid4())}}, ["body", "filters", "saved_search"]),
        ({"filters": {"page": 2}}, ["body", "filters", "page"]),
        ({"filters": []}, ["body", "filters"]),
        ({"columns": ["shoe_size"]}, ["body", "columns"]),
        ({"ordering": "shoe_size"}, ["body", "ordering"]),
        ({"object": "audit"}, ["body", "object"]),
        ({"object": "shoes"}, ["body", "object"]),
        ({"shared": "yes"}, ["body", "shared"]),
    ],
)
def test_what_the_list_does_not_understand_is_422_and_nothing_is_kept(
    body: Any, place: Any, api: Any, admin: User, company: Company
) -> None:
    response = api(admin).post("/api/v1/saved-searches", {**HOT, **body})
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, place)
    with company_active(company.pk):
        assert not SavedSearch.objects.exists()


def test_a_name_is_needed_and_used_once_by_its_owner(api: Any, admin: User, manager: User) -> None:
    client = api(admin)
    assert client.post("/api/v1/saved-searches", {"filters": {}}).status_code == 400
    saved(client)
    again = client.post("/api/v1/saved-searches", {**HOT, "name": "hot"})
    assert (again.status_code, again.json()["detail"]) == (400, "You have a saved search named “hot” already")
    saved(api(manager))
    other = saved(client, name="Other")
    assert client.patch(f"/api/v1/saved-searches/{other['id']}", {"name": "HOT"}).status_code == 400


def test_private_ones_are_their_owners_alone(api: Any, admin: User, agent: Agent, leads: Any) -> None:
    owner, colleague = api(agent.user), api(admin)
    pk = saved(owner)["id"]
    assert colleague.get("/api/v1/saved-searches").json()["saved_searches"] == []
    url = f"/api/v1/saved-searches/{pk}"
    answers = [colleague.get(url), colleague.patch(url, {"name": "Mine"}), colleague.delete(url)]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert scores(colleague.get("/api/v1/leads", {"saved_search": pk})) == []
    assert owner.get(url).json()["name"] == "Hot"


def test_shared_ones_are_read_by_all_and_changed_by_owner_or_admin(
    api: Any, admin: User, manager: User, agent: Agent, leads: Any
) -> None:
    pk = saved(api(manager), shared=True)["id"]
    url, reader = f"/api/v1/saved-searches/{pk}", api(agent.user)
    assert reader.get(url).json()["may_change"] is False
    assert (reader.patch(url, {"name": "Mine"}).status_code, reader.delete(url).status_code) == (403, 403)
    assert scores(reader.get("/api/v1/leads", {"saved_search": pk})) == []  # it sees none of the leads
    assert api(admin).patch(url, {"name": "Ours"}).json()["name"] == "Ours"
    assert reader.get(url).json()["name"] == "Ours"


def test_another_companys_are_out_of_reach(api: Any, admin: User, stranger: User, leads: Any) -> None:
    pk = saved(api(stranger), shared=True)["id"]
    url, client = f"/api/v1/saved-searches/{pk}", api(admin)
    assert [call.status_code for call in (client.get(url), client.patch(url, {}), client.delete(url))] == [403] * 3
    assert client.get("/api/v1/saved-searches").json()["total"] == 0
    assert scores(client.get("/api/v1/leads", {"saved_search": pk})) == []


def test_a_search_whose_filter_is_gone_says_so(api: Any, admin: User, company: Company) -> None:
    client = api(admin)
    pk = saved(client)["id"]
    with company_active(company.pk):
        SavedSearch.objects.update(filters={"shoe_size": "9"})
    refused = client.get("/api/v1/leads", {"saved_search": pk})
    assert refused.status_code == 422
    assert refused.json()["detail"][0] == {
        "loc": ["query", "saved_search"], "msg": "shoe_size: Unknown parameter.", "type": "unknown_parameter",
    }  # fmt: skip


def test_whoever_uses_the_filter_takes_a_saved_search(
    in_company: Company, admin: User, stranger: User, leads: Any
) -> None:
    """Bulk verbs and jobs: a plain dict, and a reader in place of a request."""
    kept = SavedSearch.objects.create(name="x", object="leads", owner=admin, filters={"min_score": 70})
    filters = {"saved_search": str(kept.pk), "max_score": 80}
    assert [lead.score for lead in LeadFilter(filters, request=Reader(admin)).checked()] == [75]
    assert not LeadFilter(filters, request=Reader(stranger)).checked()
    assert not LeadFilter(filters).checked()
