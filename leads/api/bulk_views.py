"""Many leads at once: changed, shared out, deleted; in the request, or as a job where they are many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.problems import Problem, Unacceptable
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import MissingField
from crm.jobs.api.representation import accepted
from leads.actions.editing import outcome_named
from leads.api import bulk_bodies, bulk_examples
from leads.api.references import agent_in, agent_named
from leads.api.views import acting
from leads.bulk_jobs import (
    ASSIGN,
    DELETE,
    MOST_AT_ONCE,
    PERMISSIONS,
    UPDATE,
    VERBS,
    BulkWork,
    Done,
    do_at_once,
    matching,
    scope_of,
    start,
)
from leads.models import Strategy

ALL = "all"  # the filter that is every lead
AS_A_JOB = {202: "They are more than 1,000, or `async` was asked for: the job that does it."}


class BulkViewSet(ApiViewSet):
    """Managers for any lead, an agent for its own. An id that is malformed, unknown or not the asker's fails alone."""

    schema_tag = "Leads"
    permissions = {
        "bulk_update": PERMISSIONS[UPDATE],
        "bulk_assign": PERMISSIONS[ASSIGN],
        "bulk_delete": PERMISSIONS[DELETE],
    }

    @describe(
        "Change many leads",
        body=bulk_bodies.BulkUpdateBody,
        example=bulk_examples.UPDATE,
        answer_example=bulk_examples.UPDATED,
        other_answers=AS_A_JOB,
    )
    def bulk_update(self, request: Request) -> Response:
        """By the rules of a single change: leaving `customer` or `lost` takes `updates.stage_reason`. `job_id` is what
        `POST /jobs/{id}/undo` takes back within 30 days."""
        body = self.body(bulk_bodies.BulkUpdateBody)
        outcome_named(body["updates"].get("disposition"))
        return self._do(request, body, BulkWork(UPDATE, changes=body["updates"]), "updated_count")

    @describe(
        "Share many leads out",
        body=bulk_bodies.BulkAssignBody,
        errors=[404],
        example=bulk_examples.ASSIGN,
        answer_example=bulk_examples.ASSIGNED,
        other_answers=AS_A_JOB,
    )
    def bulk_assign(self, request: Request) -> Response:
        """Among the agents named, or all active people. What nobody has room for stays where it is and is reported."""
        body = self.body(bulk_bodies.BulkAssignBody)
        pool = pool_named(body)
        strategy = body.get("strategy") or (Strategy.MANUAL if pool else Strategy.CAPACITY)
        if strategy == Strategy.MANUAL and not pool:
            raise MissingField("agent_email", "Name an agent by agent_email, agent_emails or agent_ids, or a strategy.")
        work = BulkWork(ASSIGN, strategy=str(strategy), pool=pool, notes=body.get("notes") or "")
        return self._do(request, body, work, "assigned_count")

    @describe(
        "Delete many leads",
        body=bulk_bodies.BulkDeleteBody,
        example=bulk_examples.DELETE,
        answer_example=bulk_examples.DELETED,
        other_answers=AS_A_JOB,
    )
    def bulk_delete(self, request: Request) -> Response:
        """Softly: they leave every list, and the job can be taken back."""
        return self._do(request, self.body(bulk_bodies.BulkDeleteBody), BulkWork(DELETE), "deleted_count")

    def _do(self, request: Request, body: Mapping[str, Any], work: BulkWork, counted: str) -> Response:
        user = acting(request)
        names, total, where = self._named(request, body, work)
        if total > MOST_AT_ONCE or body.get("async"):
            return accepted(start(BulkWork(**{**vars(work), **where}), by=user, total=total))
        job, done = do_at_once(work, names, by=user)
        return self.answer({"success": bool(done.ids or not done.failed), **answer_of(work, names, done, counted, job)})

    def _named(
        self, request: Request, body: Mapping[str, Any], work: BulkWork
    ) -> tuple[Sequence[str | UUID], int, dict[str, Any]]:
        """The leads that are meant, how many they are, and how a job names them."""
        if "lead_ids" in body:
            names = list(dict.fromkeys(body["lead_ids"]))
            return names, len(names), {"lead_ids": names}
        user = acting(request)
        try:
            filters = plain_filters(body["filter"])
            found = matching(scope_of(work.kind, user), filters, user)
        except Unacceptable as refused:
            raise Unacceptable(
                Problem(("body", "filter", *p.loc[1:]), p.msg, p.type) for p in refused.problems
            ) from None
        ids = list(found.order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        total = found.order_by().count() if len(ids) > MOST_AT_ONCE else len(ids)
        return ids, total, {"filters": filters}


def plain_filters(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Texts, numbers, booleans and lists of them, as they would stand in an address; null is no filter.

    What chooses nothing would mean every lead, which is to be said: `{"all": true}`.
    """
    wrong = [name for name, value in filters.items() if not all(map(is_plain, as_list(value)))]
    if wrong:
        raise Unacceptable(Problem(("query", name), "Must be a text, a number, or a list of them.") for name in wrong)
    given = {name: value for name, value in filters.items() if value is not None}
    wants_all = given.pop(ALL, None)
    choosing = any(chooses(item) for value in given.values() for item in as_list(value))
    if wants_all is None and not choosing:
        raise Unacceptable([Problem(("query",), 'Name at least one filter, or {"all": true} for every lead.')])
    if wants_all is not None and (wants_all is not True or given):
        words = "Stands alone, without other filters." if wants_all is True else "Must be true, or left out."
        raise Unacceptable([Problem(("query", ALL), words)])
    return given


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def chooses(value: Any) -> bool:
    """Whether a value is more than blanks and commas."""
    return value is not None and bool(str(value).replace(",", " ").strip())


def is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def pool_named(body: Mapping[str, Any]) -> list[UUID] | None:
    """404 for an unknown e-mail, 422 for an unknown id."""
    fields = [field for field in ("agent_ids", "agent_emails") if body.get(field)]
    pool = [agent_named(field, name).pk for field in fields for name in body[field]]
    if (agent := agent_in(body)) is not None:
        pool.insert(0, agent.pk)
    return list(dict.fromkeys(pool)) or None


def answer_of(work: BulkWork, names: Sequence[str | UUID], done: Done, counted: str, job: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {
        counted: len(done.ids),
        "failed_count": len(done.failed),
        "results": results_of(names, done, work.kind == ASSIGN),
        "job_id": str(job.pk),
    }
    if work.kind == ASSIGN:
        answer["distribution"] = done.distribution
    if work.kind in VERBS:
        for result in answer["results"]:
            result["held_until"] = held_until(done, result)
    if work.kind == UPDATE:
        answer["returned_to_queue"] = [str(pk) for pk in done.returned]
    return answer


def held_until(done: Done, result: Mapping[str, Any]) -> Any:
    return done.later.get(UUID(_id_text(result["lead_id"]))) if result["success"] else None


def results_of(names: Sequence[str | UUID], done: Done, with_agents: bool) -> list[dict[str, Any]]:
    """One for each lead, in the order in which they were named, as they were named."""
    errors = {str(failure.lead_id): failure.error for failure in done.failed}
    results, told = [], set()
    for name in names:
        known = _id_text(name)
        if known in told:
            continue
        told.add(known)
        result: dict[str, Any] = {"lead_id": str(name), "success": known not in errors, "error": errors.get(known)}
        if with_agents:
            agent = done.agents.get(UUID(known)) if known not in errors else None
            result["agent_id"] = str(agent) if agent else None
        results.append(result)
    return results


def _id_text(name: str | UUID) -> str:
    try:
        return str(UUID(str(name)))
    except ValueError:
        return str(name)
