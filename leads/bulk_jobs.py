"""Bulk changes as jobs: small ones done at once and kept as a job that is over, large ones batch by batch.

A job names its leads by ids or by the list's filter, as it stood when the job was started; each batch asks anew what
its user may do. The doors (API, page, admin) make a `BulkWork` and start it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from crm.accounts.models import User
from crm.accounts.permissions_table import allows
from crm.audit.recording import plain
from crm.core.errors import NotAllowed
from crm.jobs.actions import start_job
from crm.jobs.kinds import Batch, Kind, RowProblem, register
from crm.jobs.models import Job
from crm.jobs.running import do_now
from leads.actions.bulk import BATCH, Changed, as_id, delete_many, update_many
from leads.actions.creating import priority_of
from leads.assignment.bulk import Failure, Result, assign_many, return_many
from leads.assignment.errors import NobodyHolds
from leads.filters import LeadFilter
from leads.job_names import named
from leads.models import Lead
from leads.querysets import LeadQuerySet
from leads.stored_values import read_value
from leads.undo import UNDO

MOST_AT_ONCE = 1000  # leads that one request does itself
UPDATE, ASSIGN, DELETE = "leads.bulk_update", "leads.bulk_assign", "leads.bulk_delete"
RETURN = "leads.bulk_return"
# What the role must allow; the rows are limited by `scope_of`.
PERMISSIONS = {
    UPDATE: "leads.update",
    ASSIGN: "leads.assign_own",
    RETURN: "leads.assign_own",
    DELETE: "leads.delete",
}
# "Update leads": a verb and a noun.
TITLES = {UPDATE: "Update leads", ASSIGN: "Assign leads", RETURN: "Return leads", DELETE: "Delete leads"}


def scope_of(kind: str, user: User) -> LeadQuerySet:
    """The leads that the user may do this to: all for managers, an agent's own. Raises `NotAllowed`."""
    if not allows(user, PERMISSIONS[kind]):
        raise NotAllowed("Your role may not do this.")
    leads = Lead.objects.alive().visible_to(user)
    if kind in (ASSIGN, RETURN) and not allows(user, "leads.assign"):
        return leads.filter(agent__user=user)  # agents hand on what they hold
    return leads


def matching(leads: LeadQuerySet, filters: Mapping[str, Any], user: User, known: Sequence[str] = ()) -> LeadQuerySet:
    """By the list's filters; raises `Unacceptable` for what no filter understands."""
    request = SimpleNamespace(user=user, company=user.company)
    return LeadFilter(filters, leads, request=request, known=known).checked()  # type: ignore[return-value]


@dataclass
class Done:
    """What became of the leads of one batch, whatever was done to them."""

    ids: list[UUID] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    agents: dict[UUID, UUID] = field(default_factory=dict)  # lead → its new holder
    distribution: dict[str, int] = field(default_factory=dict)
    returned: list[UUID] = field(default_factory=list)
    later: dict[UUID, datetime] = field(default_factory=dict)  # of `ids`: what was asked for comes to pass then

    @classmethod
    def of(cls, what: Changed | Result) -> Done:
        if isinstance(what, Changed):
            return cls(what.done, what.failed, returned=what.returned)
        return cls([*what.placed], what.failed, what.placed, {str(pk): n for pk, n in what.distribution.items()})


@dataclass(frozen=True)
class Verb:
    """What a higher floor does to many leads: `do(work, names, by, within)`, with the words of its doors."""

    title: str  # a verb and a noun
    permission: str
    do: Callable[[BulkWork, Sequence[UUID | str], User, LeadQuerySet], Done]
    asks: str  # "Call {}?"
    done: str  # "3 leads …"


VERBS: dict[str, Verb] = {}


def add_verb(kind: str, verb: Verb) -> None:
    """Called at start by the owning app. Nothing of it is undone by itself."""
    VERBS[kind], TITLES[kind], PERMISSIONS[kind] = verb, verb.title, verb.permission
    register(Kind(kind, verb.title, verb.permission, run_batch, named=named))


