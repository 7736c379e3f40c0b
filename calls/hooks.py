"""Where providers tell how a call goes, and ask what to say: signed by the provider, found by the call's id."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from calls.actions import apply_update
from calls.models import Call
from calls.requests import request_of
from crm.core.tenancy import company_active, unscoped
from crm.providers.callbacks import callback_of
from crm.providers.ports import BadSignature, Callback, CallUpdate, Dialler
from crm.providers.registry import dialler

logger = logging.getLogger(__name__)
Hook = Callable[[Call, Dialler, Callback], HttpResponse]


def hook(view: Hook) -> Callable[[HttpRequest, str, UUID], HttpResponse]:
    """Works in the call's company; 404 without such a call, 403 where the provider did not sign, 400 for nonsense."""

    @csrf_exempt
    @require_http_methods(["GET", "POST"])
    @wraps(view)
    def answer(request: HttpRequest, provider: str, pk: UUID) -> HttpResponse:
        with unscoped("whose call a provider tells of"):
            call = Call.objects.filter(pk=pk, provider=provider).only("company_id").first()
        if call is None:
            return HttpResponse(status=404)
        with company_active(call.company_id):
            return _answered(view, request, provider, pk)

    return answer


def _answered(view: Hook, request: HttpRequest, provider: str, pk: UUID) -> HttpResponse:
    call = Call.objects.select_related("lead", "contact", "agent__company").get(pk=pk)
    try:
        return view(call, dialler(provider), callback_of(request))
    except BadSignature:
        logger.warning("a callback of call %s was not signed by %s", pk, provider)
        return HttpResponse(status=403)
    except (KeyError, ValueError, TypeError) as error:
        logger.warning("a callback of call %s can't be read: %s: %s", pk, type(error).__name__, error)
        return HttpResponse(status=400)


@hook
def status(call: Call, provider: Dialler, callback: Callback) -> HttpResponse:
    """What happened; told again or too late it is answered alike and changes nothing."""
    _take(call, provider.parse_callback(callback))
    return HttpResponse(status=204)


@hook
def voice(call: Call, provider: Dialler, callback: Callback) -> HttpResponse:
    """What to say next."""
    answer = provider.answer(request_of(call), callback)
    _take(call, answer.updates)
    return HttpResponse(answer.body, content_type=answer.content_type)


def _take(call: Call, updates: list[CallUpdate] | tuple[CallUpdate, ...]) -> None:
    for update in updates:
        if update.call_id in (None, call.pk):
            apply_update(call, update)
