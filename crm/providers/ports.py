"""What the product asks of a service that it calls, in its own words; each provider is a folder beside this file.

A provider knows no row of ours: whoever dials keeps the call, names it by id, and applies the updates that come back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlencode
from uuid import UUID

CALL_PARAM = "call"  # the query parameter that a provider adds to both addresses of a call, with our id


class ProviderError(Exception):
    """The provider refused or could not be reached. `permanent`: the same request will never do."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent


class BadSignature(Exception):
    """A callback that the provider did not sign: answer 403 and change nothing."""


def naming(url: str, call_id: UUID, **more: str) -> str:
    """The address with our id of the call in its query, which every provider hands back as it got it."""
    return url + ("&" if "?" in url else "?") + urlencode({CALL_PARAM: str(call_id), **more})


class CallStatus(StrEnum):
    """The states of a call, in their order: an update never takes a call back."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        return self in (CallStatus.COMPLETED, CallStatus.FAILED, CallStatus.CANCELED)


class CallOutcome(StrEnum):
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    FAILED = "failed"


class KeyAction(StrEnum):
    """What a key does that the person called presses."""

    SAY = "say"
    TRANSFER = "transfer"
    CALL_BACK = "call_back"
    OPT_OUT = "opt_out"
    DISPOSITION = "disposition"


@dataclass(frozen=True)
class Transfer:
    """A person of ours who takes the call over."""

    number: str
    name: str = ""


@dataclass(frozen=True)
class KeyOption:
    """One key of the script: `text` is said, then the action is taken. `disposition` is a disposition's code."""

    digit: str
    action: KeyAction
    text: str = ""
    disposition: str = ""
    transfer_to: Transfer | None = None


@dataclass(frozen=True)
class CallScript:
    """What a voice agent says, tokens already filled in; `parse_script` makes one from the agent's text."""

    greeting: str
    voice: str = ""
    options: tuple[KeyOption, ...] = ()
    voicemail: str = ""
    transfer_to: Transfer | None = None

    @property
    def offered_transfer(self) -> Transfer | None:
        """Whom a person who asks for one is handed to."""
        by_key = (option.transfer_to for option in self.options if option.transfer_to)
        return self.transfer_to or next(by_key, None)


@dataclass(frozen=True)
class CallRequest:
    """One attempt to reach one person.

    `call_id` is the idempotency key: placing it twice makes one call. `attended`: a person of ours talks (from the
    cockpit) in place of the script; `agent_phone` is where a provider that can't reach their browser rings them first.
    `notice` is said to the contact before anything else, where the call is recorded (`record`). The two addresses are
    absolute; the provider adds `CALL_PARAM` to them, so that a callback that overtakes the answer to `place` names the
    call all the same. `text_url` is where texts to the caller's number come in: a real provider has it in its own
    settings, the simulator is told.
    """

    call_id: UUID
    to: str
    caller: str
    script: CallScript
    status_url: str
    voice_url: str
    agent_name: str = ""
    contact_name: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"
    text_url: str = ""
    record: bool = False
    notice: str = ""
    detect_machine: bool = True
    attended: bool = False
    agent_phone: str = ""


class Control(StrEnum):
    """What a person of ours does in a call that they talk in."""

    MUTE = "mute"
    UNMUTE = "unmute"
    HOLD = "hold"
    RESUME = "resume"
    KEYS = "keys"
    TRANSFER = "transfer"


@dataclass(frozen=True)
class CallHandle:
    """The provider's own name for a call."""

    provider_id: str


@dataclass(frozen=True)
class Line:
    """One thing said; `seconds` after the call was answered. `speaker` is `agent`, `contact` or a person's name."""

    speaker: str
    text: str
    seconds: int = 0


@dataclass(frozen=True)
class CallUpdate:
    """What a callback told of a call; what it did not tell is None or empty and changes nothing.

    `event_id` is unique per provider: a repeat has the same. `call_id` is ours, None where the callback does not name
    it and the call is found by `provider_id`. A completed call without an outcome was answered, unless a machine was
    told to have answered it (`answered_by` is `human` or `machine`). Outcome and detail (`busy`, `voicemail`,
    `invalid_number`, `hung_up`, `agent_no_answer` …) come with a final status. `disposition_hint` is a disposition's
    code that the conversation asks for, `callback_at` when the person asked to be called. `cost` is in `currency`.
    """

    provider: str
    event_id: str
    call_id: UUID | None
    provider_id: str
    at: datetime
    status: CallStatus | None = None
    outcome: CallOutcome | None = None
    detail: str = ""
    duration_seconds: int | None = None
    answered_by: str = ""
    recording_url: str = ""
    transcript: tuple[Line, ...] = ()
    summary: str = ""
    disposition_hint: str = ""
    callback_at: datetime | None = None
    transferred_to: str = ""
    cost: Decimal | None = None
    currency: str = ""


