"""The works, how each is measured, and the table."""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test.utils import setup_databases, teardown_databases

from bench import bulk, data, exports, imports, pages, ticks
from crm.accounts.tests.factories import PASSWORD
from crm.core.tenancy import company_active, unscoped
from leads.models import Assignment, Lead, Strategy

PORT = 8199
JSON = {"Content-Type": "application/json"}


@dataclass
class Result:
    work: str
    ours: float
    floor: float
    aim: str
    raw: float | None = None

    def row(self) -> str:
        raw = f"{self.ours / self.raw:8.1f} x" if self.raw else f"{'':>10}"
        first = f"{self.ours.first * 1000:10.1f}" if isinstance(self.ours, Median) else f"{'':>10}"
        return (
            f"{self.work:<46}{self.ours * 1000:10.2f}{self.floor * 1000:10.2f}"
            f"{self.ours / self.floor:9.2f} x{raw}{first}   {self.aim}"
        )


class Median(float):
    """Seconds; `first` is what the very first run took, cold."""

    first = 0.0


class Client:
    """One kept-alive connection to the server, with or without a token."""

    def __init__(self, token: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", PORT)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, body: Any = None, expect: int = 200) -> Any:
        text = json.dumps(body) if body is not None else None
        self.connection.request(method, path, text, {**self.headers, **JSON})
        response = self.connection.getresponse()
        answer = response.read()
        if response.status != expect:
            raise SystemExit(f"{method} {path}: {response.status} {answer[:300]!r}")
        return json.loads(answer) if answer else None


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def alternate(rounds: int, *works: Callable[[], Any], warm: int = 2) -> list[Median]:
    """Median seconds of each, run in turn; so many rounds go before and are not in the median."""
    times = [[timed(work) for work in works] for _ in range(rounds + warm)]
    medians = [Median(statistics.median(taken)) for taken in zip(*times[warm:], strict=True)]
    for median, first in zip(medians, times[0], strict=True):
        median.first = first
    return medians


@contextmanager
def server(database: str) -> Iterator[int]:
    """The product under gunicorn as `make run` starts it, with one worker; its process id."""
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{database}"
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "crm.wsgi",
        "-b",
        f"127.0.0.1:{PORT}",
        "--keep-alive",
        "120",
        "--preload",
        "--workers",
        "1",
        "--threads",
        "8",
        "--log-level",
        "error",
    ]
    with subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url}) as process:
        try:
            wait_until_served()
            yield process.pid
        finally:
            process.terminate()


def wait_until_served() -> None:
    for _ in range(300):
        with suppress(OSError):
            connected = http.client.HTTPConnection("127.0.0.1", PORT, timeout=1)
            connected.request("GET", "/health")
            if connected.getresponse().status == HTTPStatus.OK:
                return
        time.sleep(0.1)
    raise SystemExit("The server did not answer within 30 seconds.")


