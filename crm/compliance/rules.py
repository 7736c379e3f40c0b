"""The gate's rules on the person, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Iterator

from crm.compliance.channels import ALL, Channel
from crm.compliance.facts import Facts, address_of
from crm.compliance.models import ConsentEvent, ConsentState
from crm.compliance.verdict import Outcome, RuleOutcome
from leads.models import Contact, OptIn

PERSON = "The person's own wish"
COMPANY = "The company's setting"
PRODUCT = "AgentConnect CRM"


def person_rules(contact: Contact, channel: str, facts: Facts) -> Iterator[RuleOutcome]:
    yield _alive(contact)
    yield _do_not_contact(contact, facts)
    yield _suppression(contact, channel, facts)
    yield _consent(contact, channel, facts)
    yield _address(contact, channel)


def passes(code: str, text: str, source: str) -> RuleOutcome:
    return RuleOutcome(code, Outcome.PASS, text, source)


def denies(code: str, text: str, source: str) -> RuleOutcome:
    return RuleOutcome(code, Outcome.DENY, text, source)


def _alive(contact: Contact) -> RuleOutcome:
    if contact.deleted_at is not None:
        return denies("deleted", "The contact has been deleted", PRODUCT)
    return passes("deleted", "The contact has not been deleted", PRODUCT)


def _do_not_contact(contact: Contact, facts: Facts) -> RuleOutcome:
    if not contact.do_not_contact:
        return passes("do_not_contact", "The contact is not marked “do not contact”", PERSON)
    event = facts.consent_of(contact).get(ALL)
    return denies("do_not_contact", f"The contact is marked “do not contact”{_said(event)}", PERSON)


def _suppression(contact: Contact, channel: str, facts: Facts) -> RuleOutcome:
    row, what = facts.suppression_of(contact, channel), "E-mail address" if channel == Channel.EMAIL else "Number"
    if row is None:
        return passes("suppressed", f"{what} is not on the suppression list", "Suppression list")
    source = f"Suppression list: {row.source}" if row.source else "Suppression list"
    until = f" until {row.expires_at:%Y-%m-%d %H:%M} UTC" if row.expires_at else ""
    return denies("suppressed", f"{what} is on the suppression list{until}", source)


def _consent(contact: Contact, channel: str, facts: Facts) -> RuleOutcome:
    """What was said of the channel counts before what was said of all; one who said nothing may be reached."""
    event, what = facts.consent_of(contact).get(channel), Channel(channel).label
    if event is not None and event.state == ConsentState.REVOKED:
        return denies("consent", f"Consent to {what.lower()} was revoked{_said(event)}", PERSON)
    if event is not None and event.state == ConsentState.GRANTED:
        return passes("consent", f"Consent to {what.lower()} was granted{_said(event)}", PERSON)
    if contact.opt_in_status == OptIn.OPTED_OUT:
        return denies("consent", "The contact has opted out", PERSON)
    return passes("consent", "No consent was revoked", PERSON)


def _said(event: ConsentEvent | None) -> str:
    """When and how: no word of the person's, for decisions are kept."""
    return f" on {event.at:%Y-%m-%d} ({event.get_source_display().lower()})" if event else ""


def _address(contact: Contact, channel: str) -> RuleOutcome:
    what = "e-mail address" if channel == Channel.EMAIL else "phone number"
    if address_of(contact, channel):
        return passes("address", f"The contact has a {what}".replace("a e", "an e"), PRODUCT)
    return denies("address", f"The contact has no {what}", PRODUCT)
