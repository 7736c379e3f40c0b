"""A call of ours as a provider is asked to make it."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.urls import reverse

from agents.models import Kind
from calls.models import Call
from crm.providers.ports import CallRequest
from crm.providers.scripts import parse_script
from leads.models import Lead


def request_of(call: Call) -> CallRequest:
    """`call.lead`, `call.contact` and `call.agent` with its company are at hand.

    The script is the agent's, with the lead's facts.
    """
    agent, contact = call.agent, call.contact
    assert agent is not None, "the database holds to it for what is dialled"
    facts, company = facts_of(call.lead, agent.name), agent.company
    return CallRequest(
        call_id=call.pk,
        to=call.phone_e164,
        caller=agent.caller_number,
        script=parse_script(agent.voice_script, facts, voice=agent.voice),
        status_url=hook_url("status", call),
        voice_url=hook_url("voice", call),
        agent_name=agent.name,
        contact_name=contact.name,
        facts=facts,
        zone=zone_of(call),
        text_url=f"{settings.PUBLIC_URL}{reverse('text_hooks:text', args=[call.provider])}",
        record=company.record_calls,
        notice=company.recording_notice if company.record_calls else "",
        attended=agent.kind == Kind.HUMAN,
        agent_phone=agent.own_number,
    )


def facts_of(lead: Lead, agent_name: str) -> dict[str, str]:
    """What tokens of a script may say."""
    contact = lead.contact
    return {
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "name": contact.name,
        "email": contact.email,
        "company": contact.organization,
        "deal_value": "" if lead.deal_value is None else f"{lead.deal_value:.2f}",
        "score": str(lead.score),
        "agent": agent_name,
    }


def hook_url(what: str, call: Call) -> str:
    return f"{settings.PUBLIC_URL}{reverse(f'call_hooks:{what}', args=[call.provider, call.pk])}"


def zone_of(call: Call) -> str:
    """Where the person's clock is read: the first zone that this machine knows."""
    for name in call.contact.zones:
        try:
            return str(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return "UTC"
