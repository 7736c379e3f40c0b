"""Calls as the API shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.urls import reverse

from calls.models import Call, CallEvent
from calls.recordings import recording_url


def call_rows(calls: Iterable[Call]) -> list[dict[str, Any]]:
    return [call_json(call) for call in calls]


def call_json(call: Call) -> dict[str, Any]:
    return {
        "id": call.pk,
        "lead_id": call.lead_id,
        "contact_id": call.contact_id,
        "agent_id": call.agent_id,
        "lead_name": call.contact.name,
        "lead_phone": call.phone_e164 or None,
        "agent_name": call.agent.name if call.agent else None,
        "attempt": call.attempt,
        "direction": call.direction,
        "is_manual": call.is_manual,
        "provider": call.provider or None,
        "status": call.status,
        "outcome": call.outcome or None,
        "detail": call.detail or None,
        "disposition": call.disposition or None,
        "requested_at": call.requested_at,
        "placed_at": call.placed_at,
        "answered_at": call.answered_at,
        "ended_at": call.ended_at,
        "callback_at": call.callback_at,
        "duration_seconds": call.duration_seconds,
        "transcript_url": transcript_url(call),
        "recording_url": recording_url(call),
        "summary": call.summary or None,
        "cost": None if call.cost is None else float(call.cost),
        "currency": call.currency or None,
        "created_at": call.created_at,
        "updated_at": call.updated_at,
    }


def transcript_url(call: Call) -> str | None:
    """Where a person reads it; none where nothing was said."""
    page = reverse("calls:detail", args=[call.pk])
    return f"{settings.PUBLIC_URL}{page}#transcript" if call.transcript else None


def one_json(call: Call) -> dict[str, Any]:
    """With what was said, why it was permitted, and what the provider told; two statements more."""
    return {
        **call_json(call),
        "provider_id": call.provider_id or None,
        "answered_by": call.answered_by or None,
        "transferred_to": call.transferred_to or None,
        "trouble": call.trouble or None,
        "cancel_asked": call.cancel_asked,
        "is_muted": call.is_muted,
        "is_held": call.is_held,
        "needs_wrap_up": call.needs_wrap_up,
        "transcript": call.transcript,
        "decision": decision_json(call),
        "events": [event_json(event) for event in call.events.order_by("received_at", "pk")],  # type: ignore[attr-defined]
    }


def decision_json(call: Call) -> dict[str, Any] | None:
    decision = call.decision
    if decision is None:
        return None
    return {"id": decision.pk, "allowed": decision.allowed, "at": decision.at, "rules": decision.rules}


def event_json(event: CallEvent) -> dict[str, Any]:
    return {
        "status": event.status or None,
        "detail": event.detail or None,
        "at": event.at,
        "is_late": event.is_late,
    }
