"""Work done with hands: by keyboard alone, by mouse, on a phone, and without JavaScript."""

from __future__ import annotations

import re
from time import sleep
from typing import Any

import pytest
from playwright.sync_api import expect

from crm.accounts.tests.factories import PASSWORD
from crm.core.tenancy import company_active
from crm.tests.e2e.conftest import Visit, World
from leads.models import Lead, Note
from leads.views import cells

pytestmark = pytest.mark.e2e


def fresh(world: World, pk: Any) -> Lead:
    with company_active(world.company.pk):
        return Lead.objects.select_related("agent", "contact").get(pk=pk)


def focused(page: Any) -> str:
    return page.evaluate("document.activeElement.id || document.activeElement.name || document.activeElement.tagName")


def expect_focus(page: Any, name: str) -> None:
    """Waits: a focus that went with a part that was replaced is given back a moment after the new part is there."""
    expect(page.locator(f":is([id='{name}'], [name='{name}']):focus")).to_have_count(1)


def test_signing_in_leads_home_and_signing_out_leads_away(visit: Visit, world: World) -> None:
    page = visit(None).open("/")
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.fill("[name=login]", world.manager.email)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h2", has_text="What needs a decision")).to_be_visible()
    page.locator(".side details.pop summary").last.click()
    page.locator(".side button", has_text="Sign out").click()
    page.wait_for_load_state("networkidle")
    page.goto(page.url.split("/accounts")[0] + "/leads/")
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_leads_are_found_ticked_and_assigned_by_keyboard_alone(visit: Visit, world: World) -> None:
    visitor = visit(world.manager)
    page = visitor.open("/")
    page.keyboard.press("g")
    page.keyboard.press("l")
    expect(page.locator("h1")).to_have_text("Leads")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("/")
    expect_focus(page, "find")
    page.keyboard.type("saoirse")
    expect(page.locator("#list-count")).to_have_text("12 match")
    assert "search=saoirse" in page.url
    expect_focus(page, "find")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-ticked]").first).to_have_text("2 ticked")
    chosen = [box.get_attribute("value") for box in page.locator("[name=ids]:checked").all()]
    page.keyboard.press("a")
    expect_focus(page, "strategy")
    page.wait_for_load_state("networkidle")  # the menu's agents have come
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#h-shared")).to_have_text("2 leads assigned")
    expect(page.locator("#h-shared")).to_be_focused()
    expect(page.locator("#toasts .told p")).to_have_text("2 leads assigned.")
    assert page.locator("#toasts .told").bounding_box()["height"] < 60
    assert all(fresh(world, pk).agent_id for pk in chosen)


def test_rows_are_opened_walked_and_noted_by_keyboard_alone(visit: Visit, world: World) -> None:
    visitor = visit(world.manager)
    page = visitor.open("/leads/?ordering=deadline")
    page.keyboard.press("j")
    first = focused(page)
    page.keyboard.press("j")
    second = focused(page)
    page.keyboard.press("k")
    expect_focus(page, first)
    assert first != second
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(first.removeprefix("open-")))
    page.keyboard.press("]")
    page.wait_for_url(re.compile(second.removeprefix("open-")))
    page.keyboard.press("[")
    page.wait_for_url(re.compile(first.removeprefix("open-")))
    page.keyboard.press("n")
    expect_focus(page, "note")
    page.keyboard.type("Rang ")
    page.evaluate("htmx.ajax('GET', '/health', {target: '#toasts', swap: 'none'})")
    page.wait_for_load_state("networkidle")
    expect_focus(page, "note")  # a part that comes by itself leaves the writer alone
    page.keyboard.type("twice.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".quote", has_text="Rang twice.")).to_be_visible()
    page.keyboard.press("d")
    expect_focus(page, "disposition")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".log", has_text="set the outcome No answer")).to_be_visible()
    page.keyboard.press("e")
    page.wait_for_url(re.compile("/edit/"))
    assert fresh(world, first.removeprefix("open-")).disposition == "no_answer"


def test_the_map_of_keys_opens_closes_and_can_switch_them_off(visit: Visit, world: World) -> None:
    page = visit(world.manager).open("/leads/")
    page.keyboard.press("?")
    expect(page.locator("#keymap")).to_be_visible()
    for words in ("g dDeadlines", "g rRouting", "g nNotifications", "j kNext, previous row"):
        assert words in page.locator("#keymap").inner_text().replace("\n", ""), "what has a key stands there"
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("#keymap")).to_be_hidden()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#keymap")).to_be_hidden()


def test_a_cell_is_changed_in_place_and_the_focus_comes_back(visit: Visit, world: World) -> None:
    visitor = visit(world.manager)
    page = visitor.open("/leads/")
    cell = f"stage-{world.lead.pk}"
    page.locator(f"#{cell}").click()
    expect(page.locator("[data-at] button[aria-current]")).to_be_focused()
    visitor.shoot("leads-cell-desktop-light")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(f"#{cell}")).to_have_text("Opportunity")
    expect(page.locator(f"#{cell}")).to_be_focused()
    page.locator(f"#{cell}").click()
    expect(page.locator("[data-at]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-at]")).to_have_count(0)
    expect(page.locator(f"#{cell}")).to_be_focused()
    assert fresh(world, world.lead.pk).stage == "opportunity"


