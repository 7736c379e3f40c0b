"""The sound of a recorded call, fetched from Twilio as it is listened to, and from nowhere else.

The address came in a signed callback and is believed all the same only where it is Twilio's. A redirect is followed
once, to a host of Twilio's own, and without the password.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from requests import RequestException, Response, Session

from crm.providers.accounts import accounts_believed
from crm.providers.ports import NoRecording, ProviderError, Recording
from crm.providers.twilio.client import TWILIO

logger = logging.getLogger(__name__)
PATH = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-f]{32})/Recordings/RE[0-9a-f]{32}", re.ASCII)
HOSTS = (".twilio.com", ".twiliocdn.com")
REDIRECTS = (301, 302, 303, 307, 308)
PASSED_ON = ("Content-Length", "Content-Range", "Accept-Ranges")
PART = re.compile(r"bytes=[0-9, -]{1,100}", re.ASCII)
CHUNK = 64 * 1024
SOUND = "audio/mpeg"
ELSEWHERE = "Twilio sent us elsewhere for the recording."


def fetch_recording(url: str, *, part: str = "") -> Recording:
    """As MP3, by the account that made it. Raises `NoRecording`, `ProviderError`."""
    path = url.removeprefix(TWILIO).removeprefix(settings.TWILIO_API_BASE)
    ours = PATH.fullmatch(path)
    account = next((one for one in accounts_believed() if ours and one.sid == ours[1]), None)
    if account is None:
        raise NoRecording
    session = Session()
    headers = {"Range": part} if PART.fullmatch(part) else {}
    headers["Accept-Encoding"] = "identity"
    try:
        response = _got(session, f"{settings.TWILIO_API_BASE}{path}.mp3", (account.sid, account.secret), headers)
    except RequestException as error:
        session.close()
        raise ProviderError(f"Twilio can't be reached ({type(error).__name__}).", permanent=False) from error
    except ValueError as error:  # `requests` reads where it is sent to, though it does not go
        session.close()
        raise ProviderError(ELSEWHERE, permanent=True) from error
    try:
        return _checked(session, response)
    except BaseException:
        response.close()
        session.close()
        raise


def _got(session: Session, url: str, auth: tuple[str, str], headers: dict[str, str]) -> Response:
    def get(url: str, password: tuple[str, str] | None = None) -> Response:
        seconds = settings.TWILIO_TIMEOUT_SECONDS
        return session.get(url, headers=headers, auth=password, stream=True, timeout=seconds, allow_redirects=False)

    response = get(url, auth)
    if response.status_code not in REDIRECTS:
        return response
    response.close()
    target = urljoin(url, response.headers.get("Location", ""))
    if not is_twilios(target):
        raise ProviderError(ELSEWHERE, permanent=True)
    return get(target)


def is_twilios(url: str) -> bool:
    """By HTTPS, on its own port, at a name that only Twilio gives out."""
    with suppress(ValueError):
        parts = urlsplit(url)
        return parts.scheme == "https" and parts.port in (None, 443) and (parts.hostname or "").endswith(HOSTS)
    return False


def _checked(session: Session, response: Response) -> Recording:
    status = response.status_code
    if status in (404, 410):
        raise NoRecording
    if status not in (200, 206, 416):
        raise ProviderError(f"Twilio answered {status} for the recording.", permanent=False)
    kind = response.headers.get("Content-Type", "")
    if status != 416 and not kind.startswith("audio/"):
        raise ProviderError("Twilio answered with something that is no sound.", permanent=False)
    headers = {name: response.headers[name] for name in PASSED_ON if name in response.headers}
    if status == 416:  # whatever it says beside is no sound
        headers.pop("Content-Length", None)
    return Recording(status, {"Content-Type": SOUND, **headers}, Parts(session, response, empty=status == 416))


class Parts:
    """What comes, bit by bit; a connection that breaks on the way ends it short of its length, which players see."""

    def __init__(self, session: Session, response: Response, *, empty: bool = False) -> None:
        self.session, self.response, self.empty = session, response, empty

    def __iter__(self) -> Iterator[bytes]:
        if self.empty:
            return
        try:
            yield from self.response.iter_content(CHUNK)
        except RequestException as error:
            logger.warning("a recording broke off: %s", type(error).__name__)

    def close(self) -> None:
        self.response.close()
        self.session.close()