def worker_megabytes(master: int) -> int:
    """What the worker of this gunicorn holds, shared pages included."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    lines = Path(f"/proc/{children[0]}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


def run(leads: int, rounds: int) -> None:
    """Make a database of its own, fill it, measure, print the table, drop it."""
    old = setup_databases(verbosity=0, interactive=False, serialized_aliases=())
    try:
        call_command("collectstatic", interactive=False, verbosity=0)
        seconds = time.perf_counter()
        company, admin, agent_user, agents = data.build(leads)
        print(f"{leads:,} leads and {4 * (leads // 10):,} of other companies in {time.perf_counter() - seconds:.0f} s")
        with server(connection.settings_dict["NAME"]) as master:
            for result in Works(company, admin, agent_user, agents, rounds).all():
                print(result.row(), flush=True)
            print(f"a web worker holds {worker_megabytes(master)} MB (aim <= 190)")
    finally:
        connections.close_all()
        teardown_databases(old, verbosity=0)


class Works:
    """Each method measures one group of works."""

    def __init__(self, company: Any, admin: Any, agent_user: Any, agents: Any, rounds: int) -> None:
        self.company, self.admin_user, self.agents, self.rounds = company, admin, agents, rounds
        self.bare = Client()
        login = {"email": admin.email, "password": PASSWORD}
        self.admin = Client(self.bare.call("POST", "/api/v1/auth/login", login)["access"])
        login = {"email": agent_user.email, "password": PASSWORD}
        self.agent = Client(self.bare.call("POST", "/api/v1/auth/login", login)["access"])
        self.phone = 0

    def all(self) -> Iterator[Result]:
        print(f"{'work':<46}{'ours ms':>10}{'floor ms':>10}{'ratio':>11}{'of raw':>10}{'first ms':>10}   aim")
        yield from self.lists()
        yield from self.deep_page()
        yield from self.one_lead()
        yield from pages.results(self)
        yield from exports.results(self)
        yield from self.writes()
        yield from self.bulk()
        yield from bulk.results(self)
        yield from bulk.whole_list(self)
        yield from imports.results(self)
        for work, ours, raw, aim in ticks.results(self.company):  # last: it takes the leads from their agents
            yield Result(work, ours, raw, aim, raw)

    # --- reads

    def raw_list(self, where: str, n: int) -> Callable[[], Any]:
        sql = f"SELECT * FROM leads_lead WHERE company_id = %s AND deleted_at IS NULL {where} ORDER BY created_at DESC, id DESC LIMIT {n}"
        raw = psycopg.connect(connection.get_connection_params()["dbname"] and self._dsn(), autocommit=True)

        def work() -> None:
            orjson.dumps(raw.execute(sql, [self.company.pk], prepare=True).fetchall(), default=str)

        return work

    def _dsn(self) -> str:
        return os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{connection.settings_dict['NAME']}"

    def lists(self) -> Iterator[Result]:
        base, agent = f"/floor/list?company={self.company.pk}", self.agents[0].pk
        cases: list[tuple[str, Client, str, str, str, int]] = [
            ("list of 25, admin", self.admin, "per_page=25", "n=25", "", 25),
            ("list of 50, admin", self.admin, "per_page=50", "n=50", "", 50),
            ("list of 25, agent", self.agent, "per_page=25", f"n=25&agent_id={agent}", f"AND agent_id = '{agent}'", 25),
            ("filter by status and stage, 25", self.admin, "per_page=25&status=new&stage=mql", "n=25&status=new&stage=mql",
             "AND status = 'new' AND stage = 'mql'", 25),
            ("search, 100 hits", self.admin, "per_page=100&search=zanzibar", "n=100&search=zanzibar",
             "AND search_text LIKE '%%zanzibar%%'", 100),
        ]  # fmt: skip
        for name, client, ours, floor, where, n in cases:
            times = alternate(
                self.rounds,
                lambda client=client, ours=ours: client.call("GET", f"/api/v1/leads?{ours}"),
                lambda floor=floor: self.bare.call("GET", f"{base}&{floor}"),
                self.raw_list(where, n),
            )
            yield Result(name, times[0], times[1], "<= 3 x floor", times[2])

    def deep_page(self) -> Iterator[Result]:
        cursor = ""
        for _ in range(60):
            cursor = self.admin.call("GET", f"/api/v1/leads?per_page=100&cursor={cursor}")["next"]
        deep, first = alternate(
            self.rounds,
            lambda: self.admin.call("GET", f"/api/v1/leads?per_page=25&cursor={cursor}"),
            lambda: self.admin.call("GET", "/api/v1/leads?per_page=25&cursor="),
        )
        yield Result("page 6,000 rows deep by cursor, to its first", deep, first, "<= 1.2 x first")

    def one_lead(self) -> Iterator[Result]:
        pk = self.some_leads(1)[0]

        def ours() -> None:
            self.admin.call("GET", f"/api/v1/leads/{pk}")
            self.admin.call("GET", f"/api/v1/leads/{pk}/timeline")

        times = alternate(self.rounds, ours, lambda: self.bare.call("GET", f"/floor/one/{pk}"))
        yield Result("one lead and its timeline (two requests)", *times, "<= 3 x floor")

    # --- writes

    def some_leads(self, count: int, **where: Any) -> list[UUID]:
        with company_active(self.company.pk):
            rows = Lead.objects.open().filter(**where).order_by("id")
            return list(rows.values_list("pk", flat=True)[:count])

    def new_lead(self) -> dict[str, Any]:
        self.phone += 1
        phone = f"+1415{5_550_000 + self.phone:07d}"
        return {
            "first_name": "Jo",
            "phone_e164": phone,
            "custom_fields": {"company": "Acme"},
            "company": str(self.company.pk),
        }

    def writes(self) -> Iterator[Result]:
        times = alternate(
            self.rounds,
            lambda: self.admin.call("POST", "/api/v1/leads", self.new_lead(), expect=201),
            lambda: self.bare.call("POST", "/floor/create", self.new_lead(), expect=201),
        )
        yield Result("create", *times, "<= 4 x floor")
        pk, other = self.some_leads(2)
        count = iter(range(10**6))
        times = alternate(
            self.rounds,
            lambda: self.admin.call("PATCH", f"/api/v1/leads/{pk}", {"source": f"s{next(count)}"}),
            lambda: self.bare.call("POST", f"/floor/update/{other}", {"source": f"s{next(count)}"}),
        )
        yield Result("update", *times, "<= 4 x floor")
        ours, floors = (iter(part) for part in self._halves(self.some_leads(2 * (self.rounds + 2), agent=None)))
        agent = {"agent_id": str(self.agents[3].pk)}
        times = alternate(
            self.rounds,
            lambda: self.admin.call("POST", f"/api/v1/leads/{next(ours)}/assign", agent),
            lambda: self.bare.call("POST", f"/floor/assign/{next(floors)}", agent),
        )
        self.assign_seconds = times[0]
        yield Result("assign", *times, "<= 4 x floor")

    @staticmethod
    def _halves(keys: list[UUID]) -> tuple[list[UUID], list[UUID]]:
        return keys[::2], keys[1::2]

    # --- bulk

    def bulk(self) -> Iterator[Result]:
        from leads.assignment import assign_many

        rounds, batch = 3, 1000
        keys = self.some_leads(2 * batch * (rounds + 2), agent=None)
        batches = iter([keys[n : n + batch] for n in range(0, len(keys), batch)])
        with unscoped("who acts in the benchmark"):
            by = self.agents[0].user.__class__.objects.get(email="bench@example.com")

        def ours() -> None:
            with company_active(self.company.pk):
                assign_many(next(batches), strategy=Strategy.ROUND_ROBIN, pool=self.agents, by=by)

        times = alternate(rounds, ours, lambda: self.raw_bulk(next(batches)))
        yield Result("assign 1,000 at once", *times, "<= 2 x raw SQL")
        yield Result(
            "assign 1,000 at once, to 1,000 requests", times[0], self.assign_seconds * batch, "<= 0.02 x single"
        )

    def raw_bulk(self, keys: list[UUID]) -> None:
        """One statement that places, and one that writes the history."""
        holders = [agent.pk for agent in self.agents]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "WITH placed AS (UPDATE leads_lead SET agent_id = (%s::uuid[])[1 + abs(hashtext(id::text)) %% %s], "
                "assigned_at = now(), deadline = now() + interval '2 hours', updated_at = now() "
                "WHERE id = ANY(%s) RETURNING id, agent_id, company_id, deadline) "
                f'INSERT INTO "{Assignment._meta.db_table}" (id, company_id, lead_id, to_agent_id, actor_label, strategy, notes, reason, deadline, at) '
                "SELECT gen_random_uuid(), company_id, id, agent_id, '', 'round_robin', '', '{}', deadline, now() FROM placed",
                [holders, len(holders), keys],
            )
