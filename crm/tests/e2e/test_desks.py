"""The desks' further pages: whole for all eyes, worked by keyboard alone and without script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils.timezone import now
from playwright.sync_api import expect

from calls.models import Call
from calls.tests.factories import CallFactory
from crm.accounts.permissions_table import Role
from crm.accounts.tests.factories import CompanyFactory, UserFactory
from crm.compliance.models import Suppression
from crm.compliance.tests.factories import ConsentFactory, DecisionFactory, SuppressionFactory
from crm.core.tenancy import company_active
from crm.notifications.models import Notification
from crm.providers.models import Connection
from crm.sla.actions import take_over_clocks
from crm.tests.e2e.conftest import Visit, World
from crm.tests.e2e.test_looks import WIDER_THAN_THE_WINDOW, findings
from leads.duplicates.finding import keep_pairs, ordered
from leads.duplicates.models import DuplicatePair, FoundBy, PairState
from leads.models import Contact
from leads.routing.models import RoutingRule
from leads.routing.tests.factories import condition, rule
from leads.tests.factories import ContactFactory

pytestmark = pytest.mark.e2e


@dataclass
class Desk:
    """What stands on the pages beside the world's leads."""

    rules: list[RoutingRule]
    two: tuple[Contact, Contact]
    call: Call


@pytest.fixture
def desk(world: World) -> Desk:
    with company_active(world.company.pk):
        rules = [
            rule("Fair leads of Oregon", condition("source", "is_one_of", "fair"), agents=world.agents[:2]),
            rule("Everybody else"),
        ]
        two = (
            ContactFactory(first_name="Theodora", last_name="Ray", organization="Acme", email="t.ray@acme.example"),
            ContactFactory(first_name="Teddy", last_name="Ray", organization="Apex", email="tray@acme.example"),
        )
        keep_pairs({ordered(two[0].pk, two[1].pk): ("email", "name")}, found_by=FoundBy.SCAN)
        call = CallFactory(lead=world.lead, disposition="qualified", transcript=[
            {"speaker": "agent", "text": "Hello, this is Priya.", "seconds": 0},
            {"speaker": "contact", "text": "I have been waiting for you.", "seconds": 4},
        ])  # fmt: skip
        DecisionFactory(contact=world.lead.contact), ConsentFactory(contact=world.lead.contact)
        SuppressionFactory(reason="asked by letter")
        take_over_clocks()
        for n, title in enumerate(("Import of fair.csv is done", "Bo Li is late")):
            Notification.objects.create(user=world.admin, kind=("job", "sla_breached")[n], title=title, url="/jobs/",
                                        created_at=now() - timedelta(minutes=n))  # fmt: skip
        Connection.objects.create(provider="twilio", account="AC" + "1" * 32, secret="a-token-of-the-desk")
    return Desk(rules, two, call)


def pages_of(world: World, desk: Desk) -> Iterator[tuple[str, str]]:
    one, other = (contact.pk for contact in desk.two)
    yield "contacts", "/contacts/"
    yield "contacts-empty", "/contacts/?search=nobody-at-all"
    yield "contact", f"/contacts/{world.lead.contact_id}/"
    yield "duplicates", "/duplicates/"
    yield "merge", f"/duplicates/contacts/{one}/{other}/"
    yield "routing", "/routing/"
    yield "routing-edit", f"/routing/{desk.rules[0].pk}/"
    yield "routing-dry-run", "/routing/dry-run/"
    yield "compliance", "/compliance/"
    yield "suppressions", "/compliance/suppressions/"
    yield "suppress", "/compliance/suppressions/new/"
    yield "hours-new", "/compliance/hours/new/"
    yield "deadlines", "/sla/"
    yield "notifications", "/notifications/"
    yield "notification-choices", "/notifications/settings/"
    yield "calls", "/calls/"
    yield "call", f"/calls/{desk.call.pk}/"
    yield "call-metrics", "/calls/metrics/"
    yield "connections", "/connections/"
    yield "connection", "/connections/twilio/"
    yield "jobs", "/jobs/"


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_every_page_of_the_desks_is_whole(visit: Visit, world: World, desk: Desk, size: str, scheme: str) -> None:
    visitor = visit(world.admin, size=size, scheme=scheme)
    wrong: dict[str, object] = {}
    for name, path in pages_of(world, desk):
        page = visitor.open(path)
        visitor.shoot(f"{name}-{size}-{scheme}")
        if found := findings(visitor):
            wrong[name] = found
        if (over := page.evaluate(WIDER_THAN_THE_WINDOW)) > 0:
            wrong[f"{name}, too wide"] = over
        if page.locator("#bell").count() != 1:
            wrong[f"{name}, bells"] = page.locator("#bell").count()
    assert wrong == {}


