"""PostgreSQL reads the lists and the duplicate check by index: no plan walks the whole table of leads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.core.api import paging
from crm.core.tenancy import company_active
from leads import board
from leads.actions.matching import matched
from leads.api.views import ORDERING
from leads.filters import LeadFilter
from leads.importing.known import answering
from leads.models import Contact, Lead, Stage
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL"),
    pytest.mark.usefixtures("in_company", "many"),
]
ROWS = 10_000


@pytest.fixture
def many(company: Company, stranger: User, agent: Agent, manager: User) -> None:
    """Ten thousand leads here and as many elsewhere, of which each fiftieth is the agent's; as autovacuum leaves them.

    What only VACUUM would do inside the test's transaction is done by hand: the pending lists of the trigram indexes
    are merged, which the planner reckons with as if each search had to walk through them.
    """
    for owner, holder, creator in ((company.pk, agent.pk, manager.pk), (stranger.company_id, None, stranger.pk)):
        with company_active(owner):
            contact = ContactFactory()
            lead = LeadFactory(contact=contact, created_by_id=creator)
        copy(
            contact,
            "'+1' || (4150000000 + n)",
            "'person' || n || '@example.org'",
            "'person' || n || ' name' || n || ' +1' || (4150000000 + n)",
        )
        spread(lead, holder)
    with connection.cursor() as cursor:
        for index in PENDING:
            cursor.execute("SELECT gin_clean_pending_list(%s)", [index])
        cursor.execute("ANALYZE leads_lead; ANALYZE leads_contact; ANALYZE agents_agent")


PENDING = ("lead_search", "contact_search", "lead_tags", "lead_custom", "contact_custom")


def copy(contact: Contact, phone: str, email: str, search: str) -> None:
    values = {"id": "gen_random_uuid()", "phone_e164": phone, "email": email, "search_text": search}
    insert(contact, values, "generate_series(1, %s) n")


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
        "tags": "CASE WHEN n %% 500 = 0 THEN '[\"vip\"]' ELSE '[\"bench\"]' END::jsonb",
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


def plans(work: Any) -> Iterator[tuple[str, str]]:
    """The plan of every SELECT that the work sends."""
    with CaptureQueriesContext(connection) as sent:
        work()
    for query in sent:
        if query["sql"].lstrip("(").startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {query['sql'].replace('%', '%%')}")
                yield query["sql"], json.dumps(cursor.fetchone()[0])


def walks(plan: str, table: str = "leads_lead") -> bool:
    nodes, found = [json.loads(plan)[0]["Plan"]], False
    while nodes:
        node = nodes.pop()
        found |= node["Node Type"] in ("Seq Scan", "Parallel Seq Scan") and node.get("Relation Name") == table
        nodes += node.get("Plans", [])
    return found


def sorted_in_full(plan: str) -> bool:
    return '"Sort"' in plan


def read_list(params: dict[str, str]) -> dict[str, Any]:
    order = paging.read_order(params, Lead, ORDERING, "-created_at")
    rows = Lead.objects.alive().only(*ORDERING.values())
    page = {name: value for name, value in params.items() if name != "ordering"}
    return paging.answer_list(
        rows, page, plural="leads", represent=lambda leads: [{"id": lead.pk} for lead in leads], order=order
    )


# The list's filters, and for a manager the index that finds them; for the others that of the order itself is as good.
FILTERS: list[tuple[dict[str, str], str]] = [
    ({"search": "name4711"}, "lead_search"),
    ({"search": "person4711 name4711"}, "lead_search"),
    ({"search": "4150004711"}, "lead_search"),
    ({"agent_id": "priya@copperline.example"}, "lead_of_agent"),
    ({"source": "source3"}, ""),
    ({"status": "new", "stage": "lead"}, ""),
    ({"unassigned": "true"}, ""),
    ({"min_score": "90", "max_score": "95"}, ""),
    ({"sla_status": "due_soon"}, ""),
    ({"tags": "vip"}, "lead_tags"),
    ({"custom.company": "Acme 4711"}, "lead_custom"),
    ({"custom.external_id": "4711"}, "lead_external"),
]


def test_filters_searches_and_the_duplicate_check_walk_no_table(manager: User, agent: Agent) -> None:
    for user in (manager, agent.user):
        for params, index in FILTERS:
            rows = LeadFilter(params, Lead.objects.visible_to(user).alive().only("created_at")).checked()
            plan = plan_of(rows.order_by("-created_at", "-pk")[:25])
            assert not walks(plan), f"{params}\n{plan}"
            assert user is not manager or index in plan, f"{params}\n{plan}"
    plan = plan_of(Lead.objects.visible_to(agent.user).alive().order_by("-created_at", "-pk")[:25])
    assert "lead_of_agent" in plan
    assert "lead_of_creator" in plan

    fields = {"phone_e164": "+14150004711", "email": "person4712@example.org"}
    [(_, plan)] = plans(lambda: matched(fields, by=manager))
    assert "contact_phone_once" in plan
    assert "contact_email_once" in plan
    contact = Contact.objects.get(phone_e164="+14150004711")
    assert not walks(plan_of(contact.leads.open().filter(agent__isnull=True).order_by("created_at", "id")[:1]))


def test_an_import_finds_people_and_ids_by_their_indexes(company: Company) -> None:
    """Of more than a hundred values the planner can't see by itself that none is blank."""
    phones = {f"+1415000{n:04d}" for n in range(150)}
    emails = {f"person{n}@example.org" for n in range(150)}
    for name, values, index in (("phone_e164", phones, "contact_phone_once"), ("email", emails, "contact_email_once")):
        [(_, plan)] = plans(lambda name=name, values=values: list(answering(name, values)))
        assert index in plan and not walks(plan, "leads_contact"), plan
    plan = plan_of(Lead.objects.alive().by_external_id({str(n) for n in range(150)}))
    assert "lead_external" in plan and not walks(plan), plan


def test_what_a_filter_by_state_finds_is_counted_from_its_index() -> None:
    rows = LeadFilter({"status": "new", "stage": "lead"}, Lead.objects.alive()).checked()
    [(_, plan)] = plans(lambda: paging.counted(rows))
    assert "lead_by_state" in plan


def test_the_boards_cards_are_read_along_indexes_stage_by_stage() -> None:
    with connection.cursor() as cursor:  # which at this size would sort the few rows that it expects
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    for ordering in board.SORT_WORDS:
        order = board.order_of({"ordering": ordering})
        sent = [*plans(lambda order=order: board.first_cards(Lead.objects.alive(), order, [*Stage]))]
        assert len(sent) == 1 + order.field.null
        assert not any(walks(plan) for _, plan in sent), ordering
        assert "lead_board" in sent[0][1] or "stage_changed_at" not in ordering


def test_each_order_is_read_by_its_index_both_ways_and_in_every_form() -> None:
    with connection.cursor() as cursor:  # which at this size would sort the few rows that it expects
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    for name in (*ORDERING, *(f"-{name}" for name in ORDERING)):
        begun = read_list({"ordering": name, "per_page": "25", "cursor": ""})["next"]
        for form in ({"page": "1"}, {"page": "20"}, {"cursor": ""}, {"cursor": begun}):
            params = {"ordering": name, "per_page": "25", **form}
            for sql, plan in plans(lambda params=params: read_list(params)):
                if "COUNT(" not in sql:
                    assert not walks(plan), sql
                    assert not sorted_in_full(plan), f"{sql}\n{plan}"
