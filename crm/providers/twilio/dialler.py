"""Calls by Twilio: REST to dial, signed callbacks, answering-machine detection, recording, and TwiML for the script."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from twilio.base.exceptions import TwilioRestException

from crm.providers.accounts import Account, account_in_use
from crm.providers.ports import (
    Callback,
    CallHandle,
    CallRequest,
    CallUpdate,
    Control,
    ProviderError,
    Recording,
    Transfer,
    VoiceAnswer,
    naming,
)
from crm.providers.twilio.callbacks import AGENT_LEG, CONTACT_LEG, LEG, price_of, told_by, updates_of
from crm.providers.twilio.client import twilio
from crm.providers.twilio.recordings import fetch_recording
from crm.providers.twilio.signatures import check_signature
from crm.providers.twilio.twiml import answer_of, put_through

RING_SECONDS = 25  # about five rings; most voicemails take over later
LONGEST_SECONDS = 3600
CLOCKS_DIFFER = timedelta(seconds=5)
LATEST = 20
NO_SUCH_CALL = 20404
OVER_ALREADY = (NO_SUCH_CALL, 21220)  # or not in progress
EVENTS = ["initiated", "ringing", "answered", "completed"]


class TwilioDialler:
    """Speaks by the account of the company that is active when it first does."""

    name = "twilio"
    rings_agent = True
    controls = frozenset({Control.TRANSFER})  # a person's own telephone has the other keys

    @cached_property
    def account(self) -> Account:
        return account_in_use()

    def place(self, request: CallRequest) -> CallHandle:
        """`POST …/Calls.json`; where a person of ours talks, their own telephone rings first and is bridged."""
        asked = _asked(self._calling(request))
        with twilio(self.account) as client:
            return _handle(client.calls.create(**asked))

    def find(self, call_id: UUID, *, to: str, since: datetime, known: Collection[str] = ()) -> CallHandle | None:
        """Twilio keeps no name of ours: the first call to that number since then that no other call of ours is."""
        with twilio(self.account) as client:
            made = client.calls.list(to=to, limit=LATEST)
            ids = [(call.date_created, call.parent_call_sid or call.sid) for call in made if _is_ours(call, since)]
        return next((CallHandle(sid) for _, sid in sorted(ids) if sid not in known), None)

    def cancel(self, provider_id: str) -> None:
        with twilio(self.account) as client:
            try:
                client.calls(provider_id).update(status="completed")
            except TwilioRestException as error:
                if error.code not in OVER_ALREADY:
                    raise

    def news_of(self, request: CallRequest, provider_id: str) -> list[CallUpdate]:
        """`GET …/Calls/CA….json`, and the legs that it has opened."""
        with twilio(self.account) as client:
            try:
                call = client.calls(provider_id).fetch()
            except TwilioRestException as error:
                if error.code == NO_SUCH_CALL:
                    return []
                raise
            legs = client.calls.list(parent_call_sid=provider_id, limit=LATEST)
        about = told_by(call, request.call_id)
        return updates_of(_leg_that_tells(request, call, legs)) + price_of([call, *legs], about)

    def recording(self, url: str, *, part: str = "") -> Recording:
        return fetch_recording(url, part=part)

    def control(self, provider_id: str, what: Control, *, keys: str = "", to: Transfer | None = None) -> None:
        """The contact's leg is given new words, which dial the other person; with that our person's leg ends."""
        if what not in self.controls or to is None:
            raise ProviderError("Twilio does this on the telephone itself.", permanent=True)
        with twilio(self.account) as client:
            legs = client.calls.list(parent_call_sid=provider_id, status="in-progress", limit=1)
            if not legs:
                raise ProviderError("Nobody is in the call any more.", permanent=True)
            client.calls(legs[0].sid).update(twiml=put_through(to, caller=legs[0]._from))

    def parse_callback(self, callback: Callback) -> list[CallUpdate]:
        check_signature(callback)
        return updates_of(callback)

    def answer(self, request: CallRequest, callback: Callback) -> VoiceAnswer:
        check_signature(callback)
        return answer_of(self._calling(request), callback)

    def _calling(self, request: CallRequest) -> CallRequest:
        """From the agent's number, else the account's."""
        return request if request.caller else replace(request, caller=self.account.caller_number)


def _asked(request: CallRequest) -> dict[str, Any]:
    status_url = naming(request.status_url, request.call_id)
    asked = {
        "to": request.to,
        "from_": request.caller,
        "url": naming(request.voice_url, request.call_id),
        "status_callback": status_url,
        "status_callback_event": EVENTS,
        "timeout": RING_SECONDS,
        "time_limit": LONGEST_SECONDS,
    }
    if not asked["from_"]:
        raise ProviderError("No number to call from: give the agent or the account one.", permanent=True)
    if request.attended:
        return asked | _bridged(request)
    if request.record:
        asked |= {"record": True, "recording_status_callback": status_url}
    if request.detect_machine:  # a message is left after the beep
        asked["machine_detection"] = "DetectMessageEnd" if request.script.voicemail else "Enable"
    return asked


def _bridged(request: CallRequest) -> dict[str, Any]:
    if not request.agent_phone:
        raise ProviderError("The agent has no telephone number at which Twilio can ring first.", permanent=True)
    status_url = naming(request.status_url, request.call_id, **{LEG: AGENT_LEG})
    return {"to": request.agent_phone, "status_callback": status_url}


def _leg_that_tells(request: CallRequest, call: Any, legs: list[Any]) -> Callback:
    """Of a bridged call, the contact's where there is one yet."""
    if not request.attended:
        return told_by(call, request.call_id)
    if legs:
        return told_by(legs[0], request.call_id, leg=CONTACT_LEG)
    if call.status == "completed":  # our person hung up before the contact was rung
        call.status = "no-answer"
    return told_by(call, request.call_id, leg=AGENT_LEG)


def _handle(call: Any) -> CallHandle:
    if not isinstance(call.sid, str) or not call.sid:
        raise ValueError("a call without a sid")
    return CallHandle(call.sid)


def _is_ours(call: Any, since: datetime) -> bool:
    """Dialled by us, not come in; Twilio's clock counts whole seconds."""
    made: datetime | None = call.date_created
    return str(call.direction).startswith("outbound") and made is not None and made >= since - CLOCKS_DIFFER
