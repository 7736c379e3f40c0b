"""The ledger of two contacts that became one, and of two again."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.timezone import now

from crm.compliance.actions import record_consent
from crm.compliance.gate import decide
from crm.compliance.models import ConsentEvent, ConsentSource
from crm.compliance.querysets import by_contact
from crm.compliance.standing import is_barred, opt_in_of
from crm.core.actors import System
from crm.jobs.actions import undo_job
from crm.jobs.running import run_job
from leads.duplicates.jobs import merge_contacts_now
from leads.models import Contact
from leads.tests.factories import ContactFactory

pytestmark = pytest.mark.usefixtures("in_company")


def say(contact: Contact, channel: str, granted: bool, wording: str = "") -> None:
    record_consent(contact, channel, granted=granted, source=ConsentSource.AGENT, by=System("test"), wording=wording)


def standing(contact: Contact) -> dict[str, str]:
    """By channel; and the fields agree with it."""
    contact.refresh_from_db()
    said = by_contact(ConsentEvent.objects.in_force([contact.pk])).get(contact.pk, {})
    assert (contact.opt_in_status, contact.do_not_contact) == (opt_in_of(said), is_barred(said))
    return {channel: line.state for channel, line in said.items() if line.state != "cleared"}


@pytest.mark.parametrize(
    ("mine", "theirs", "both"),
    [
        ({"email": True}, {"email": False}, {"email": "revoked"}),
        ({"email": False}, {"email": True}, {"email": "revoked"}),
        ({"email": True}, {"sms": True}, {"email": "granted", "sms": "granted"}),
        ({"email": True}, {"sms": True, "email": False}, {"email": "revoked", "sms": "granted"}),
        ({"email": True}, {}, {}),
        ({}, {"email": True}, {}),
        ({"sms": False}, {}, {"sms": "revoked"}),
        ({}, {"sms": False}, {"sms": "revoked"}),
        ({}, {}, {}),
    ],
)
def test_the_stricter_of_both_counts_for_each_channel_and_undo_gives_each_its_own(
    manager: Any, mine: dict[str, bool], theirs: dict[str, bool], both: dict[str, str]
) -> None:
    this, other = ContactFactory(), ContactFactory()
    for contact, words in ((this, mine), (other, theirs)):
        for channel, granted in words.items():
            say(contact, channel, granted)
    before = standing(this), standing(other)
    job, _ = merge_contacts_now(this, other, by=manager)
    assert standing(this) == both
    run_job(undo_job(job, by=manager).pk)
    assert (standing(this), standing(other)) == before


def test_a_refusal_shuts_the_gate_for_the_survivor_with_its_wording(manager: Any) -> None:
    this, other = ContactFactory(), ContactFactory()
    say(other, "all", False, "Never again")
    merge_contacts_now(this, other, by=manager)
    line = ConsentEvent.objects.filter(contact=this, channel="all").get()
    assert (line.state, line.source, line.wording, line.user) == ("revoked", "merge", "Never again", manager)
    this.refresh_from_db()
    assert this.do_not_contact and not decide(this, "email", at=now(), actor=System("test")).allowed
    assert ConsentEvent.objects.filter(contact=other, source="agent").exists(), "the other's lines stay where they were"


def test_what_was_said_since_the_merge_outlasts_its_undo(manager: Any) -> None:
    this, other = ContactFactory(), ContactFactory()
    say(this, "email", True), say(other, "email", True)
    job, _ = merge_contacts_now(this, other, by=manager)
    say(this, "email", False)
    run_job(undo_job(job, by=manager).pk)
    assert standing(this) == {"email": "revoked"}
