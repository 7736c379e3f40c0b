"""Every page at a desk and on a phone, light and dark: nothing overflows, nobody is shut out, no console error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe

from crm.tests.e2e.conftest import Visit, Visitor, World

pytestmark = pytest.mark.e2e

SERIOUS = ("serious", "critical")
WIDER_THAN_THE_WINDOW = "document.documentElement.scrollWidth - window.innerWidth"


def pages_of(world: World) -> Iterator[tuple[str, str]]:
    lead, agent = world.lead.pk, world.agents[0].pk
    yield "home", "/"
    yield "leads", "/leads/?status=new%2Cin_progress&ordering=deadline"
    yield "leads-empty", "/leads/?search=nobody-at-all"
    yield "board", "/leads/board/"
    yield "board-move", f"/leads/{lead}/move/?in="
    yield "lead", f"/leads/{lead}/?in=status%3Dnew"
    yield "lead-handovers", f"/leads/{lead}/?show=assignments"
    yield "lead-new", "/leads/new/"
    yield "lead-edit", f"/leads/{lead}/edit/"
    yield "import", "/leads/import/"
    yield "agents", "/agents/"
    yield "agent", f"/agents/{agent}/"
    yield "agent-new", "/agents/new/"
    yield "agent-edit", f"/agents/{agent}/edit/"
    yield "users", "/users/"
    yield "company", "/settings/"
    yield "audit", "/audit/"
    yield "profile", "/profile/"


def findings(visitor: Visitor) -> list[str]:
    """Serious findings of the accessibility checker, with what they are about."""
    violations = Axe().run(visitor.page).response["violations"]
    return [
        f"{found['id']}: {found['help']} {[node['html'][:160] for node in found['nodes'][:3]]}"
        for found in violations
        if found["impact"] in SERIOUS
    ]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_every_page_is_whole_and_open_to_all(visit: Visit, world: World, size: str, scheme: str) -> None:
    visitor = visit(world.admin, size=size, scheme=scheme)
    wrong: dict[str, object] = {}
    for name, path in pages_of(world):
        page = visitor.open(path)
        visitor.shoot(f"{name}-{size}-{scheme}")
        if found := findings(visitor):
            wrong[name] = found
        if (over := page.evaluate(WIDER_THAN_THE_WINDOW)) > 0:
            wrong[f"{name}, too wide"] = over
    assert wrong == {}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_an_agents_pages_are_whole_too(visit: Visit, world: World, size: str) -> None:
    visitor = visit(world.agents[0].user, size=size)
    for name, path in (
        ("home", "/"),
        ("leads", "/leads/"),
        ("board", "/leads/board/"),
        ("lead", f"/leads/{world.lead.pk}/"),
        ("agents", "/agents/"),
    ):
        page = visitor.open(path)
        visitor.shoot(f"agent-{name}-{size}-light")
        assert findings(visitor) == [], name
        assert page.evaluate(WIDER_THAN_THE_WINDOW) <= 0, name


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_doors_are_whole(visit: Visit, world: World, size: str) -> None:
    visitor = visit(None, size=size)
    for name, path in (
        ("login", "/accounts/login/"),
        ("signup", "/accounts/signup/"),
        ("reset", "/accounts/password/reset/"),
    ):
        page = visitor.open(path)
        visitor.shoot(f"{name}-{size}-light")
        assert findings(visitor) == [], name
        assert page.evaluate(WIDER_THAN_THE_WINDOW) <= 0, name


def test_open_menus_are_whole(visit: Visit, world: World) -> None:
    visitor = visit(world.manager)
    page = visitor.open("/leads/")
    page.keyboard.press("f")
    visitor.shoot("leads-filter-desktop-light")
    assert findings(visitor) == []
    page.keyboard.press("Escape")
    page.locator("[name=ids]").first.check()
    page.keyboard.press("a")
    visitor.shoot("leads-assign-desktop-light")
    assert findings(visitor) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    visitor.shoot("keys-desktop-light")
    assert findings(visitor) == []


def test_rows_are_40_pixels_and_nothing_jumps_when_the_counts_arrive(visit: Visit, world: World) -> None:
    visitor = visit(world.manager)
    page = visitor.open("/leads/")
    assert {row["height"] for row in page.eval_on_selector_all(
        ".tbl tbody tr", "rows => rows.map(row => ({height: Math.round(row.getBoundingClientRect().height)}))"
    )} == {40}  # fmt: skip
    shift = page.evaluate("""() => new Promise(done => {
        let sum = 0;
        new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) sum += e.value; })
            .observe({type: "layout-shift", buffered: true});
        setTimeout(() => done(sum), 300);
    })""")
    assert shift < 0.02
