"""The ticks of scheduler and clocks: with nothing due the scheduler must not feel how many leads are held; with many due
both stay near raw SQL.

`python -m bench.ticks --leads 1000000` measures it alone, on a database of its own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

LINES, DUE, BREACHES = 50, 1000, 10_000


def median_of(rounds: int, work: Callable[[], Any]) -> float:
    work()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def hand_to_voices(company: Any) -> list[Any]:
    """Every open lead that somebody holds goes to one of 20 voice agents, and is due in a year."""
    from django.db import connection

    from agents.models import Agent, Kind
    from crm.core.tenancy import company_active

    hours = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    with company_active(company.pk):
        held = list(Agent.objects.filter(kind=Kind.HUMAN).order_by("pk").values_list("pk", flat=True))
        voices = [
            Agent(
                kind=Kind.VOICE, name=f"Voice {n}", max_capacity=None, business_hours=hours, max_concurrent_calls=LINES
            )
            for n, _ in enumerate(held)
        ]
        Agent.objects.create_many(voices)
    with connection.cursor() as cursor:
        for before, voice in zip(held, voices, strict=True):
            cursor.execute(
                "UPDATE leads_lead SET agent_id = %s, next_attempt_at = now() + interval '400 days' WHERE agent_id = %s",
                [voice.pk, before],
            )
        cursor.execute(
            "UPDATE leads_contact SET timezone = 'America/New_York', country = 'US' WHERE company_id = %s", [company.pk]
        )
        cursor.execute("VACUUM ANALYZE leads_lead")
    return voices


def results(company: Any) -> Iterator[tuple[str, float, float, str]]:
    """Name, seconds, seconds of raw SQL, aim."""
    from django.db import connection
    from django.db.models import Count

    from calls.actions import call_due_of, companies_with_due_leads
    from crm.core.tenancy import company_active, unscoped
    from leads.models import Lead

    voices = hand_to_voices(company)
    with company_active(company.pk):
        held = Lead.objects.open().filter(agent__in=voices).aggregate(n=Count("pk"))["n"]
        soon = [
            Lead.objects.open().filter(agent=v).order_by("pk").values_list("pk", flat=True)[: DUE // 20] for v in voices
        ]
        ids = [pk for part in soon for pk in part]
        at = _permitted_moment(Lead.objects.select_related("contact").get(pk=ids[0]))

    def empty() -> None:
        with unscoped("the benchmark asks as the tick does"):
            assert companies_with_due_leads(at) == []

    def bare() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchall()

    yield f"empty tick, {held:,} leads held", median_of(40, empty), median_of(40, bare), "<= 5 ms"

    def due() -> float:
        _put_back(ids, at - timedelta(hours=1))
        begun = time.perf_counter()
        with company_active(company.pk):
            claimed = sum(call_due_of(voice.pk, at=at) for voice in voices)
        seconds = time.perf_counter() - begun
        assert claimed == len(ids), f"{claimed} of {len(ids)}"
        return seconds

    def raw() -> float:
        _put_back(ids, at - timedelta(hours=1))
        begun = time.perf_counter()
        for voice in voices:
            _claim_by_sql(voice.pk, at)
        return time.perf_counter() - begun

    due(), raw()  # warm
    ours, theirs = (statistics.median(work() for _ in range(3)) for work in (due, raw))
    yield f"claim {len(ids):,} due leads of 20 voice agents", ours, theirs, "<= 3 x raw"
    yield breaches(company)


def breaches(company: Any) -> tuple[str, float, float, str]:
    """The tick of the clocks after an outage: marked, on record, told to managers and creators."""
    from django.db import connection

    from crm.core.tenancy import company_active
    from crm.sla.actions import mark_overdue
    from crm.sla.models import Timer
    from crm.sla.querysets import LATE

    at = datetime.now(UTC)
    with company_active(company.pk):
        late = Timer.objects.filter(LATE, due_at__lt=at)
        ids = list(late.order_by("pk").values_list("pk", flat=True)[:BREACHES])

    def reset() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE sla_timer SET breached_at = due_at WHERE breached_at IS NULL AND due_at < %s", [at])
            cursor.execute("UPDATE sla_timer SET breached_at = NULL WHERE id = ANY(%s)", [ids])

    def ours() -> float:
        reset()
        begun = time.perf_counter()
        with company_active(company.pk):
            marked = mark_overdue(at)
        seconds = time.perf_counter() - begun
        assert marked == len(ids), f"{marked} of {len(ids)}"
        return seconds

    def raw() -> float:
        reset()
        begun = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(MARK_BY_SQL, [company.pk, at])
        return time.perf_counter() - begun

    ours(), raw()  # warm
    taken = [(ours(), raw()) for _ in range(3)]
    mine, theirs = (statistics.median(part) for part in zip(*taken, strict=True))
    return f"mark {len(ids):,} breaches", mine, theirs, "<= 3 x raw"


MARK_BY_SQL = """
WITH late AS (UPDATE sla_timer SET breached_at = due_at WHERE company_id = %s AND breached_at IS NULL AND due_at < %s
    AND (ended_at IS NULL OR ended_at > due_at) RETURNING lead_id, due_at),
