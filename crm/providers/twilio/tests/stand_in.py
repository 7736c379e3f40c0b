"""A small Twilio on this machine: speaks the documented REST payloads, checks who asks, and can be in bad shape.

Written after https://www.twilio.com/docs/voice/api/call-resource: form-encoded requests with basic authentication,
JSON answers with RFC 2822 times, errors as `{"code", "message", "more_info", "status"}`.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from twilio.request_validator import RequestValidator

SID, TOKEN = "AC" + "1" * 32, "a-token-of-the-stand-in"
INVALID_NUMBER = "+15005550001"  # as with Twilio's own test credentials
HANG_UP = ("completed", "canceled")


@dataclass
class Made:
    """A call as Twilio keeps it."""

    sid: str
    asked: dict[str, list[str]]
    status: str = "queued"
    direction: str = "outbound-api"
    parent: str | None = None
    twiml: str = ""  # given while it went on
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    duration: str | None = None
    answered_by: str | None = None
    price: str | None = None

    def one(self, name: str) -> str:
        return self.asked.get(name, [""])[0]

    def asked_for(self, name: str) -> str | None:
        """As a list is filtered by it."""
        return {"ParentCallSid": self.parent, "Status": self.status}.get(name, self.one(name))

    def payload(self) -> dict[str, Any]:
        return {
            "sid": self.sid,
            "account_sid": SID,
            "parent_call_sid": self.parent,
            "to": self.one("To"),
            "from": self.one("From"),
            "status": self.status,
            "direction": self.direction,
            "date_created": format_datetime(self.created),
            "date_updated": format_datetime(self.created),
            "start_time": None,
            "end_time": format_datetime(datetime.now(UTC)) if self.duration else None,
            "duration": self.duration,
            "price": self.price,
            "price_unit": "USD",
            "answered_by": self.answered_by,
            "uri": f"/2010-04-01/Accounts/{SID}/Calls/{self.sid}.json",
        }


class StandIn:
    """`shape`: well, slow, broken (500), busy (429), nonsense, or silent (hangs up after the work, unanswered)."""

    def __init__(self) -> None:
        self.calls: list[Made] = []
        self.shape = "well"
        self.slow_seconds = 1.5
        self.sound = b"sound of a call " * 1000  # of every recording
        self.sound_type = "audio/mpeg"
        self.sends_to = ""  # where who asks for a recording is redirected
        self.heard_auth: list[str | None] = []
        self.requests = 0

    def place(self, asked: dict[str, list[str]], **values: Any) -> Made:
        made = Made("CA" + uuid4().hex, asked, **values)
        self.calls.append(made)
        return made

    def callback(self, made: Made, status: str, *, leg: str = "", **more: str) -> tuple[str, dict[str, str], str]:
        """The address, form and signature of a status callback."""
        url = made.one("StatusCallback")
        params = {
            "CallSid": made.sid,
            "AccountSid": SID,
            "From": made.one("From"),
            "To": made.one("To"),
            "CallStatus": status,
            "ApiVersion": "2010-04-01",
            "Direction": made.direction,
            "Timestamp": format_datetime(datetime.now(UTC)),
            "CallbackSource": "call-progress-events",
            **more,
        }
        return url, params, sign(url, params)


def sign(url: str, params: dict[str, str], token: str = TOKEN) -> str:
    signature: str = RequestValidator(token).compute_signature(url, params)
    return signature


def handler_of(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(
                self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(), keep_blank_values=True
            )
            self.handle_call(lambda: created(form, self.path))

        def do_GET(self) -> None:
            path = urlsplit(self.path)
            if "/Recordings/" in path.path:
                return self.play(path.path, self.headers.get("Range", "").removeprefix("bytes="))
            if path.path == f"/2010-04-01/Accounts/{SID}.json":
                named = {"sid": SID, "friendly_name": "Copperline", "status": "active", "type": "Full"}
                return self.handle_call(lambda: (200, named))
            if path.path.endswith("/Calls.json"):
                return self.handle_call(lambda: listed(parse_qs(path.query)))
            return self.handle_call(lambda: shown(path.path.rsplit("/", 1)[-1].removesuffix(".json")))

        def handle_call(self, work: Any) -> None:
            stand_in.requests += 1
            if self.headers.get("Authorization") != "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode():
                return self.answer(401, error(401, 20003, "Authenticate"))
            if stand_in.shape == "slow":
                time.sleep(stand_in.slow_seconds)
            if stand_in.shape in ("broken", "busy"):
                status = 500 if stand_in.shape == "broken" else 429
                return self.answer(status, error(status, 20500, "Internal Server Error"))
            status, payload = work()
            if stand_in.shape == "silent":
                self.close_connection = True
                return self.connection.close()
            if stand_in.shape == "nonsense":
                return self.send(status, b"<html>It works!</html>")
            return self.answer(status, payload)

        def play(self, path: str, wanted: str) -> None:
            """A recording as MP3, whole or in part."""
            stand_in.requests += 1
            stand_in.heard_auth.append(self.headers.get("Authorization"))
            if stand_in.shape == "broken" or "RE" + "0" * 32 in path or not path.endswith(".mp3"):
                self.send(500 if stand_in.shape == "broken" else 404, b"no")
                return
            sound, more = stand_in.sound, {"Accept-Ranges": "bytes"}
            if wanted:
                start, end = (int(number or len(sound) - 1) for number in wanted.split("-"))
                if start >= len(sound):
                    self.send(416, b"<p>No.</p>", "text/html", {"Content-Range": f"bytes */{len(sound)}"})
                    return
                more["Content-Range"] = f"bytes {start}-{end}/{len(sound)}"
                sound = sound[start : end + 1]
            if stand_in.sends_to:
                more["Location"] = stand_in.sends_to
            status = 307 if stand_in.sends_to else 206 if wanted else 200
            self.send(status, sound, stand_in.sound_type, more)

        def answer(self, status: int, payload: dict[str, Any]) -> None:
            self.send(status, json.dumps(payload).encode())

        def send(
            self, status: int, body: bytes, kind: str = "application/json", more: Mapping[str, str] | None = None
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (more or {}).items():
                self.send_header(name, value)
            with suppress(OSError):  # who asked has not waited
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Not into the tests' output."""

    def created(form: dict[str, list[str]], path: str) -> tuple[int, dict[str, Any]]:
        if not path.endswith("/Calls.json"):
            return changed(form, path.rsplit("/", 1)[-1].removesuffix(".json"))
        if missing := [name for name in ("To", "From", "Url") if name not in form]:
            return 400, error(400, 21201, f"No '{missing[0]}' number is specified")
        if form["To"][0] == INVALID_NUMBER:
            return 400, error(400, 21211, f"The 'To' number {INVALID_NUMBER} is not a valid phone number.")
        return 201, stand_in.place(form).payload()

    def changed(form: dict[str, list[str]], sid: str) -> tuple[int, dict[str, Any]]:
        made = next((call for call in stand_in.calls if call.sid == sid), None)
        if made is None:
            return 404, error(404, 20404, f"The requested resource /Calls/{sid}.json was not found")
        if made.status in HANG_UP:
            return 400, error(400, 21220, "Call is not in-progress. Cannot redirect.")
        made.twiml = form.get("Twiml", [made.twiml])[0]
        made.status = form.get("Status", [made.status])[0]
        return 200, made.payload()

    def shown(sid: str) -> tuple[int, dict[str, Any]]:
        made = next((call for call in stand_in.calls if call.sid == sid), None)
        if made is None:
            return 404, error(404, 20404, f"The requested resource /Calls/{sid}.json was not found")
        return 200, made.payload()

    def listed(query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        wanted = {name: query[name][0] for name in ("To", "ParentCallSid", "Status") if name in query}
        found = [made for made in stand_in.calls if all(made.asked_for(name) == wanted[name] for name in wanted)]
        newest_first = sorted(found, key=lambda made: made.created, reverse=True)
        page = {"page": 0, "page_size": 50, "next_page_uri": None, "first_page_uri": "", "uri": ""}
        return 200, {"calls": [made.payload() for made in newest_first], **page}

    return Handler


def error(status: int, code: int, message: str) -> dict[str, Any]:
    return {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


@contextmanager
def running() -> Iterator[tuple[StandIn, str]]:
    """The stand-in, and the address that it answers at."""
    stand_in = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(stand_in))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield stand_in, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
