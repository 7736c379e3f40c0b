"""What a person of ours does in a call while they talk: muted, on hold, keys pressed, the contact handed on.

The provider does it, and the row says how it stands. Nothing of it is told but a hand-over: the rest is over with the
call, and what keys were pressed may be a secret.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from agents.models import Agent
from calls import events
from calls.actions.editing import CallEdit, on_call
from calls.errors import NotDone, NotOffered, NotTalking, NotTransferable
from calls.models import Call, Status
from crm.core.actors import Actor
from crm.core.api.fields import E164
from crm.core.errors import InvalidField, MissingField
from crm.providers.ports import Control, ProviderError, Transfer
from crm.providers.registry import dialler

KEYS = re.compile(r"[0-9*#]{1,32}", re.ASCII)
STANDS: dict[Control, dict[str, Any]] = {
    Control.MUTE: {"is_muted": True},
    Control.UNMUTE: {"is_muted": False},
    Control.HOLD: {"is_held": True},
    Control.RESUME: {"is_held": False},
}


def control_call(call: Call, what: Control, *, by: Actor, keys: str = "", at: datetime | None = None) -> Call:
    """Mute, hold or press keys, and the reverse; twice is once, but for keys.

    The provider is asked outside of a transaction. Raises `NotTalking`, `NotOffered`, `NotDone`, `InvalidField`.
    """
    if what == Control.KEYS and not KEYS.fullmatch(keys):
        raise InvalidField("keys", "Keys are 0 to 9, * and #, at most 32 of them")
    _do(call, what, keys=keys)
    return _stands(call, STANDS.get(what, {}), by, at)


def hand_on_call(
    call: Call, *, by: Actor, agent: Agent | None = None, number: str = "", name: str = "", at: datetime | None = None
) -> Call:
    """Put the contact through to a colleague, or to a telephone by number; our person is out of the call with that.

    How it went they still say; the lead stays with its holder. Raises `NotTalking`, `NotOffered`, `NotDone`,
    `NotTransferable` for a colleague who can't be rung, `MissingField` and `InvalidField` for the number.
    """
    to = _colleague(call, agent) if agent is not None else _telephone(number, name)
    _do(call, Control.TRANSFER, to=to)
    values = {"transferred_to": to.name or to.number, "is_muted": False, "is_held": False}
    return _stands(call, values, by, at, told_of={"to_agent_id": agent.pk if agent else None})


def controls_of(call: Call) -> frozenset[Control]:
    """What may be done in it now."""
    return dialler(call.provider).controls if _is_talking(call) else frozenset()


def _is_talking(call: Call) -> bool:
    return call.status == Status.IN_PROGRESS and call.needs_wrap_up and not call.transferred_to


def _colleague(call: Call, agent: Agent) -> Transfer:
    rung = bool(agent.own_number) or not dialler(call.provider).rings_agent
    if agent.pk == call.agent_id or not agent.is_active or not rung:
        raise NotTransferable(agent)
    return Transfer(agent.own_number, agent.name)


def _telephone(number: str, name: str) -> Transfer:
    if not number:
        raise MissingField("number", "Choose a colleague, or give a number")
    if not E164.fullmatch(number):
        raise InvalidField("number", "Write the number in the form +14155550123")
    return Transfer(number, name.strip()[:200])


def _do(call: Call, what: Control, **how: Any) -> None:
    if not _is_talking(call):
        raise NotTalking
    provider = dialler(call.provider)
    if what not in provider.controls:
        raise NotOffered
    try:
        provider.control(call.provider_id, what, **how)
    except ProviderError as error:
        raise NotDone(error.message) from error


@on_call
def _stands(
    call: Call, values: dict[str, Any], by: Actor, at: datetime | None, told_of: dict[str, Any] | None = None
) -> Call:
    edit = CallEdit(call, by=by, at=at)
    edit.put(**values)
    if told_of is not None:
        edit.tell(events.CALL_HANDED_ON, **told_of)
    return edit.write()