marked AS (UPDATE leads_lead SET breached_at = late.due_at FROM late WHERE leads_lead.id = late.lead_id
    RETURNING leads_lead.id, leads_lead.company_id)
INSERT INTO audit_auditentry (id, company_id, at, action, actor_kind, actor_label, object_type, object_id, changes, data,
    request_id, mac)
SELECT gen_random_uuid(), company_id, now(), 'lead.sla_breached', 'system', '', 'lead', id, '[]', '{}', '',
    repeat('0', 64) FROM marked
"""


def _permitted_moment(lead: Any) -> datetime:
    """An afternoon at which every state lets people be called: no holiday anywhere."""
    from crm.compliance.gate import decide
    from crm.core.actors import System

    noon = datetime.now(UTC).replace(hour=21, minute=0)
    days = (noon + timedelta(days=n) for n in range(1, 60))
    return next(at for at in days if decide(lead.contact, "voice", at=at, actor=System("bench")).allowed)


def _put_back(ids: list[Any], at: datetime) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM calls_call")
        cursor.execute("UPDATE leads_lead SET next_attempt_at = %s, attempts_count = 0 WHERE id = ANY(%s)", [at, ids])


def _claim_by_sql(agent: Any, at: datetime) -> None:
    """The least that claims and keeps a decision: the due leads locked, a row of each written; no rule is asked."""
    from django.db import connection, transaction

    row = _columns_of_a_call()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM agents_agent WHERE id = %s FOR NO KEY UPDATE", [agent])
        cursor.execute(
            "WITH due AS (SELECT id, company_id, contact_id, attempts_count FROM leads_lead WHERE agent_id = %(agent)s "
            "AND deleted_at IS NULL AND status IN ('new', 'in_progress') AND stage IN ('lead', 'mql', 'sql', 'opportunity') "
            "AND GREATEST(COALESCE(schedule_at, created_at), COALESCE(next_attempt_at, created_at), "
            "COALESCE(held_until, created_at)) <= %(at)s LIMIT %(lines)s FOR NO KEY UPDATE SKIP LOCKED), "
            "decided AS (INSERT INTO compliance_contactdecision (id, company_id, contact_id, lead_id, channel, actor_label, "
            "at, allowed, rules, created_at) SELECT gen_random_uuid(), company_id, contact_id, id, 'voice', 'raw', %(at)s, "
            "true, '[]', %(at)s FROM due RETURNING id, lead_id) "
            f"INSERT INTO calls_call ({', '.join(row)}) SELECT {', '.join(row.values())} "
            "FROM due JOIN decided ON decided.lead_id = due.id",
            {"agent": agent, "at": at, "lines": LINES},
        )


@cache
def _columns_of_a_call() -> dict[str, str]:
    """Each column with what the raw statement writes: of the due lead, or the field's default."""
    from calls.models import Call

    given = {
        "id": "gen_random_uuid()", "company_id": "due.company_id", "decision_id": "decided.id", "lead_id": "due.id",
        "decision_allowed": "true", "contact_id": "due.contact_id", "agent_id": "%(agent)s", "provider": "'simulator'",
        "attempt": "due.attempts_count + 1", "direction": "'outbound'", "status": "'queued'",
        **dict.fromkeys(("requested_at", "look_at", "created_at", "updated_at"), "%(at)s"),
    }  # fmt: skip
    return {field.column: given.get(field.column) or _literal(field) for field in Call._meta.concrete_fields}


def _literal(field: Any) -> str:
    default = field.get_default()
    if default is None and (field.null or not field.empty_strings_allowed):
        return "NULL"
    return "'[]'" if default == [] else str(default).lower() if isinstance(default, int) else f"'{default or ''}'"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.ticks", description=__doc__)
    parser.add_argument("--leads", type=int, default=100_000)
    leads = parser.parse_args().leads
    os.environ["DATABASE_URL"] = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    os.environ["REDIS_URL"] = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/15")
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    import django

    django.setup()
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases

    from bench import data

    old = setup_databases(verbosity=0, interactive=False, serialized_aliases=())
    try:
        company, *_ = data.build(leads, other_companies=1)
        for work, ours, raw, aim in results(company):
            print(f"{work:<50}{ours * 1000:10.2f} ms{raw * 1000:10.2f} ms{ours / raw:8.1f} x raw   {aim}", flush=True)
    finally:
        connections.close_all()
        teardown_databases(old, verbosity=0)


if __name__ == "__main__":
    main()
