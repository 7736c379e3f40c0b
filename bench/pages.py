"""Pages against what they show: the list against the API's, home and board against one raw aggregate."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import psycopg
from django.test import Client as Signed

from leads.listing import PAGE_ROWS as ROWS

FIGURES = """
SELECT stage, count(*), sum(deal_value), sum(deal_value) FILTER (WHERE status <> 'done'),
       count(*) FILTER (WHERE status = 'new' AND agent_id IS NULL), count(*) FILTER (WHERE agent_id IS NULL),
       min(created_at) FILTER (WHERE agent_id IS NULL), count(*) FILTER (WHERE deadline < now()),
       count(*) FILTER (WHERE first_response_at <= deadline)
FROM leads_lead WHERE company_id = %s AND deleted_at IS NULL GROUP BY stage
"""


def results(works: Any) -> Iterator[Any]:
    from bench.run import Result, alternate

    page = browser(works.admin_user)
    api = f"/api/v1/leads?per_page={ROWS}"
    shown, listed = alternate(works.rounds, lambda: page("/leads/"), lambda: works.admin.call("GET", api))
    yield Result(f"page of {ROWS} leads, to the API's list", shown, listed, "<= 2 x the API's")

    raw = psycopg.connect(works._dsn(), autocommit=True)
    lead, turn = works.some_leads(1)[0], count()
    _, home, again, figures, one = alternate(
        works.rounds,
        lambda: works.admin.call("PATCH", f"/api/v1/leads/{lead}", {"source": f"s{next(turn)}"}),  # so home counts anew
        lambda: page("/"),
        lambda: page("/"),
        lambda: raw.execute(FIGURES, [works.company.pk], prepare=True).fetchall(),
        lambda: works.admin.call("GET", f"/api/v1/leads/{lead}"),
    )
    yield Result("home page of a manager, to one raw aggregate", home, figures, "<= 1.5 x raw")
    yield Result("home page again, to one lead", again, one, "<= 3 x one lead")
    board, sums = alternate(
        works.rounds,
        lambda: page("/leads/board/"),
        lambda: raw.execute(FIGURES, [works.company.pk], prepare=True).fetchall(),
    )
    yield Result("board of all leads, to one raw aggregate", board, sums, "<= 2 x raw")


def browser(user: Any) -> Callable[[str], bytes]:
    """GET with a session's cookie over one kept-alive connection."""
    from bench.run import PORT

    signed = Signed()
    signed.force_login(user)
    cookie = f"sessionid={signed.cookies['sessionid'].value}"
    connection = http.client.HTTPConnection("127.0.0.1", PORT)

    def get(path: str) -> bytes:
        connection.request("GET", path, headers={"Cookie": cookie})
        response = connection.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            raise SystemExit(f"GET {path}: {response.status}")
        return body

    return get
