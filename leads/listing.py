"""The list of leads as a page shows it: its views, columns, sorting, and filters as words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model
from django.http import QueryDict

from agents.models import Agent
from crm.accounts.models import User
from crm.accounts.permissions_table import allows
from crm.core.keyset import Order
from crm.lists.models import SavedSearch
from leads.models import Lead, OptIn, Priority, Qualification, Stage, Status
from leads.querysets import OPEN_STATUSES
from leads.rows import Holder

PAGE_ROWS = 50
COUNT_LIMIT = 10_000
DEFAULT_ORDER = "-created_at"
# What may be sorted by, and which way first.
SORTS = {
    "last_name": "last_name",
    "score": "-score",
    "deadline": "deadline",
    "priority": "-priority",
    "deal_value": "-deal_value",
    "created_at": "-created_at",
    "updated_at": "-updated_at",
    "next_attempt_at": "next_attempt_at",
}
COLUMN_OF_SORT = {"last_name": "last_name_key"}
OTHERS = ("ordering", "cursor", "back")  # parameters that are no filter


# All that a row is made of; what else a lead has stays in the database.
FIELDS = (
    "company", "contact__company", "contact__first_name", "contact__last_name", "contact__email", "contact__phone_e164",
    "contact__organization", "agent_id", "source", "status", "stage", "disposition", "priority", "score", "deal_value",
    "tags", "next_attempt_at", "assigned_at", "deadline", "first_response_at", "closed_at", "is_duplicate",
    "created_at", "updated_at", "deleted_at",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One that the reader may show or hide. `css`: its place on a phone (`lo`: left out there)."""

    key: str
    label: str
    css: str = "lo"
    sort: str = ""
    shown: bool = False


COLUMNS = (
    Column("organization", "Organisation", "o", shown=True),
    Column("stage", "Stage", "g", shown=True),
    Column("status", "Status"),
    Column("priority", "Priority", sort="priority"),
    Column("disposition", "Disposition"),
    Column("score", "Score", "s", "score", shown=True),
    Column("sla", "SLA", "w", "deadline", shown=True),
    Column("agent", "Agent, load", "a", shown=True),
    Column("phone", "Phone"),
    Column("email", "E-mail"),
    Column("source", "Source"),
    Column("tags", "Tags"),
    Column("next_attempt", "Next attempt", sort="next_attempt_at"),
    Column("created", "Created", sort="created_at"),
    Column("updated", "Last change", sort="updated_at", shown=True),
    Column("value", "Value", "num lo", "deal_value", shown=True),
)
KNOWN_COLUMNS = {column.key: column for column in COLUMNS}


def columns_shown(keys: Iterable[str] | None, columns: Sequence[Column] = COLUMNS) -> list[Column]:
    """In the table's own order; the usual ones where none were chosen."""
    chosen = set(keys or ()) & {column.key for column in columns}
    return [column for column in columns if (column.key in chosen if chosen else column.shown)]


@dataclass(frozen=True)
class View:
    """A tab: a name and the query behind it."""

    key: str
    label: str
    params: Mapping[str, str] = field(default_factory=dict)
    is_counted: bool = True

    @property
    def query(self) -> str:
        return f"?{urlencode(self.params)}"


def views_for(user: User, own_agent: Agent | Holder | None) -> list[View]:
    is_open = {"status": ",".join(OPEN_STATUSES)}
    views = [View("open", "All open", is_open)]
    if own_agent is not None:
        views.append(View("mine", "Mine", {"agent_id": str(own_agent.pk), **is_open}))
    if allows(user, "leads.view_all"):
        views.append(View("unassigned", "New, unassigned", {"unassigned": "true", "status": "new"}))
    due_first = {"ordering": "deadline"}
    views.append(View("due", "Due soon", {"sla_status": "due_soon", **due_first}))
    views.append(View("breached", "Breached", {"sla_status": "breached", **is_open, **due_first}))
    return [*views, View("all", "All")]


COUNTED_SEARCHES = 6  # kept views beyond these show no count, so that many of them cost nothing


def saved_views(searches: Iterable[SavedSearch]) -> list[View]:
    """The kept ones, as tabs behind those that everybody has."""
    return [
        View(
            f"s-{kept.pk}",
            kept.name,
            {"saved_search": str(kept.pk), **({"ordering": kept.ordering} if kept.ordering else {})},
            is_counted=number < COUNTED_SEARCHES,
        )
        for number, kept in enumerate(searches)
    ]


def is_current(view: View, params: QueryDict) -> bool:
    """The same filters; how they are sorted does not matter."""
    return filters_of(dict(view.params)) == filters_of(params.dict())


def filters_of(params: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in params.items() if name not in OTHERS and value}