class Sound(Protocol):
    """Bit by bit; `close` lets the connection behind it go, read to the end or not."""

    def __iter__(self) -> Iterator[bytes]: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Recording:
    """Sound on its way, the whole (`status` 200) or the part that was asked for (206), as HTTP's headers tell of it;
    416: there is no such part."""

    status: int
    headers: Mapping[str, str]
    sound: Sound


class NoRecording(Exception):
    """The provider has none there, or not any more."""


@dataclass(frozen=True)
class Callback:
    """A request that came to one of our hooks, as the provider signed it: `url` with its query, header names small."""

    url: str
    headers: Mapping[str, str]
    params: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class TextReceived:
    """A text message that came in.

    `message_id` is unique per provider: a repeat has the same. `sender` and `to` are E.164, `sender` is empty where it
    has no number. `channel` is `sms` or `whatsapp`. `keyword` is `stop`, `start` or `help` where the provider has
    understood it as that by itself, and has answered it. `companies`: those whose own account it came in at;
    `is_shared`: it came in at the installation's account, which is any company's that has none of its own.
    """

    provider: str
    message_id: str
    sender: str
    to: str
    body: str
    at: datetime
    channel: str = "sms"
    keyword: str = ""
    companies: tuple[UUID, ...] = ()
    is_shared: bool = False


@dataclass(frozen=True)
class TextAnswer:
    """How to answer a provider that brings a text."""

    body: str
    content_type: str = "text/xml"


@dataclass(frozen=True)
class VoiceAnswer:
    """How to answer a provider that asks what to say next, and what its question told of the call."""

    body: str
    content_type: str = "text/xml"
    updates: tuple[CallUpdate, ...] = ()


class Dialler(Protocol):
    """A service that makes telephone calls. Every method but those that read callbacks raises `ProviderError` alone.

    `rings_agent`: a person of ours who is to talk is rung first, and needs a telephone number. `controls`: what it can
    do in a call of a person; the rest is done on their own telephone.
    """

    name: str
    rings_agent: bool
    controls: frozenset[Control]

    def place(self, request: CallRequest) -> CallHandle:
        """Dial. May be repeated with the same `call_id` after `find` has said that nothing was dialled."""
        ...

    def find(self, call_id: UUID, *, to: str, since: datetime, known: Collection[str] = ()) -> CallHandle | None:
        """The call that a killed worker had placed, or None where it never got that far.

        `since` is when it was claimed; `known` are the provider's ids that other calls of ours have.
        """
        ...

    def cancel(self, provider_id: str) -> None:
        """Hang up, or stop dialling; the final status comes by callback. One that is over already is no error."""
        ...

    def news_of(self, request: CallRequest, provider_id: str) -> list[CallUpdate]:
        """How the call stands, asked for where no callback tells, and what it cost once that is known; empty where the
        provider knows of no such call.

        An update bears the name (`event_id`) of the callback's, so that one that comes late after all changes nothing.
        """
        ...

    def recording(self, url: str, *, part: str = "") -> Recording:
        """The sound behind a recording's address, as an update told it; `part`: an HTTP `Range`.

        Raises `NoRecording` too, also for an address that is not the provider's own.
        """
        ...

    def control(self, provider_id: str, what: Control, *, keys: str = "", to: Transfer | None = None) -> None:
        """Do this in a call that is being talked in; doing it again changes nothing more, but for keys.

        `keys` are pressed one after the other. A transfer hands the contact to `to`, and lets our person go. What is
        not among `controls`, and a call that is over, is refused for good.
        """
        ...

    def parse_callback(self, callback: Callback) -> list[CallUpdate]:
        """Read a status or recording callback; raises `BadSignature`. One that tells nothing new gives no update."""
        ...

    def answer(self, request: CallRequest, callback: Callback) -> VoiceAnswer:
        """What to say next in this call; the callback's signature is checked, raises `BadSignature`."""
        ...


class TextReader(Protocol):
    """A service that brings text messages in."""

    name: str

    def read(self, callback: Callback) -> TextReceived:
        """Raises `BadSignature`, and `KeyError` or `ValueError` for what is no text message."""
        ...

    def answer(self, words: str) -> TextAnswer:
        """Words to be sent back at once to whoever texted; none where they are empty."""
        ...
