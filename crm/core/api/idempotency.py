"""`Idempotency-Key`: a POST that is sent again does its work once and gets the first answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.utils.timezone import now
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from crm.core.api.json import dumps
from crm.core.api.kept_answers import KEPT
from crm.core.errors import Conflict
from crm.core.models import IdempotentAnswer

if TYPE_CHECKING:
    from crm.core.api.views import ApiViewSet

KEY = re.compile(r"[\x21-\x7e]{1,255}")
MOUNT = re.compile(r"^/api(/v1)?(?=/)")
HEADERS = ("ETag", "Location")


def once(view: ApiViewSet, work: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Do the work, or answer as the first time. Another body under the same key: 409."""
    request = view.request
    if (key := key_of(view, request)) is None:
        return work()
    fingerprint = body_hash(request)
    with transaction.atomic():
        kept, is_first = claim(key, fingerprint)
        if not is_first:
            return replay(kept, fingerprint)
        response = in_savepoint(view, work)
        if response.status_code >= 500:
            transaction.set_rollback(True)  # not kept: it may be tried again
        else:
            keep(kept, response)
    return response


def key_of(view: ApiViewSet, request: Request) -> str | None:
    """SHA-256 of principal, method, route and key; none where the request names no key or the view keeps none."""
    given = request.headers.get("Idempotency-Key")
    principal = getattr(request.user, "pk", None) or getattr(request.user, "vendor_id", None)
    if given is None or request.method != "POST" or not view.idempotent or principal is None:
        return None
    if not KEY.fullmatch(given):
        raise ParseError("Idempotency-Key must be 1 to 255 visible ASCII characters.")
    route = MOUNT.sub("", request._request.path_info).rstrip("/")
    return digest(f"{principal}\n{request.method}\n{route}\n{given}".encode())


def body_hash(request: Request) -> str:
    """Of what was asked, not of its bytes: spacing, key order and multipart boundaries don't matter."""
    parts = [orjson.dumps(sorted(request.query_params.lists()))]
    data: Any = request.data
    if not isinstance(data, QueryDict):
        return digest(*parts, orjson.dumps(data, option=orjson.OPT_SORT_KEYS))
    fields = [(name, values) for name, values in data.lists() if name not in request.FILES]
    parts.append(orjson.dumps(sorted(fields)))
    for name, file in sorted(request.FILES.items()):
        parts += [name.encode(), *file.chunks()]
        file.seek(0)
    return digest(*parts)


def digest(*parts: bytes) -> str:
    made = hashlib.sha256()
    for part in parts:
        made.update(part)
    return made.hexdigest()


def claim(scope: str, fingerprint: str) -> tuple[IdempotentAnswer, bool]:
    """The key's row and whether it is ours; a second caller waits here for the first one's commit."""
    IdempotentAnswer.objects.filter(scope=scope, created_at__lt=now() - KEPT).delete()
    mine = IdempotentAnswer(scope=scope, body_hash=fingerprint)
    IdempotentAnswer.objects.bulk_create([mine], ignore_conflicts=True)
    kept = IdempotentAnswer.objects.get(scope=scope)
    return kept, kept.pk == mine.pk


def in_savepoint(view: ApiViewSet, work: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """A refusal undoes the work but not the row that keeps the refusal."""
    try:
        with transaction.atomic():
            return work()
    except Exception as error:
        return view.handle_exception(error)


def keep(row: IdempotentAnswer, response: Any) -> None:
    row.status = response.status_code
    row.body = "" if response.data is None else dumps(response.data).decode()
    row.headers = {name: response[name] for name in HEADERS if response.has_header(name)}
    row.save(update_fields=["status", "body", "headers"])


def replay(row: IdempotentAnswer, fingerprint: str) -> HttpResponseBase:
    if row.body_hash != fingerprint:
        raise Conflict("This Idempotency-Key was used with another body.")
    headers = {"Content-Type": "application/json", **row.headers, "Idempotent-Replayed": "true"}
    return HttpResponse(row.body, status=row.status, headers=headers)
