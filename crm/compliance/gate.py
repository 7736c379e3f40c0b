"""The contact gate: the one way to know whether a person may be reached, now or when next.

`decide` only reads. Who dials or sends keeps the verdict in the same transaction and points at the decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from crm.compliance.channels import CHANNELS, HAS_HOURS, Channel
from crm.compliance.facts import Facts, facts_of, for_channel
from crm.compliance.hours import hour_rules, next_permitted, zone_rule
from crm.compliance.models import ContactDecision
from crm.compliance.rules import PRODUCT, expiring_rules, not_applicable, person_rules
from crm.compliance.verdict import RuleOutcome, Verdict, rules_json
from crm.compliance.zones import Whereabouts, whereabouts_of
from crm.core.actors import Actor, System, VendorActor, as_user
from crm.core.bulk_rows import insert_rows
from leads.models import Contact, Lead

NO_HOURS = not_applicable("calling_hours", "An e-mail has no calling hours", PRODUCT)


def decide(contact: Contact, channel: str, *, at: datetime, actor: Actor, lead: Lead | None = None) -> Verdict:
    """May this contact be reached by this channel at that moment? Reads, writes nothing.

    `actor`: who would dial or send. The contact's own row is taken as it is in memory: who acts on the answer has read
    it in its own transaction, and locked it where the person may change their mind meanwhile.
    """
    return _judge(contact, facts_of([contact], channel, at=at), actor, lead)


def decide_many(contacts: Iterable[Contact], channel: str, *, at: datetime, actor: Actor) -> dict[UUID, Verdict]:
    """Contact's id → verdict; a constant number of statements, however many contacts."""
    rows = list(contacts)
    facts = facts_of(rows, channel, at=at)
    return {contact.pk: _judge(contact, facts, actor, None) for contact in rows}


def decide_each(contact: Contact, *, at: datetime, actor: Actor, lead: Lead | None = None) -> dict[str, Verdict]:
    """Channel → verdict, by the statements of one."""
    facts = facts_of([contact], Channel.VOICE, at=at)
    return {channel: _judge(contact, for_channel(facts, channel), actor, lead) for channel in CHANNELS}


def keep(verdict: Verdict) -> ContactDecision:
    """The verdict as a row for good, to be pointed at by what is sent."""
    return keep_many([verdict])[0]


def keep_many(verdicts: Iterable[Verdict]) -> list[ContactDecision]:
    """In the order given, by one insert."""
    rows = [_decision(verdict) for verdict in verdicts]
    insert_rows(ContactDecision, rows)
    return rows


def _judge(contact: Contact, facts: Facts, actor: Actor, lead: Lead | None) -> Verdict:
    where, has_hours = whereabouts_of(contact), facts.channel in HAS_HOURS
    person = [*person_rules(contact, where, facts), *([zone_rule(where)] if has_hours else [])]
    expiring = list(expiring_rules(contact, where, facts))
    hours = hour_rules(where, facts) if has_hours and where.zones else () if has_hours else (NO_HOURS,)
    rules = (*person, *(rule for rule, _ in expiring), *hours)
    return Verdict(
        contact_id=contact.pk,
        lead_id=lead.pk if lead else None,
        channel=facts.channel,
        at=facts.at,
        actor=actor,
        allowed=not any(rule.denies for rule in rules),
        rules=rules,
        next_permitted_at=_next(person, expiring, where, facts),
    )


def _next(
    person: Sequence[RuleOutcome],
    expiring: Sequence[tuple[RuleOutcome, datetime | None]],
    where: Whereabouts,
    facts: Facts,
) -> datetime | None:
    ends = [end for rule, end in expiring if rule.denies]
    if any(rule.denies for rule in person) or None in ends:
        return None
    start = max([facts.at, *(end for end in ends if end)])
    return next_permitted(where, facts, start) if facts.channel in HAS_HOURS else start


def _decision(verdict: Verdict) -> ContactDecision:
    actor = verdict.actor
    label = actor.name if isinstance(actor, System) else actor.code if isinstance(actor, VendorActor) else ""
    return ContactDecision(
        contact_id=verdict.contact_id,
        lead_id=verdict.lead_id,
        channel=verdict.channel,
        user=as_user(actor),
        actor_label=label,
        at=verdict.at,
        allowed=verdict.allowed,
        rules=rules_json(verdict.rules),
        next_permitted_at=verdict.next_permitted_at,
    )
