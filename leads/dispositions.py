"""Outcomes: those that every company has, and a company's own."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from crm.core.text import fold
from leads.models import Disposition


@dataclass(frozen=True)
class Outcome:
    """A disposition, built in (`id` none) or a company's own."""

    key: str
    label: str
    is_final: bool = False
    reached_person: bool = False
    id: UUID | None = None
    is_active: bool = True


NO_ANSWER = "no_answer"
DO_NOT_CALL = "do_not_call"

# `domain.md`, "A lead's three axes"; `no_answer` becomes final once the attempts are used up (`closes`).
BUILT_IN = {
    outcome.key: outcome
    for outcome in (
        Outcome("completed", "Completed", is_final=True, reached_person=True),
        Outcome(NO_ANSWER, "No answer"),
        Outcome("not_interested", "Not interested", is_final=True, reached_person=True),
        Outcome("hung_up", "Hung up", is_final=True, reached_person=True),
        Outcome("qualified", "Qualified", reached_person=True),
        Outcome("not_qualified", "Not qualified", is_final=True, reached_person=True),
        Outcome("contacted", "Contacted", reached_person=True),
        Outcome("callback", "Call back", reached_person=True),
        Outcome("voicemail", "Voicemail"),
        Outcome("wrong_number", "Wrong number", is_final=True),
        Outcome(DO_NOT_CALL, "Do not call", is_final=True, reached_person=True),
        Outcome("retainer_sent", "Retainer sent", reached_person=True),
        Outcome("retainer_signed", "Retainer signed", is_final=True, reached_person=True),
    )
}
FINAL = frozenset(key for key, outcome in BUILT_IN.items() if outcome.is_final)
DEFAULT_ATTEMPTS = 3


def key_of(text: str) -> str:
    """`Not Interested`, `not-interested` and `NOT_INTERESTED` are one."""
    return fold(text).replace(" ", "_").replace("-", "_")


LABELLED = {key_of(outcome.label): outcome for outcome in BUILT_IN.values()}


def find(text: str) -> Outcome | None:
    """The outcome of this key or label, in any case; asks the database only for what is not built in."""
    key = key_of(text)
    return BUILT_IN.get(key) or LABELLED.get(key) or own(key)


def own(key: str) -> Outcome | None:
    """The company's own one, retired ones too: a lead may still have it."""
    row = Disposition.objects.filter(key=key).first()
    return as_outcome(row) if row else None


def as_outcome(row: Disposition) -> Outcome:
    return Outcome(row.key, row.label, row.is_final, row.reached_person, row.pk, row.is_active)


def known() -> list[Outcome]:
    """The built-in ones, then the company's own by label, retired ones too. One query."""
    return [*BUILT_IN.values(), *map(as_outcome, Disposition.objects.all())]


def choices() -> list[Outcome]:
    """All that may be chosen. One query."""
    return [outcome for outcome in known() if outcome.is_active]


def labels() -> dict[str, str]:
    """Label by key, retired ones too, to show what leads have. One query."""
    return {outcome.key: outcome.label for outcome in known()}


def closes(outcome: Outcome, *, attempts: int, max_attempts: int) -> bool:
    """Whether setting it ends the pursuit."""
    return outcome.is_final or (outcome.key == NO_ANSWER and attempts >= max_attempts)
