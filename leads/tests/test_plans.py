"""PostgreSQL reads lists, filters, orders and the duplicate check by the index that is there for it, unasked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from agents.models import Agent
from agents.tests.factories import AgentFactory
from crm.accounts.models import Company, User
from crm.accounts.permissions_table import Role
from crm.accounts.tests.factories import CompanyFactory, UserFactory
from crm.core.api import paging
from crm.core.tenancy import company_active
from leads import board
from leads.actions.matching import matched
from leads.filters import ContactFilter, LeadFilter
from leads.importing.known import answering
from leads.lists import CONTACT_ORDERING, LEAD_ORDERING
from leads.models import Contact, Lead, Stage
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL"),
    pytest.mark.django_db,
]
ROWS = 10_000


@dataclass(frozen=True)
class Many:
    """A company with ten thousand leads and contacts, of which each fiftieth lead is the agent's; as many elsewhere."""

    company: Company
    manager: User
    agent: Agent


@pytest.fixture(scope="module")
def filled(django_db_setup: None, django_db_blocker: Any) -> Iterator[Many]:
    """Written for good and vacuumed, as a table in use is, so that the planner reckons as it does there; emptied after
    the last test."""
    with django_db_blocker.unblock():
        try:
            here, elsewhere = cast("Copperline"), cast("Elsewhere")
            for one in (here, elsewhere):
                with company_active(one.company.pk):
                    contact = ContactFactory()
                    lead = LeadFactory(contact=contact, created_by_id=one.manager.pk)
                    copy(contact)
                    spread(lead, one.agent.pk if one is here else None)
            with connection.cursor() as cursor:
                cursor.execute("VACUUM (ANALYZE) leads_lead, leads_contact, agents_agent")
            yield here
        finally:
            TransactionTestCase("run")._fixture_teardown()  # type: ignore[attr-defined]


def cast(name: str) -> Many:
    company = CompanyFactory(name=name)
    manager = UserFactory(company=company, role=Role.MANAGER, email=f"manager@{name.lower()}.example")
    with company_active(company.pk):
        return Many(company, manager, AgentFactory(user=UserFactory(email=f"priya@{name.lower()}.example")))


@pytest.fixture
def many(filled: Many, db: None) -> Iterator[Many]:
    with company_active(filled.company.pk):
        yield filled


def copy(contact: Contact, **others: str) -> None:
    """Ten thousand like it; `others`: expressions of SQL in `n` in place of the usual ones."""
    values = {
        "id": "gen_random_uuid()",
        "phone_e164": "'+1' || (4150000000 + n)",
        "email": "'person' || n || '@example.org'",
        "search_text": "'person' || n || ' name' || n || ' +1' || (4150000000 + n)",
        "first_name": "'First' || n",
        "last_name": "'Name' || n",
        "tags": TAGS,
        "created_at": "now() - n * interval '1 minute'",
        "updated_at": "now() - n * interval '1 minute'",
    }
    insert(contact, values | others, "generate_series(1, %s) n")


TAGS = "CASE WHEN n %% 500 = 0 THEN '[\"vip\"]' ELSE '[\"bench\"]' END::jsonb"


def spread(lead: Lead, holder: Any) -> None:
    values = {
        "id": "gen_random_uuid()",
        "contact_id": "c.id",
        "agent_id": f"CASE WHEN n %% 50 = 0 THEN '{holder}'::uuid END" if holder else "NULL",
        "created_at": "now() - n * interval '1 minute'",
        "updated_at": "now() - n * interval '1 minute'",
        "score": "n %% 101",
        "priority": "1 + n %% 4",
        "deal_value": "CASE WHEN n %% 3 = 0 THEN n END",
        "deadline": "CASE WHEN n %% 5 = 0 THEN now() + n * interval '1 minute' END",
        "next_attempt_at": "CASE WHEN n %% 7 = 0 THEN now() + n * interval '1 minute' END",
        "last_name_key": "'name' || n",
        "search_text": "c.search_text",
        "status": "(ARRAY['new', 'in_progress', 'done'])[1 + n %% 3]",
        "stage": "(ARRAY['lead', 'mql', 'sql'])[1 + n %% 3]",
        "source": "'source' || n %% 20",
        "tags": TAGS,
        "custom_fields": "jsonb_build_object('company', 'Acme ' || n, 'external_id', n::text)",
    }
    numbered = (
        f"(SELECT id, search_text, row_number() OVER () n FROM leads_contact WHERE company_id = '{lead.company_id}'"
    )
    insert(lead, values, f"{numbered} LIMIT %s) c")


def insert(row: Any, values: dict[str, str], source: str) -> None:
    table = row._meta.db_table
    columns = [field.column for field in row._meta.concrete_fields]
    picked = ", ".join(values.get(name, f"t.{name}") for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {picked} FROM {source}, {table} t WHERE t.id = %s",
            [ROWS, row.pk],
        )


def plan_of(rows: QuerySet[Any]) -> str:
    return json.dumps(json.loads(rows.explain(format="json")))