def test_nothing_is_cut_off_on_a_tablet(visit: Visit, world: World, desk: Desk) -> None:
    visitor = visit(world.admin, size="tablet")
    wrong: dict[str, object] = {}
    for name, path in (*pages_of(world, desk), *OTHER_TABLES):
        if name not in TABLES:
            continue
        page = visitor.open(path)
        if (over := page.evaluate(WIDER_THAN_THE_WINDOW)) > 0:
            wrong[name] = over
        if cut := page.locator(".panel .tbl").evaluate_all(CUT_OFF):
            wrong[f"{name}, tables"] = cut
    assert wrong == {}


OTHER_TABLES = (("users", "/users/"), ("vendors", "/vendors/"), ("agents", "/agents/"), ("audit", "/audit/"))
TABLES = {
    *dict(OTHER_TABLES), "contact", "duplicates", "routing-dry-run", "compliance", "suppressions", "deadlines", "calls",
    "call-metrics",
}  # fmt: skip
CUT_OFF = """tables => tables.filter(table => table.checkVisibility() && !table.closest(".scroll-x")
    && table.offsetWidth > table.closest(".panel").clientWidth).map(table => table.caption?.innerText)"""
MENUS = "main details.pop > summary"
OUT_OF_THE_WINDOW = """menus => menus.filter(menu => menu.checkVisibility())
    .map(menu => [menu.getBoundingClientRect(), menu.className])
    .filter(([box]) => box.left < 0 || box.right > innerWidth || box.bottom > innerHeight)
    .map(([box, name]) => `${name}: ${Math.round(box.left)} to ${Math.round(box.right)}`)"""


def test_menus_stay_in_the_window_of_a_phone(visit: Visit, world: World, desk: Desk) -> None:
    visitor = visit(world.admin, size="phone")
    wrong: dict[str, object] = {}
    for path in (
        "/leads/",
        "/leads/board/",
        "/contacts/",
        "/calls/",
        "/agents/",
        "/compliance/suppressions/",
        "/connections/",
    ):
        page = visitor.open(path)
        for number, summary in enumerate(page.locator(MENUS).all()):
            if summary.is_visible():
                summary.click()
                page.wait_for_load_state("networkidle")
                if found := page.locator(".menu").evaluate_all(OUT_OF_THE_WINDOW):
                    wrong[f"{path} {number}"] = found
                page.keyboard.press("Escape")
    assert wrong == {}


# --- By keyboard --------------------------------------------------------------------------------------------------


def test_rules_are_walked_moved_and_switched_by_keyboard(visit: Visit, world: World, desk: Desk) -> None:
    page = visit(world.manager).open("/routing/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(f"#rule-{desk.rules[1].pk}")).to_be_focused()
    page.keyboard.press("Shift+K")
    expect(page.locator(".rules .t").first).to_have_text("Everybody else")
    page.locator(f"#switch-{desk.rules[1].pk}").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#toasts .told p").last).to_have_text("“Everybody else” is off now.")
    with company_active(world.company.pk):
        assert [(one.name, one.is_active) for one in RoutingRule.objects.in_order()] == [
            ("Everybody else", False), ("Fair leads of Oregon", True),
        ]  # fmt: skip


def test_two_people_who_are_one_are_merged_by_keyboard(visit: Visit, world: World, desk: Desk) -> None:
    page = visit(world.manager).open("/")
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page.locator("h1")).to_have_text("Duplicates")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Merge two contacts")
    page.locator("[name='field.organization'][value=other]").focus()
    page.keyboard.press("Space")
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile("/contacts/"))
    with company_active(world.company.pk):
        stays, gone = (Contact.objects.get(pk=contact.pk) for contact in desk.two)
    if stays.merged_into_id:
        stays, gone = gone, stays
    assert (gone.merged_into_id, stays.organization) == (stays.pk, gone.organization)


