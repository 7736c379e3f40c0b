"""What one is told: the bell, the list, and by which channel one wants it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Max
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.accounts.access import requires
from crm.accounts.actions import choose_notifications
from crm.core.api.problems import Unacceptable
from crm.core.http import Request
from crm.core.keyset import Order
from crm.core.pages import tidy
from crm.core.tenancy import get_or_refuse
from crm.notifications.actions import read, read_all
from crm.notifications.filters import NotificationFilter
from crm.notifications.kinds import Channel, Kind, chosen, wants
from crm.notifications.models import Notification
from crm.notifications.querysets import NotificationQuerySet

PAGE_ROWS = 50
LATEST = 8
MOST = 99  # the badge says "99+" beyond it
NEWEST = Order(Notification, "-created_at")


@requires("notifications.view")
@require_GET
def notification_list(request: Request) -> HttpResponse:
    """Newest first; `unread` and `kind` narrow it, `cursor` goes on."""
    params = tidy(request.GET)
    rows: Any = own(request)
    try:
        rows, problem = NotificationFilter(params, rows, request=request, known=("cursor",)).checked(), ""
    except Unacceptable as error:
        rows, problem = rows.none(), error.problems[0].msg
    page = NEWEST.page(rows, PAGE_ROWS, cursor=params.get("cursor", ""))
    context = {
        "rows": page.rows,
        "next": page.next,
        "params": params,
        "problem": problem,
        "filtered": bool(params.keys() - {"cursor"}),
        "kinds": Kind.choices,
        "unread": own(request).unread()[: MOST + 1].count(),
    }
    return render(request, "notifications/list.html", context)


def own(request: Request) -> NotificationQuerySet:
    return Notification.objects.visible_to(request.user)


@requires("notifications.view")
@require_GET
def bell(request: Request) -> HttpResponse:
    """The badge, asked for every 30 seconds: `304` when nothing has changed. One statement."""
    unread = own(request).unread().order_by("-created_at")[: MOST + 1]
    state = Notification.objects.filter(pk__in=unread.values("pk")).aggregate(n=Count("pk"), newest=Max("created_at"))
    tag = f'"{state["n"]}-{state["newest"].timestamp() if state["newest"] else 0}"'
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    response = render(request, "notifications/_bell.html", {"unread": state["n"], "most": MOST})
    response["ETag"], response["Cache-Control"] = tag, "private, no-cache"
    patch_vary_headers(response, ["Cookie"])
    return response


@requires("notifications.view")
@require_GET
def latest(request: Request) -> HttpResponse:
    """The last ones, for the bell's menu when it is opened."""
    rows = list(own(request).order_by("-created_at", "-pk")[:LATEST])
    return render(request, "notifications/_latest.html", {"rows": rows, "unread": any(not r.read_at for r in rows)})


@requires("notifications.view")
@require_POST
def open_one(request: Request, pk: UUID) -> HttpResponse:
    """Mark it read and go where it leads; `stay` keeps to the list."""
    row = read(get_or_refuse(own(request), pk))
    return redirect(row.url if row.url and "stay" not in request.POST else back(request))


@requires("notifications.view")
@require_POST
def open_all(request: Request) -> HttpResponse:
    count = read_all(request.user)
    messages.success(request, f"{count:,} marked as read." if count else "There was nothing unread.")
    return redirect(back(request))


def back(request: Request) -> str:
    place = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(place, {request.get_host()}, require_https=request.is_secure())
    return place if safe else "notifications:list"


@requires("notifications.view")
@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: Request) -> HttpResponse:
    """Which news by which channel; the form holds every choice, so that one unticked is a no."""
    if request.method == "POST":
        wanted = {kind.value: {c.value: f"{kind}.{c}" in request.POST for c in Channel} for kind in Kind}
        choose_notifications(request.user, chosen(wanted, request.user))
        messages.success(request, "Your choices are saved.")
        return redirect("notifications:settings")
    rows = [(kind, [(c, wants(request.user, kind, c)) for c in Channel]) for kind in Kind]
    return render(request, "notifications/settings.html", {"rows": rows, "channels": list(Channel)})
