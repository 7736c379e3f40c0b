"""A browser, a company to look at, and visitors whose every console message counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from agents.models import Agent
from agents.tests.factories import AgentFactory, VoiceAgentFactory
from crm.accounts.models import Company, User
from crm.accounts.permissions_table import Role
from crm.accounts.tests.factories import CompanyFactory, UserFactory
from crm.core.tenancy import company_active
from crm.core.testing.browser import find_browser
from leads import actions
from leads.models import Lead
from leads.tests.factories import ContactFactory, LeadFactory

SHOTS = Path(settings.BASE_DIR) / "var" / "screenshots"
SIZES = {"desktop": (1440, 900), "tablet": (820, 1180), "phone": (390, 844)}
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session", autouse=True)
def _beside_an_event_loop() -> Iterator[None]:
    """The synchronous browser runs an event loop of its own, in which Django would refuse the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium is installed")
    return {**browser_type_launch_args, "executable_path": found, "args": list(QUIET)}


@dataclass
class World:
    """A company with people, and leads in every state."""

    company: Company
    admin: User
    manager: User
    agents: list[Agent]
    leads: list[Lead] = field(default_factory=list)

    @property
    def lead(self) -> Lead:
        """Due within minutes, with Priya."""
        return self.leads[0]


PEOPLE = ("Priya Raghunathan", "Tom Dell", "Mei-Ling Sato", "Hannah Johansson")
NAMES = ("Theodora Papadimitriou", "Bo Li", "Saoirse Ní Bhriain", "Wilhelmina van den Berg", "José Figueiredo")
FIRMS = ("Aegean Home Health", "Kestrel Freight", "", "Tulip Valley Cooperative")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: Any) -> None:
    """A file, as the product has it: readers of SQLite's memory find a table locked while a thread writes."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "e2e.sqlite3")


@pytest.fixture
def world(transactional_db: None) -> World:
    company = CompanyFactory(name="Copperline Legal")
    with company_active(company.pk):
        admin = UserFactory(role=Role.ADMIN, email="admin@copperline.example", username="admin", first_name="Dana")
        manager = UserFactory(role=Role.MANAGER, email="manager@copperline.example", first_name="Mark")
        agents = [agent_named(name) for name in PEOPLE]
        agents.append(VoiceAgentFactory(name="Aria", max_capacity=150))
        made = World(company, admin, manager, agents)
        made.leads = [lead_number(n, agents) for n in range(60)]
        actions.add_note(made.lead, "Met her at the fair; budget year ends in December.", by=manager)
        actions.set_stage(made.lead, "sql", by=admin, reason="asked for a quote")
        Lead.objects.filter(pk=made.lead.pk).update(first_response_at=None)
    return made


def agent_named(name: str) -> Agent:
    first, last = name.split(" ", 1)
    user = UserFactory(first_name=first, last_name=last, email=f"{first.lower()}@copperline.example")
    return AgentFactory(user=user, max_capacity=16)


def lead_number(n: int, agents: list[Agent]) -> Lead:
    """Every fifth unassigned, the others in all states of the clock."""
    first, _, last = NAMES[n % 5].partition(" ")
    contact = ContactFactory(first_name=first, last_name=last, organization=FIRMS[n % 4], title="Director")
    at = now()
    held = {
        "agent": agents[n % 4],
        "assigned_at": at - timedelta(minutes=100),
        "deadline": at + timedelta(minutes=n * 3 + 4),
    }
    if n % 5 == 4:
        held = {}
    elif n % 7 == 3:
        held["deadline"] = at - timedelta(minutes=n)
    elif n % 7 == 5:
        held["first_response_at"] = at - timedelta(minutes=50)
    return LeadFactory(
        contact=contact,
        score=(n * 13) % 100,
        stage=("lead", "mql", "sql", "opportunity")[n % 4],
        priority=(2, 2, 3, 4, 1)[n % 5],
        deal_value=(None, 1200, 42000)[n % 3],
        created_at=at - timedelta(hours=n + 1),
        **held,
    )


@dataclass
class Visitor:
    """One signed-in browser; `complaints` gathers console errors and policy violations."""

    page: Any
    base: str
    complaints: list[str]

    def open(self, path: str) -> Any:
        self.page.goto(f"{self.base}{path}")
        self.page.wait_for_load_state("networkidle")
        return self.page

    def shoot(self, name: str, **options: Any) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(SHOTS / f"{name}.png"), **options)


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Any, live_server: Any, world: World) -> Iterator[Visit]:
    """Opens a browser for a user: `visit(user, size="phone", scheme="dark", scripted=False)`."""
    contexts, complaints = [], []

    def open_for(user: User | None, *, size: str = "desktop", scheme: str = "light", scripted: bool = True) -> Visitor:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            has_touch=size == "phone",
            java_script_enabled=scripted,
        )
        contexts.append(context)
        if user is not None:
            context.add_cookies([{"name": "sessionid", "value": session_of(user), "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda line: complaints.append(f"{page.url}: {line.text}") if line.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return Visitor(page, live_server.url, complaints)

    yield open_for
    for context in contexts:
        for page in context.pages:  # parts that come by themselves still ask the database
            page.wait_for_load_state("networkidle")
        context.close()
    assert complaints == []


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value