def test_the_bell_opens_reads_and_closes_by_keyboard(visit: Visit, world: World, desk: Desk) -> None:
    page = visit(world.admin, size="phone").open("/leads/")
    bell = page.locator("#bell > summary")
    expect(bell).to_have_accessible_name("Notifications 2 unread")
    box, title = bell.bounding_box(), page.locator("h1").bounding_box()
    middle, of_title = (one["y"] + one["height"] / 2 for one in (box, title))
    assert box["x"] > 320 and abs(middle - of_title) < 2, "at the end of the title's line"
    bell.focus()
    page.keyboard.press("Enter")
    menu = page.locator("#bell .menu")
    expect(menu).to_contain_text("Import of fair.csv is done")
    shown = menu.bounding_box()
    assert shown["x"] >= 0 and shown["x"] + shown["width"] <= 390
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(bell).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("#bell button", has_text="Bo Li is late").click()
    expect(page).to_have_url(re.compile("/jobs/"))
    expect(page.locator("#bell > summary")).to_have_accessible_name("Notifications 1 unread")


# --- Without script -----------------------------------------------------------------------------------------------


def test_the_desks_work_without_script(visit: Visit, world: World, desk: Desk) -> None:
    visitor = visit(world.admin, scripted=False, size="phone")
    page = visitor.open("/routing/new/")
    page.get_by_label("Name", exact=True).fill("Big ones")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Field", exact=True).first.select_option(label="Score")
    page.get_by_label("Test", exact=True).first.select_option(label="is at least")
    page.get_by_role("button", name="Remove condition 2").click()
    page.get_by_label("Values", exact=True).first.fill("80")
    page.get_by_role("button", name="Save the rule").click()
    page.locator("li", has_text="Big ones").get_by_role("button", name="Move Big ones up").click()
    page = visitor.open("/duplicates/")
    page.get_by_role("button", name=re.compile("Not the same")).click()
    page = visitor.open("/compliance/suppressions/new/")
    page.get_by_label(re.compile("address", re.IGNORECASE)).first.fill("+14155550199")
    page.get_by_role("button", name="Put it on the list").click()
    page = visitor.open("/notifications/")
    page.get_by_role("button", name="Mark all as read").click()
    page = visitor.open("/contacts/")
    page.get_by_label("Search in these contacts").fill("teddy")
    page.get_by_role("button", name="Search").click()
    assert page.locator("a.t0, .t a").first.inner_text() == "Teddy Ray"
    page = visitor.open("/sla/")
    page.get_by_label("Priority", exact=True).select_option("high")
    page.get_by_role("button", name="Show").click()
    assert "priority=high" in page.url
    with company_active(world.company.pk):
        assert [one.name for one in RoutingRule.objects.in_order()][1] == "Big ones"
        assert DuplicatePair.objects.get().state == PairState.DISMISSED
        assert next(row.shown for row in Suppression.objects.newest_first()) == "+1•••0199"
        assert not Notification.objects.filter(user=world.admin, read_at__isnull=True).exists()


# --- A company that has nothing yet -------------------------------------------------------------------------------


def test_what_is_empty_says_what_belongs_there_whole(visit: Visit, world: World) -> None:
    with company_active(CompanyFactory(name="Larkspur Dental").pk):
        visitor = visit(UserFactory(role=Role.ADMIN, email="nell@larkspur.example"))
    wrong: dict[str, object] = {}
    for path in ("/", "/leads/", "/leads/board/", "/contacts/", "/duplicates/", "/routing/", "/calls/", "/sla/",
                 "/compliance/", "/vendors/", "/jobs/", "/agents/", "/notifications/"):  # fmt: skip
        page = visitor.open(path)
        if cut := page.locator(".panel .empty").evaluate_all(BELOW_ITS_PANEL):
            wrong[path] = cut
        if found := findings(visitor):
            wrong[f"{path}, findings"] = found
    assert wrong == {}


BELOW_ITS_PANEL = """all => all.filter(one => one.getBoundingClientRect().bottom
    > one.closest(".panel").getBoundingClientRect().bottom).map(one => one.innerText)"""
