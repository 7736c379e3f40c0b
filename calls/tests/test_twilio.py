"""The whole way of a call by Twilio: dialled at a stand-in, told of by signed callbacks, finished with its lead."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from agents.models import Agent
from calls.actions import call_due_of, place_call
from calls.models import Call, CallEvent, Outcome, Status
from calls.tests.conftest import NOON
from crm.accounts.models import Company
from crm.core.tenancy import company_active
from crm.providers.twilio.tests.stand_in import Made, StandIn, sign
from leads.models import Lead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("run_later")]
SCRIPT = "Hello {{first_name}}. Press 3 for an offer.\n[3 qualified] You will have it today.\n[voicemail] Call us back."


@pytest.fixture
def call(company: Company, voice: Agent, due_lead: Lead, stand_in: StandIn) -> Call:
    with company_active(company.pk):
        Agent.objects.filter(pk=voice.pk).update(voice_script=SCRIPT)
        call_due_of(voice.pk, at=NOON)
        call = Call.objects.get()
        assert place_call(call.pk, at=NOON)
    return call


def post(url: str, params: dict[str, str], signature: str) -> Any:
    parts = urlsplit(url)
    return Client().post(f"{parts.path}?{parts.query}", params, headers={"x-twilio-signature": signature})


def tell(stand_in: StandIn, status: str, **more: str) -> int:
    return int(post(*stand_in.callback(stand_in.calls[0], status, **more)).status_code)


def ask(made: Made, **params: str) -> Any:
    url, form = made.one("Url"), {"CallSid": made.sid, "CallStatus": "in-progress", **params}
    return post(url, form, sign(url, form))


def fresh(row: Any) -> Any:
    with company_active(row.company_id):
        return type(row)._base_manager.get(pk=row.pk)


def test_a_call_is_dialled_talked_and_finished(call: Call, due_lead: Lead, stand_in: StandIn) -> None:
    [made] = stand_in.calls
    assert (fresh(call).provider_id, made.one("To")) == (made.sid, due_lead.contact.phone_e164)
    assert [tell(stand_in, status) for status in ("initiated", "ringing", "in-progress")] == [204, 204, 204]
    assert fresh(call).status == Status.IN_PROGRESS
    greeting = ask(made, AnsweredBy="human").content.decode()
    assert f"Hello {due_lead.contact.first_name}." in greeting
    assert "You will have it today." in ask(made, Digits="3").content.decode()
    recording = {"RecordingSid": "RE1", "RecordingUrl": "https://api.twilio.com/RE1", "RecordingStatus": "completed"}
    assert tell(stand_in, "in-progress", **recording) == 204
    assert tell(stand_in, "completed", CallDuration="48") == 204
    done, lead = fresh(call), fresh(due_lead)
    assert (done.status, done.outcome, done.duration_seconds) == (Status.COMPLETED, Outcome.ANSWERED, 48)
    assert (done.disposition, done.recording_url) == ("qualified", "https://api.twilio.com/RE1")
    assert (lead.disposition, lead.status, lead.attempts_count) == ("qualified", "done", 1)


def test_callbacks_that_come_twice_and_in_any_order_end_the_same(call: Call, due_lead: Lead, stand_in: StandIn) -> None:
    for status in ("completed", "in-progress", "ringing", "initiated", "completed", "ringing"):
        more = {"CallDuration": "10", "AnsweredBy": "human"} if status == "completed" else {}
        assert tell(stand_in, status, **more) == 204
    done = fresh(call)
    assert (done.status, done.duration_seconds) == (Status.COMPLETED, 10)
    assert fresh(due_lead).attempts_count == 1
    with company_active(call.company_id):
        assert CallEvent.objects.count() == 4


def test_a_machine_gets_the_message_and_the_lead_is_tried_again(call: Call, due_lead: Lead, stand_in: StandIn) -> None:
    [made] = stand_in.calls
    tell(stand_in, "in-progress")
    assert "Call us back." in ask(made, AnsweredBy="machine_end_beep").content.decode()
    tell(stand_in, "completed", CallDuration="12")
    done, lead = fresh(call), fresh(due_lead)
    assert (done.outcome, done.detail) == (Outcome.NO_ANSWER, "voicemail")
    assert (lead.disposition, lead.status, lead.next_attempt_at is not None) == ("voicemail", "in_progress", True)


def test_what_twilio_did_not_sign_changes_nothing(call: Call, stand_in: StandIn) -> None:
    url, params, _ = stand_in.callback(stand_in.calls[0], "completed")
    assert post(url, params, sign(url, params, "another token")).status_code == 403
    assert post(stand_in.calls[0].one("Url"), params, "").status_code == 403
    assert fresh(call).status == Status.QUEUED


def test_a_worker_that_died_after_dialling_finds_the_call_and_dials_no_second(
    company: Company, voice: Agent, due_lead: Lead, stand_in: StandIn
) -> None:
    """The answer was lost on the way: Twilio has the call, we have no name for it."""
    from calls.actions.dialling import BACKOFF

    with company_active(company.pk):
        call_due_of(voice.pk, at=NOON)
        call = Call.objects.get()
        stand_in.shape = "silent"
        assert not place_call(call.pk, at=NOON)
        stand_in.shape, stand_in.calls[0].created = "well", call.requested_at
        assert place_call(call.pk, at=NOON + BACKOFF[0])
        call.refresh_from_db()
    assert [made.sid for made in stand_in.calls] == [call.provider_id]
