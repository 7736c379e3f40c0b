"""A bulk update, and taking it back, against one raw SQL statement with history and against single requests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from crm.core.tenancy import company_active, unscoped

BATCH, ROUNDS, LARGE = 1000, 4, 300_000
CHANGES = {"disposition": "callback", "priority": "high"}


def results(works: Any) -> Iterator[Any]:
    """Aims of `operations.md`: at most twice the raw statement, fifty times as fast as single requests."""
    from bench.run import Result, alternate
    from leads.actions import update_many
    from leads.bulk_jobs import UPDATE, BulkWork, do_at_once

    keys = works.some_leads(2 * BATCH * (ROUNDS + 2), disposition="")
    batches = iter([keys[n : n + BATCH] for n in range(0, len(keys), BATCH)])
    with unscoped("who acts in the benchmark"):
        by = type(works.admin_user).objects.select_related("company").get(pk=works.admin_user.pk)

    def ours() -> None:
        with company_active(works.company.pk):
            update_many(next(batches), CHANGES, by=by)

    ours_seconds, raw_seconds = alternate(ROUNDS, ours, lambda: raw_update(next(batches)))
    yield Result("update 1,000 at once", ours_seconds, raw_seconds, "<= 2 x raw SQL")

    single = iter(works.some_leads(works.rounds + 2, disposition=""))
    (one,) = alternate(works.rounds, lambda: works.admin.call("PATCH", f"/api/v1/leads/{next(single)}", CHANGES))
    named = iter([keys[n : n + BATCH] for n in range(0, len(keys), BATCH)])

    def request() -> None:
        body = {"lead_ids": [str(pk) for pk in next(named)], "updates": {"disposition": "voicemail"}}
        works.admin.call("POST", "/api/v1/leads/bulk-update", body)

    (whole,) = alternate(ROUNDS, request)
    yield Result("bulk-update of 1,000, to 1,000 requests", whole, one * BATCH, "<= 0.02 x single")

    with company_active(works.company.pk):
        jobs = iter(
            [do_at_once(BulkWork(UPDATE, changes={"source": "undo"}), pks, by=by)[0] for pks in in_batches(keys)]
        )
    (undone,) = alternate(ROUNDS, lambda: undo(works.company.pk, next(jobs), by))
    yield Result("take back a bulk update of 1,000", undone, raw_seconds, "of the raw update")


def whole_list(works: Any) -> Iterator[Any]:
    """Every open lead of the company (of a million those of one source), by filter, as a job; against the raw statement
    by the same pieces."""
    from bench.run import Result, alternate

    with unscoped("who acts in the benchmark"):
        by = type(works.admin_user).objects.select_related("company").get(pk=works.admin_user.pk)
    filters = {"status": "new,in_progress"}
    keys = works.some_leads(LARGE + 1)
    if len(keys) > LARGE:
        filters["source"] = "website"
        keys = works.some_leads(len(keys), source="website")
    pieces = in_batches(keys)

    def raw() -> None:
        for piece in pieces:
            raw_update(piece)

    ours_seconds, raw_seconds = alternate(1, lambda: as_job(works.company.pk, by, filters), raw, warm=1)
    yield Result(f"update {len(keys):,} as a job", ours_seconds, raw_seconds, "<= 2 x raw SQL")


OTHER_CHANGES = ({"disposition": "voicemail", "priority": "urgent"}, {"disposition": "no_answer", "priority": "low"})
_turn = count()


def as_job(company: UUID, by: Any, filters: dict[str, str]) -> None:
    from crm.jobs.running import run_job
    from leads.bulk_jobs import UPDATE, BulkWork, start

    with company_active(company):
        changes = OTHER_CHANGES[next(_turn) % 2]
        work = BulkWork(UPDATE, filters=filters, changes=changes)
        run_job(start(work, by=by, total=0).pk)


def in_batches(keys: list[UUID]) -> list[list[UUID]]:
    return [keys[n : n + BATCH] for n in range(0, len(keys), BATCH)]


def undo(company: UUID, job: Any, by: Any) -> None:
    from crm.jobs.actions import undo_job
    from crm.jobs.running import run_job

    with company_active(company):
        run_job(undo_job(job, by=by, queued=False).pk)


def raw_update(keys: list[UUID]) -> None:
    """One statement that changes the leads and writes an entry and a journal line for each."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "WITH changed AS (UPDATE leads_lead SET disposition = 'callback', priority = 3, status = 'in_progress', "
            "first_response_at = now(), updated_at = now() WHERE id = ANY(%s) RETURNING id, company_id), "
            "told AS (INSERT INTO audit_auditentry (id, company_id, at, action, actor_kind, actor_label, object_type, "
            "object_id, changes, data, request_id, mac) SELECT gen_random_uuid(), company_id, now(), "
            "'lead.disposition_set', 'user', '', 'lead', id, '[{\"field\": \"disposition\", \"before\": \"\", "
            "\"after\": \"callback\"}]', '{}', '', repeat('0', 64) FROM changed RETURNING id, company_id, object_id) "
            "INSERT INTO audit_journalentry (id, company_id, entry_id, object_type, object_id, before, after) "
            "SELECT gen_random_uuid(), company_id, id, 'lead', object_id, '{\"disposition\": \"\"}', "
            '\'{"disposition": "callback"}\' FROM told',
            [keys],
        )
