"""Files as answers."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse

from crm.lists.exporting import Download


def download(made: Download) -> HttpResponseBase:
    """Streamed as an attachment that nobody keeps a copy of on the way."""
    response: Any = StreamingHttpResponse(made.parts, content_type=made.content_type)
    response["Content-Disposition"] = f'attachment; filename="{made.name}"'
    response["Cache-Control"] = "no-store"
    return response  # type: ignore[no-any-return]