def newest(narrowed: Any) -> list[Any]:
    """The first page of what the filter leaves."""
    return list(narrowed.checked().only("created_at").order_by("-created_at", "-pk")[:25])


def plans(work: Any) -> Iterator[tuple[str, str]]:
    """The plan of every SELECT that the work sends."""
    with CaptureQueriesContext(connection) as sent:
        work()
    for query in sent:
        if query["sql"].lstrip("(").startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {query['sql'].replace('%', '%%')}")
                yield query["sql"], json.dumps(cursor.fetchone()[0])


def nodes(plan: str) -> Iterator[dict[str, Any]]:
    waiting = [json.loads(plan)[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.get("Plans", [])


def walks(plan: str, table: str = "leads_lead") -> bool:
    return any(node["Node Type"].endswith("Seq Scan") and node.get("Relation Name") == table for node in nodes(plan))


def indexes(plan: str) -> set[str]:
    return {node["Index Name"] for node in nodes(plan) if "Index Name" in node}


def sorted_in_full(plan: str) -> bool:
    return any(node["Node Type"] in ("Sort", "Incremental Sort") for node in nodes(plan))


def read_list(rows: QuerySet[Any], ordering: dict[str, str], params: dict[str, str]) -> dict[str, Any]:
    order = paging.read_order(params, rows.model, ordering, "-created_at")
    page = {name: value for name, value in params.items() if name != "ordering"}
    shown = rows.only(*ordering.values())
    return paging.answer_list(
        shown, page, plural="rows", represent=lambda found: [{"id": row.pk} for row in found], order=order
    )


# A manager's filters of the list, newest first, each with the index by which they are read.
FILTERS: list[tuple[dict[str, str], str]] = [
    ({}, "lead_newest"),
    ({"search": "name4711"}, "lead_search"),
    ({"search": "person4711 name4711"}, "lead_search"),
    ({"search": "4150004711"}, "lead_search"),
    ({"agent_id": "priya@copperline.example"}, "lead_of_agent"),
    ({"source": "source3"}, "lead_newest"),
    ({"status": "new", "stage": "lead"}, "lead_newest"),
    ({"unassigned": "true"}, "lead_newest"),
    ({"min_score": "90", "max_score": "95"}, "lead_newest"),
    ({"sla_status": "due_soon"}, "lead_deadline"),
    ({"tags": "vip"}, "lead_tags"),
    ({"custom.company": "Acme 4711"}, "lead_custom"),
    ({"custom.external_id": "4711"}, "lead_external"),
]
OF_CONTACTS: list[tuple[dict[str, str], str]] = [
    ({}, "contact_newest"),
    ({"search": "name4711"}, "contact_search"),
    ({"tags": "vip"}, "contact_tags"),
    ({"email": "person4711@example.org"}, "contact_email_once"),
    ({"phone_e164": "+14150004711"}, "contact_phone_once"),
]


@pytest.mark.parametrize(("params", "index"), FILTERS, ids=str)
def test_a_managers_filter_is_read_by_its_index(many: Many, params: dict[str, str], index: str) -> None:
    [*made] = plans(lambda: newest(LeadFilter(params, Lead.objects.visible_to(many.manager).alive())))
    assert any(index in indexes(plan) for _, plan in made) and not any(walks(plan) for _, plan in made), made


@pytest.mark.parametrize("params", [params for params, _ in FILTERS], ids=str)
def test_an_agents_filter_walks_no_table(many: Many, params: dict[str, str]) -> None:
    [*made] = plans(lambda: newest(LeadFilter(params, Lead.objects.visible_to(many.agent.user).alive())))
    assert made and not any(walks(plan) for _, plan in made), made
    assert params or {"lead_of_agent", "lead_of_creator"} <= indexes(made[0][1]), made


@pytest.mark.parametrize(("params", "index"), OF_CONTACTS, ids=str)
def test_a_filter_of_contacts_is_read_by_its_index(many: Many, params: dict[str, str], index: str) -> None:
    [*made] = plans(lambda: newest(ContactFilter(params, Contact.objects.visible_to(many.manager).alive())))
    assert any(index in indexes(plan) for _, plan in made), made
    assert not any(walks(plan, "leads_contact") for _, plan in made), made


def test_rare_words_are_not_sought_in_the_order_of_the_list(many: Many) -> None:
    """Which would walk through all leads; common ones are found by it soon enough."""
    leads = Lead.objects.visible_to(many.manager).alive()
    rare = [plan for _, plan in plans(lambda: newest(LeadFilter({"search": "name4711"}, leads)))]
    assert len(rare) == 2 and not any("lead_newest" in indexes(plan) for plan in rare), rare
    common = [plan for _, plan in plans(lambda: newest(LeadFilter({"search": "person"}, leads)))]
    assert indexes(common[-1]) == {"lead_newest"}, common


@pytest.mark.parametrize("text", ["4150004711", "person4711@example.org"])
def test_who_was_merged_away_is_sought_by_an_index(many: Many, text: str) -> None:
    """And whoever stayed is read by it with the others that are found, not in the order of the list."""
    gone, stays = (Contact.objects.get(phone_e164=f"+1415000{n}") for n in (4711, 4712))
    known = f"{gone.search_text} person4711@example.org"
    Contact.objects.filter(pk=gone.pk).update(merged_into=stays, deleted_at=now(), search_text=known)
    lead = Lead.objects.filter(contact=stays).first()
    narrowed = LeadFilter({"search": text}, Lead.objects.visible_to(many.manager).alive())
    found: list[Lead] = []
    sent = [plan for _, plan in plans(lambda: found.extend(newest(narrowed)))]
    assert lead in found and len(sent) == 3
    assert all(name.startswith(("contact_search", "contact_merged")) for name in indexes(sent[0])), sent
    assert not walks(sent[0], "leads_contact"), sent
    assert not any(walks(plan) or "lead_newest" in indexes(plan) for plan in sent), sent


def test_the_duplicate_check_reads_indexes(many: Many) -> None:
    fields = {"phone_e164": "+14150004711", "email": "person4712@example.org"}
    [(_, plan)] = plans(lambda: matched(fields, by=many.manager))
    assert indexes(plan) == {"contact_phone_once", "contact_email_once"}, plan
    contact = Contact.objects.get(phone_e164="+14150004711")
    plan = plan_of(contact.leads.open().filter(agent__isnull=True).order_by("created_at", "id")[:1])
    assert not walks(plan), plan


def test_an_import_finds_people_and_ids_by_their_indexes(many: Many) -> None:
    """Of more than a hundred values the planner can't see by itself that none is blank."""
    phones = {f"+1415000{n:04d}" for n in range(150)}
    emails = {f"person{n}@example.org" for n in range(150)}
    for name, values, index in (("phone_e164", phones, "contact_phone_once"), ("email", emails, "contact_email_once")):
        [(_, plan)] = plans(lambda name=name, values=values: list(answering(name, values)))
        assert index in indexes(plan) and not walks(plan, "leads_contact"), plan
    plan = plan_of(Lead.objects.alive().by_external_id({str(n) for n in range(150)}))
    assert "lead_external" in indexes(plan) and not walks(plan), plan


def test_what_a_filter_by_state_finds_is_counted_from_its_index(many: Many) -> None:
    rows = LeadFilter({"status": "new", "stage": "lead"}, Lead.objects.alive()).checked()
    [(_, plan)] = plans(lambda: paging.counted(rows))
    assert "lead_by_state" in indexes(plan)


@pytest.mark.parametrize("ordering", board.SORT_WORDS)
def test_the_boards_cards_are_read_along_indexes_stage_by_stage(many: Many, ordering: str) -> None:
    order = board.order_of({"ordering": ordering})
    sent = [*plans(lambda: board.first_cards(Lead.objects.alive(), order, [*Stage]))]
    assert len(sent) == 1 + order.field.null
    assert not any(walks(plan) for _, plan in sent), sent
    assert "lead_board" in indexes(sent[0][1]) or "stage_changed_at" not in ordering, sent[0][1]


# By which index each order is read, upwards and downwards, from the beginning, deep within and behind a cursor.
ORDERS = {
    "created_at": "lead_newest",
    "updated_at": "lead_updated",
    "score": "lead_score",
    "deal_value": "lead_deal_value",
    "deadline": "lead_deadline",
    "priority": "lead_priority",
    "next_attempt_at": "lead_next_attempt",
    "last_name": "lead_last_name",
}
ORDERS_OF_CONTACTS = {
    "created_at": "contact_newest",
    "updated_at": "contact_updated",
    "last_name": "contact_last_name",
    "first_name": "contact_first_name",
}


@pytest.mark.parametrize("way", ["", "-"])
@pytest.mark.parametrize("name", LEAD_ORDERING)
def test_each_order_of_leads_is_read_by_its_index(many: Many, name: str, way: str) -> None:
    read_by(ORDERS[name], Lead.objects.alive(), LEAD_ORDERING, way + name, "leads_lead")


@pytest.mark.parametrize("way", ["", "-"])
@pytest.mark.parametrize("name", CONTACT_ORDERING)
def test_each_order_of_contacts_is_read_by_its_index(many: Many, name: str, way: str) -> None:
    read_by(ORDERS_OF_CONTACTS[name], Contact.objects.alive(), CONTACT_ORDERING, way + name, "leads_contact")


def read_by(index: str, rows: QuerySet[Any], ordering: dict[str, str], name: str, table: str) -> None:
    begun = read_list(rows, ordering, {"ordering": name, "per_page": "25", "cursor": ""})["next"]
    for form in ({"page": "1"}, {"page": "20"}, {"cursor": ""}, {"cursor": begun}):
        params = {"ordering": name, "per_page": "25", **form}
        for sql, plan in plans(lambda params=params: read_list(rows, ordering, params)):
            if "COUNT(" not in sql:
                assert indexes(plan) == {index}, f"{form} {sql}\n{plan}"
                assert not walks(plan, table) and not sorted_in_full(plan), f"{form} {sql}\n{plan}"
