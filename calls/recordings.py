"""The recording of a call as an answer: streamed from the provider, whose address nobody is told."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from calls.errors import NoSuchRecording, RecordingUnreachable
from calls.models import Call
from crm.providers.ports import NoRecording, ProviderError
from crm.providers.registry import dialler

logger = logging.getLogger(__name__)


def recording_url(call: Call) -> str | None:
    """For clients of the API; a person's browser has `calls:recording`."""
    return f"{settings.PUBLIC_URL}/api/v1/calls/{call.pk}/recording" if call.recording_url else None


def recording_response(request: HttpRequest, call: Call) -> HttpResponseBase:
    """The whole, or the part that the request's `Range` asks for. Raises `NoSuchRecording`, `RecordingUnreachable`."""
    if not call.recording_url:
        raise NoSuchRecording
    try:
        found = dialler(call.provider).recording(call.recording_url, part=request.headers.get("Range", ""))
    except (NoRecording, KeyError) as error:
        raise NoSuchRecording from error
    except ProviderError as error:
        logger.warning("the recording of call %s: %s", call.pk, error.message)
        raise RecordingUnreachable from error
    request.META.pop("HTTP_ACCEPT_ENCODING", None)  # packed by our middleware it would lose its length, and its parts
    if request.method == "HEAD":
        found.sound.close()
    response: Any = StreamingHttpResponse(found.sound, status=found.status, headers=dict(found.headers))
    response["Cache-Control"] = "private, no-store"
    ending = "wav" if found.headers.get("Content-Type") == "audio/wav" else "mp3"
    response["Content-Disposition"] = f'inline; filename="call-{call.pk}.{ending}"'
    return response  # type: ignore[no-any-return]
