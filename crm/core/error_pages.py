"""Errors outside any view: JSON below /api, the product's own pages elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.views import defaults

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


class MissingPageMiddleware:
    """Shows our page for what a view does not find, with `DEBUG` on too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return page_not_found(request, exception) if isinstance(exception, Http404) else None


def server_error(request: HttpRequest) -> HttpResponse:
    return json_error(500) if is_api(request) else defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if is_api(request):
        return json_error(403, "The CSRF token is missing or wrong.")
    return defaults.permission_denied(request, Exception("This form was open too long. Go back, reload and try again."))
