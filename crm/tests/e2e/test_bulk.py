"""The bulk bar in a browser: changed, taken back from the toast, and all that match asked once."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from crm.core.tenancy import company_active
from crm.jobs.models import Job
from crm.tests.e2e.conftest import Visit, World
from crm.tests.e2e.test_looks import WIDER_THAN_THE_WINDOW, findings
from leads.models import Lead

pytestmark = pytest.mark.e2e


def changed(world: World) -> int:
    with company_active(world.company.pk):
        return Lead.objects.filter(priority=1).count()


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_ticked_leads_are_changed_and_taken_back(visit: Visit, world: World, size: str) -> None:
    before = changed(world)
    visitor = visit(world.manager, size=size)
    page = visitor.open("/leads/?priority=normal,high,urgent")
    for box in page.locator("[name=ids]").all()[:3]:
        box.check()
    page.locator(".bulk summary", has_text="Change").click()
    page.locator("[name=set-priority]").select_option("1")
    visitor.shoot(f"leads-bulk-change-{size}")
    page.locator("button", has_text="Change them").click()
    expect(page.locator(".told p").last).to_have_text("3 leads changed.")
    visitor.shoot(f"leads-bulk-changed-{size}")
    assert changed(world) == before + 3
    page.locator(".told button", has_text="Undo").click()
    expect(page.locator(".told p").last).to_have_text("Taken back: 3 leads as before.")
    assert changed(world) == before


def test_all_that_match_are_asked_once(visit: Visit, world: World) -> None:
    visitor = visit(world.manager, size="phone")
    page = visitor.open("/leads/")
    page.locator("[name=ids]").first.check()
    page.locator("[name=everything]").check()
    page.locator(".bulk summary", has_text="Delete").click()
    page.locator("button", has_text="Delete them").click()
    expect(page.locator("#h-ask")).to_have_text("Delete 60 leads?")
    visitor.shoot("leads-bulk-ask-phone")
    page.locator("button", has_text="Delete 60 leads").click()
    expect(page.locator(".told p").last).to_have_text("60 leads deleted.")
    expect(page.locator("#n-all")).to_have_text("0")  # the tabs count anew


@pytest.mark.timeout(180)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_what_is_asked_stands_in_a_page_like_any_other(visit: Visit, world: World, size: str, scheme: str) -> None:
    """Its heading where the list had its own, clear of the bell and as far from what is said below."""
    for scripted in (True, False):
        visitor = visit(world.manager, size=size, scheme=scheme, scripted=scripted)
        page = visitor.open("/leads/?max_score=100")
        before = page.locator("h1").bounding_box()
        page.locator("[name=ids]").first.check()
        page.locator("[name=everything]").check()
        page.locator(".bulk summary", has_text="Assign").click()
        page.locator(".bulk button[value=assign]").click()
        expect(page.locator("#h-ask")).to_have_text("Assign 60 leads?")
        expect(page.locator(".facts")).to_contain_text("Score is 100 or less")
        visitor.shoot(f"leads-bulk-ask-{size}-{scheme}{'' if scripted else '-plain'}")
        assert page.locator("h1").count() == 1
        at = page.locator("#h-ask").bounding_box()
        assert abs(at["y"] - before["y"]) <= 2 and at["x"] > before["x"]  # behind the way back
        if scripted:
            assert findings(visitor) == []
            assert page.evaluate(WIDER_THAN_THE_WINDOW) <= 0


def test_a_menu_is_filled_in_with_the_mouse(visit: Visit, world: World) -> None:
    """A press on a label gives the focus to what lies around the menu; that does not close it."""
    page = visit(world.manager).open("/leads/")
    for box in page.locator("[name=ids]").all()[:3]:
        box.check()
    page.locator(".bulk summary", has_text="Assign").click()
    menu = page.locator(".bulk details[open]")
    menu.locator("label", has_text="Round robin").click()
    menu.locator(".checks label", has_text=world.agents[1].name).click()
    expect(menu.locator("[value=round_robin]")).to_be_checked()
    expect(menu.locator(".checks input:checked")).to_have_count(1)
    page.locator("h1").click()
    expect(menu).to_have_count(0)


ON_TOP = """button => {
  const box = button.getBoundingClientRect()
  const at = y => document.elementFromPoint(box.x + box.width / 2, y)
  return [box.top + 2, box.bottom - 2].every(y => button.contains(at(y)))
}"""


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_question_before_an_undo_stands_whole_above_its_panel(visit: Visit, world: World, size: str) -> None:
    visitor = visit(world.manager, size=size)
    page = visitor.open("/leads/?priority=normal,high,urgent")
    page.locator("[name=ids]").first.check()
    page.locator(".bulk summary", has_text="Change").click()
    page.locator("[name=set-priority]").select_option("1")
    page.locator("button", has_text="Change them").click()
    expect(page.locator(".told p").last).to_have_text("1 lead changed.")
    with company_active(world.company.pk):
        job = Job.objects.latest("created_at")
    visitor.open(f"/jobs/{job.pk}/")
    page.locator("summary", has_text="Undo").click()
    expect(page.locator(".ask p")).to_contain_text("Take back “Update 1 lead: priority” (1 done)?")
    visitor.shoot(f"job-undo-{size}")
    assert page.locator(".ask button").evaluate(ON_TOP)
