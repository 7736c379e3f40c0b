"""Every filter of the list, alone and together; what is malformed is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils.timezone import now

from agents.models import Agent
from agents.tests.factories import VoiceAgentFactory
from crm.accounts.models import Company, User
from crm.core.api.problems import Unacceptable
from crm.core.tenancy import company_active
from crm.core.text import fold
from crm.vendors.models import Vendor
from leads.filters import ContactFilter, LeadFilter
from leads.models import Contact, Lead, Priority
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")


UNKNOWN = UUID(int=7)  # the same in every worker that collects the tests


@pytest.fixture
def rows(agent: Agent, other_agent: Agent) -> dict[str, Lead]:
    """Three leads, each different from the others in everything that can be asked for."""
    vendor = Vendor.objects.create(code="DEMO001", name="Demo")
    people = [
        ("a", "José", "Núñez", "jose@example.org", "+14155552671", "Café Ümlaut GmbH"),
        ("b", "Ann", "Lee", "ann.lee@example.org", "+442071838750", "50-50 Ltd"),
        ("c", "Bob", "100% Real_Name", "bob@other.example", "+4930901820", ""),
    ]
    made = {}
    for key, first, last, email, phone, employer in people:
        text = fold(f"{first} {last} {email} {phone} {employer}")
        contact = ContactFactory(
            first_name=first, last_name=last, email=email, phone_e164=phone, organization=employer, search_text=text
        )
        made[key] = LeadFactory(contact=contact)
    at = now()
    change(
        made["a"],
        agent=agent,
        status="in_progress",
        stage="mql",
        disposition="callback",
        priority=Priority.URGENT,
        qualification_status="qualified",
        source="website",
        vendor=vendor,
        tags=["vip", "Wien"],
        score=80,
        deal_value=5000,
        deadline=at + timedelta(minutes=10),
        custom_fields={"company": "Acme, Inc.", "size": 50, "demo": True, "nested": {"a": 1}},
        created_at=datetime(2026, 3, 10, 12, tzinfo=UTC),
    )
    change(
        made["b"],
        agent=other_agent,
        tags=["vip2"],
        score=40,
        deal_value=100,
        deadline=at - timedelta(minutes=10),
        custom_fields={"company": "Other"},
        created_at=datetime(2026, 3, 11, 12, tzinfo=UTC),
    )
    change(made["c"], status="done", stage="lost", created_at=datetime(2026, 3, 12, 12, tzinfo=UTC))
    return made


def change(lead: Lead, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(lead, name, value)
    lead.save()


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("agent_id", "priya@copperline.example", "a"),
        ("agent_id", "PRIYA@copperline.example,tom@copperline.example", "ab"),
        ("agent_id", "nobody@copperline.example", ""),
        ("agent_id", str(UNKNOWN), ""),
        ("unassigned", "true", "c"),
        ("unassigned", "false", "ab"),
        ("status", "new", "b"),
        ("status", "NEW,done", "bc"),
        ("status_filter", "in_progress", "a"),
        ("stage", "mql,lost", "ac"),
        ("disposition", "Callback", "a"),
        ("disposition", "nonsense", ""),
        ("priority", "urgent", "a"),
        ("priority", "normal,URGENT", "abc"),
        ("qualification_status", "qualified", "a"),
        ("source", "website", "a"),
        ("source", "web", ""),
        ("vendor_code", "DEMO001", "a"),
        ("vendor_code", "NOPE", ""),
        ("campaign_id", str(UNKNOWN), ""),
        ("tags", "vip", "a"),
        ("tags", "vip2,Wien", "ab"),
        ("tags", "v'i\"p", ""),
        ("min_score", "40", "ab"),
        ("max_score", "79", "bc"),
        ("min_deal_value", "100.01", "a"),
        ("max_deal_value", "100", "b"),
        ("created_after", "2026-03-11", "bc"),
        ("created_before", "2026-03-11", "ab"),
        ("created_before", "2026-03-11T11:59:59Z", "a"),
        ("created_after", "2026-03-12T12:00:00+00:00", "c"),
        ("deadline_before", "2999-01-01", "ab"),
        ("sla_status", "due_soon", "a"),
        ("sla_status", "breached,none", "bc"),
        ("sla_status", "met,on_track", ""),
        ("custom.company", "Other", "b"),
        ("custom.size", "50", "a"),
        ("custom.demo", "true", "a"),
        ("custom.nope", "x", ""),
        ('custom.it\'s "quoted" %s', "x", ""),
        ("search", "JOSE", "a"),
        ("search", "nunez josé", "a"),
        ("search", "cafe umlaut", "a"),
        ("search", "ann bob", ""),
        ("search", "lee@example", "b"),
        ("search", "415-555-2671", "a"),
        ("search", "(415) 555 2671", "a"),
        ("search", "+1 415", "a"),
        ("search", "020 7183 8750", "b"),
        ("search", "7183", "b"),
        ("search", "50-50", "b"),
        ("search", "100%", "c"),
        ("search", "l_name", "c"),
        ("search", "a%b", ""),
        ("search", "l_e", ""),
        ("search", "", "abc"),
        ("query", "bob", "c"),
        ("query", "o", "abc"),
    ],
)
def test_a_filter_finds(rows: dict[str, Lead], name: str, value: str, found: str) -> None:
    queryset = LeadFilter({name: value}, Lead.objects.alive()).checked()
    keys = {lead.pk: key for key, lead in rows.items()}
    assert "".join(sorted(keys[lead.pk] for lead in queryset)) == found


def test_by_ids_of_agents_and_users(rows: dict[str, Lead], agent: Agent, other_agent: Agent) -> None:
    voice = VoiceAgentFactory()
    change(rows["c"], agent=voice)

    def found(**params: str) -> set[str]:
        by_pk = {lead.pk: key for key, lead in rows.items()}
        return {by_pk[lead.pk] for lead in LeadFilter(params, Lead.objects.alive()).checked()}

    assert found(agent_id=str(agent.pk)) == {"a"}
    assert found(agent_id=f"{voice.pk},tom@copperline.example") == {"b", "c"}
    assert found(assignee_id=str(agent.user_id)) == {"a"}
    assert found(assignee_id=f"{agent.user_id},{other_agent.user_id}") == {"a", "b"}
    assert found(agent_id=str(agent.pk), status="new") == set()
    assert found(stage="mql,lead", tags="vip", search="jose", min_score="10") == {"a"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agent_id", "priya"),
        ("agent_id", "5"),
        ("assignee_id", "priya@copperline.example"),
        ("unassigned", "perhaps"),
        ("status", "open"),
        ("status_filter", "new,open"),
        ("stage", "won"),
        ("priority", "2"),
        ("qualification_status", "maybe"),
        ("campaign_id", "spring"),
        ("min_score", "high"),
        ("min_score", "99999999999"),
        ("min_deal_value", "NaN"),
        ("max_deal_value", "1e400"),
        ("created_after", "yesterday"),
        ("created_before", "2026-02-30"),
        ("deadline_before", "99999-01-01"),
        ("sla_status", "late"),
        ("search", "a\x00b"),
        ("search", "x" * 2000),
        ("custom.", "x"),
        ("custom.\x00", "x"),
        ("custom." + "k" * 101, "x"),
        ("nonsense", "x"),
        ("Stage", "mql"),
    ],
)
def test_what_is_malformed_or_unknown_is_refused(name: str, value: str) -> None:
    with pytest.raises(Unacceptable) as refusal:
        LeadFilter({name: value}, Lead.objects.alive()).checked()
    assert refusal.value.status_code == 422
    assert refusal.value.problems[0].loc == ("query", name)


def test_a_bare_date_is_a_day_of_the_company(api: Any, manager: User, company: Company) -> None:
    Company.objects.filter(pk=company.pk).update(timezone="America/Los_Angeles")
    late = LeadFactory(created_at=datetime(2026, 3, 12, 6, 59, tzinfo=UTC))  # still the 11th in Los Angeles
    client = api(User.objects.get(pk=manager.pk))
    for query, count in (
        ("created_before=2026-03-11", 1),
        ("created_after=2026-03-11", 1),
        ("created_after=2026-03-12", 0),
        ("created_before=2026-03-10", 0),
        ("created_after=2026-03-11T23:59:00", 1),
        ("created_after=2026-03-11T23:59:01", 0),
    ):
        assert client.get(f"/api/v1/leads?{query}").json()["total"] == count, query
    assert late.pk


@pytest.mark.parametrize(
    ("path", "first", "last"),
    [
        ("leads", "created_after=2026-03-12", "created_before=2026-03-11"),
        ("leads", "created_after=2026-03-12T10:00:01Z", "created_before=2026-03-12T10:00:00Z"),
        ("leads", "min_score=90", "max_score=10"),
        ("leads", "min_deal_value=2", "max_deal_value=1.99"),
        ("calls/metrics", "start_date=2026-12-01", "end_date=2026-01-01"),
        ("audit-logs", "start_date=2026-12-01", "end_date=2026-01-01"),
    ],
)
def test_a_range_that_ends_before_it_begins_is_refused_by_name(api, admin, path, first, last) -> None:
    answer = api(admin).get(f"/api/v1/{path}?{first}&{last}")
    assert answer.status_code == 422
    assert [problem["loc"] for problem in answer.json()["detail"]] == [["query", last.partition("=")[0]]]
    assert f"between {first.partition('=')[0]} and {last.partition('=')[0]}" in answer.json()["detail"][0]["msg"]


@pytest.mark.parametrize(
    "query",
    [
        "created_after=2026-03-12&created_before=2026-03-12",
        "created_after=2026-03-12T23:59:00Z&created_before=2026-03-12",
        "min_score=10&max_score=10",
        "min_score=10&max_score=",
    ],
)
def test_a_range_of_one_day_or_number_is_none_of_those(api, admin, query) -> None:
    assert api(admin).get(f"/api/v1/leads?{query}").status_code == 200


def test_the_list_says_that_its_range_ends_before_it_begins(client, manager) -> None:
    client.force_login(manager)
    page = client.get("/leads/?created_after=2026-03-12&created_before=2026-03-11")
    assert page.status_code in (200, 422) and "ends before it begins" in page.content.decode()


def test_nothing_of_another_company_is_found(rows: dict[str, Lead], agent: Agent, stranger: User) -> None:
    with company_active(stranger.company_id):
        for params in ({}, {"search": "jose"}, {"agent_id": str(agent.pk)}, {"agent_id": agent.email}, {"tags": "vip"}):
            assert not LeadFilter(params, Lead.objects.alive()).checked().exists()


def test_contacts_are_filtered_by_their_own_fields() -> None:
    ann = ContactFactory(first_name="Ann", email="ann@example.org", tags=["vip"], do_not_contact=True, country="US")
    ContactFactory(first_name="Bob", lifecycle_stage="customer", opt_in_status="opted_in", custom_fields={"k": "v"})
    for name, value, first in (
        ("search", "ann", "Ann"),
        ("query", "bob", "Bob"),
        ("email", "ANN@example.org", "Ann"),
        ("phone_e164", ann.phone_e164, "Ann"),
        ("tags", "vip", "Ann"),
        ("country", "us", "Ann"),
        ("do_not_contact", "true", "Ann"),
        ("lifecycle_stage", "customer", "Bob"),
        ("opt_in_status", "opted_in", "Bob"),
        ("custom.k", "v", "Bob"),
    ):
        found = ContactFilter({name: value}, Contact.objects.alive()).checked()
        assert [contact.first_name for contact in found] == [first], name
    with pytest.raises(Unacceptable):
        ContactFilter({"stage": "lead"}, Contact.objects.alive()).checked()
