"""The agent's day with hands: four keys a call, without a mouse; without JavaScript; on a phone; for all eyes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from time import sleep
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from agents.models import Agent, AgentGoal
from calls import actions
from calls.models import Call
from crm.core.tenancy import company_active
from crm.tests.e2e.conftest import Visit, World
from crm.tests.e2e.test_looks import findings
from leads.models import Contact, Lead, Note

pytestmark = pytest.mark.e2e
NUMBERS = {  # somewhere it is day
    "Asia/Kolkata": "+9198765432{:02d}",
    "Europe/London": "+4420794601{:02d}",
    "America/Los_Angeles": "+14155552{:03d}",
    "Pacific/Auckland": "+6421234{:04d}",
}


@pytest.fixture
def priya(world: World, settings: Any) -> Agent:
    """Her contacts live where they may be called now; simulated calls are answered at once."""
    settings.SIMULATOR_CALL_SECONDS, settings.SIMULATOR_ANSWER_RATE = 0, 1.0
    awake = next(form for zone, form in NUMBERS.items() if 9 <= datetime.now(UTC).astimezone(ZoneInfo(zone)).hour < 20)
    agent = world.agents[0]
    with company_active(world.company.pk):
        for n, lead in enumerate(Lead.objects.filter(agent=agent)):
            Contact.objects.filter(pk=lead.contact_id).update(phone_e164=awake.format(n))
        AgentGoal.objects.create(agent=agent, calls=40, qualified=5)
    return agent


def calls_of(agent: Agent) -> list[Call]:
    with company_active(agent.company_id):
        return list(Call.objects.filter(agent=agent).select_related("lead").order_by("created_at"))


def whom(page: Any) -> tuple[str, str]:
    """Name and address of the lead on the desk."""
    link = page.locator("#h-l a")
    return link.inner_text(), link.get_attribute("href")


def test_a_call_takes_four_keys(visit: Visit, priya: Agent) -> None:
    visitor = visit(priya.user)
    page = visitor.open("/")
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page.locator("h1")).to_have_text("Cockpit")
    for number, digit in enumerate(("1", "7"), 1):
        name, lead = whom(page)
        page.keyboard.press("c")
        expect(page.locator("#h-p")).to_have_text("In progress")
        expect(page.locator("[role=timer]")).to_have_text(re.compile(r"0:\d\d"))
        page.keyboard.press("c")
        expect(page.locator("#toasts")).to_contain_text("First say how this call went.")
        page.keyboard.press("e")
        expect(page.locator("#h-p")).to_have_text("Answered")
        page.keyboard.press(digit)
        page.keyboard.press("Enter")
        expect(page.locator("#toasts")).to_contain_text(f"Saved: {name}")
        expect(page.locator("#h-l a")).not_to_have_attribute("href", lead)
        expect(page.locator(".today dd b").first).to_have_text(str(number))
    visitor.shoot("cockpit")
    first, second = calls_of(priya)
    assert (first.disposition, first.lead.disposition, first.lead.status) == ("qualified", "qualified", "in_progress")
    assert (second.disposition, second.lead.status) == ("not_interested", "done")
    assert all(call.decision_allowed and not call.needs_wrap_up for call in (first, second))


def test_the_call_key_leads_nowhere_else_where_nobody_may_be_called(visit: Visit, priya: Agent) -> None:
    with company_active(priya.company_id):
        Contact.objects.update(do_not_contact=True)
    page = visit(priya.user).open("/cockpit/")
    expect(page.locator("main [data-key=c]")).to_be_disabled()
    page.keyboard.press("c")
    page.wait_for_load_state("networkidle")
    expect(page.locator("h1")).to_have_text("Cockpit")
    assert calls_of(priya) == []


def test_the_call_key_says_why_nobody_may_be_called(visit: Visit, priya: Agent) -> None:
    """By the words that stand on the page; once, however often it is pressed, and for those who hear the page too."""
    with company_active(priya.company_id):
        Contact.objects.update(do_not_contact=True)
    visitor = visit(priya.user)
    page = visitor.open("/cockpit/")
    reason = page.locator("#why-not").inner_text().strip()
    assert reason.startswith("Not now: ")
    page.keyboard.press("c")
    page.keyboard.press("c")
    expect(page.get_by_role("alert")).to_have_count(1)
    expect(page.get_by_role("alert")).to_contain_text(reason)
    visitor.shoot("cockpit-why-not")
    assert findings(visitor) == []
    with company_active(priya.company_id):
        Contact.objects.update(do_not_contact=False, phone_e164="")
    page = visitor.open("/cockpit/")
    page.keyboard.press("c")
    expect(page.get_by_role("alert")).to_contain_text("There is no number to call.")
    expect(page.locator("h1")).to_have_text("Cockpit")  # and not the new lead, whose key it is elsewhere
    assert calls_of(priya) == []


def test_a_note_is_written_and_the_list_is_walked_by_keyboard(visit: Visit, priya: Agent) -> None:
    page = visit(priya.user).open("/cockpit/")
    _, first = whom(page)
    page.keyboard.press("]")
    expect(page.locator("#h-l a")).not_to_have_attribute("href", first)
    page.keyboard.press("[")
    expect(page.locator("#h-l a")).to_have_attribute("href", first)
    page.keyboard.press("c")
    expect(page.locator("#h-p")).to_have_text("In progress")
    page.keyboard.press("2")
    page.keyboard.press("n")
    page.keyboard.type("Send the offer, e 1 c.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("Saved:")
    [call] = calls_of(priya)
    with company_active(priya.company_id):
        assert [note.text for note in Note.objects.filter(lead=call.lead)] == ["Send the offer, e 1 c."]
    assert call.disposition == "contacted"
    page.keyboard.press("?")
    expect(page.locator("#keymap")).to_contain_text("Save, and the next")


def test_it_works_without_javascript(visit: Visit, priya: Agent) -> None:
    visitor = visit(priya.user, scripted=False)
    page = visitor.open("/cockpit/")
    name, _ = whom(page)
    page.locator("main [data-key=c]").click()
    expect(page.locator("#h-p")).to_have_text("In progress")
    page.locator("label:has([value=callback])").click()
    page.get_by_label("Call back at").fill("2030-01-01T10:00")
    page.get_by_role("button", name="Save and next").click()
    expect(page.get_by_role("alert")).to_contain_text("A call-back lies ahead, within a year")
    assert [line for line in visitor.complaints if "422" not in line] == []
    visitor.complaints.clear()
    page.get_by_label("Call back at").fill("")
    page.get_by_role("button", name="Save and next").click()
    expect(page.locator("#toasts")).to_contain_text(f"Saved: {name}")
    [call] = calls_of(priya)
    assert (call.disposition, call.lead.disposition) == ("callback", "callback")


def test_the_telephone_is_used_by_keyboard_and_the_note_stays(visit: Visit, priya: Agent) -> None:
    visitor = visit(priya.user)
    page = visitor.open("/cockpit/")
    page.keyboard.press("c")
    expect(page.locator("#h-p")).to_have_text("In progress")
    page.keyboard.press("n")
    page.keyboard.type("Typed while they talk")
    page.wait_for_timeout(1200)  # a look at the call that finds nothing new remembers no focus either
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    expect(page.locator("#p-mute")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("m")
    expect(page.locator("#p-mute")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("h")
    expect(page.locator("#h-p")).to_have_text("On hold")
    page.keyboard.press("h")
    expect(page.locator("#h-p")).to_have_text("In progress")
    page.keyboard.press("d")
    page.keyboard.type("12#")
    page.keyboard.press("Enter")
    expect(page.locator("#pressed")).to_have_text("12#")
    expect(page.get_by_label("Several at once")).to_have_value("")
    page.get_by_role("button", name="star").press("Enter")
    expect(page.locator("#pressed")).to_have_text(re.compile(r"12#\s*\*"))
    page.wait_for_timeout(1200)  # a look at how the call stands closes nothing
    expect(page.locator("#pressed")).to_be_visible()
    check(page)
    page.get_by_label("Several at once").press("Escape")
    page.keyboard.press("t")
    page.get_by_label("To a colleague").select_option(index=1)
    check(page)
    visitor.shoot("cockpit-telephone")
    page.get_by_role("button", name="Put them through").press("Enter")
    expect(page.locator("#phone")).to_contain_text("Put through to")
    expect(page.get_by_label("Note")).to_have_value("Typed while they talk")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Saved:")
    [call] = calls_of(priya)
    assert (call.disposition, call.status, bool(call.transferred_to)) == ("qualified", "completed", True)


def test_a_slow_answer_is_told_though_the_call_is_looked_at_meanwhile(
    visit: Visit, priya: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_on = actions.hand_on_call

    def slowly(*given: Any, **named: Any) -> Any:
        done = hand_on(*given, **named)
        sleep(2.5)  # two looks at the call would find it handed on
        return done

    monkeypatch.setattr(actions, "hand_on_call", slowly)
    page = visit(priya.user).open("/cockpit/")
    page.keyboard.press("c")
    expect(page.locator("#h-p")).to_have_text("In progress")
    page.keyboard.press("t")
    page.get_by_label("To a colleague").select_option(index=1)
    page.get_by_role("button", name="Put them through").press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Put through. Say how it went")
    expect(page.locator("#phone")).to_contain_text("Put through to")


def test_the_telephone_works_without_javascript(visit: Visit, priya: Agent) -> None:
    page = visit(priya.user, scripted=False).open("/cockpit/")
    page.locator("main [data-key=c]").click()
    page.locator("#p-hold").click()
    expect(page.locator("#h-p")).to_have_text("On hold")
    page.locator("summary:has-text('Keys')").click()
    page.get_by_label("Several at once").fill("7*")
    page.get_by_role("button", name="Press", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("Pressed 7*.")
    page.locator("summary:has-text('Hand on')").click()
    page.get_by_label("Or to a number").fill("+14155550177")
    page.get_by_label("Whose it is").fill("Maya Chen")
    page.get_by_role("button", name="Put them through").click()
    expect(page.locator("#phone")).to_contain_text("Put through to Maya Chen.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_it_is_for_all_eyes(visit: Visit, priya: Agent, size: str, scheme: str) -> None:
    visitor = visit(priya.user, size=size, scheme=scheme)
    page = visitor.open("/cockpit/")
    check(page)
    page.locator("details.why summary").click()
    check(page)
    page.locator("main [data-key=c]").click()
    expect(page.locator("#h-p")).to_have_text("In progress")
    check(page)
    visitor.shoot(f"cockpit-{size}-{scheme}", full_page=size == "phone")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def check(page: Any) -> None:
    found = Axe().run(page).response["violations"]
    serious = [f"{v['id']}: {v['nodes'][0]['html']}" for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []
