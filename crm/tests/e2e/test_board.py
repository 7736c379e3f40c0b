"""The board by mouse, finger, key and without script; what is refused goes back to where it was."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from crm.core.tenancy import company_active
from crm.tests.e2e.conftest import Visit, World
from crm.tests.e2e.test_hands import expect_focus, focused, fresh
from crm.tests.e2e.test_looks import WIDER_THAN_THE_WINDOW, findings
from leads.models import Lead, StageChange

pytestmark = pytest.mark.e2e


def numbers(page) -> dict[str, str]:
    heads = page.locator("[data-board] [data-stage]")
    return {head.get_attribute("data-stage"): head.locator("header .num").inner_text() for head in heads.all()}


def first_card(page, stage: str) -> str:
    return page.locator(f"#cards-{stage} > li").first.get_attribute("id").removeprefix("card-")


def test_a_card_is_dragged_by_the_mouse_counts_at_once_and_the_toast_takes_it_back(visit: Visit, world: World) -> None:
    visitor = visit(world.manager)
    page = visitor.open("/leads/board/")
    before, pk = numbers(page), first_card(page, "mql")
    box, to = page.locator(f"#card-{pk}").bounding_box(), page.locator("#cards-opportunity").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + box["height"] - 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 40, steps=4)
    page.mouse.move(to["x"] + 40, to["y"] + 60, steps=8)
    expect(page.locator("[data-stage=opportunity].over")).to_have_count(1)
    visitor.shoot("board-drag-desktop-light")
    page.mouse.up()
    expect(page.locator("#toasts .told p")).to_contain_text("Opportunity.")
    expect(page.locator("#cards-opportunity > li:first-child")).to_have_id(f"card-{pk}")
    after = numbers(page)
    assert int(after["mql"]) == int(before["mql"]) - 1 and int(after["opportunity"]) == int(before["opportunity"]) + 1
    assert "/leads/board/" in page.url, "the drop opens nothing"
    assert fresh(world, pk).stage == "opportunity"
    page.locator("#toasts button", has_text="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Taken back")
    assert numbers(page) == before and fresh(world, pk).stage == "mql"


def test_a_card_is_moved_and_walked_by_key_alone(visit: Visit, world: World) -> None:
    visitor = visit(world.manager)
    page = visitor.open("/")
    page.keyboard.press("g")
    page.keyboard.press("b")
    expect(page.locator("h1")).to_have_text("Board")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    lead = focused(page).removeprefix("open-")
    page.keyboard.press("]")
    expect(page.locator("#cards-mql > li:first-child")).to_have_id(f"card-{lead}")
    expect(page.locator("#toasts .told")).to_have_count(1)
    expect_focus(page, f"open-{lead}")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#toasts .told")).to_have_count(2)
    expect_focus(page, f"open-{lead}")
    page.keyboard.press("[")
    expect(page.locator("#toasts .told")).to_have_count(3)
    expect_focus(page, f"open-{lead}")
    assert fresh(world, lead).stage == "mql"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.closest('[data-stage]').dataset.stage") == "sql"
    page.keyboard.press("m")
    expect(page.locator("[data-at] button[aria-current]")).to_be_focused()
    visitor.shoot("board-menu-desktop-light")
    page.keyboard.press("ArrowDown")
    moved = page.evaluate("document.activeElement.closest('li').id").removeprefix("card-")
    page.keyboard.press("Enter")
    expect(page.locator("#cards-opportunity > li:first-child")).to_have_id(f"card-{moved}")
    expect(page.locator("#toasts .told")).to_have_count(4)
    expect_focus(page, f"move-{moved}")
    with company_active(world.company.pk):
        assert StageChange.objects.filter(lead=lead).count() == 3


def test_leaving_lost_asks_why_and_stays_where_it_is_until_told(visit: Visit, world: World) -> None:
    with company_active(world.company.pk):
        Lead.objects.filter(pk=world.lead.pk).update(stage="lost", status="done")
    visitor = visit(world.manager)
    page = visitor.open("/leads/board/")
    page.locator(f"#open-{world.lead.pk}").focus()
    page.keyboard.press("[")
    expect(page.locator("#move-why")).to_be_focused()
    visitor.shoot("board-reason-desktop-light")
    assert findings(visitor) == []
    assert page.locator("#move-to").input_value() == "customer"
    page.locator("#move-to").select_option("sql")
    page.locator("#move-why").fill("has the budget now")
    page.keyboard.press("Enter")
    expect(page.locator("#cards-sql > li:first-child")).to_have_id(f"card-{world.lead.pk}")
    with company_active(world.company.pk):
        assert StageChange.objects.latest("at").reason == "has the budget now"


def test_a_refused_move_and_a_lost_line_put_the_card_back(visit: Visit, world: World) -> None:
    visitor = visit(world.manager)
    page = visitor.open("/leads/board/")
    pk = first_card(page, "mql")
    with company_active(world.company.pk):  # a colleague closed it meanwhile
        Lead.objects.filter(pk=pk).update(stage="lost", status="done")
    page.locator(f"#open-{pk}").focus()
    page.keyboard.press("]")
    expect(page.locator("#toasts .told.error")).to_contain_text("reason")
    expect(page.locator(f"#cards-mql > #card-{pk}")).to_have_count(1)
    other = page.locator("#cards-sql > li").first.get_attribute("id").removeprefix("card-")
    page.context.set_offline(True)
    page.locator(f"#open-{other}").focus()
    page.keyboard.press("]")
    expect(page.locator("#toasts")).to_contain_text("The server cannot be reached")
    expect(page.locator(f"#cards-sql > #card-{other}")).to_have_count(1)
    assert fresh(world, other).stage == "sql"
    visitor.complaints.clear()  # the browser's own line about the lost connection


def test_a_finger_rests_on_a_card_and_drags_it(visit: Visit, world: World) -> None:
    visitor = visit(world.manager, size="phone")
    page = visitor.open("/leads/board/?stage=sql,mql")
    assert page.evaluate(WIDER_THAN_THE_WINDOW) <= 0
    pk = first_card(page, "mql")
    box = page.locator(f"#card-{pk}").bounding_box()
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, *points: tuple[float, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    x, y = box["x"] + 40, box["y"] + box["height"] - 10
    finger("touchStart", (x, y))
    page.wait_for_timeout(450)
    expect(page.locator(".ghost")).to_have_count(1)
    for step in range(1, 9):
        finger("touchMove", (x + step * 40, y))
        page.wait_for_timeout(60)
    page.wait_for_timeout(500)
    visitor.shoot("board-drag-phone-light")
    finger("touchEnd")
    expect(page.locator("#toasts .told p")).to_contain_text("SQL.")
    assert fresh(world, pk).stage == "sql"


def test_more_cards_come_and_filters_stay_when_the_shape_changes(visit: Visit, world: World) -> None:
    with company_active(world.company.pk):
        Lead.objects.filter(stage="mql").update(stage="sql")
    page = visit(world.manager).open("/leads/board/")
    expect(page.locator("#cards-sql > .card2")).to_have_count(20)
    page.locator("#cards-sql .more a").click()
    expect(page.locator("#cards-sql > .card2")).to_have_count(31)
    page.fill("#find", "saoirse")
    expect(page.locator("#list-count")).to_have_text("12 match")
    page.locator(".shape a", has_text="List").click()
    page.wait_for_url(re.compile(r"/leads/\?search=saoirse"))
    expect(page.locator("#list-count")).to_have_text("12 match")
    page.locator(".shape a", has_text="Board").click()
    page.wait_for_url(re.compile(r"/leads/board/\?search=saoirse"))


def test_a_card_is_moved_without_script(visit: Visit, world: World) -> None:
    visitor = visit(world.manager, scripted=False)
    page = visitor.open("/leads/board/?stage=sql,mql")
    visitor.shoot("board-unscripted-desktop-light")
    pk = first_card(page, "mql")
    page.locator(f"#move-{pk}").click()
    page.locator("label", has_text="Opportunity").click()
    page.fill("#move-why", "asked for an offer")
    page.locator("main button", has_text="Move").click()
    assert page.url.endswith("/leads/board/?stage=sql%2Cmql")
    assert fresh(world, pk).stage == "opportunity"
