"""A hundred thousand believable leads in one company among several, written by COPY."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db import connection, models
from django.db.models import NOT_PROVIDED
from django.utils.timezone import now
from psycopg.types.json import Jsonb

from agents.models import CAPACITY_LIMIT, Agent
from agents.tests.factories import AgentFactory
from crm.accounts.models import Company, User
from crm.accounts.permissions_table import Role
from crm.accounts.tests.factories import CompanyFactory, UserFactory
from crm.audit.models import AuditEntry
from crm.core.ids import uuid7
from crm.core.tenancy import company_active
from crm.sla.actions import take_over_clocks
from leads.models import Contact, Lead, Stage, Status

STAGES = [Stage.LEAD] * 10 + [Stage.MQL] * 5 + [Stage.SQL] * 3 + [Stage.OPPORTUNITY, Stage.CUSTOMER, Stage.LOST]
SOURCES = ["website", "referral", "facebook", "event", "partner"]
FIRST = ["Ana", "Ben", "Chloe", "Dmitri", "Elif", "Farid", "Grace", "Hugo", "Ines", "Jonas"]
LAST = ["Abbott", "Berger", "Costa", "Diaz", "Evans", "Fischer", "Gupta", "Haddad", "Ito", "Jensen"]


def copy_rows(model: type[models.Model], rows: Iterable[dict[str, Any]]) -> None:
    """COPY dicts of attribute → value; what is left out takes the field's default, as the ORM would."""
    fields = list(model._meta.concrete_fields)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    with connection.cursor() as cursor, cursor.copy(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row([_value(field, row) for field in fields])


def _value(field: Any, row: dict[str, Any]) -> Any:
    value = (
        row[field.attname] if field.attname in row else None if field.default is NOT_PROVIDED else field.get_default()
    )
    if value is None and not field.null and field.empty_strings_allowed:
        value = ""
    if isinstance(field, models.JSONField) and value is not None:
        return Jsonb(value)
    return now() if getattr(field, "auto_now", False) else value


def build(leads: int, other_companies: int = 4) -> tuple[Company, User, User, list[Agent]]:
    """The company, its manager, one of its agents' users, and its 20 agents."""
    company = CompanyFactory(name="Bench")
    manager = UserFactory(company=company, role=Role.ADMIN, email="bench@example.com")
    with company_active(company.pk):
        agents = [AgentFactory(max_capacity=CAPACITY_LIMIT) for _ in range(20)]
    _fill(company, agents, leads)
    for number in range(other_companies):
        other = CompanyFactory(name=f"Other {number}")
        with company_active(other.pk):
            holders = [AgentFactory(max_capacity=CAPACITY_LIMIT) for _ in range(5)]
        _fill(other, holders, leads // 10)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # as autovacuum leaves a table that has been lived in
    return company, manager, agents[0].user, agents


def _fill(company: Company, agents: list[Agent], count: int) -> None:
    chance = random.Random(7)
    contacts = list(_contacts(company, count, chance))
    copy_rows(Contact, contacts)
    leads = list(_leads(company, contacts, agents, chance))
    copy_rows(Lead, leads)
    copy_rows(AuditEntry, _entries(company, leads))
    with company_active(company.pk):
        take_over_clocks()


def _contacts(company: Company, count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(count):
        first, last = chance.choice(FIRST), chance.choice(LAST)
        email, phone = f"person{number}@example.org", f"+1{2_000_000_000 + number}"
        firm = "Zanzibar Traders" if number % (count // 100 or 1) == 0 else f"Firm {number % 997}"
        yield {
            "id": uuid7(), "company_id": company.pk, "first_name": first, "last_name": last, "email": email,
            "phone_e164": phone, "organization": firm, "created_at": now(), "updated_at": now(),
            "search_text": f"{first} {last} {email} {phone} {firm}".lower(),
        }  # fmt: skip


def _leads(
    company: Company, contacts: list[dict[str, Any]], agents: list[Agent], chance: random.Random
) -> Iterator[dict[str, Any]]:
    start = now() - timedelta(days=90)
    share = min(0.7, 0.8 * sum(agent.max_capacity or 0 for agent in agents) / len(contacts))  # they have some room left
    for number, contact in enumerate(contacts):
        stage = chance.choice(STAGES)
        closed = stage in (Stage.CUSTOMER, Stage.LOST)
        at = start + timedelta(seconds=number * 90 * 86_400 / len(contacts))
        held = chance.random() < share
        yield {
            "id": uuid7(), "company_id": company.pk, "contact_id": contact["id"], "stage": stage,
            "agent_id": chance.choice(agents).pk if held else None, "assigned_at": at if held else None,
            "status": Status.DONE if closed else chance.choice([Status.NEW, Status.IN_PROGRESS]),
            "closed_at": at if closed else None, "source": chance.choice(SOURCES), "score": chance.randrange(101),
            "priority": chance.choice([1, 2, 2, 2, 3, 4]), "deal_value": chance.choice([None, 900, 15_000]),
            "deadline": at + timedelta(hours=2) if held else None, "tags": ["bench"], "custom_fields": {"plan": "pro"},
            "last_name_key": contact["last_name"].lower(), "search_text": contact["search_text"],
            "created_at": at, "updated_at": at, "stage_changed_at": at,
        }  # fmt: skip


def _entries(company: Company, leads: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for lead in leads:
        for action in ("lead.created", "lead.assigned", "lead.stage_changed"):
            yield {
                "id": uuid7(), "company_id": company.pk, "action": action, "actor_kind": "system",
                "actor_label": "bench", "object_type": "lead", "object_id": lead["id"],
            }  # fmt: skip