@dataclass(frozen=True)
class BulkWork:
    """One bulk call: what to do to which leads. `lead_ids` as the caller wrote them, or else the `filters`.

    `changes` are those of `update_many`; `strategy`, `pool` and `notes` those of `assign_many`.
    """

    kind: str
    lead_ids: Sequence[str] | None = None
    filters: Mapping[str, Any] | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    strategy: str = ""
    pool: Sequence[UUID] | None = None
    notes: str = ""
    at: datetime | None = None  # when what a higher floor does is to be

    @property
    def what(self) -> dict[str, Any]:
        """JSON of all but the leads."""
        if self.kind == UPDATE:
            named = {"priority": priority_of(self.changes["priority"])} if self.changes.get("priority") else {}
            return {"updates": plain({**self.changes, **named})}
        if self.kind == ASSIGN:
            return {"strategy": self.strategy, "pool": plain(self.pool) if self.pool else None, "notes": self.notes}
        return {name: plain(value) for name in ("notes", "at") if (value := getattr(self, name))}

    @classmethod
    def read(cls, job: Job) -> BulkWork:
        given: Mapping[str, Any] = job.params
        return cls(
            kind=job.kind,
            lead_ids=given.get("lead_ids"),
            filters=given.get("filter"),
            changes={name: read_value(Lead, name, value) for name, value in given.get("updates", {}).items()},
            strategy=given.get("strategy", ""),
            pool=[UUID(pk) for pk in given["pool"]] if given.get("pool") else None,
            notes=given.get("notes", ""),
            at=datetime.fromisoformat(given["at"]) if given.get("at") else None,
        )

    def title(self, count: int | None) -> str:
        """“Update 1,204 leads: stage, priority”."""
        verb, noun = TITLES[self.kind].split()
        named = f"{verb} {count:,} lead{'' if count == 1 else 's'}" if count is not None else f"{verb} {noun}"
        fields = [name.replace("_", " ") for name in self.changes if name != "stage_reason"]
        return f"{named}: {', '.join(fields)}"[:200] if fields else named

    def do(self, names: Sequence[UUID | str], *, by: User) -> Done:
        """These leads at once, within what the user may do."""
        within = scope_of(self.kind, by)
        if self.kind == UPDATE:
            return Done.of(update_many(names, self.changes, by=by, within=within))
        if self.kind == DELETE:
            return Done.of(delete_many(names, by=by, within=within))
        if (verb := VERBS.get(self.kind)) is not None:
            return verb.do(self, names, by, within)
        if self.kind == RETURN:
            return self._return(names, within, by)
        pool = list(self.pool) if self.pool else None
        return Done.of(assign_many(names, strategy=self.strategy, pool=pool, by=by, notes=self.notes, within=within))

    def _return(self, names: Sequence[UUID | str], within: LeadQuerySet, by: User) -> Done:
        ids = [name for name in map(as_id, names) if isinstance(name, UUID)]
        held = within.open().filter(pk__in=ids, agent__isnull=False)
        done = list(held.order_by("pk").values_list("pk", flat=True))
        return_many(within.filter(pk__in=done), by=by, why="by_hand", notes=self.notes)
        returned = set(done)
        return Done(done, [Failure(name, NobodyHolds().message) for name in names if as_id(name) not in returned])


def start(work: BulkWork, *, by: User, total: int) -> Job:
    """As a job that a worker does. Its filter sees no lead that is made later."""
    where = {"lead_ids": list(work.lead_ids)} if work.lead_ids is not None else {"filter": dict(work.filters or {})}
    return start_job(work.kind, {**work.what, **where}, by=by, title=work.title(total), total=total)


def do_at_once(work: BulkWork, names: Sequence[UUID | str], *, by: User) -> tuple[Job, Done]:
    """At most `MOST_AT_ONCE` leads, in one transaction; the job is over."""
    done = Done()

    def run() -> Batch:
        nonlocal done
        done = work.do(names, by=by)
        return as_batch(done, None, {})

    job = do_now(work.kind, work.what, run, by=by, title=work.title(len(names)))
    return job, done


def run_batch(job: Job) -> Batch:
    """The next thousand: by their place in the list of ids, or behind the last id that the filter gave."""
    work = BulkWork.read(job)
    if work.lead_ids is not None:
        start_at = int(job.cursor or 0)
        names, cursor = list(work.lead_ids[start_at : start_at + BATCH]), start_at + BATCH
        more = cursor < len(work.lead_ids)
        done = work.do(names, by=job.user)
        return as_batch(done, cursor if more else None, job.result)
    found = matching(scope_of(job.kind, job.user), work.filters or {}, job.user).filter(created_at__lte=job.created_at)
    behind = found.filter(pk__gt=UUID(job.cursor)) if job.cursor else found
    ids = list(behind.order_by("pk").values_list("pk", flat=True)[:BATCH])
    done = work.do(ids, by=job.user) if ids else Done()
    return as_batch(done, str(ids[-1]) if len(ids) == BATCH else None, job.result)


def as_batch(done: Done, cursor: Any, before: Mapping[str, Any]) -> Batch:
    """The shares of each agent and the number of those that had to be returned add up over the batches."""
    result: dict[str, Any] = {}
    if done.distribution:
        shares = dict(before.get("distribution", {}))
        result["distribution"] = shares | {pk: shares.get(pk, 0) + n for pk, n in done.distribution.items()}
    if done.returned:
        result["returned_to_queue"] = before.get("returned_to_queue", 0) + len(done.returned)
    problems = [RowProblem(failure.error, object_id=str(failure.lead_id)) for failure in done.failed]
    return Batch(cursor, len(done.ids), problems, result)


for _name, _permission in PERMISSIONS.items():
    register(Kind(_name, TITLES[_name], _permission, run_batch, undo_kind=UNDO, named=named))