def test_a_menu_that_closes_before_its_answer_still_tells_it(
    visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = cells.rows_of

    def slowly(*given: Any, **named: Any) -> Any:
        sleep(1)
        return answer(*given, **named)

    page = visit(world.manager).open("/leads/")
    cell = page.locator(f"#stage-{world.lead.pk}")
    cell.click()
    expect(page.locator("[data-at] button[aria-current]")).to_be_focused()
    monkeypatch.setattr(cells, "rows_of", slowly)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("[data-at]")).to_be_hidden()
    expect(page.locator("#toasts .told p")).to_contain_text("Opportunity")
    expect(cell).to_have_text("Opportunity")
    expect(cell).to_be_focused()
    expect(page.locator("[data-at]")).to_have_count(0)


def test_filters_are_chips_and_going_back_goes_back(visit: Visit, world: World) -> None:
    page = visit(world.manager).open("/leads/")
    page.locator("summary", has_text="Filter").click()
    page.locator(".filterbox label", has_text="SQL").click()
    page.locator(".filterbox button", has_text="Show matching leads").click()
    expect(page.locator(".pick")).to_have_count(1)
    expect(page.locator("#list-count")).to_have_text("16 match")
    assert page.url.endswith("?stage=sql")
    page.locator(".views a", has_text="Breached").click()
    expect(page.locator(".views [aria-current]")).to_contain_text("Breached")
    page.go_back()
    expect(page.locator("#list-count")).to_have_text("16 match")
    page.locator("[aria-label='Remove filter Stage']").click()
    expect(page.locator("#list-count")).to_have_text("60 in all")


def test_everything_that_matches_is_ticked_at_once(visit: Visit, world: World) -> None:
    page = visit(world.manager).open("/leads/")
    page.locator("[data-tick-all]").check()
    expect(page.locator("[data-ticked]").first).to_have_text("50 ticked")
    page.locator("[name=everything]").check()
    expect(page.locator("[data-ticked]").first).to_have_text("All 60 ticked")
    page.locator("[name=ids]").first.uncheck()
    expect(page.locator("[data-ticked]").first).to_have_text("49 ticked")
    page.locator("[data-untick]").click()
    expect(page.locator(".bulk")).to_be_hidden()


def test_the_form_warns_of_duplicates_while_typing(visit: Visit, world: World) -> None:
    page = visit(world.manager).open("/leads/new/")
    page.fill("#id_email", world.lead.contact.email)
    expect(page.locator("#similar")).to_contain_text("has this e-mail address already")


def test_a_deleted_lead_is_brought_back_from_the_toast(visit: Visit, world: World) -> None:
    page = visit(world.manager).open(f"/leads/{world.lead.pk}/")
    page.locator("summary", has_text="Delete").click()
    page.locator("button", has_text="Delete this lead").click()
    page.locator("#toasts button", has_text="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("The lead is back.")
    assert fresh(world, world.lead.pk).deleted_at is None


def test_the_theme_is_kept(visit: Visit, world: World) -> None:
    page = visit(world.manager).open("/")
    page.locator(".side details.pop summary").last.click()
    with page.expect_response(re.compile("theme")):
        page.locator(".side .seg label", has_text="Dark").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(19, 20, 23)"


def test_a_phone_has_cards_a_dock_and_actions_for_the_thumb(visit: Visit, world: World) -> None:
    visitor = visit(world.manager, size="phone")
    page = visitor.open("/leads/")
    expect(page.locator(".side")).to_be_hidden()
    expect(page.locator(".dock")).to_be_visible()
    page.locator("[name=ids]").first.check()
    bar = page.locator(".bulk").bounding_box()
    assert bar["y"] > 600
    visitor.shoot("leads-ticked-phone-light")
    page.locator(".bulk summary", has_text="Assign").click()
    visitor.shoot("leads-assign-phone-light")
    page.locator("button", has_text="Assign them").click()
    expect(page.locator("#h-shared")).to_be_visible()
    page.locator(".dock summary").click()
    page.locator(".dock .menu a", has_text="Import").click()
    expect(page.locator("h1")).to_contain_text("Import")
    lead = visitor.open(f"/leads/{world.lead.pk}/")
    thumb = lead.locator(".thumb").bounding_box()
    assert thumb["y"] > 700
    for button in lead.locator(".thumb .btn").all():
        assert button.bounding_box()["height"] >= 40


def test_the_days_work_is_done_without_javascript(visit: Visit, world: World) -> None:
    visitor = visit(world.manager, scripted=False)
    page = visitor.open("/leads/")
    visitor.shoot("leads-unscripted-desktop-light")
    page.fill("#find", "saoirse")
    page.locator("button", has_text="Search").click()
    assert page.locator("#list-count").inner_text() == "12 match"
    page.locator("[name=ids]").nth(0).check()
    page.locator(".bulk summary", has_text="Assign").click()
    page.locator("button", has_text="Assign them").click()
    assert page.locator("#h-shared").inner_text() == "1 lead assigned"
    page.locator("a.t0").first.click()
    page.fill("[name=text]", "Wrote this without script.")
    page.locator("button", has_text="Save note").click()
    assert "Wrote this without script." in page.locator(".log").inner_text()
    page.locator("#stage select").select_option("opportunity")
    page.locator("#stage button").click()
    assert page.locator("[aria-current=step]").inner_text().startswith("Opportunity")
    with company_active(world.company.pk):
        assert Note.objects.filter(text="Wrote this without script.").count() == 1
    page = visitor.open("/leads/new/")
    page.fill("#id_first_name", "Ada")
    page.fill("#id_phone", "(602) 235-0142")
    page.locator("button", has_text="Create lead").click()
    assert page.locator("h1").inner_text() == "Ada"
    page = visitor.open(f"/agents/{world.agents[0].pk}/")
    page.fill("[name=max_capacity]", "30")
    page.locator("[aria-labelledby=h-cap] button").click()
    assert "takes at most 30 open leads now." in page.locator("#toasts").inner_text()
