"""The pages of calls, as their readers see them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now

from agents.models import Agent
from calls.actions import call_due_of, place_call
from calls.models import Call, CallEvent, Outcome, Status
from calls.tests.conftest import NOON, new_lead
from calls.tests.factories import CallFactory
from crm.accounts.models import Company, User
from crm.core.tenancy import company_active
from leads.models import Lead
from leads.tests.factories import ContactFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("run_later", "line")]


@pytest.fixture
def calls(company: Company, voice: Agent, agent: Agent) -> list[Call]:
    with company_active(company.pk):
        ada = new_lead(voice, contact=ContactFactory(first_name="Ada", last_name="Lovelace"))
        bob = new_lead(agent, contact=ContactFactory(first_name="Bob", last_name="Moss"))
        return [
            CallFactory(
                lead=ada, agent=voice, transcript=[{"speaker": "contact", "text": "<b>Hello</b>?", "seconds": 2}],
                recording_url="https://provider.example/r.mp3", summary="Wants a demo.", disposition="qualified",
            ),
            CallFactory(lead=bob, agent=agent, outcome=Outcome.NO_ANSWER, detail="busy",
                        created_at=now() - timedelta(days=3)),
        ]  # fmt: skip


def text(client: Any, path: str, status: int = 200, **headers: Any) -> str:
    response = client.get(path, **headers)
    assert response.status_code == status, response
    return str(response.content.decode())


def test_the_history_shows_who_was_called_by_whom_and_how_it_went(
    client: Any, manager: User, calls: list[Call]
) -> None:
    client.force_login(manager)
    page = text(client, reverse("calls:list"))
    assert "Ada Lovelace" in page and "Nova" in page and "Answered" in page and "No answer, busy" in page
    assert page.index("Ada Lovelace") < page.index("Bob Moss")
    part = text(client, reverse("calls:list"), HTTP_HX_REQUEST="true")
    assert part.startswith('<div id="calls"') and "<html" not in part


@pytest.mark.parametrize(
    ("query", "shown"), [("search=lovelace", "Ada"), ("outcome=no_answer", "Bob"), ("search=nova", "Ada")]
)
def test_filters_of_the_address_choose_the_calls(
    client: Any, manager: User, calls: list[Call], query: str, shown: str
) -> None:
    client.force_login(manager)
    page = text(client, f"{reverse('calls:list')}?{query}")
    assert [name for name in ("Ada Lovelace", "Bob Moss") if name in page] == [
        {"Ada": "Ada Lovelace", "Bob": "Bob Moss"}[shown]
    ]
    assert "Remove filter" in page


def test_empty_fields_of_the_form_leave_the_address_and_nonsense_is_told(
    client: Any, manager: User, calls: list[Call]
) -> None:
    client.force_login(manager)
    response = client.get(f"{reverse('calls:list')}?search=&outcome=answered&agent_id=")
    assert response["Location"] == f"{reverse('calls:list')}?outcome=answered"
    assert "Must be one of answered" in text(client, f"{reverse('calls:list')}?outcome=perhaps")
    assert "No call matches" in text(client, f"{reverse('calls:list')}?search=nobody")


def test_an_agent_sees_its_own_calls_alone(client: Any, agent: Agent, calls: list[Call]) -> None:
    client.force_login(agent.user)
    page = text(client, reverse("calls:list"))
    assert "Bob Moss" in page and "Ada Lovelace" not in page
    assert text(client, reverse("calls:detail", args=[calls[0].pk]), 403)


def test_pages_of_calls_are_for_those_who_are_signed_in_and_of_the_company(
    client: Any, stranger: User, calls: list[Call]
) -> None:
    paths = [reverse("calls:list"), reverse("calls:metrics"), reverse("calls:detail", args=[calls[0].pk])]
    assert all(client.get(path).status_code == 302 for path in paths)
    client.force_login(stranger)
    assert "Nobody has been called yet" in text(client, paths[0]) and "No call has ended yet" in text(client, paths[1])
    assert client.get(paths[2]).status_code == 403
    assert client.get(reverse("calls:of_lead", args=[calls[0].lead_id])).status_code == 403


@pytest.mark.parametrize("rows", [1, 30])
def test_the_history_takes_the_same_queries_whatever_its_length(
    client: Any, manager: User, company: Company, voice: Agent, rows: int, django_assert_num_queries: Any
) -> None:
    with company_active(company.pk):
        for _ in range(rows):
            CallFactory(lead=new_lead(voice), agent=voice)
    client.force_login(manager)
    client.get(reverse("calls:list"))
    with django_assert_num_queries(6):
        text(client, reverse("calls:list"))


def test_pages_of_the_history_lead_on_and_back(client: Any, manager: User, company: Company, voice: Agent) -> None:
    with company_active(company.pk):
        for n in range(60):
            CallFactory(lead=new_lead(voice), agent=voice, created_at=NOON - timedelta(minutes=n))
    client.force_login(manager)
    first = client.get(reverse("calls:list")).context
    assert len(first["rows"]) == 50 and first["next"] and not first["back"]
    second = client.get(f"{reverse('calls:list')}?cursor={first['next']}").context
    assert len(second["rows"]) == 10 and not second["next"]
    again = client.get(f"{reverse('calls:list')}?back={second['back']}").context
    assert [row["call"].pk for row in again["rows"]] == [row["call"].pk for row in first["rows"]]
    assert (
        client.get(f"{reverse('calls:list')}?cursor=nonsense").context["rows"][0]["call"].pk
        == first["rows"][0]["call"].pk
    )


def test_one_call_shows_what_was_said_when_and_why_it_was_permitted(
    client: Any, manager: User, company: Company, voice: Agent, due_lead: Lead
) -> None:
    with company_active(company.pk):
        call_due_of(voice.pk, at=NOON)
        place_call(Call.objects.get().pk, at=NOON)
        call = Call.objects.get()
        CallEvent.objects.create(call=call, provider="fake", event_id="1", status=Status.RINGING, at=NOON)
    client.force_login(manager)
    page = text(client, reverse("calls:detail", args=[call.pk]))
    assert "The contact is not marked" in page and "Ringing" in page and "Hang up" in page
    assert f'hx-get="{reverse("calls:detail", args=[call.pk])}" hx-trigger="every 2s"' in page
    with company_active(company.pk):
        Call.objects.filter(pk=call.pk).update(status=Status.FAILED, outcome=Outcome.FAILED, trouble="503 <from> them")
    page = text(client, reverse("calls:detail", args=[call.pk]))
    assert "503 &lt;from&gt; them" in page and "every 2s" not in page and "Hang up" not in page


def test_what_people_say_is_shown_as_text_and_a_recording_can_be_played(
    client: Any, manager: User, calls: list[Call]
) -> None:
    client.force_login(manager)
    page = text(client, reverse("calls:detail", args=[calls[0].pk]))
    assert "&lt;b&gt;Hello&lt;/b&gt;?" in page and "Wants a demo." in page
    assert f'preload="none" src="{reverse("calls:recording", args=[calls[0].pk])}"' in page
    assert "provider.example" not in page
    assert "The product did not dial it" in page


def test_an_outcome_is_set_on_the_page(client: Any, agent: Agent, calls: list[Call]) -> None:
    client.force_login(agent.user)
    url = reverse("calls:disposition", args=[calls[1].pk])
    assert client.post(url, {"disposition": "not_interested"}).status_code == 302
    with company_active(agent.company_id):
        assert Lead.objects.get(pk=calls[1].lead_id).status == "done"
    assert "is not a disposition" in client.post(url, {"disposition": "delighted"}, follow=True).content.decode()


def test_a_lead_is_put_at_the_front_on_its_page(client: Any, agent: Agent, company: Company) -> None:
    with company_active(company.pk):
        lead = new_lead(agent)
        barred = new_lead(agent, contact=ContactFactory(do_not_contact=True))
    client.force_login(agent.user)
    assert reverse("calls:of_lead", args=[lead.pk]) in text(client, reverse("leads:detail", args=[lead.pk]))
    assert client.post(reverse("calls:schedule", args=[lead.pk])).status_code == 302
    with company_active(company.pk):
        assert Lead.objects.get(pk=lead.pk).front_at is not None
    refused = client.post(reverse("calls:schedule", args=[barred.pk]), HTTP_HX_REQUEST="true").content.decode()
    assert "do not contact" in refused and refused.startswith('<section class="panel" id="lead-calls"')


def test_a_call_is_logged_on_its_page_and_what_is_wrong_is_told(client: Any, agent: Agent, company: Company) -> None:
    with company_active(company.pk):
        lead = new_lead(agent)
    client.force_login(agent.user)
    url = reverse("calls:log", args=[lead.pk])
    assert "Log the call" in text(client, url)
    wrong = client.post(url, {"outcome": "answered", "direction": "outbound", "minutes": "-4"})
    assert wrong.status_code == 422 and "greater than or equal to 0" in wrong.content.decode()
    given = {
        "outcome": "answered",
        "direction": "outbound",
        "minutes": "3",
        "disposition": "contacted",
        "summary": "Hi",
    }
    assert client.post(url, given).status_code == 302
    with company_active(company.pk):
        call = Call.objects.get()
        assert (call.agent_id, call.duration_seconds, call.disposition, call.lead.attempts_count) == (
            agent.pk,
            180,
            "contacted",
            1,
        )


def test_the_figures_have_a_table_beside_each_chart(
    client: Any, manager: User, calls: list[Call], django_assert_num_queries: Any
) -> None:
    client.force_login(manager)
    page = text(client, reverse("calls:metrics"))
    assert "50.0%" in page and page.count("<canvas") == 3 and page.count("As a table") == 3
    assert 'id="call-figures" type="application/json"' in page and "No answer, busy" in page
    with django_assert_num_queries(7):
        text(client, f"{reverse('calls:metrics')}?start_date=2026-01-01")


def test_managers_find_calls_on_the_desk_and_call_them_off_there(
    client: Any, manager: User, agent: Agent, company: Company, voice: Agent, due_lead: Lead
) -> None:
    with company_active(company.pk):
        call_due_of(voice.pk, at=NOON)
        call = Call.objects.get()
    client.force_login(manager)
    page = text(client, reverse("admin:calls_call_changelist"))
    assert "Nova" in page
    client.post(reverse("admin:calls_call_changelist"), {"action": "cancel", "_selected_action": [str(call.pk)]})
    with company_active(company.pk):
        assert Call.objects.get().status == Status.CANCELED
    client.force_login(agent.user)
    assert client.get(reverse("admin:calls_call_changelist")).status_code in (302, 403)


def test_a_leads_timeline_names_who_called(client: Any, company: Company, due_lead: Lead, manager: User) -> None:
    with company_active(company.pk):
        call_due_of(due_lead.agent_id, at=NOON)  # type: ignore[arg-type]
        place_call(Call.objects.get().pk, at=NOON)
    client.force_login(manager)
    page = text(client, f"/leads/{due_lead.pk}/")
    assert '<span>Nova</span> <span class="mut">placed a call</span>' in page
    assert '<span>The telephone</span> <span class="mut">made the first response</span>' in page
