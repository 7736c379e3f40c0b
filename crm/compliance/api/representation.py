"""Consent, decisions and suppressed addresses as the API shows them."""

from __future__ import annotations

from typing import Any

from django.utils.timezone import now

from crm.accounts.models import User
from crm.accounts.permissions_table import allows
from crm.compliance.channels import CHANNELS
from crm.compliance.laws import NOT_LEGAL_ADVICE
from crm.compliance.models import ConsentEvent, ConsentState, Suppression
from crm.compliance.standing import Said
from crm.compliance.verdict import Verdict
from crm.compliance.zones import whereabouts_of
from leads.models import Contact


def entry_json(event: ConsentEvent) -> dict[str, Any]:
    """Reads the user's name; select it with the entries."""
    return {
        "id": event.pk,
        "contact_id": event.contact_id,
        "channel": event.channel,
        "state": event.state,
        "granted": event.state == ConsentState.GRANTED,
        "wording": event.wording or None,
        "basis": event.basis or None,
        "source": event.source,
        "origin": event.origin or None,
        "address": event.address or None,
        "ip": event.ip,
        "actor": event.user.name if event.user else event.actor_label or None,
        "lead_id": event.lead_id,
        "at": event.at,
    }


def standing_json(contact: Contact, said: Said) -> dict[str, Any]:
    """`channels`: what was said last of each; null where nothing was."""
    states = {channel: said[channel].state if channel in said else None for channel in CHANNELS}
    return {
        "contact_id": contact.pk,
        "opt_in_status": contact.opt_in_status,
        "do_not_contact": contact.do_not_contact,
        "channels": {channel: None if state == ConsentState.CLEARED else state for channel, state in states.items()},
    }


def decision_json(verdict: Verdict, contact: Contact) -> dict[str, Any]:
    where = whereabouts_of(contact)
    return {
        **verdict.as_json(),
        "time_zones": list(where.zones),
        "places": ["-".join(filter(None, place)) for place in where.places],
        "notice": NOT_LEGAL_ADVICE,
    }


def suppression_json(row: Suppression, user: User) -> dict[str, Any]:
    """The address itself is for those alone who may see it."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "address": row.value or None if allows(user, "suppressions.see_addresses") else row.shown,
        "sha256": row.value_sha256,
        "channels": row.channels,
        "reason": row.reason or None,
        "source": row.source or None,
        "expires_at": row.expires_at,
        "is_active": row.expires_at is None or row.expires_at > now(),
        "created_at": row.created_at,
    }
