"""May the lead's person be called now, and why not: the gate's answer among the lead's reasons."""

from __future__ import annotations

from datetime import datetime

from django.utils.timezone import localtime

from crm.accounts.models import User
from crm.compliance.channels import Channel
from crm.compliance.gate import decide
from crm.compliance.verdict import RuleOutcome, Verdict
from leads.models import Lead
from leads.why.registry import Cause, Detail, Section

TITLE = "Contact allowed"
ALLOWED, DENIED = "They may be called now.", "They may not be called now."


def contact_section(lead: Lead, user: User, at: datetime) -> Section | None:
    """Four queries, and one more where a law limits attempts. What denies is decisive where nothing else denies."""
    verdict = decide(lead.contact, Channel.VOICE, at=at, actor=user, lead=lead)
    if verdict.allowed:
        details = [Detail(rule.text, True, {"source": rule.source}) for rule in verdict.rules if rule.outcome == "pass"]
        return Section(TITLE, ALLOWED, [Cause("allowed", "Every rule permits it.", False, details)])
    alone = len(verdict.causes) == 1
    return Section(TITLE, DENIED, [_cause(rule, alone, verdict) for rule in verdict.causes])


def _cause(rule: RuleOutcome, alone: bool, verdict: Verdict) -> Cause:
    then = verdict.next_permitted_at
    details = [Detail(f"Source: {rule.source}")]
    if then is not None:
        details.append(Detail(f"Next permitted at {localtime(then):%Y-%m-%d %H:%M %Z}"))
    return Cause(rule.code, f"{rule.text}.", alone, details, {"source": rule.source, "next_permitted_at": then})
