"""The one translator from whatever was raised to the error form and statuses of the API."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.core.signals import got_request_exception
from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from crm.core.api.problems import MISSING, Problem, Unacceptable
from crm.core.errors import InvalidField, Refused
from crm.core.tenancy import Forbidden

log = logging.getLogger("django.request")

TOO_BIG = "The request is too large."
FORBIDDEN = "You may not do this."
NOT_FOUND = "Not found."
BROKEN = "Something went wrong on our side."
UNREACHABLE = "A part of the service can't be reached just now; try again."
CHALLENGE = {"WWW-Authenticate": "Bearer"}
CODES = {
    "required": MISSING,
    "null": "null_not_allowed",
    "form": "value_error",
    "invalid": "value_error",
    "invalid_choice": "enum",
}


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """Answers every error, the unforeseen too, so that the API answers in JSON with `DEBUG` on as well."""
    set_rollback()
    view = context.get("view")
    response = _answer(error, view)
    if response is not None:
        return response
    log.error("Unforeseen error in %s", type(view).__name__, exc_info=error)
    got_request_exception.send(sender=type(view), request=getattr(context.get("request"), "_request", None))
    if isinstance(error, OperationalError | RedisError):
        return Response({"detail": UNREACHABLE}, 503, headers={"Retry-After": "5"})
    return Response({"detail": BROKEN}, 500)


def _answer(error: Exception, view: Any) -> Response | None:
    if isinstance(error, Refused):
        return Response(refusal_body(error), error.status, headers=CHALLENGE if error.status == 401 else None)
    if isinstance(error, Unacceptable):
        return Response({"detail": [problem.as_json() for problem in error.problems]}, error.status_code)
    if isinstance(error, exceptions.ValidationError):
        return _answer(Unacceptable(problems_of(error.detail)), view)
    if isinstance(error, exceptions.APIException):
        return _api_exception(error, view)
    if isinstance(error, ModelValidationError):
        return _answer(Unacceptable(_model_problems(error)), view)
    if isinstance(error, RequestDataTooBig):
        return _detail(TOO_BIG, 413)
    if isinstance(error, SuspiciousOperation | MultiPartParserError | UnreadablePostError):
        return _detail("The request could not be read.", 400)
    if isinstance(error, Http404):
        return _detail(str(error) if str(error) and "matches the given query" not in str(error) else NOT_FOUND, 404)
    if isinstance(error, PermissionDenied):
        return _detail(FORBIDDEN if isinstance(error, Forbidden) or not str(error) else str(error), 403)
    return _database_error(error)


def refusal_body(error: Refused) -> dict[str, Any]:
    """`{"detail": …}` with what stands beside it; shared with other doors that answer JSON."""
    if isinstance(error, InvalidField):
        return {"detail": [Problem(("body", error.field), error.message, error.code).as_json()], **error.extra}
    return {"detail": error.message, **error.extra}


def _api_exception(error: exceptions.APIException, view: Any) -> Response:
    detail = error.detail if isinstance(error.detail, str) else NOT_FOUND
    headers = {}
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        error.status_code = 401
        headers["WWW-Authenticate"] = getattr(error, "auth_header", None) or "Bearer"
    if isinstance(error, exceptions.Throttled) and (wait := getattr(error, "wait", None)):
        headers["Retry-After"] = str(int(wait))
        detail = exceptions.ErrorDetail("Too many requests; try again later.", code="throttled")
    if isinstance(error, exceptions.MethodNotAllowed):
        headers["Allow"] = ", ".join(view.allowed_methods)
    return Response({"detail": str(detail)}, error.status_code, headers=headers)


def _database_error(error: Exception) -> Response | None:
    """The last net under races and values that no field refused; logged, for a rule above should have spoken."""
    if isinstance(error, IntegrityError):
        log.warning("A constraint of the database refused a request", exc_info=error)
        return _detail("This conflicts with another change; try again.", 409)
    if isinstance(error, DataError | OverflowError):
        log.warning("The database refused a value", exc_info=error)
        return _detail("A value is out of range.", 422)
    return None


def _detail(message: str, status: int) -> Response:
    return Response({"detail": message}, status)


def problems_of(detail: Any, place: tuple[str | int, ...] = ("body",)) -> list[Problem]:
    """DRF's tree of errors as a flat list."""
    return list(_walk(detail, place))


def _walk(detail: Any, place: tuple[str | int, ...]) -> Iterator[Problem]:
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from _walk(inner, place if key == "non_field_errors" else (*place, key))
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            yield from _walk(inner, (*place, number) if isinstance(inner, dict) else place)
    else:
        code = getattr(detail, "code", None) or "invalid"
        yield Problem(place, str(detail), CODES.get(code, code))


def _model_problems(error: ModelValidationError) -> Iterator[Problem]:
    if not hasattr(error, "error_dict"):
        yield from (Problem(("body",), message) for message in error.messages)
        return
    for field, messages in error.message_dict.items():
        place = ("body",) if field == "__all__" else ("body", field)
        yield from (Problem(place, message) for message in messages)
