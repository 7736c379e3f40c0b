"""The telephone of the cockpit: how the call stands, ended, muted, put on hold, its keys, and handed on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from agents.models import Agent
from calls import actions
from calls.cockpit.forms import HandOnForm
from calls.models import Call, Outcome, Status
from calls.words import call_words
from crm.accounts.access import requires
from crm.core.errors import InvalidField, Refused
from crm.core.http import Request
from crm.core.pages import answer_part
from crm.core.tenancy import get_or_refuse
from crm.providers.ports import Control
from crm.providers.registry import dialler
from leads.rows import phone_shown

PAD = "123456789*0#"


@requires("calls.dial")
@require_GET
def phone(request: Request, pk: UUID) -> HttpResponse:
    """Asked for every second while a call goes on; `204` where it stands as it was `seen`. Without HTMX the desk."""
    row = own_call(request, pk)
    if request.htmx and request.GET.get("seen") == stamp(row):
        return HttpResponse(status=204)
    return shown(request, row)


@requires("calls.dial")
@require_POST
def hang_up(request: Request, pk: UUID) -> HttpResponse:
    row = own_call(request, pk)
    attempted(request, lambda: actions.cancel_call(row, by=request.user))
    return shown(request, row)


@requires("calls.dial")
@require_POST
def control(request: Request, pk: UUID) -> HttpResponse:
    """Mute, hold and their reverse, or keys: what was pressed is then all that is answered to HTMX."""
    row, what, keys = own_call(request, pk), request.POST.get("control", ""), request.POST.get("keys", "")

    def act() -> Any:
        if what not in set(Control) - {Control.TRANSFER}:
            raise InvalidField("control", "That can't be done in a call")
        return actions.control_call(row, Control(what), keys=keys, by=request.user)

    done = attempted(request, act)
    if what != Control.KEYS:
        return shown(request, row)
    if request.htmx:
        return answer_part(request, "cockpit/_pressed.html", {"keys": keys if done else ""})
    if done:
        messages.success(request, f"Pressed {keys}.")
    return shown(request, row)


@requires("calls.dial")
@require_POST
def hand_on(request: Request, pk: UUID) -> HttpResponse:
    """To a colleague, or to a number."""
    row, form = own_call(request, pk), HandOnForm(request.POST)

    def act() -> Any:
        if not form.is_valid():
            raise Refused(form.problem.rstrip("."))
        given = form.cleaned_data
        agent = get_or_refuse(Agent.objects.all(), given["agent"]) if given["agent"] else None
        return actions.hand_on_call(row, agent=agent, number=given["number"], name=given["name"], by=request.user)

    if attempted(request, act):
        messages.success(request, "Put through. Say how it went; they talk on without you.")
    return shown(request, row)


def own_call(request: Request, pk: UUID) -> Call:
    calls = Call.objects.filter(agent__user=request.user).select_related("contact", "lead", "agent")
    return get_or_refuse(calls, pk)


def attempted(request: Request, act: Callable[[], Any]) -> bool:
    try:
        act()
    except Refused as refused:
        messages.error(request, f"{refused.message}.")
        return False
    return True


def shown(request: Request, call: Call) -> HttpResponse:
    """As it stands now: the telephone alone for HTMX, else the desk."""
    if not request.htmx:
        return redirect(f"{reverse('cockpit:lead', args=[call.lead_id])}{trail_of(request)}")
    context = {**phone_context(own_call(request, call.pk)), "trail": trail_of(request)}
    return answer_part(request, "cockpit/_phone.html", context)


def phone_context(call: Call) -> dict[str, Any]:
    """No query, and one for the colleagues while it may be handed on."""
    controls = actions.controls_of(call)
    return {
        "call": call,
        "words": call_words(call),
        "suggested": suggested(call),
        "phone": phone_shown(call.phone_e164),
        "stamp": stamp(call),
        "is_talking": call.status == Status.IN_PROGRESS,
        "controls": controls,
        "pad": PAD,
        "colleagues": colleagues(call) if Control.TRANSFER in controls else [],
    }


def stamp(call: Call) -> str:
    """Another whenever the call was changed."""
    return call.updated_at.isoformat()


def suggested(call: Call) -> str:
    """What the call itself says of its outcome."""
    if call.disposition or call.outcome != Outcome.NO_ANSWER:
        return call.disposition or ("wrong_number" if call.detail == "invalid_number" else "")
    return "voicemail" if call.detail == "voicemail" else "no_answer"


def colleagues(call: Call) -> list[Agent]:
    """Who can be put through to; those first who are there."""
    others = Agent.objects.active().people().exclude(calls=call)
    if dialler(call.provider).rings_agent:
        others = others.exclude(own_number="")
    return sorted(others, key=lambda agent: (agent.availability != "available", agent.name))


def trail_of(request: Request) -> str:
    """The query that keeps the list one came from."""
    query = request.GET.copy()
    query.pop("seen", None)
    return f"?{query.urlencode()}" if query else ""
