"""The gate's rules on the person, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from crm.compliance.channels import ALL, IN_WORDS, Channel
from crm.compliance.facts import Facts, address_of
from crm.compliance.laws import Law
from crm.compliance.models import ConsentEvent, ConsentState
from crm.compliance.verdict import Outcome, RuleOutcome
from crm.compliance.zones import Whereabouts
from leads.models import Contact, OptIn

PERSON = "The person's own wish"
COMPANY = "The company's setting"
PRODUCT = "AgentConnect CRM"


def person_rules(contact: Contact, where: Whereabouts, facts: Facts) -> Iterator[RuleOutcome]:
    """What only a person or an act can change."""
    yield _alive(contact)
    yield _do_not_contact(contact, facts)
    yield _consent(contact, facts)
    for law in facts.laws_of(where):
        if law.needs_consent and law.in_force(facts.at.astimezone(UTC).date()):
            yield _needed_consent(law, contact, facts)
    yield _address(contact, facts.channel)


def expiring_rules(contact: Contact, where: Whereabouts, facts: Facts) -> Iterator[tuple[RuleOutcome, datetime | None]]:
    """What time alone may change, each with the moment at which it does: none where it never does."""
    yield _suppression(contact, facts)
    for law in facts.laws_of(where):
        if law.limit and law.in_force(facts.at.astimezone(UTC).date()):
            yield _limit(law, contact, facts)


def passes(code: str, text: str, source: str) -> RuleOutcome:
    return RuleOutcome(code, Outcome.PASS, text, source)


def denies(code: str, text: str, source: str) -> RuleOutcome:
    return RuleOutcome(code, Outcome.DENY, text, source)


def not_applicable(code: str, text: str, source: str) -> RuleOutcome:
    return RuleOutcome(code, Outcome.NOT_APPLICABLE, text, source)


def _alive(contact: Contact) -> RuleOutcome:
    if contact.deleted_at is not None:
        return denies("deleted", "The contact has been deleted", PRODUCT)
    return passes("deleted", "The contact has not been deleted", PRODUCT)


def _do_not_contact(contact: Contact, facts: Facts) -> RuleOutcome:
    if not contact.do_not_contact:
        return passes("do_not_contact", "The contact is not marked “do not contact”", PERSON)
    event = facts.consent_of(contact).get(ALL)
    return denies("do_not_contact", f"The contact is marked “do not contact”{_said(event)}", PERSON)


def _consent(contact: Contact, facts: Facts) -> RuleOutcome:
    """What was said of the channel counts before what was said of all; one who said nothing may be reached."""
    event, what = facts.consent_of(contact).get(facts.channel), IN_WORDS[Channel(facts.channel)]
    if event is not None and event.state == ConsentState.REVOKED:
        return denies("consent", f"Consent to {what} was revoked{_said(event)}", PERSON)
    if event is not None and event.state == ConsentState.GRANTED:
        return passes("consent", f"Consent to {what} was granted{_said(event)}", PERSON)
    if contact.opt_in_status == OptIn.OPTED_OUT:
        return denies("consent", "The contact has opted out", PERSON)
    return passes("consent", "No consent was revoked", PERSON)


def _said(event: ConsentEvent | None) -> str:
    """When and how: no word of the person's, for decisions are kept."""
    return f" on {event.at:%Y-%m-%d} ({event.get_source_display().lower()})" if event else ""


def _needed_consent(law: Law, contact: Contact, facts: Facts) -> RuleOutcome:
    event = facts.consent_of(contact).get(facts.channel)
    if contact.opt_in_status == OptIn.OPTED_IN if event is None else event.state == ConsentState.GRANTED:
        return passes(law.code, f"{law.title}: it was granted", law.source)
    return denies(law.code, f"{law.title}: none is on record", law.source)


def _address(contact: Contact, channel: str) -> RuleOutcome:
    one, none = ("an e-mail", "no e-mail") if channel == Channel.EMAIL else ("a phone", "no phone")
    what = "address" if channel == Channel.EMAIL else "number"
    if address_of(contact, channel):
        return passes("address", f"The contact has {one} {what}", PRODUCT)
    return denies("address", f"The contact has {none} {what}", PRODUCT)


def _suppression(contact: Contact, facts: Facts) -> tuple[RuleOutcome, datetime | None]:
    what = "E-mail address" if facts.channel == Channel.EMAIL else "Number"
    row = facts.suppression_of(contact)
    if row is None:
        return passes("suppressed", f"{what} is not on the suppression list", "Suppression list"), None
    source = f"Suppression list: {row.source}" if row.source else "Suppression list"
    until = f" until {row.expires_at:%Y-%m-%d %H:%M} UTC" if row.expires_at else ""
    return denies("suppressed", f"{what} is on the suppression list{until}", source), row.expires_at


def _limit(law: Law, contact: Contact, facts: Facts) -> tuple[RuleOutcome, datetime | None]:
    assert law.limit is not None
    most, span = law.limit.attempts, law.limit.span
    recent = [moment for moment in facts.attempts.get(contact.pk, ()) if facts.at - span < moment <= facts.at]
    text = f"{law.title}: {most} in {law.limit.hours} hours; tried {len(recent)} times in the last {law.limit.hours}"
    if len(recent) < most:
        return passes(law.code, text, law.source), None
    return denies(law.code, text, law.source), recent[-most] + span
