"""The gate's answer, as it travels: allowed or not, by which rules, and when it may be tried next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from crm.core.actors import Actor


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105 - no password
    DENY = "deny"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class RuleOutcome:
    """One rule that was asked: what it says, in words for people, and where the rule comes from."""

    code: str
    outcome: Outcome
    text: str
    source: str

    @property
    def denies(self) -> bool:
        return self.outcome is Outcome.DENY

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "outcome": self.outcome.value, "text": self.text, "source": self.source}


@dataclass(frozen=True)
class Verdict:
    """May the contact be reached by this channel at that moment?

    `next_permitted_at`: the first moment from `at` on at which everything bound to time allows it (`at` itself where
    it is allowed); none where only a person or an act can change the answer.
    """

    contact_id: UUID
    lead_id: UUID | None
    channel: str
    at: datetime
    actor: Actor
    allowed: bool
    rules: tuple[RuleOutcome, ...]
    next_permitted_at: datetime | None

    @property
    def denials(self) -> tuple[RuleOutcome, ...]:
        return tuple(rule for rule in self.rules if rule.denies)

    @property
    def causes(self) -> tuple[RuleOutcome, ...]:
        """The denials; without a number nobody knows the place either, which is one cause and not two."""
        unheard = any(rule.code == "address" for rule in self.denials)
        return tuple(rule for rule in self.denials if not (unheard and rule.code == "zone"))

    @property
    def reason(self) -> str:
        """Why not, in one sentence; empty where it is allowed."""
        return self.denials[0].text if self.denials else ""

    def as_json(self) -> dict[str, Any]:
        return {
            "contact_id": self.contact_id,
            "lead_id": self.lead_id,
            "channel": self.channel,
            "at": self.at,
            "allowed": self.allowed,
            "reason": self.reason,
            "next_permitted_at": self.next_permitted_at,
            "rules": rules_json(self.rules),
        }


def rules_json(rules: Iterable[RuleOutcome]) -> list[dict[str, str]]:
    return [rule.as_json() for rule in rules]
