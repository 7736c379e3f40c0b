"""A telephone network that a test tells what to do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

from crm.providers.ports import (
    BadSignature,
    Callback,
    CallHandle,
    CallRequest,
    CallStatus,
    CallUpdate,
    Control,
    NoRecording,
    Recording,
    Transfer,
    VoiceAnswer,
)


class FakeDialler:
    """`dialled` are the requests that it took; `trouble` is raised by the next `place`, one each; `news` is what it
    answers who asks after a call, or raises."""

    name = "fake"
    rings_agent = False
    dialled: ClassVar[list[CallRequest]] = []
    trouble: ClassVar[list[Exception]] = []
    hung_up: ClassVar[list[str]] = []
    controls: ClassVar[frozenset[Control]] = frozenset(Control)
    controlled: ClassVar[list[tuple[Any, ...]]] = []
    before_answer: ClassVar[Callable[[CallRequest], Any] | None] = None
    news: ClassVar[list[CallUpdate] | Exception] = []

    @classmethod
    def reset(cls) -> None:
        cls.dialled, cls.trouble, cls.hung_up, cls.before_answer, cls.news = [], [], [], None, []
        cls.controls, cls.controlled, cls.rings_agent = frozenset(Control), [], False

    def place(self, request: CallRequest) -> CallHandle:
        if self.trouble:
            raise self.trouble.pop(0)
        self.dialled.append(request)
        if (hook := type(self).before_answer) is not None:
            hook(request)
        return CallHandle(f"fake-{request.call_id}")

    def find(self, call_id: UUID, *, to: str, since: datetime, known: Collection[str] = ()) -> CallHandle | None:
        found = any(request.call_id == call_id for request in self.dialled)
        return CallHandle(f"fake-{call_id}") if found else None

    def cancel(self, provider_id: str) -> None:
        self.hung_up.append(provider_id)

    def news_of(self, request: CallRequest, provider_id: str) -> list[CallUpdate]:
        if isinstance(self.news, Exception):
            raise self.news
        return self.news

    def recording(self, url: str, *, part: str = "") -> Recording:
        raise NoRecording

    def control(self, provider_id: str, what: Control, *, keys: str = "", to: Transfer | None = None) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.controlled.append((provider_id, what, keys or to))

    def parse_callback(self, callback: Callback) -> list[CallUpdate]:
        if callback.params.get("sign") != "good":
            raise BadSignature
        return [update(callback.params["call"], CallStatus(callback.params["status"]))]

    def answer(self, request: CallRequest, callback: Callback) -> VoiceAnswer:
        return VoiceAnswer(f"<Say>{request.script.greeting}</Say>")


def update(call_id: Any, status: CallStatus | None, *, at: datetime | None = None, **told: Any) -> CallUpdate:
    """What the provider tells, each time as news of its own unless `event_id` is given."""
    from django.utils.timezone import now

    base = CallUpdate(
        provider="fake",
        event_id=told.pop("event_id", uuid4().hex),
        call_id=UUID(str(call_id)),
        provider_id=f"fake-{call_id}",
        at=at or now(),
        status=status,
    )
    return replace(base, **told)


class FileDialler:
    """Writes down what it dials in the file of `DIALLED`, for processes that are killed meanwhile.

    `PAUSE` says where it then sleeps: before it dials, or after it and before it answers.
    """

    name = "file"

    def place(self, request: CallRequest) -> CallHandle:
        if os.environ.get("PAUSE") == "before":
            Path(os.environ["DIALLED"] + ".here").touch()
            time.sleep(600)
        with Path(os.environ["DIALLED"]).open("a") as file:
            file.write(f"{request.call_id}\n")
        if os.environ.get("PAUSE") == "after":
            Path(os.environ["DIALLED"] + ".here").touch()
            time.sleep(600)
        return CallHandle(f"file-{request.call_id}")

    def find(self, call_id: UUID, *, to: str, since: datetime, known: Collection[str] = ()) -> CallHandle | None:
        file = Path(os.environ["DIALLED"])
        dialled = file.read_text().split() if file.exists() else []
        return CallHandle(f"file-{call_id}") if str(call_id) in dialled else None

    def cancel(self, provider_id: str) -> None:
        raise NotImplementedError

    news_of = recording = parse_callback = answer = cancel  # type: ignore[assignment]
