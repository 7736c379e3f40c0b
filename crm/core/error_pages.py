"""Errors outside any view: JSON below /api, the product's own pages elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.views import defaults
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

SENTENCES = {
    400: "The request could not be read.",
    403: "You may not do this.",
    404: "Not found.",
    500: "Something went wrong on our side.",
}


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or request.path in ("/api", "/openapi.json")


def json_error(status: int, sentence: str = "") -> JsonResponse:
    return JsonResponse({"detail": sentence or SENTENCES[status]}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return json_error(400) if is_api(request) else defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return json_error(403) if is_api(request) else defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception | None = None, **rest: Any) -> HttpResponse:
    """Also the last route of all, so that an unknown address looks the same with `DEBUG` on."""
    if is_api(request):
        return json_error(404)
    try:
        return HttpResponse(render_to_string("404.html", {"request_path": request.path}, request), status=404)
    except TemplateDoesNotExist:
        return defaults.page_not_found(request, exception or Exception("unknown address"))


class ErrorPageMiddleware:
    """Shows our page for what a view does not find, and where database or cache do not answer, with `DEBUG` on too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Http404):
            return page_not_found(request, exception)
        return unreachable(request, exception) if isinstance(exception, OperationalError | RedisError) else None


def unreachable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Told to whoever watches the log as any other error; the reader may try again."""
    log.error("Database or cache did not answer in %s", request.path, exc_info=exception)
    got_request_exception.send(sender=ErrorPageMiddleware, request=request)
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "5"})


def server_error(request: HttpRequest) -> HttpResponse:
    return json_error(500) if is_api(request) else defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if is_api(request):
        return json_error(403, "The CSRF token is missing or wrong.")
    return defaults.permission_denied(request, Exception("This form was open too long. Go back, reload and try again."))
