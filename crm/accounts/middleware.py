"""A browser session's company: the user's own, or the one that a platform superuser chose."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject

from crm.accounts.models import Company
from crm.core.tenancy import NoCompany, acarry_company, carry_company, current_scope, scoped

CHOSEN = "company_id"  # session key: the company that a platform superuser works in


class CompanyMiddleware:
    """Last of all. With no company a view still runs, and its first business query raises `NoCompany`.

    Sets `request.company` (None where nobody is signed in, or a superuser has not chosen).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with scoped(enter(request)):  # an API authenticator may `activate` inside
            response = self.get_response(request)
            # Still inside: the company may have been set further in, and a streamed body is read after we leave.
            if isinstance(response, StreamingHttpResponse) and not getattr(response, "file_to_stream", None):
                parts: Any = response.streaming_content
                response.streaming_content = acarry_company(parts) if response.is_async else carry_company(parts)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A superuser who has not chosen a company yet is asked to."""
        user: Any = request.user
        if not (isinstance(error, NoCompany) and user.is_authenticated and user.is_superuser):
            return None
        if current_scope() is not None:
            return None
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": "Choose a company in the admin first."}, status=403)
        messages.info(request, "Choose a company first.")
        return redirect("admin:index")


def enter(request: HttpRequest) -> UUID | None:
    """The id of the session's company, with `request.company` set; costs no query beyond the session's user."""
    user: Any = request.user
    if not user.is_authenticated:
        company_id, company = None, None
    elif user.is_superuser:
        company_id = chosen_company(request)
        company = SimpleLazyObject(partial(Company.objects.get, pk=company_id)) if company_id else None
    else:
        company_id, company = user.company_id, user.company  # loaded with the user
    request.company = company  # type: ignore[attr-defined]
    return company_id


def chosen_company(request: HttpRequest) -> UUID | None:
    chosen = request.session.get(CHOSEN)
    return UUID(chosen) if chosen else None
