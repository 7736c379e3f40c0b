"""Two contacts that became one: the survivor's ledger takes over what the other's said, the stricter of the two.

What either revoked is revoked. A grant of the other counts where both had opted in; where the merge left it unknown
whether they agree, nothing is granted any more. Undo puts each channel back to the line before, unless more was said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any
from uuid import UUID

from django.utils.timezone import now

from crm.audit.recording import Event, record_many
from crm.compliance.actions.consent import NAMES, new_line
from crm.compliance.channels import ALL, CHANNELS
from crm.compliance.models import ConsentEvent, ConsentSource, ConsentState
from crm.compliance.querysets import by_contact
from crm.compliance.standing import Said, missing_lines, opt_in_of
from crm.core.actors import Actor
from crm.core.bulk_rows import insert_rows
from crm.core.ids import uuid7
from leads.models import Contact, OptIn

GRANTED, REVOKED, CLEARED = ConsentState.GRANTED, ConsentState.REVOKED, ConsentState.CLEARED
MERGED, TAKEN_BACK = "merged contact", "merge taken back"


def take_over_consent(this_id: UUID, other_id: UUID, *, before: Mapping[str, Any], by: Actor) -> list[ConsentEvent]:
    """The lines that it wrote for the survivor. Its fields hold the stricter of both already, and are held.

    `before`: what `opt_in_status` and `do_not_contact` of the survivor were, where the merge changed them.
    """
    people = {contact.pk: contact for contact in Contact.objects.filter(pk__in=[this_id, other_id])}
    this, other = people[this_id], people[other_id]
    said = by_contact(ConsentEvent.objects.in_force([this_id, other_id]))
    mine, theirs = said.get(this_id, {}), said.get(other_id, {})
    alone = copy(this)
    for name, value in before.items():
        setattr(alone, name, value)
    both = _spoken(alone, mine), _spoken(other, theirs)
    wanted: dict[str, str] = {channel: _stricter(this, both, channel) for channel in CHANNELS}
    wanted[ALL] = REVOKED if this.do_not_contact else _state(mine, ALL)
    lines = _write(this, wanted, mine, by=by, origin=MERGED, sources=theirs)
    _agree(this, {**mine, **{line.channel: line for line in lines}})
    return lines


def _spoken(contact: Contact, said: Said) -> dict[str, str]:
    """Each channel's state: what the ledger says, and what the fields say beyond it."""
    return {channel: line.state for channel, line in said.items()} | dict(missing_lines(contact, said))


def _stricter(this: Contact, both: Sequence[Mapping[str, str]], channel: str) -> str:
    states = [spoken.get(channel, CLEARED) for spoken in both]
    if REVOKED in states or this.opt_in_status == OptIn.OPTED_OUT:
        return REVOKED
    return GRANTED if GRANTED in states and this.opt_in_status == OptIn.OPTED_IN else CLEARED


def _state(said: Said, channel: str) -> str:
    return said[channel].state if channel in said else CLEARED


def give_back_consent(this_id: UUID, *, by: Actor) -> list[ConsentEvent]:
    """Each channel whose last word is that of the merge has the word before it again."""
    this = Contact.objects.get(pk=this_id)
    mine = by_contact(ConsentEvent.objects.in_force([this_id])).get(this_id, {})
    merged = {channel for channel, line in mine.items() if (line.source, line.origin) == (ConsentSource.MERGE, MERGED)}
    acts = {mine[channel].act for channel in merged}
    earlier = ConsentEvent.objects.filter(contact=this_id, channel__in=merged).exclude(act__in=acts)
    before = {line.channel: line for line in earlier.order_by("at", "id")}
    wanted = {channel: _state(before, channel) for channel in merged}
    return _write(this, wanted, mine, by=by, origin=TAKEN_BACK, sources=before)


def _write(
    contact: Contact, wanted: Mapping[str, str], said: Said, *, by: Actor, origin: str, sources: Said
) -> list[ConsentEvent]:
    """The lines by which the ledger says what is wanted, with the words and address of those that they stand on."""
    act, at = uuid7(), now()
    lines = []
    for channel, state in wanted.items():
        if state == _state(said, channel):
            continue
        line = new_line(contact, channel, ConsentState(state), ConsentSource.MERGE, by=by, at=at, act=act)
        line.origin = origin
        if (source := sources.get(channel)) is not None and source.state == state:
            line.wording, line.basis, line.address = source.wording, source.basis, source.address
        lines.append(line)
    insert_rows(ConsentEvent, lines)
    states: dict[str, list[str]] = {}
    for line in lines:
        states.setdefault(line.state, []).append(line.channel)
    record_many(
        Event(NAMES[ConsentState(state)], contact, by, data={"channels": channels, "source": "merge", "act": act})
        for state, channels in states.items()
    )
    return lines


def _agree(contact: Contact, said: Said) -> None:
    """The field follows the ledger: of two who had opted in to different things, one may have revoked the other's."""
    if contact.opt_in_status == OptIn.OPTED_IN and (status := opt_in_of(said)) != contact.opt_in_status:
        Contact.objects.filter(pk=contact.pk).update(opt_in_status=status)
