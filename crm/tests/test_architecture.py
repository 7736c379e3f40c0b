"""The house's own rules (`docs/architecture.md`), held by walking the source and the resolver."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from agents.models import Agent
from crm.accounts.permissions import PUBLIC, SIGNED_IN
from crm.accounts.permissions_table import ADMIN
from crm.audit.labels import labels
from crm.beat import SCHEDULES
from crm.celery import app as celery_app
from crm.core.api.views import ApiViewSet
from crm.core.tasks import TenantTask
from crm.tests.addresses import Address, addresses
from crm.tests.test_tenancy import ROOT, called, sources

LONGEST_FILE = 400
EVENT = re.compile(r"[a-z_]+\.[a-z_]+")


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    for file, tree in sources():
        for node in ast.walk(tree):
            if called(node) == name:
                assert isinstance(node, ast.Call)
                yield file, node


def first_argument(node: ast.Call) -> Any:
    return node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None


def test_the_floors_hold() -> None:
    """The contracts stand in `pyproject.toml`."""
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def tasks() -> dict[str, Any]:
    celery_app.loader.import_default_modules()
    return {name: task for name, task in celery_app.tasks.items() if not name.startswith(("celery.", "tests."))}


def test_what_is_sent_later_is_a_task(tasks: dict[str, Any]) -> None:
    named = {(file, first_argument(node)) for file, node in calls("later")}
    assert named
    assert {(file, name) for file, name in named if name not in tasks} == set()


def test_every_task_is_named_and_runs_in_a_company_or_says_it_crosses_them(tasks: dict[str, Any]) -> None:
    assert all(isinstance(task, TenantTask) for task in tasks.values())
    assert {name for name in tasks if not EVENT.fullmatch(name)} == set()


def test_every_schedule_names_a_cross_company_task(tasks: dict[str, Any]) -> None:
    for schedule in SCHEDULES:
        assert tasks[schedule.task].cross_company, schedule.name


def test_every_route_of_the_api_has_a_permission_for_each_of_its_actions() -> None:
    missing = []
    for address in api_addresses():
        for action in address.view.actions.values():
            permission = address.view.cls.permissions.get(action)
            if permission not in {*ADMIN, PUBLIC, SIGNED_IN}:
                missing.append((str(address), action, permission))
    assert missing == []


def test_every_route_of_the_api_stands_on_the_common_base() -> None:
    others = [a for a in addresses() if a.is_api and not hasattr(a.view, "cls")]
    assert {a.name for a in others} <= {"schema", "api-unknown"}
    assert all(issubclass(a.view.cls, ApiViewSet) for a in api_addresses())


def api_addresses() -> list[Address]:
    return [a for a in addresses() if a.is_api and hasattr(a.view, "cls")]


OWN_PAGES = ("crm.", "leads.", "agents.")
OPEN_PAGES = {"health", "ready", "schema", "unknown", ""}
EVERYBODYS_OWN = {"dashboard:home", "accounts:profile", "accounts:end_session", "accounts:theme"}
# Floors below accounts ask Django's `permission_required`, which asks the same table; an agent is refused there.
ASKED_BY_DJANGO = ("audit:", "mail:")


def own_pages() -> list[Address]:
    return [
        address
        for address in addresses()
        if address.view.__module__.startswith(OWN_PAGES)
        and not address.is_api
        and not address.template.startswith(("/admin/", "/accounts/"))
        and not address.view.__module__.endswith(".hooks")  # a provider's signature opens them
        and address.name not in OPEN_PAGES | EVERYBODYS_OWN
    ]


def test_every_page_asks_for_a_permission() -> None:
    missing = [
        (page.name, page.view.__module__)
        for page in own_pages()
        if getattr(page.view, "permission", None) not in ADMIN and not page.name.startswith(ASKED_BY_DJANGO)
    ]
    assert missing == []


def test_pages_of_records_refuse_an_agent(agent: Agent, settings: Any) -> None:
    settings.DEBUG = True
    client, opened = Client(), []
    client.force_login(agent.user)
    for page in own_pages():
        if page.name.startswith(ASKED_BY_DJANGO):
            url = page.url(**dict.fromkeys(page.parameters, agent.pk))
            opened += [url for method in (client.get, client.post) if method(url).status_code != 403]
    assert opened == []


def test_every_event_that_is_recorded_has_a_label() -> None:
    """By its name in the text, or by a constant of an `events.py`, whose names all have labels."""
    written = {first_argument(node) for name in ("record", "Event") for _, node in calls(name)} - {None}
    constants = set()
    for file, tree in sources():
        if file.endswith("events.py"):
            constants |= {
                node.value.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            }
    constants = {value for value in constants if isinstance(value, str) and EVENT.fullmatch(value)}
    assert {name for name in written | constants if name not in labels()} == set()
    assert all(EVENT.fullmatch(name) for name in labels())


def test_files_stay_short() -> None:
    long = {
        file: length for file, _ in sources() if (length := len((ROOT / file).read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


NOT_USED = {"utils.py", "helpers.py", "constants.py", "services.py", "selectors.py", "misc.py", "common.py"}


def test_files_name_their_subject() -> None:
    assert {file for file, _ in sources() if Path(file).name in NOT_USED} == set()


ACTIONS = re.compile(r"/(actions|assignment)(/|\.py$)")


def test_actions_know_no_door() -> None:
    """Rules live in actions: no HTTP, no forms, no serializers, no tasks imported there."""
    doors = re.compile(r"^(django\.http|django\.shortcuts|django\.forms|rest_framework|celery)(\.|$)")
    wrong = []
    for file, tree in sources():
        if not re.search(r"/(actions|assignment)(/|\.py$)", file) or re.search(
            r"/(views|urls|serializers|shapes)\.py$", file
        ):
            continue
        for node in ast.walk(tree):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            wrong += [(file, module) for module in modules if doors.match(module)]
    assert wrong == []


def test_no_signal_but_the_events_and_the_frameworks_own() -> None:
    """No `post_save`: what follows from a change hears its event."""
    heard = {
        (file, ast.unparse(node)[:60])
        for file, node in calls("connect")
        if re.match(r"(pre|post)_(save|delete|init)\.", ast.unparse(node))
    }
    assert heard == set()
