"""The board of deadlines: what is due and what is late, oldest first, and how often the team answers in time."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from crm.accounts.access import requires
from crm.accounts.permissions_table import allows
from crm.core.api.problems import Unacceptable
from crm.core.http import Request
from crm.core.keyset import Order
from crm.core.pages import tidy
from crm.sla.board import board_of
from crm.sla.filters import PRESSING, BoardFilter
from crm.sla.models import Timer
from crm.sla.rates import days_of
from leads.models import Priority

PAGE_ROWS = 25
DAYS = 30
OLDEST = Order(Timer, "due_at")
PARTS = ("agent_id", "priority", "sla_status")


@requires("leads.view")
@require_GET
def board(request: Request) -> HttpResponse:
    """Of a manager the company's, of an agent its own; `agent_id`, `priority` and `sla_status` narrow the rows."""
    at, params = now(), tidy(request.GET)
    timers = Timer.objects.visible_to(request.user)
    try:
        narrowed = BoardFilter(params, timers.pressing(at), request=request, known=("cursor",)).checked()
        problem = ""
    except Unacceptable as error:
        narrowed, problem = timers.none(), error.problems[0].msg
    shown = narrowed.select_related("lead__contact", "agent")
    page = OLDEST.page(shown, PAGE_ROWS, cursor=params.get("cursor", ""))
    context = {
        "at": at,
        "rows": page.rows,
        "next": page.next,
        "params": params,
        "problem": problem,
        "filtered": any(params.get(name) for name in PARTS),
        "board": board_of(timers, at),
        "days": days_of(timers, at, DAYS),
        "sees_all": allows(request.user, "leads.view_all"),
        "states": PRESSING,
        "priorities": [(priority.name.lower(), priority.label) for priority in reversed(Priority)],
        "list_url": f"{reverse('leads:list')}?{list_query(params)}",
        "trail": list_query(params),
    }
    return render(request, "sla/board.html", context)


def list_query(params: QueryDict) -> str:
    """The same leads as a list, where many of them can be changed at once."""
    shown = {name: params[name] for name in PARTS if params.get(name)}
    return urlencode({"status": "new", "sla_status": "breached,due_soon", **shown, "ordering": "deadline"})
