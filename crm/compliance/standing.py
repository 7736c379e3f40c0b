"""What the ledger adds up to: each channel's state, and what the contact's own fields must then say."""

from __future__ import annotations

from collections.abc import Mapping

from crm.compliance.channels import ALL, CHANNELS
from crm.compliance.models import ConsentEvent, ConsentSource, ConsentState
from leads.models import Contact, OptIn

Said = Mapping[str, ConsentEvent]  # the last event by channel

GRANTED, REVOKED, CLEARED = ConsentState.GRANTED, ConsentState.REVOKED, ConsentState.CLEARED
# What was not said for one channel but followed from a field of the contact: the field may take it back.
BY_FIELDS = frozenset({ConsentSource.STATUS, ConsentSource.VENDOR, ConsentSource.DISPOSITION})


def opt_in_of(said: Said) -> OptIn:
    """Opted in where any channel is granted, opted out where each is revoked, else unknown."""
    states = [said[channel].state if channel in said else CLEARED for channel in CHANNELS]
    if GRANTED in states:
        return OptIn.OPTED_IN
    return OptIn.OPTED_OUT if all(state == REVOKED for state in states) else OptIn.UNKNOWN


def is_barred(said: Said) -> bool:
    return ALL in said and said[ALL].state == REVOKED


def missing_lines(contact: Contact, said: Said) -> list[tuple[str, ConsentState]]:
    """What the ledger must still say so that it agrees with the contact's fields: channel and state.

    A field says nothing against what the person said of a channel: `opted_in` grants no channel that they revoked, and
    `unknown` takes back only what a field had said.
    """
    lines: list[tuple[str, ConsentState]] = []
    if contact.do_not_contact != is_barred(said):
        lines.append((ALL, REVOKED if contact.do_not_contact else CLEARED))
    if contact.opt_in_status != opt_in_of(said):
        lines += [(channel, state) for channel in CHANNELS if (state := _wanted(contact, said.get(channel)))]
    return lines


def _wanted(contact: Contact, event: ConsentEvent | None) -> ConsentState | None:
    own = event is not None and event.state != CLEARED and event.source not in BY_FIELDS
    now = event.state if event is not None else CLEARED
    wanted = {OptIn.OPTED_OUT: REVOKED, OptIn.OPTED_IN: GRANTED, OptIn.UNKNOWN: CLEARED}[OptIn(contact.opt_in_status)]
    if now == wanted or (own and wanted != REVOKED):
        return None
    return wanted
