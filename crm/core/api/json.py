"""JSON as the API reads and writes it: strict in, UTC times with `Z` and money as numbers out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson
from django.http import UnreadablePostError
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from crm.core.api.problems import Problem, Unacceptable

MAX_DEPTH = 32  # levels of objects and lists in a body
Path = tuple[str | int, ...]


class JSONParser(BaseParser):
    """A body must be one JSON object; `{}` where there is none."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        try:
            # `body` refuses more than DATA_UPLOAD_MAX_MEMORY_SIZE before reading; the stream would not
            raw: bytes = parser_context["request"]._request.body if parser_context else stream.read()
        except UnreadablePostError:
            raise ParseError("The body could not be read.") from None
        return loads_object(raw)


def loads_object(raw: bytes) -> dict[str, Any]:
    """A JSON object without NUL, lone surrogates, NaN or deep nesting.

    Raises `ParseError` (400) where it is not JSON, `Unacceptable` (422, naming the place) where a value is not taken.
    """
    if not raw.strip():
        return {}
    try:
        data = orjson.loads(raw)
    except (orjson.JSONDecodeError, RecursionError):
        data = _loads_leniently(raw)
        _refuse_bad_text(data)
        raise ParseError("The body is not valid JSON: a number is out of range.") from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _refuse_depth(data)
    if b"\\u0000" in raw:
        _refuse_bad_text(data)
    if not isinstance(data, dict):
        raise Unacceptable([Problem(("body",), "The body must be a JSON object.", "dict_type")])
    return data


def _loads_leniently(raw: bytes) -> Any:
    """What orjson would not read, read again to tell a lone surrogate or deep nesting from broken JSON."""
    try:
        return json.loads(raw.decode(), parse_constant=_refuse_constant)
    except RecursionError:
        raise _too_deep("body") from None
    except ValueError as error:
        place = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ParseError(f"The body is not valid JSON{place}.") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _refuse_depth(data: Any) -> None:
    """Level by level, so that the check itself does not recurse."""
    level: list[tuple[str, Any]] = [("", data)]
    for _ in range(MAX_DEPTH):
        level = [
            (top or str(key), inner)
            for top, value in level
            if isinstance(value, dict | list)
            for key, inner in (value.items() if isinstance(value, dict) else enumerate(value))
        ]
    if deep := next((top for top, value in level if isinstance(value, dict | list)), None):
        raise _too_deep("body", deep)


def _too_deep(*path: str) -> APIException:
    return Unacceptable([Problem(path, f"Nested more than {MAX_DEPTH} levels deep.", "too_deep")])


def _refuse_bad_text(data: Any) -> None:
    for path, text in _texts(data, ("body",)):
        if not is_clean(text):
            message = "Text may not hold NUL or lone surrogates."
            raise Unacceptable([Problem(tuple(str(part) for part in path), message, "string_unicode")])


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    stack: list[tuple[Path, Any]] = [(path, value)]
    while stack:
        place, item = stack.pop()
        if isinstance(item, str):
            yield place, item
        elif isinstance(item, dict):
            for key, inner in item.items():
                shown = key.encode("utf-8", "replace").decode().replace("\x00", "?")
                yield (*place, shown), key
                stack.append(((*place, shown), inner))
        elif isinstance(item, list):
            stack.extend(((*place, number), inner) for number, inner in enumerate(item))


def is_clean(text: str) -> bool:
    """No NUL (PostgreSQL has none) and no lone surrogate (UTF-8 has none)."""
    return "\x00" not in text and (text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text))


def dumps(data: Any) -> bytes:
    """Compact UTF-8: times in UTC with `Z`, decimals as numbers of two places, UUIDs and enums as text."""
    try:
        return orjson.dumps(data, _plain, orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS)
    except (orjson.JSONEncodeError, RecursionError):  # an integer beyond 64 bits in stored JSON
        return json.dumps(data, default=_plain, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return utc_text(value)
    if isinstance(value, Decimal):
        return float(round(value, 2))
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "__iter__") and not isinstance(value, str | bytes):
        return list(value)
    return str(value)


def utc_text(moment: dt.datetime) -> str:
    """ISO 8601 in UTC with `Z`; a naive one is taken to be UTC."""
    utc = moment.replace(tzinfo=None) if moment.tzinfo is None else moment.astimezone(dt.UTC).replace(tzinfo=None)
    return utc.isoformat() + "Z"


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None  # JSON is UTF-8

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else dumps(data)


class JSONAlways(BaseContentNegotiation):
    """The API speaks JSON whatever `Accept` says; the parser follows the content type, else 415."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        given = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == given), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
