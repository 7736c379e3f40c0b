"""In development a company's administrator reads here what the product mailed; with `DEBUG` off there is no such page.

Bodies are kept for these pages (see `actions.send_mail`). Own company's mails only, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from crm.core.errors import Refused
from crm.core.http import Request
from crm.core.keyset import Order
from crm.core.tenancy import get_or_refuse
from crm.mail import actions
from crm.mail.models import Mail

PAGE_ROWS = 50
NEWEST = Order(Mail, "-created_at")
# The mail's own style is let in, and nothing else: no script, nothing fetched, framed by our page alone.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox allow-popups"
)
View = Callable[..., HttpResponseBase]


def in_development(view: View) -> View:
    """For the administrator while `MAIL_READABLE`; otherwise there is no such address."""
    permitted = login_required(permission_required("mail.view_mail", raise_exception=True)(view))

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.MAIL_READABLE:
            raise Http404
        return permitted(request, *args, **kwargs)

    return guarded


@in_development
@require_GET
def mail_list(request: Request) -> HttpResponse:
    """Newest first, a window at a time."""
    page = NEWEST.page(Mail.objects.defer("text", "html"), PAGE_ROWS, cursor=request.GET.get("cursor", ""))
    return render(request, "mail/list.html", {"mails": page.rows, "next": page.next, "later": page.back})


@in_development
@require_GET
def message(request: Request, pk: UUID) -> HttpResponse:
    mail = get_or_refuse(Mail.objects.all(), pk)
    return render(request, "mail/message.html", {"mail": mail, "attempts": list(mail.attempts.order_by("number"))})


@in_development
@require_GET
@xframe_options_sameorigin
def html(request: Request, pk: UUID) -> HttpResponse:
    """The HTML body as a mail program shows it, for the frame of `message`."""
    mail = get_or_refuse(Mail.objects.all(), pk)
    if not mail.html:
        raise Http404
    return HttpResponse(mail.html, headers={"Content-Security-Policy": MAIL_POLICY})


@in_development
@require_POST
def resend(request: Request, pk: UUID) -> HttpResponse:
    mail = get_or_refuse(Mail.objects.all(), pk)
    try:
        again = actions.resend(mail, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("mail:message", pk=mail.pk)
    messages.success(request, "Sent again")
    return redirect("mail:message", pk=again.pk)
