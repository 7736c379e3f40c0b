"""Bodies sent in chunks, without a length: Django alone would take them for empty."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from tempfile import SpooledTemporaryFile
from typing import Any

IN_MEMORY = 1_000_000
PIECE = 64 * 1024


class ChunkedBodies:
    """Round the WSGI application: reads a chunked body to its end, so that it has a length like any other.

    Reading stops past `limit` bytes; what is then too long for Django is refused by it (413). Needs a server that
    ends the input where the body ends and says so (`wsgi.input_terminated`, as gunicorn does).
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], limit: int) -> None:
        self.application = application
        self.limit = limit

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if is_chunked(environ):
            with SpooledTemporaryFile(IN_MEMORY) as body:
                environ["CONTENT_LENGTH"] = str(self._read(environ["wsgi.input"], body))
                body.seek(0)
                environ["wsgi.input"] = body
                return self.application(environ, start_response)
        return self.application(environ, start_response)

    def _read(self, source: Any, body: Any) -> int:
        length = 0
        while length <= self.limit and (piece := source.read(PIECE)):
            length += body.write(piece)
        return length


def is_chunked(environ: dict[str, Any]) -> bool:
    encoding = environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    return bool("chunked" in encoding and not environ.get("CONTENT_LENGTH") and environ.get("wsgi.input_terminated"))
