"""What a person does in a call while they talk: mute, hold, keys, and handing the contact on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from agents.models import Agent
from agents.tests.factories import AgentFactory
from calls.actions import apply_update, attended, control_call, dial, hand_on_call, place_call, wrap_up
from calls.errors import NotDone, NotOffered, NotTalking, NotTransferable
from calls.models import Call, Status
from calls.tests.conftest import NOON, new_lead
from calls.tests.fakes import FakeDialler, update
from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.core.errors import InvalidField
from crm.core.tenancy import company_active
from crm.providers.ports import CallOutcome, CallStatus, Control, ProviderError, Transfer

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def _line(line: Any, run_later: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(attended, "later", lambda name, *args, **options: run_later.append((name, args)))


@pytest.fixture
def call(company: Company, agent: Agent) -> Call:
    """Both are on the line."""
    with company_active(company.pk):
        made = dial(new_lead(agent), agent, by=agent.user)
        place_call(made.pk)
        apply_update(made, update(made.pk, CallStatus.IN_PROGRESS))
    return fresh(made)


@pytest.fixture
def desk(agent: Agent) -> Client:
    client = Client()
    client.force_login(agent.user)  # type: ignore[arg-type]
    return client


def fresh(call: Call) -> Call:
    with company_active(call.company_id):
        return Call.objects.select_related("lead", "agent").get(pk=call.pk)


def end(call: Call, **told: Any) -> None:
    with company_active(call.company_id):
        apply_update(call, update(call.pk, CallStatus.COMPLETED, outcome=CallOutcome.ANSWERED, **told))


def events_of(call: Call) -> list[str]:
    with company_active(call.company_id):
        return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


# --- the actions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "muted", "held"),
    [("mute", True, True), ("unmute", False, True), ("hold", True, True), ("resume", True, False)],
)
def test_the_provider_does_it_and_the_row_says_so(
    in_company: Company, call: Call, what: str, muted: bool, held: bool
) -> None:
    Call.objects.update(is_muted=True, is_held=True)
    told = events_of(call)
    control_call(call, Control(what), by=call.agent.user)  # type: ignore[union-attr]
    call = fresh(call)
    assert (call.is_muted, call.is_held) == (muted, held)
    assert FakeDialler.controlled == [(call.provider_id, what, None)]
    assert events_of(call) == told, "nothing of it outlives the call"


def test_keys_are_pressed_and_kept_nowhere(in_company: Company, call: Call) -> None:
    before = fresh(call).updated_at
    control_call(call, Control.KEYS, keys="12*#", by=call.agent.user)  # type: ignore[union-attr]
    assert FakeDialler.controlled == [(call.provider_id, Control.KEYS, "12*#")]
    assert fresh(call).updated_at == before
    for wrong in ("", "12a", "1" * 33, "1\n", "１"):
        with pytest.raises(InvalidField):
            control_call(call, Control.KEYS, keys=wrong, by=call.agent.user)  # type: ignore[union-attr]
    assert len(FakeDialler.controlled) == 1


def test_a_contact_is_put_through_and_the_call_goes_on_without_who_wraps_up(
    in_company: Company, call: Call, agent: Agent, other_agent: Agent, run_later: Any
) -> None:
    Agent.objects.filter(pk=other_agent.pk).update(own_number="+14155550177")
    other_agent.refresh_from_db()
    hand_on_call(call, agent=other_agent, by=agent.user)
    assert FakeDialler.controlled == [(call.provider_id, Control.TRANSFER, Transfer("+14155550177", other_agent.name))]
    [entry] = AuditEntry.objects.filter(action="call.handed_on")
    assert (entry.object_id, entry.data["to_agent_id"]) == (call.lead_id, str(other_agent.pk))
    run_later.clear()
    wrap_up(call, "qualified", by=agent.user)
    assert run_later == [], "nobody is hung up on"
    assert fresh(call).status == Status.IN_PROGRESS
    end(call)
    call = fresh(call)
    assert (call.status, call.disposition, call.transferred_to) == ("completed", "qualified", other_agent.name)
    assert (call.lead.disposition, call.lead.agent_id) == ("qualified", agent.pk)


def test_a_number_is_put_through_to_and_named(in_company: Company, call: Call, agent: Agent) -> None:
    hand_on_call(call, number="+14155550188", name="  Maya Chen ", by=agent.user)
    assert FakeDialler.controlled[0][2] == Transfer("+14155550188", "Maya Chen")
    assert fresh(call).transferred_to == "Maya Chen"
    assert "Maya" not in str(list(AuditEntry.objects.filter(action="call.handed_on").values_list("data", "changes")))


def test_who_cannot_be_put_through_to_is_refused(
    in_company: Company, call: Call, agent: Agent, other_agent: Agent, monkeypatch: Any
) -> None:
    away = AgentFactory(is_active=False)
    for whom in (agent, away):
        with pytest.raises(NotTransferable):
            hand_on_call(call, agent=whom, by=agent.user)
    FakeDialler.rings_agent = True
    with pytest.raises(NotTransferable):
        hand_on_call(call, agent=other_agent, by=agent.user)
    for number in ("", "555 1234", "+0123"):
        with pytest.raises(InvalidField):
            hand_on_call(call, number=number, by=agent.user)
    assert (FakeDialler.controlled, fresh(call).transferred_to) == ([], "")


@pytest.mark.parametrize("state", [{"status": "ringing"}, {"status": "completed"}, {"transferred_to": "Maya"},
                                   {"needs_wrap_up": False}])  # fmt: skip
def test_only_who_talks_does_anything(in_company: Company, call: Call, agent: Agent, state: dict[str, Any]) -> None:
    Call.objects.update(**state)
    call = fresh(call)
    for act in (
        lambda: control_call(call, Control.MUTE, by=agent.user),
        lambda: hand_on_call(call, number="+14155550188", by=agent.user),
    ):
        with pytest.raises(NotTalking):
            act()
    assert FakeDialler.controlled == []


def test_what_the_provider_cannot_or_does_not_do_changes_nothing(in_company: Company, call: Call, agent: Agent) -> None:
    FakeDialler.controls = frozenset({Control.TRANSFER})
    with pytest.raises(NotOffered):
        control_call(call, Control.HOLD, by=agent.user)
    FakeDialler.trouble = [ProviderError("The line is bad.", permanent=False)]
    with pytest.raises(NotDone) as refused:
        hand_on_call(call, number="+14155550188", by=agent.user)
    assert refused.value.message == "It was not done: The line is bad"
    assert (fresh(call).is_held, fresh(call).transferred_to) == (False, "")


def test_the_end_of_the_call_ends_mute_and_hold(in_company: Company, call: Call, agent: Agent) -> None:
    control_call(call, Control.MUTE, by=agent.user)
    control_call(call, Control.HOLD, by=agent.user)
    end(call)
    assert (fresh(call).is_muted, fresh(call).is_held) == (False, False)


# --- the cockpit ----------------------------------------------------------------------------------------------------


def test_each_gesture_is_a_plain_form(desk: Client, call: Call, other_agent: Agent) -> None:
    home, base = f"/cockpit/{call.lead_id}/?in=source%3Dfair", f"/cockpit/calls/{call.pk}"
    page = desk.get(home).content.decode()
    for words in (f"{base}/control/", f"{base}/hand-on/", f"{base}/hang-up/", other_agent.name, 'aria-pressed="false"'):
        assert words in page
    done = desk.post(f"{base}/control/?in=source%3Dfair", {"control": "mute"})
    assert done.headers["Location"] == home
    assert fresh(call).is_muted
    page = desk.get(home).content.decode()
    assert 'value="unmute"' in page and 'aria-pressed="true"' in page
    told = desk.post(f"{base}/control/", {"control": "keys", "keys": "5"}, follow=True)
    assert [str(message) for message in told.context["messages"]] == ["Pressed 5."]
    desk.post(f"{base}/hand-on/", {"agent": str(other_agent.pk)})
    page = desk.get(home).content.decode()
    assert f"Put through to {other_agent.name}." in page
    assert f"{base}/hang-up/" not in page and f"{base}/hand-on/" not in page and "Save and next" in page


@pytest.mark.parametrize(
    ("path", "typed", "words"),
    [
        ("control", {"control": "sing"}, "That can't be done in a call."),
        ("control", {"control": "transfer"}, "That can't be done in a call."),
        ("control", {"control": "keys", "keys": "abc"}, "Keys are 0 to 9"),
        ("control", {}, "That can't be done in a call."),
        ("hand-on", {}, "Choose a colleague, or give a number."),
        ("hand-on", {"number": "12"}, "Write the number in the form +14155550123."),
        ("hand-on", {"agent": "x"}, "Choose a colleague of the list."),
        ("hand-on", {"name": "x\0"}, "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_is_said(desk: Client, call: Call, path: str, typed: dict[str, str], words: str) -> None:
    page = desk.post(f"/cockpit/calls/{call.pk}/{path}/", typed, follow=True)
    assert words in str([str(message) for message in page.context["messages"]])
    assert (FakeDialler.controlled, fresh(call).transferred_to) == ([], "")


def test_the_part_alone_is_answered_and_nothing_where_nothing_changed(desk: Client, call: Call) -> None:
    url = f"/cockpit/calls/{call.pk}/"
    part = desk.get(url, headers=HTMX)
    assert part.context["stamp"] == fresh(call).updated_at.isoformat()
    assert desk.get(url, {"seen": part.context["stamp"]}, headers=HTMX).status_code == 204
    held = desk.post(f"{url}control/", {"control": "hold"}, headers=HTMX)
    assert "On hold" in held.content.decode() and "<html" not in held.content.decode()
    with time_machine.travel(NOON.replace(minute=1), tick=False):
        desk.post(f"{url}control/", {"control": "resume"}, headers=HTMX)
    again = desk.get(url, {"seen": part.context["stamp"], "in": "source=fair"}, headers=HTMX)
    assert again.status_code == 200
    assert f'hx-get="{url}?in=source%3Dfair"' in again.content.decode()
    assert desk.post(f"{url}control/", {"control": "keys", "keys": "7"}, headers=HTMX).content.strip() == b"7"


def test_where_the_telephone_itself_has_the_keys_it_says_so(desk: Client, call: Call) -> None:
    FakeDialler.controls = frozenset({Control.TRANSFER})
    page = desk.get(f"/cockpit/{call.lead_id}/").content.decode()
    assert "Mute, hold and keys are on your own telephone." in page
    assert 'data-key="m"' not in page and "Hand on" in page


def test_colleagues_and_strangers_are_kept_out(
    call: Call, other_agent: Agent, manager: User, stranger: User, api: Any
) -> None:
    for user in (other_agent.user, manager, stranger):
        client = Client()
        client.force_login(user)  # type: ignore[arg-type]
        assert client.post(f"/cockpit/calls/{call.pk}/control/", {"control": "mute"}).status_code == 403
        assert client.post(f"/cockpit/calls/{call.pk}/hand-on/", {"number": "+14155550188"}).status_code == 403
        assert api(user).post(f"/api/v1/calls/{call.pk}/control", {"control": "mute"}).status_code == 403
        assert api(user).post(f"/api/v1/calls/{call.pk}/hand-on", {"number": "+14155550188"}).status_code == 403
        assert api(user).post(f"/api/v1/calls/{call.pk}/wrap-up", {"disposition": "qualified"}).status_code == 403
    assert FakeDialler.controlled == []


def test_a_strangers_colleague_is_nobody(desk: Client, call: Call, agent: Agent, stranger: User, api: Any) -> None:
    with company_active(stranger.company_id):  # type: ignore[arg-type]
        theirs = AgentFactory()
    assert desk.post(f"/cockpit/calls/{call.pk}/hand-on/", {"agent": str(theirs.pk)}).status_code == 403
    answer = api(agent.user).post(f"/api/v1/calls/{call.pk}/hand-on", {"agent_id": str(theirs.pk)})
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "agent_id"])


# --- the API --------------------------------------------------------------------------------------------------------


def test_a_client_of_ones_own_controls_hands_on_and_wraps_up(
    api: Any, call: Call, agent: Agent, other_agent: Agent
) -> None:
    client, url = api(agent.user), f"/api/v1/calls/{call.pk}"
    assert client.post(f"{url}/control", {"control": "hold"}).json()["is_held"] is True
    assert client.post(f"{url}/control", {"control": "keys", "keys": "1#"}).status_code == 200
    answer = client.post(f"{url}/hand-on", {"agent_id": other_agent.email})
    assert (answer.status_code, answer.json()["transferred_to"]) == (200, other_agent.name)
    assert client.post(f"{url}/control", {"control": "mute"}).status_code == 409
    done = client.post(f"{url}/wrap-up", {"disposition": "Qualified", "note": "Wants an offer."}).json()
    assert (done["disposition"], done["needs_wrap_up"]) == ("qualified", False)


@pytest.mark.parametrize(
    ("path", "body", "status", "place"),
    [
        ("control", {}, 400, "control"),
        ("control", {"control": "transfer"}, 422, "control"),
        ("control", {"control": "keys", "keys": "x"}, 422, "keys"),
        ("hand-on", {}, 400, "number"),
        ("hand-on", {"number": "12"}, 422, "number"),
        ("wrap-up", {}, 400, "disposition"),
        ("wrap-up", {"disposition": "teleported"}, 422, "disposition"),
        ("wrap-up", {"disposition": "callback", "callback_at": "2020-01-01T00:00:00Z"}, 422, "callback_at"),
    ],
)
def test_bad_bodies_name_the_field(
    api: Any, call: Call, agent: Agent, path: str, body: dict[str, Any], status: int, place: str
) -> None:
    answer = api(agent.user).post(f"/api/v1/calls/{call.pk}/{path}", body)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (status, ["body", place])
    assert fresh(call).needs_wrap_up
