"""The board: columns with right sums under any filter, cards by cursor, moves by the rules, and taking them back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils.timezone import now

from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.lists.models import SavedSearch
from leads import board
from leads.models import Lead, StageChange
from leads.tests.assigning import make_leads
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.django_db

URL = "/leads/board/"
HTMX = {"HTTP_HX_REQUEST": "true"}
QUERIES = 9  # session, user, savepoint-free: saved views, dispositions, agents, sums, cards, own agent, one in reserve


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(manager) -> Client:
    return signed_in(manager)


def a_lead(**fields: Any) -> Lead:
    contact = {name: fields.pop(name) for name in ("first_name", "last_name", "organization") if name in fields}
    return LeadFactory(contact=ContactFactory(**contact), **fields)


def columns(response: Any) -> dict[str, Any]:
    return {str(column["stage"]): column for column in response.context["columns"]}


def told(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def fresh(lead: Lead) -> Lead:
    return Lead.objects.select_related("contact", "agent").get(pk=lead.pk)


# --- Columns ------------------------------------------------------------------------------------------------------


def test_each_stage_is_a_column_with_its_number_its_worth_and_how_long_leads_stay(desk, agent, in_company):
    at = now()
    a_lead(first_name="Bo", last_name="Li", organization="Kestrel", stage="sql", score=81, deal_value=6250, agent=agent,
           stage_changed_at=at - timedelta(days=2), deadline=at + timedelta(minutes=20))  # fmt: skip
    a_lead(stage="sql", deal_value=750, stage_changed_at=at - timedelta(days=4))
    a_lead(stage="lost", status="done")
    response = desk.get(URL)
    found = columns(response)
    assert [*found] == ["lead", "mql", "sql", "opportunity", "customer", "lost"]
    sums = found["sql"]["sums"]
    assert (sums.count, sums.value, sums.age.days, sums.longest.days) == (2, 7000, 3, 4)
    assert (found["lost"]["sums"].count, found["lost"]["sums"].value, found["mql"]["sums"].count) == (1, 0, 0)
    shown = response.content.decode()
    for words in ("Bo Li", "Kestrel", "$6,250", "$7,000", "81", "19 min left", "Priya Rao", "3 in all"):
        assert words in shown


def test_numbers_are_those_of_the_filters_and_a_stage_filter_leaves_its_columns_alone(desk, agent, in_company):
    for stage, worth in (("lead", 100), ("lead", 200), ("sql", 400), ("mql", 800)):
        a_lead(stage=stage, deal_value=worth, agent=agent if worth > 100 else None)
    sums = {stage: column["sums"] for stage, column in columns(desk.get(f"{URL}?agent_id={agent.pk}")).items()}
    assert {stage: (one.count, one.value) for stage, one in sums.items() if one.count} == {
        "lead": (1, 200), "sql": (1, 400), "mql": (1, 800),
    }  # fmt: skip
    response = desk.get(f"{URL}?stage=sql,mql&min_deal_value=500")
    assert {stage: column["sums"].count for stage, column in columns(response).items()} == {"mql": 1, "sql": 0}
    assert response.context["total_words"] == "1 match"
    assert [chip.name for chip in response.context["chips"]] == ["stage", "min_deal_value"]


def test_a_kept_view_and_the_search_hold_on_the_board_too(desk, manager, in_company):
    kept = SavedSearch.objects.create(
        owner=manager, name="Warm", object="leads", filters={"stage": ["mql"]}, columns=[]
    )
    a_lead(first_name="Theodora", stage="mql"), a_lead(first_name="Bo", stage="mql"), a_lead(stage="lead")
    assert {s: c["sums"].count for s, c in columns(desk.get(f"{URL}?saved_search={kept.pk}")).items()} == {"mql": 2}
    response = desk.get(f"{URL}?saved_search={kept.pk}&search=theod", **HTMX)
    assert b"Theodora" in response.content and b"<html" not in response.content
    assert columns(response)["mql"]["sums"].count == 1


def test_the_switch_between_list_and_board_keeps_the_address(desk, in_company):
    shown = desk.get(f"{URL}?stage=sql&ordering=deadline")
    assert shown.context["list_url"] == "/leads/?stage=sql&ordering=deadline"
    assert desk.get(f"{URL}?stage=sql&ordering=stage_changed_at").context["list_url"] == "/leads/?stage=sql"
    assert desk.get("/leads/?stage=sql&ordering=last_name").context["board_url"] == f"{URL}?stage=sql"
    assert desk.get(f"{URL}?stage=sql&ordering=last_name").url == f"{URL}?stage=sql"


def test_the_boards_filters_are_kept_as_a_view_and_one_comes_back_to_the_board(desk, manager, in_company):
    form = {"name": "Warm", "query": "stage=mql&min_score=60", "columns": "stage,score", "shape": "leads:board"}
    assert b'name="shape" value="leads:board"' in desk.get(f"{URL}?stage=mql&min_score=60").content
    answer = desk.post("/lists/leads/views/", form)
    kept = SavedSearch.objects.get()
    assert (kept.name, kept.filters, kept.owner) == ("Warm", {"stage": "mql", "min_score": "60"}, manager)
    assert answer.url == f"{URL}?saved_search={kept.pk}"
    opened = desk.get(answer.url)
    assert opened.context["view"]["kept"] == kept and [*columns(opened)] == ["mql"]
    assert desk.post("/lists/leads/views/", {**form, "name": ""}).url == f"{URL}?stage=mql&min_score=60"
    assert desk.post(f"/lists/views/{kept.pk}/delete/", {"shape": "leads:board"}).url == URL
    assert desk.post("/lists/leads/views/", {**form, "shape": "admin:index"}).url.startswith("/leads/?")


def test_the_boards_leads_are_taken_along_as_a_file_under_its_filters(desk, in_company):
    a_lead(first_name="Theodora", stage="mql"), a_lead(first_name="Bo", stage="sql")
    menu = desk.get(f"{URL}?stage=mql&ordering=stage_changed_at").context["export"]
    assert menu["kept"] == [("stage", "mql")]  # a file can't be sorted by how long leads stand in a stage
    asked = {**dict(menu["kept"]), "shape": menu["shape"], "columns": ["first_name", "stage"], "format": "csv"}
    answer = desk.get(menu["url"], asked)
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["first_name", "Theodora"]
    assert desk.get(menu["url"], {**asked, "stage": "marble"}).url.startswith(URL)


@pytest.mark.parametrize("query", ["colour=red", "stage=marble", "ordering=shoe_size", "agent_id=x", "search=%00"])
def test_an_address_that_no_filter_understands_says_so(desk, in_company, query):
    response = desk.get(f"{URL}?{query}")
    assert response.status_code == 200 and response.context["problems"]
    assert b"Show the whole board" in response.content


def test_an_agent_sees_its_own_leads_alone_and_no_stranger_sees_any(agent, other_agent, stranger, in_company):
    a_lead(first_name="Mine", agent=agent), a_lead(first_name="Theirs", agent=other_agent)
    shown = signed_in(agent.user).get(URL)
    assert b"Mine" in shown.content and b"Theirs" not in shown.content
    assert columns(shown)["lead"]["sums"].count == 1
    assert b"Mine" not in signed_in(stranger).get(URL).content
    assert Client().get(URL).status_code == 302


def test_an_empty_board_offers_the_first_step(desk, in_company):
    shown = desk.get(URL).content
    assert b"Add the first one" in shown and b"Import a file" in shown
    a_lead()
    assert b"No lead of this stage matches" in desk.get(f"{URL}?stage=sql").content


# --- Cards --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ordering", [*board.SORT_WORDS])
def test_more_cards_go_on_behind_the_last_one_in_every_order(desk, in_company, monkeypatch, ordering):
    monkeypatch.setattr(board, "CARDS", 2)
    at = now()
    for n, lead in enumerate(made := make_leads(5)):
        values = {"deal_value": (None, 5, 7, 7, None)[n], "deadline": None if n % 2 else at + timedelta(hours=n)}
        moments = {"stage_changed_at": at - timedelta(hours=n), "score": n * 7 % 5, "updated_at": at}
        Lead.objects.filter(pk=lead.pk).update(**values, **moments)
    column = columns(desk.get(f"{URL}?ordering={ordering}"))["lead"]
    seen = ids(column["cards"])
    assert len(seen) == 2
    while column["more"]:
        response = desk.get(f"{URL}more/{column['more']}", **HTMX)
        column = response.context
        seen += ids(column["cards"])
    expected = [str(lead.pk) for lead in board.order_of({"ordering": ordering}).take(Lead.objects.all(), 9)]
    assert seen == expected and len(made) == 5


def ids(cards: Any) -> list[str]:
    return [str(card).partition('id="card-')[2][:36] for card in cards]


def test_without_script_more_is_the_list_of_that_stage(desk, in_company):
    assert desk.get(f"{URL}more/?column=sql&cursor=x&source=fair").url == "/leads/?source=fair&stage=sql"
    assert desk.get(f"{URL}more/?column=marble").status_code == 404
    assert desk.get(f"{URL}more/?column=sql&cursor=%00rubbish", **HTMX).status_code == 200


@pytest.mark.parametrize("each", [1, 30])
def test_the_board_costs_the_same_with_six_cards_and_with_a_hundred(
    desk, agent, in_company, each, django_assert_max_num_queries
):
    for stage in ("lead", "mql", "sql", "opportunity", "customer", "lost"):
        make_leads(each, start=1000 * each + hash(stage) % 10_000 * 100, stage=stage, agent=agent)
    with django_assert_max_num_queries(QUERIES):
        response = desk.get(f"{URL}?status=new")
    assert sum(len(column["cards"]) for column in columns(response).values()) == 6 * min(each, board.CARDS)


# --- Moving -------------------------------------------------------------------------------------------------------


def test_a_card_is_moved_by_the_action_and_only_what_changed_is_answered(desk, manager, in_company):
    lead = a_lead(first_name="Bo", last_name="Li", deal_value=900)
    a_lead(stage="sql", deal_value=100)
    response = desk.post(f"/leads/{lead.pk}/move/?in=&at=board", {"stage": "sql"}, **HTMX)
    body = response.content.decode()
    assert response.status_code == 200
    assert f'id="card-{lead.pk}" hx-swap-oob="delete"' in body and 'hx-swap-oob="afterbegin:#cards-sql"' in body
    sums = {str(head["stage"]): head["sums"] for head in response.context["heads"]}
    assert (sums["lead"].count, sums["sql"].count, sums["sql"].value) == (0, 2, 1000)
    assert "Bo Li: SQL." in body and "<html" not in body
    assert fresh(lead).stage == "sql"
    move = StageChange.objects.get(lead=lead)
    assert (move.from_stage, move.to_stage, move.user) == ("lead", "sql", manager)
    assert AuditEntry.objects.filter(action="lead.stage_changed", object_id=lead.pk).count() == 1


def test_the_toast_takes_a_move_back_whole(desk, agent, in_company):
    at = now().replace(microsecond=0)  # the journal keeps milliseconds
    lead = a_lead(first_name="Bo", agent=agent, assigned_at=at, deadline=at + timedelta(hours=1), stage_changed_at=at)
    before = fresh(lead)
    desk.post(f"/leads/{lead.pk}/move/", {"stage": "lost"}, **HTMX)
    assert (fresh(lead).status, fresh(lead).closed_at is None) == ("done", False)
    url = undo_url(lead)
    response = desk.post(url, headers={"referer": f"http://testserver{URL}?source=fair"})
    assert (response.url, told(response)) == (f"{URL}?source=fair", ["Taken back: Bo Byron is as before."])
    after = fresh(lead)
    for name in ("stage", "status", "closed_at", "stage_changed_at", "first_response_at", "agent", "deadline"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.contact.lifecycle_stage == "lead"
    assert told(desk.post(url))[-1] == "It has been taken back already."


def undo_url(lead: Lead) -> str:
    from crm.audit.models import JournalEntry

    change = JournalEntry.objects.filter(object_id=lead.pk, batch__isnull=False).latest("pk").batch
    return f"/leads/{lead.pk}/back/{change}/"


def test_what_changed_since_stays_and_is_told(desk, manager, in_company):
    lead = a_lead()
    desk.post(f"/leads/{lead.pk}/move/", {"stage": "sql"})
    url = undo_url(lead)
    desk.post(f"/leads/{lead.pk}/move/", {"stage": "opportunity"})
    assert "changed since: stage" in told(desk.post(url))[-1]
    assert fresh(lead).stage == "opportunity"


def test_leaving_customer_or_lost_asks_for_the_reason_and_the_card_stays_without(desk, in_company):
    lead = a_lead(first_name="Bo", stage="lost", status="done", closed_at=now())
    menu = desk.get(f"/leads/{lead.pk}/move/?to=sql&in=", **HTMX).content.decode()
    assert 'name="reason"' in menu and '<option value="sql" selected>' in menu
    refused = desk.post(f"/leads/{lead.pk}/move/?in=", {"stage": "sql"}, **HTMX)
    assert refused.status_code in (400, 409, 422)
    assert f'id="card-{lead.pk}"' in refused.content.decode() and 'hx-swap-oob="true"' in refused.content.decode()
    assert b'class="told error"' in refused.content
    assert fresh(lead).stage == "lost" and not StageChange.objects.exists()
    desk.post(f"/leads/{lead.pk}/move/?in=", {"stage": "sql", "reason": "called back"}, **HTMX)
    assert (fresh(lead).stage, fresh(lead).status) == ("sql", "in_progress")
    assert StageChange.objects.get().reason == "called back"


def test_a_card_that_the_filters_leave_out_afterwards_goes_and_it_is_said(desk, in_company):
    lead = a_lead(first_name="Bo", stage="sql")
    body = desk.post(f"/leads/{lead.pk}/move/?in=stage%3Dsql", {"stage": "mql"}, **HTMX).content.decode()
    assert 'hx-swap-oob="delete"' in body and "afterbegin" not in body
    assert "does not match the filters any more" in body


def test_without_script_the_menu_is_a_page_with_a_plain_form(desk, in_company):
    lead = a_lead(first_name="Bo")
    shown = desk.get(f"/leads/{lead.pk}/move/?in=source%3Dfair&at=board").content.decode()
    assert "<html" in shown and f'action="/leads/{lead.pk}/move/?in=source%3Dfair&amp;at=board"' in shown
    response = desk.post(f"/leads/{lead.pk}/move/?in=source%3Dfair&at=board", {"stage": "mql"})
    assert response.url == f"{URL}?source=fair"
    assert fresh(lead).stage == "mql"


@pytest.mark.parametrize("form", [{}, {"stage": "marble"}, {"stage": "sql", "reason": "x" * 2000}, {"stage": "\x00"}])
def test_a_move_that_makes_no_sense_changes_nothing(desk, in_company, form):
    lead = a_lead()
    assert desk.post(f"/leads/{lead.pk}/move/", form, **HTMX).status_code == 400
    assert fresh(lead).stage == "lead" and not StageChange.objects.exists()


def test_the_same_stage_again_says_nothing_and_changes_nothing(desk, in_company):
    lead = a_lead(stage="sql")
    response = desk.post(f"/leads/{lead.pk}/move/", {"stage": "sql"}, **HTMX)
    assert response.status_code == 200 and told(response) == []
    assert not StageChange.objects.exists()


def test_strangers_and_colleagues_move_and_take_back_nothing(desk, agent, other_agent, stranger, in_company):
    lead = a_lead(agent=agent)
    desk.post(f"/leads/{lead.pk}/move/", {"stage": "sql"})
    url = undo_url(lead)
    for user in (stranger, other_agent.user):
        client = signed_in(user)
        assert client.get(f"/leads/{lead.pk}/move/").status_code == 403
        assert client.post(f"/leads/{lead.pk}/move/", {"stage": "lost"}).status_code == 403
        assert client.post(url).status_code == 403
    with company_active(lead.company_id):
        assert fresh(lead).stage == "sql"
    other = a_lead()
    assert desk.post(url.replace(str(lead.pk), str(other.pk))).status_code == 404


def test_previous_and_next_follow_the_column_that_one_came_from(desk, in_company):
    at = now()
    first, second, third = (a_lead(stage="sql", stage_changed_at=at - timedelta(hours=n)) for n in range(3))
    a_lead(stage="mql", stage_changed_at=at - timedelta(minutes=90))
    shown = desk.get(f"/leads/{second.pk}/?in=source%3D&at=board").context
    assert shown["back_url"] == URL
    assert str(first.pk) in shown["previous_url"] and str(third.pk) in shown["next_url"]
    assert "at=board" in shown["next_url"]
