"""A consumer's hook as small as can be, and the addresses that it stands at: what came in is kept in a list."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from crm.providers.callbacks import callback_of
from crm.providers.ports import BadSignature, CallUpdate, TextReceived
from crm.providers.registry import dialler, text_reader

received: list[CallUpdate] = []
texts: list[TextReceived] = []
troubles: list[Exception] = []  # raised one by one, in place of an answer


@csrf_exempt
def status(request: HttpRequest, provider: str) -> HttpResponse:
    if troubles:
        raise troubles.pop()
    try:
        received.extend(dialler(provider).parse_callback(callback_of(request)))
    except BadSignature:
        return HttpResponse(status=403)
    return HttpResponse(status=204)


@csrf_exempt
def text(request: HttpRequest, provider: str) -> HttpResponse:
    texts.append(text_reader(provider).read(callback_of(request)))
    return HttpResponse(status=204)


urlpatterns = [
    path("providers/<slug:provider>/calls/status", status),
    path("providers/<slug:provider>/sms", text),
]
