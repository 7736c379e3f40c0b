"""Which value each field of a merged contact or lead has: chosen field by field, or by a rule where nobody may choose.

Not chosen: the survivor's value, where that has none the other's; lists and objects are united, the survivor's first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leads.actions.bulk import MOST_TAGS
from leads.actions.contacts import PERSON_FIELDS
from leads.duplicates.errors import NoSuchChoice
from leads.models import Contact, Lead, OptIn, Stage, StageChange

THIS, OTHER, BOTH, RULE = "this", "other", "both", "rule"
CHOICES = (THIS, OTHER)
UNITED = frozenset({"tags", "custom_fields", "qualification_data"})
CONTACT_CHOICES = (*PERSON_FIELDS, "tags", "custom_fields")
LEAD_CHOICES = (
    "source", "priority", "qualification_status", "deal_value", "expected_close_date", "schedule_at", "tags",
    "custom_fields", "qualification_data",
)  # fmt: skip
LABELS = {
    "phone_e164": "Phone",
    "email": "E-mail",
    "organization": "Employer",
    "title": "Role",
    "timezone": "Time zone",
    "custom_fields": "Further fields",
    "qualification_data": "Qualification answers",
    "lifecycle_stage": "Stage",
    "opt_in_status": "Consent",
    "do_not_contact": "Do not contact",
    "deal_value": "Value",
    "expected_close_date": "Expected to close",
    "qualification_status": "Qualification",
    "schedule_at": "Scheduled",
    "next_attempt_at": "Next attempt",
    "attempts_count": "Attempts",
}
STRICTER = "The stricter of the two counts"
# The first that either has; nobody may choose a laxer one.
STRICTEST = (OptIn.OPTED_OUT, OptIn.UNKNOWN, OptIn.OPTED_IN)


@dataclass(frozen=True)
class Chosen:
    """One field: both values, which one was taken, and what comes out. `why`: the rule, where nobody may choose."""

    name: str
    this: Any
    other: Any
    taken: str
    result: Any
    why: str = ""

    @property
    def label(self) -> str:
        return LABELS.get(self.name, self.name.replace("_", " ").capitalize())

    @property
    def differs(self) -> bool:
        return bool(self.this != self.other)

    @property
    def may_choose(self) -> bool:
        return not self.why


def choose(
    this: Any, other: Any, names: tuple[str, ...], given: Mapping[str, str], ruled: Mapping[str, Any]
) -> list[Chosen]:
    """Raises `NoSuchChoice` for a field that can't be chosen, or a choice that is neither `this` nor `other`."""
    for name, choice in given.items():
        if name in ruled:
            raise NoSuchChoice(f"{name} can't be chosen: {ruled[name][1][:1].lower()}{ruled[name][1][1:]}.")
        if name not in names:
            raise NoSuchChoice(f"There is no field {name[:60]} to choose; there are {', '.join(names)}.")
        if choice not in CHOICES:
            raise NoSuchChoice(f"{name} is chosen by “this” or “other”.")
    fills = _fills(this, other, names)
    return [
        *(_chosen(this, other, name, given.get(name, ""), name in fills) for name in names),
        *_ruled(this, other, ruled),
    ]


def _fills(this: Any, other: Any, names: tuple[str, ...]) -> set[str]:
    """Fields that only the other has; half of another name is no filling, it would rename."""
    fills = {name for name in names if name not in UNITED and _empty(getattr(this, name))}
    if isinstance(this, Contact) and (this.first_name or this.last_name) and this.first_name != other.first_name:
        fills -= {"first_name", "last_name"}
    return fills


def _empty(value: Any) -> bool:
    return value in (None, "")


def _chosen(this: Any, other: Any, name: str, choice: str, fills: bool) -> Chosen:
    mine, theirs = getattr(this, name), getattr(other, name)
    if not choice and name in UNITED:
        return Chosen(name, mine, theirs, BOTH, united(mine, theirs))
    taken = choice or (OTHER if fills and not _empty(theirs) else THIS)
    return Chosen(name, mine, theirs, taken, theirs if taken == OTHER else mine)


def _ruled(this: Any, other: Any, ruled: Mapping[str, tuple[Any, str]]) -> list[Chosen]:
    return [Chosen(name, getattr(this, name), getattr(other, name), RULE, *pair) for name, pair in ruled.items()]


def united(mine: Any, theirs: Any) -> Any:
    """Lists without repetition, objects key by key; what both have is the first's."""
    if isinstance(mine, Mapping):
        return {**theirs, **mine}
    both: list[Any] = []
    for item in (*mine, *theirs):
        if item not in both:
            both.append(item)
    return both[: max(MOST_TAGS, len(mine))]


def contact_choices(this: Contact, other: Contact, given: Mapping[str, str]) -> list[Chosen]:
    """Consent is never chosen: the stricter counts. One query, for the latest move of their leads."""
    met = {this.opt_in_status, other.opt_in_status}
    ruled = {
        "opt_in_status": (next(status for status in STRICTEST if status in met), STRICTER),
        "do_not_contact": (this.do_not_contact or other.do_not_contact, STRICTER),
        "lifecycle_stage": (stage_of_both(this, other), "The latest move of any of their leads counts"),
    }
    return choose(this, other, CONTACT_CHOICES, given, ruled)


def lead_choices(this: Lead, other: Lead, given: Mapping[str, str]) -> list[Chosen]:
    """Stage, status, outcome, holder and clock are the survivor's: they change by what is done, not by merging."""
    attempts = [moment for moment in (this.next_attempt_at, other.next_attempt_at) if moment is not None]
    ruled = {
        "attempts_count": (this.attempts_count + other.attempts_count, "Attempts of both add up"),
        "next_attempt_at": (min(attempts, default=None), "The earlier one counts"),
        "score": (this.score or other.score, "The one that stays keeps its score, where it has one"),
        "vendor": (this.vendor or other.vendor, "The one that stays keeps its vendor, where it has one"),
    }
    return choose(this, other, LEAD_CHOICES, given, ruled)


def stage_of_both(this: Contact, other: Contact) -> str:
    """The stage to which a lead of either was moved last; else that of the one that is further than the beginning."""
    latest = StageChange.objects.filter(lead__contact__in=[this.pk, other.pk]).order_by("-at").first()
    if latest is not None:
        return latest.to_stage
    return other.lifecycle_stage if this.lifecycle_stage == Stage.LEAD else this.lifecycle_stage
