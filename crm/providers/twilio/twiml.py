"""The script as TwiML: what is said, which keys are waited for, and what a key does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.timezone import now
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from crm.providers.ports import (
    Callback,
    CallRequest,
    CallUpdate,
    KeyAction,
    KeyOption,
    Transfer,
    VoiceAnswer,
    naming,
)
from crm.providers.twilio.callbacks import CONTACT_LEG, LEG, NOTICE_LEG, heard, update

TURN = "turn"
MENU_TURNS = 3  # then nobody is listening
KEY_SECONDS = 8
RING_SECONDS = 25
VOICES = ("alice", "man", "woman", "Polly.", "Google.")
DISPOSITIONS = {KeyAction.OPT_OUT: "do_not_call", KeyAction.CALL_BACK: "callback"}


def answer_of(request: CallRequest, callback: Callback) -> VoiceAnswer:
    if callback.query.get(LEG) == NOTICE_LEG:
        return _answer(_notice(request))
    if request.attended:
        return _answer(_to_contact(request))
    answered_by, turn = heard(callback.params.get("AnsweredBy", "")), _turn(callback)
    if answered_by == "machine":
        return _answer(_message(request), update(callback, "answered_by"))
    if not (digits := callback.params.get("Digits", "")):
        return _answer(_menu(request, turn), *([update(callback, "answered_by")] if answered_by else []))
    option = next((option for option in request.script.options if option.digit == digits), None)
    if option is None:
        return _answer(_menu(request, turn))
    return _answer(_taken(request, option, turn), *_told(callback, option, turn))


def put_through(to: Transfer, *, caller: str) -> str:
    """What the contact's leg does from now on."""
    response = VoiceResponse()
    dial = Dial(caller_id=caller, timeout=RING_SECONDS)
    dial.number(to.number)
    response.append(dial)
    return str(response)


def _answer(response: VoiceResponse, *updates: CallUpdate) -> VoiceAnswer:
    return VoiceAnswer(str(response), "text/xml", updates)


def _turn(callback: Callback) -> int:
    """How often the menu was read; not more than a digit, since it comes back in an address."""
    given = callback.query.get(TURN, "0")
    return int(given) if len(given) == 1 and given.isdecimal() else 0


def _say(response: VoiceResponse | Gather, request: CallRequest, words: str) -> None:
    """In the voice that was chosen where it is one that Twilio speaks with."""
    voice = request.script.voice
    if words:
        response.say(words, **({"voice": voice} if voice.startswith(VOICES) else {}))


def _message(request: CallRequest) -> VoiceResponse:
    response = VoiceResponse()
    _say(response, request, request.script.voicemail)
    response.hangup()
    return response


def _notice(request: CallRequest) -> VoiceResponse:
    """To the contact alone, before they are connected with our person."""
    response = VoiceResponse()
    _say(response, request, request.notice)
    return response


def _menu(request: CallRequest, turn: int) -> VoiceResponse:
    """The greeting, during which a key may be pressed; read again to who pressed none or a wrong one. Before it, once,
    what is said to whoever is recorded."""
    response = VoiceResponse()
    if turn == 0:
        _say(response, request, request.notice)
    if turn >= MENU_TURNS or not request.script.options:
        if turn == 0:
            _say(response, request, request.script.greeting)
        response.hangup()
        return response
    again = naming(request.voice_url, request.call_id, **{TURN: str(turn + 1)})
    gather = Gather(num_digits=1, timeout=KEY_SECONDS, action=again, method="POST")
    _say(gather, request, request.script.greeting)
    response.append(gather)
    response.redirect(again, method="POST")
    return response


def _taken(request: CallRequest, option: KeyOption, turn: int) -> VoiceResponse:
    response = VoiceResponse()
    _say(response, request, option.text)
    if option.transfer_to:
        response.append(_dial(request, option.transfer_to))
    elif option.action == KeyAction.SAY:
        again = naming(request.voice_url, request.call_id, **{TURN: str(turn + 1)})
        response.redirect(again, method="POST")
        return response
    response.hangup()
    return response


def _dial(request: CallRequest, transfer: Transfer) -> Dial:
    dial = _bridge(request)
    dial.number(transfer.number)
    return dial


def _bridge(request: CallRequest, **options: Any) -> Dial:
    """Who is rung sees the number that they can call back."""
    return Dial(caller_id=request.caller, timeout=RING_SECONDS, answer_on_bridge=True, **options)


def _to_contact(request: CallRequest) -> VoiceResponse:
    """Our own person has picked up: now the contact is dialled, and their leg tells how the call goes."""
    told_at = naming(request.status_url, request.call_id, **{LEG: CONTACT_LEG})
    recorded = {"record": "record-from-answer-dual", "recording_status_callback": told_at} if request.record else {}
    dial = _bridge(request, **recorded)
    dial.number(
        request.to,
        status_callback=told_at,
        status_callback_event="initiated ringing answered completed",
        status_callback_method="POST",
        **({"url": naming(request.voice_url, request.call_id, **{LEG: NOTICE_LEG})} if request.notice else {}),
    )
    response = VoiceResponse()
    response.append(dial)
    return response


def _told(callback: Callback, option: KeyOption, turn: int) -> list[CallUpdate]:
    """What the key says of the person: an outcome, a wish to be called, a person who takes over."""
    if option.action == KeyAction.SAY:
        return []
    transfer = option.transfer_to
    return [
        update(
            callback,
            f"key:{option.digit}:{turn}",
            disposition_hint=DISPOSITIONS.get(option.action, option.disposition),
            callback_at=now() + timedelta(days=1) if option.action == KeyAction.CALL_BACK else None,
            transferred_to=(transfer.name or transfer.number) if transfer else "",
        )
    ]