def tidy(params: QueryDict) -> QueryDict:
    """As an address should read: no blanks, several values of one filter joined by commas."""
    clean = QueryDict(mutable=True)
    for name, values in params.lists():
        kept = list(dict.fromkeys(value.strip() for value in values if value.strip()))
        if kept and name != "csrfmiddlewaretoken":
            clean[name] = ",".join(kept)
    return clean


# --- Sorting and paging ------------------------------------------------------------------------------------------


def order_named(name: str, sorts: Mapping[str, str] = SORTS) -> Order | None:
    """The order of `?ordering=`; none where there is no such one."""
    sort = name.removeprefix("-")
    if sort not in sorts:
        return None
    column = COLUMN_OF_SORT.get(sort, sort)
    return Order(Lead, f"-{column}" if name.startswith("-") else column)


def counted(rows: Any) -> int:
    """Exact to the limit, and one more than it beyond: nobody waits for the rest."""
    return int(rows.order_by()[: COUNT_LIMIT + 1].count())


def neighbours(rows: Any, order: Order, row: Model) -> tuple[Any, Any]:
    """The rows before and behind this one in the list, whether or not it is in the list itself."""
    position = order.position_of(row)
    before = order.take(rows, 1, position, backwards=True)
    behind = order.take(rows, 1, position)
    return (before[0] if before else None), (behind[0] if behind else None)


# --- Filters as words --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chip:
    """One filter in force: its words, and the query without it."""

    name: str
    label: str
    text: str
    without: str


SLA_WORDS = {
    "none": "no clock",
    "on_track": "on track",
    "due_soon": "due soon",
    "breached": "breached",
    "met": "met",
}
CHOICES: dict[str, Mapping[str, str]] = {
    "stage": dict(Stage.choices),
    "status": dict(Status.choices),
    "priority": {choice.name.lower(): str(choice.label) for choice in Priority},
    "qualification_status": dict(Qualification.choices),
    "sla_status": SLA_WORDS,
    "unassigned": {"true": "nobody", "false": "somebody"},
    "lifecycle_stage": dict(Stage.choices),
    "opt_in_status": dict(OptIn.choices),
    "do_not_contact": {"true": "must not be contacted", "false": "may be contacted"},
}
LABELS: dict[str, tuple[str, str]] = {
    "agent_id": ("Agent", "is {}"),
    "assignee_id": ("Assignee", "is {}"),
    "unassigned": ("Held by", "{}"),
    "status": ("Status", "is {}"),
    "stage": ("Stage", "is {}"),
    "disposition": ("Disposition", "is {}"),
    "priority": ("Priority", "is {}"),
    "qualification_status": ("Qualification", "is {}"),
    "source": ("Source", "is {}"),
    "vendor_code": ("Vendor", "is {}"),
    "import_id": ("Import", "is {}"),
    "tags": ("Tags", "are {}"),
    "min_score": ("Score", "is {} or more"),
    "max_score": ("Score", "is {} or less"),
    "min_deal_value": ("Value", "is {} or more"),
    "max_deal_value": ("Value", "is {} or less"),
    "created_after": ("Created", "since {}"),
    "created_before": ("Created", "before {}"),
    "deadline_before": ("Deadline", "before {}"),
    "sla_status": ("SLA", "is {}"),
    "search": ("Search", "“{}”"),
    "saved_search": ("View", "is {}"),
    "lifecycle_stage": ("Stage", "is {}"),
    "opt_in_status": ("Consent", "is {}"),
    "do_not_contact": ("They", "{}"),
    "phone_e164": ("Phone", "is {}"),
    "email": ("E-mail", "is {}"),
    "organization": ("Employer", "is {}"),
}
ALIASES = {"query": "search", "status_filter": "status"}


def chips_of(params: QueryDict, names: Callable[[str, str], str | None]) -> list[Chip]:
    """`names(filter, value)` gives words for values that only the database knows: agents, dispositions."""
    return [chip(params, name, names) for name in filters_of(params)]


def chip(params: QueryDict, name: str, names: Callable[[str, str], str | None]) -> Chip:
    known = ALIASES.get(name, name)
    label, phrase = LABELS.get(known, (known.removeprefix("custom.").replace("_", " ").capitalize(), "is {}"))
    given = str(params[name])
    values = [given] if known == "search" else given.split(",")
    choices = CHOICES.get(known, {})
    words = [choices.get(value.lower()) or names(known, value) or value for value in values]
    return Chip(name, label, phrase.format(", ".join(words)), query_without(params, name))


def query_without(params: QueryDict, *names: str) -> str:
    rest = params.copy()
    for name in (*names, "cursor", "back"):
        rest.pop(name, None)
    return f"?{rest.urlencode()}"


def query_with(params: QueryDict, **changes: str) -> str:
    """The query from its first page, with some parts changed."""
    changed = params.copy()
    for name in ("cursor", "back"):
        changed.pop(name, None)
    for name, value in changes.items():
        changed[name] = value
    return f"?{changed.urlencode()}"
