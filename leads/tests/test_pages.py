"""The pages of leads, as a browser without JavaScript uses them; parts for HTMX where they differ."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from crm.audit.models import JournalEntry
from crm.core.tenancy import company_active
from leads.models import Assignment, Lead, Note
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.django_db

HTMX = {"HTTP_HX_REQUEST": "true"}
PLAIN_QUERIES = 8  # session, user, rows, count, agents with their loads, dispositions, own agent, and one in reserve


def page_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(manager):
    return page_of(manager)


@pytest.fixture
def agents_desk(agent):
    return page_of(agent.user)


def a_lead(company, **fields: Any) -> Lead:
    contact = {
        name: fields.pop(name) for name in ("first_name", "last_name", "organization", "phone_e164") if name in fields
    }
    with company_active(company.pk):
        return LeadFactory(contact=ContactFactory(**contact), **fields)


def fresh(lead: Lead) -> Lead:
    with company_active(lead.company_id):
        return Lead.objects.select_related("agent", "contact").get(pk=lead.pk)


def told(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


# --- Who may see what --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["leads:list", "leads:new", "leads:counts", "leads:similar"])
def test_a_page_asks_strangers_to_sign_in(client, name, db):
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")


def test_another_companys_lead_is_forbidden_and_unnamed(stranger, company):
    lead = a_lead(company, first_name="Theodora")
    client = page_of(stranger)
    for path in ("", "edit/", "cell/stage/"):
        response = client.get(f"/leads/{lead.pk}/{path}", **HTMX)
        assert response.status_code == 403
        assert b"Theodora" not in response.content
    for path in ("stage/", "note/", "assign/", "unassign/", "delete/", "disposition/", "priority/", "restore/"):
        assert client.post(f"/leads/{lead.pk}/{path}").status_code == 403
    assert fresh(lead).updated_at == lead.updated_at


def test_an_agent_sees_its_own_leads_and_not_a_colleagues(agents_desk, agent, other_agent, company):
    mine, theirs = (
        a_lead(company, first_name="Mine", agent=agent),
        a_lead(company, first_name="Theirs", agent=other_agent),
    )
    shown = agents_desk.get("/leads/").content.decode()
    assert "Mine" in shown and "Theirs" not in shown
    assert agents_desk.get(f"/leads/{mine.pk}/").status_code == 200
    assert agents_desk.get(f"/leads/{theirs.pk}/").status_code == 403


def test_no_such_lead_is_404(desk):
    assert desk.get("/leads/01981c5e-7d2a-7c3e-9f10-2b6c1a5d4e3f/").status_code == 404


# --- The list ----------------------------------------------------------------------------------------------------


def test_the_list_shows_a_lead_with_stage_clock_and_agents_load(desk, agent, company):
    a_lead(
        company, first_name="Bo", last_name="Li", organization="Kestrel Freight", agent=agent, stage="mql", score=81,
        assigned_at=now() - timedelta(minutes=100), deadline=now() + timedelta(minutes=20), deal_value=6250,
    )  # fmt: skip
    shown = desk.get("/leads/").content.decode()
    for words in ("Bo Li", "Kestrel Freight", "MQL", "81", "Hot", "19 min left", "1/25", "$6,250", "1 in all"):
        assert words in shown


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_costs_the_same_with_one_row_and_with_thirty(
    desk, agent, company, rows, django_assert_max_num_queries
):
    for _ in range(rows):
        a_lead(company, agent=agent)
    with django_assert_max_num_queries(PLAIN_QUERIES):
        response = desk.get("/leads/?status=new")
    assert len(response.context["rows"]) == rows


def test_filters_stand_in_the_address_and_each_chip_takes_its_own_away(desk, company):
    a_lead(company, first_name="Wanted", stage="sql", score=50)
    a_lead(company, first_name="Other", stage="lead", score=50)
    response = desk.get("/leads/?stage=sql,mql&min_score=20")
    shown = response.content.decode()
    assert "Wanted" in shown and "Other" not in shown
    chips = {chip.name: chip for chip in response.context["chips"]}
    assert chips["stage"].text == "is SQL, MQL" and chips["stage"].without == "?min_score=20"
    assert chips["min_score"].text == "is 20 or more" and chips["min_score"].without == "?stage=sql%2Cmql"


def test_the_filter_form_works_without_script_and_leaves_a_tidy_address(desk):
    response = desk.get("/leads/?stage=sql&stage=mql&search=&source=&min_score=20")
    assert response.status_code == 302
    assert response.url == "/leads/?stage=sql%2Cmql&min_score=20"


@pytest.mark.parametrize("query", ["colour=red", "stage=marble", "min_score=many", "ordering=shoe_size", "agent_id=x"])
def test_an_address_that_no_filter_understands_says_so(desk, company, query):
    a_lead(company, first_name="Bo")
    response = desk.get(f"/leads/?{query}")
    assert response.status_code == 200
    assert response.context["problems"] and b"Show all leads" in response.content
    assert not response.context["rows"]


def test_search_finds_by_name_in_any_case_and_accent(desk, company):
    from crm.core.text import fold

    a_lead(company, first_name="José", search_text=fold("José Figueiredo"))
    assert "José" in desk.get("/leads/?search=JOSE").content.decode()
    assert "No lead matches" in desk.get("/leads/?search=nobody").content.decode()


def test_paging_by_cursor_goes_on_and_comes_back(desk, company, monkeypatch):
    monkeypatch.setattr("leads.listing.PAGE_ROWS", 3)
    for n in range(7):
        a_lead(company, first_name=f"Lead{n}", created_at=now() - timedelta(hours=n))
    first = desk.get("/leads/")
    second = desk.get("/leads/", {"cursor": first.context["page"].next})
    third = desk.get("/leads/", {"cursor": second.context["page"].next})
    names = [[row.name.split()[0] for row in page.context["rows"]] for page in (first, second, third)]
    assert names == [["Lead0", "Lead1", "Lead2"], ["Lead3", "Lead4", "Lead5"], ["Lead6"]]
    assert third.context["page"].next == ""
    again = desk.get("/leads/", {"back": third.context["page"].back})
    assert [row.name.split()[0] for row in again.context["rows"]] == names[1]
    assert again.context["page"].next and again.context["page"].back
    assert desk.get("/leads/?cursor=nonsense").context["page"].rows == first.context["page"].rows


def test_sorting_links_turn_round(desk, company):
    low, high = a_lead(company, score=5), a_lead(company, score=90)
    response = desk.get("/leads/?ordering=-score")
    assert [row.lead.pk for row in response.context["rows"]] == [high.pk, low.pk]
    assert response.context["sort"]["score"] == {"query": "?ordering=score", "aria": "descending", "icon": "arrow-down"}
    assert response.context["sort"]["deadline"]["query"] == "?ordering=deadline"


def test_the_count_is_exact_to_a_limit_and_waits_for_no_more(desk, company, monkeypatch):
    for _ in range(4):
        a_lead(company)
    assert desk.get("/leads/").context["total_words"] == "4 in all"
    monkeypatch.setattr("leads.listing.COUNT_LIMIT", 3)
    assert desk.get("/leads/").context["total_words"] == "3+ in all"


def test_columns_are_chosen_and_kept(desk, company):
    a_lead(company, source="Fair in Tucson")
    assert "Fair in Tucson" not in desk.get("/leads/").content.decode()
    response = desk.post("/leads/columns/", {"columns": ["source", "nonsense"], "next": "/leads/?status=new"})
    assert response.url == "/leads/?status=new"
    response = desk.get("/leads/")
    assert [column["key"] for column in response.context["columns"]] == ["source"]
    assert "Fair in Tucson" in response.content.decode()
    desk.post("/leads/columns/", {"usual": "1", "columns": ["source"]})
    assert len(desk.get("/leads/").context["columns"]) == 7


def test_choosing_columns_does_not_redirect_to_another_site(desk):
    assert desk.post("/leads/columns/", {"next": "https://evil.example/"}).url == "/leads/"


@pytest.mark.parametrize(
    "target", ["", "0x10", "\x00", "-", "a,b", "\\", "%", "leads:list", "http://x", "//x", "1e999"]
)
def test_where_to_go_back_to_may_be_rubbish(desk, company, target):
    assert desk.post("/leads/columns/", {"columns": "source", "next": target}).status_code == 302
    lead = a_lead(company)
    desk.post(f"/leads/{lead.pk}/cell/priority/", {"priority": "4"}, **HTMX)
    with company_active(company.pk):
        change = JournalEntry.objects.latest("pk").batch
    answer = desk.post(f"/leads/{lead.pk}/back/{change}/", headers={"referer": target.replace("\x00", "%00")})
    assert answer.status_code == 302 and not answer.url.startswith(("http", "//"))
    assert fresh(lead).priority == 2


def test_the_tabs_count_what_their_lists_show(desk, agents_desk, agent, company):
    a_lead(company)
    a_lead(company, agent=agent, assigned_at=now(), deadline=now() - timedelta(minutes=5))
    a_lead(company, agent=agent, status="done", closed_at=now())
    counts = {view["key"]: view["count"] for view in desk.get("/leads/counts/", **HTMX).context["views"]}
    assert counts == {"open": "2", "unassigned": "1", "due": "0", "breached": "1", "all": "3"}
    for view in desk.get("/leads/").context["views"]:
        response = desk.get(f"/leads/{view['query']}")
        assert len(response.context["rows"]) == int(counts[view["key"]])
        assert [v["key"] for v in response.context["views"] if v["current"]] == [view["key"]]
    own = {view["key"]: view["count"] for view in agents_desk.get("/leads/counts/", **HTMX).context["views"]}
    assert own == {"open": "1", "mine": "1", "due": "0", "breached": "1", "all": "2"}


def test_the_filter_menu_comes_when_it_is_opened_and_is_a_page_without_script(desk, agent, company):
    query = "stage=sql&source=fair&campaign_id=x&search=bo"
    page = desk.get(f"/leads/?{query}")
    assert page.context["in_menu"] == [("stage", "sql"), ("source", "fair")]
    assert page.context["kept"] == [("campaign_id", "x")]
    part = desk.get(f"/leads/filter/?{query}", **HTMX).content.decode()
    assert "<html" not in part and 'value="sql" checked' in part and agent.name in part
    plain = desk.get(f"/leads/filter/?{query}&shape=board").content.decode()
    assert '<form class="form filterform" action="/leads/board/">' in plain and 'name="search" value="bo"' in plain


def test_the_agents_of_the_bulk_bar_come_with_their_loads_when_it_is_opened(desk, agents_desk, agent, company):
    a_lead(company, agent=agent)
    part = desk.get("/leads/agents/", **HTMX).content.decode()
    assert agent.name in part and "1/25" in part and "<html" not in part
    assert desk.get("/leads/agents/").url == "/leads/share/"
    assert agents_desk.get("/leads/agents/", **HTMX).status_code == 200


def test_htmx_gets_the_list_alone_and_history_the_whole_page(desk, company):
    assert desk.get("/leads/", **HTMX).content.lstrip().startswith(b'<div id="list"')
    assert b"<!doctype html>" in desk.get("/leads/", **HTMX, HTTP_HX_HISTORY_RESTORE_REQUEST="true").content


def test_an_empty_list_offers_the_first_step(desk, agents_desk):
    assert b"Add the first one" in desk.get("/leads/").content
    assert b"No leads with you yet" in agents_desk.get("/leads/").content
    assert b"No lead matches" in desk.get("/leads/?stage=sql").content


# --- Ticked leads ------------------------------------------------------------------------------------------------


def test_ticked_leads_are_shared_out_and_the_result_says_who_got_how_many(desk, agent, other_agent, company):
    leads = [a_lead(company) for _ in range(4)]
    form = {
        "do": "assign",
        "ids": [lead.pk for lead in leads],
        "strategy": "capacity",
        "agents": [agent.pk, other_agent.pk],
    }
    response = desk.post("/leads/assign/?status=new", form)
    assert response.url == "/leads/?status=new"
    page = desk.get(response.url)
    assert page.context["shared_out"]["title"] == "4 leads assigned"
    assert {share["name"]: share["count"] for share in page.context["shared_out"]["given"]} == {
        agent.name: 2,
        other_agent.name: 2,
    }
    assert {fresh(lead).agent_id for lead in leads} == {agent.pk, other_agent.pk}
    assert desk.get("/leads/").context["shared_out"] is None


def test_what_could_not_be_placed_is_named_with_the_reason(desk, agent, company):
    with company_active(company.pk):
        type(agent).objects.filter(pk=agent.pk).update(max_capacity=1)
    first, second = a_lead(company, first_name="First"), a_lead(company, first_name="Second")
    form = {"do": "assign", "ids": [first.pk, second.pk], "strategy": "manual", "agents": [agent.pk]}
    page = desk.post("/leads/assign/", form, follow=True)
    result = page.context["shared_out"]
    assert result["title"] == "1 lead assigned, 1 not"
    assert [(reason["count"], reason["why"], len(reason["leads"])) for reason in result["failed"]] == [
        (1, f"{agent.name} has no room: 1 of 1 open leads", 1)
    ]
    assert result["failed"][0]["leads"][0]["name"].split()[0] == "Second"
    assert "1 lead assigned, 1 not." in page.content.decode()


def test_many_leads_that_stay_for_one_reason_are_told_in_one_line(desk, agent, company):
    with company_active(company.pk):
        type(agent).objects.filter(pk=agent.pk).update(max_capacity=0)
    leads = [a_lead(company) for _ in range(7)]
    form = {"do": "assign", "ids": [lead.pk for lead in leads], "strategy": "capacity", "agents": [agent.pk]}
    (reason,) = desk.post("/leads/assign/", form, follow=True).context["shared_out"]["failed"]
    assert (reason["count"], len(reason["leads"]), reason["more"]) == (7, 5, 2)


def test_everything_that_matches_is_assigned_and_nothing_else(desk, agent, company):
    wanted = [a_lead(company, stage="sql") for _ in range(3)]
    other = a_lead(company, stage="lead")
    form = {"do": "assign", "everything": "1", "strategy": "manual", "agents": [agent.pk]}
    asked = desk.post("/leads/assign/?stage=sql", form)
    assert asked.context["title"] == "Assign 3 leads?" and not any(fresh(lead).agent_id for lead in wanted)
    desk.post("/leads/assign/?stage=sql", {**form, "confirmed": "1"})
    assert all(fresh(lead).agent_id == agent.pk for lead in wanted)
    assert fresh(other).agent_id is None


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"strategy": "capacity"}, "Tick at least one lead first."),
        ({"ids": ["nonsense"], "strategy": "capacity"}, "Tick at least one lead first."),
        ({"ids": "lead", "strategy": "manual"}, "By hand needs an agent: tick whom the leads go to."),
        (
            {"ids": "lead", "strategy": "astrology"},
            "Select a valid choice. astrology is not one of the available choices.",
        ),
        ({"everything": "1", "strategy": "capacity"}, "Unknown parameter."),
    ],
)
def test_a_bulk_form_that_makes_no_sense_says_why(desk, company, form, says):
    lead = a_lead(company)
    if form.get("ids") == "lead":
        form = {**form, "ids": [lead.pk]}
    response = desk.post(f"/leads/assign/{'?colour=red' if 'everything' in form else ''}", form)
    assert told(response) == [says]
    assert fresh(lead).agent_id is None


def test_ticked_leads_return_to_the_queue(desk, agent, company):
    lead = a_lead(company, agent=agent)
    response = desk.post("/leads/assign/", {"do": "unassign", "ids": [lead.pk]})
    assert told(response) == ["1 lead returned to the queue."]
    assert fresh(lead).agent_id is None


def test_an_agent_hands_on_its_own_leads_alone(agents_desk, agent, other_agent, company):
    mine, theirs = a_lead(company, agent=agent), a_lead(company)
    form = {"do": "assign", "ids": [mine.pk, theirs.pk], "strategy": "manual", "agents": [other_agent.pk]}
    agents_desk.post("/leads/assign/", form)
    assert fresh(mine).agent_id == other_agent.pk
    assert fresh(theirs).agent_id is None


def test_claiming_opens_the_lead_that_was_claimed(agents_desk, agent, company):
    lead = a_lead(company)
    response = agents_desk.post("/leads/claim/")
    assert response.url == f"/leads/{lead.pk}/"
    assert fresh(lead).agent_id == agent.pk
    response = agents_desk.post("/leads/claim/")
    assert response.url == "/leads/" and "No lead is waiting to be claimed." in told(response)


def test_claiming_where_the_company_does_not_want_it_says_so(agents_desk, company):
    a_lead(company)
    company.agents_may_claim = False
    company.save()
    assert "do not claim" in told(agents_desk.post("/leads/claim/"))[-1]
    assert b"Claim next" not in agents_desk.get("/leads/").content


def test_a_manager_without_an_agent_can_not_claim(desk):
    assert desk.post("/leads/claim/").status_code == 403


# --- Cells -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["stage", "priority", "disposition", "agent"])
def test_a_cell_opens_a_menu_by_htmx_and_the_leads_page_without(desk, agent, company, what):
    lead = a_lead(company, agent=agent)
    menu = desk.get(f"/leads/{lead.pk}/cell/{what}/", **HTMX).content.decode()
    assert 'popover data-at="' in menu and f'name="{what}"' in menu
    assert desk.get(f"/leads/{lead.pk}/cell/{what}/").url == f"/leads/{lead.pk}/"
    assert desk.get(f"/leads/{lead.pk}/cell/colour/", **HTMX).status_code == 404


def test_a_cell_changes_its_lead_and_answers_with_the_row(desk, agent, company):
    lead = a_lead(company, first_name="Bo")
    row = desk.post(f"/leads/{lead.pk}/cell/stage/", {"stage": "sql"}, **HTMX).content.decode()
    assert f'id="row-{lead.pk}"' in row and "SQL" in row and 'hx-swap-oob="beforeend:#toasts"' in row
    desk.post(f"/leads/{lead.pk}/cell/priority/", {"priority": "4"}, **HTMX)
    desk.post(f"/leads/{lead.pk}/cell/agent/", {"agent": agent.pk}, **HTMX)
    desk.post(f"/leads/{lead.pk}/cell/disposition/", {"disposition": "contacted"}, **HTMX)
    changed = fresh(lead)
    assert (changed.stage, changed.priority, changed.agent_id, changed.disposition) == ("sql", 4, agent.pk, "contacted")
    desk.post(f"/leads/{lead.pk}/cell/agent/", {"agent": ""}, **HTMX)
    assert fresh(lead).agent_id is None


@pytest.mark.parametrize(
    ("what", "value", "field"),
    [("stage", "lost", "stage"), ("priority", "4", "priority"), ("disposition", "not_interested", "disposition")],
)
def test_what_a_cell_changed_is_taken_back_from_the_toast(desk, agent, company, what, value, field):
    moment = now().replace(microsecond=0)
    lead = a_lead(company, agent=agent, assigned_at=moment, stage_changed_at=moment)
    before = fresh(lead)
    shown = desk.post(f"/leads/{lead.pk}/cell/{what}/", {what: value}, **HTMX).content.decode()
    assert getattr(fresh(lead), field) != getattr(before, field)
    url = shown.partition('action="/leads/')[2].partition('"')[0]
    assert url.startswith(f"{lead.pk}/back/")
    assert "is as before" in told(desk.post(f"/leads/{url}"))[-1]
    after = fresh(lead)
    for name in (field, "status", "closed_at", "first_response_at", "stage_changed_at"):
        assert getattr(after, name) == getattr(before, name), name


def test_a_hand_over_by_a_cell_is_taken_back_by_who_may_assign(desk, agents_desk, agent, other_agent, company):
    lead = a_lead(company, agent=agent)
    shown = desk.post(f"/leads/{lead.pk}/cell/agent/", {"agent": other_agent.pk}, **HTMX).content.decode()
    assert fresh(lead).agent == other_agent
    url = shown.partition('action="/leads/')[2].partition('"')[0]
    assert agents_desk.post(f"/leads/{url}").status_code == 403
    desk.post(f"/leads/{url}")
    assert fresh(lead).agent == agent
    with company_active(company.pk):
        assert Assignment.objects.filter(lead=lead).count() == 2
    handed = agents_desk.post(f"/leads/{lead.pk}/cell/agent/", {"agent": other_agent.pk}, **HTMX).content.decode()
    assert "/back/" not in handed  # it is out of the agent's sight now


def test_leaving_lost_by_the_cell_asks_for_the_reason_there(desk, company):
    lead = a_lead(company, stage="lost", status="done", closed_at=now())
    menu = desk.get(f"/leads/{lead.pk}/cell/stage/", **HTMX).content.decode()
    assert 'name="reason"' in menu and "why?" in menu and '<option value="sql">' in menu
    desk.post(f"/leads/{lead.pk}/cell/stage/", {"stage": "sql", "reason": "called back"}, **HTMX)
    assert (fresh(lead).stage, fresh(lead).status) == ("sql", "in_progress")


def test_a_refused_cell_keeps_the_row_and_says_why(desk, agent, company):
    with company_active(company.pk):
        type(agent).objects.filter(pk=agent.pk).update(max_capacity=0)
    lead = a_lead(company)
    response = desk.post(f"/leads/{lead.pk}/cell/agent/", {"agent": agent.pk}, **HTMX)
    assert response.status_code == 409
    assert "has no room" in response.content.decode() and f'id="row-{lead.pk}"' in response.content.decode()


def test_a_row_that_leaves_an_agents_sight_leaves_the_list(agents_desk, agent, other_agent, company):
    lead = a_lead(company, agent=agent)
    response = agents_desk.post(f"/leads/{lead.pk}/cell/agent/", {"agent": other_agent.pk}, **HTMX)
    assert response.status_code == 200 and b"<tr" not in response.content
    assert fresh(lead).agent_id == other_agent.pk


def test_an_agent_does_not_take_a_lead_by_its_cell(agents_desk, agent, company):
    lead = a_lead(company, created_by=agent.user)
    assert agents_desk.post(f"/leads/{lead.pk}/cell/agent/", {"agent": agent.pk}, **HTMX).status_code == 403
    assert agents_desk.post(f"/leads/{lead.pk}/assign/", {"agent": agent.pk}).status_code == 403
    assert fresh(lead).agent_id is None


# --- A lead's page -----------------------------------------------------------------------------------------------


def test_the_page_says_who_what_next_and_how_long(desk, agent, company):
    lead = a_lead(
        company, first_name="Theodora", organization="Aegean", agent=agent, phone_e164="+16022350142",
        assigned_at=now() - timedelta(minutes=100), deadline=now() + timedelta(minutes=20, seconds=30),
    )  # fmt: skip
    shown = desk.get(f"/leads/{lead.pk}/").content.decode()
    for words in ("Theodora", "Call within 20 min", "Phoenix", "+1 602-235-0142", agent.name, "holds 1 of 25"):
        assert words in shown


@pytest.mark.parametrize("entries", [1, 30])
def test_the_page_costs_the_same_however_much_has_happened(
    desk, manager, agent, company, entries, django_assert_max_num_queries
):
    lead = a_lead(company, agent=agent)
    for n in range(entries):
        desk.post(f"/leads/{lead.pk}/note/", {"text": f"note {n}"})
    with django_assert_max_num_queries(10):
        desk.get(f"/leads/{lead.pk}/")


def test_previous_and_next_follow_the_list_one_came_from(desk, company):
    leads = [a_lead(company, stage="sql", created_at=now() - timedelta(hours=n)) for n in range(3)]
    a_lead(company, stage="lead", created_at=now() - timedelta(hours=1, minutes=30))
    page = desk.get(f"/leads/{leads[1].pk}/?in=stage%3Dsql")
    assert page.context["previous_url"] == f"/leads/{leads[0].pk}/?in=stage%3Dsql"
    assert page.context["next_url"] == f"/leads/{leads[2].pk}/?in=stage%3Dsql"
    assert page.context["back_url"] == "/leads/?stage=sql"
    assert desk.get(f"/leads/{leads[0].pk}/?in=stage%3Dsql").context["previous_url"] == ""
    assert desk.get(f"/leads/{leads[0].pk}/?in=colour%3Dred").context["back_url"] == "/leads/"


def test_stage_outcome_priority_and_note_are_plain_posts(desk, company):
    lead = a_lead(company)
    assert (
        desk.post(f"/leads/{lead.pk}/stage/?in=stage%3Dlead", {"stage": "mql"}).url
        == f"/leads/{lead.pk}/?in=stage%3Dlead"
    )
    desk.post(f"/leads/{lead.pk}/priority/", {"priority": "3"})
    desk.post(f"/leads/{lead.pk}/disposition/", {"disposition": "callback", "note": "Ring after one."})
    desk.post(f"/leads/{lead.pk}/note/", {"text": "Likes tea."})
    changed = fresh(lead)
    assert (changed.stage, changed.priority, changed.disposition) == ("mql", 3, "callback")
    with company_active(company.pk):
        assert set(Note.objects.values_list("text", flat=True)) == {"Ring after one.", "Likes tea."}
    shown = desk.get(f"/leads/{lead.pk}/").content.decode()
    for words in ("moved it to MQL", "set the outcome Call back", "changed the priority to High", "Likes tea."):
        assert words in shown
    assert "Likes tea." in desk.get(f"/leads/{lead.pk}/?show=notes").content.decode()
    assert "moved it to MQL" not in desk.get(f"/leads/{lead.pk}/?show=notes").content.decode()


def test_a_final_outcome_says_that_the_lead_is_closed(desk, company):
    lead = a_lead(company)
    assert told(desk.post(f"/leads/{lead.pk}/disposition/", {"disposition": "not_interested"})) == [
        "Not interested: the lead is closed."
    ]
    assert fresh(lead).status == "done"


def test_leaving_lost_without_a_reason_is_refused_beside_the_form(desk, company):
    lead = a_lead(company, stage="lost", status="done", closed_at=now())
    response = desk.post(f"/leads/{lead.pk}/stage/", {"stage": "mql"}, **HTMX)
    assert response.status_code == 400 and b"A reason is needed" in response.content
    desk.post(f"/leads/{lead.pk}/stage/", {"stage": "mql", "reason": "They called back"})
    assert fresh(lead).stage == "mql" and fresh(lead).status == "in_progress"


def test_a_lead_reopened_at_a_full_agent_says_where_it_went(desk, agent, company):
    lead = a_lead(company, agent=agent, stage="lost", status="done", closed_at=now())
    with company_active(company.pk):
        type(agent).objects.filter(pk=agent.pk).update(max_capacity=0)
    response = desk.post(f"/leads/{lead.pk}/stage/", {"stage": "mql", "reason": "They called back"})
    assert told(response)[-1].startswith(f"{agent.name} could not keep the lead")
    assert "no room when the lead was opened again" in desk.get(f"/leads/{lead.pk}/?show=assignments").content.decode()


@pytest.mark.parametrize("verb", ["stage", "priority", "note", "disposition", "assign"])
def test_a_verb_with_nothing_in_it_changes_nothing_and_never_fails(desk, company, verb):
    lead = a_lead(company, disposition="callback") if verb == "disposition" else a_lead(company)
    for body in (
        {},
        {"stage": "x\0", "priority": "high", "text": "\0", "disposition": "nonsense", "agent": "x", "strategy": "x"},
    ):
        response = desk.post(f"/leads/{lead.pk}/{verb}/", body, **HTMX)
        assert response.status_code in (200, 400, 409, 422)
    with company_active(company.pk):
        assert not Note.objects.exists() and not Assignment.objects.exists()


def test_a_lead_is_assigned_handed_on_and_returned(desk, agent, other_agent, company):
    lead = a_lead(company)
    assert told(desk.post(f"/leads/{lead.pk}/assign/", {"agent": agent.pk, "notes": "Knows the trade"})) == [
        f"Assigned to {agent.name}."
    ]
    desk.post(f"/leads/{lead.pk}/assign/", {"agent": other_agent.pk})
    assert fresh(lead).agent_id == other_agent.pk
    desk.post(f"/leads/{lead.pk}/unassign/")
    assert fresh(lead).agent_id is None
    shown = desk.get(f"/leads/{lead.pk}/?show=assignments").content.decode()
    for words in (
        "Knows the trade",
        f"gave it to {agent.name}",
        f"handed it from {agent.name} to {other_agent.name}",
        "returned it to the queue",
    ):
        assert words in shown


def test_a_strategy_finds_the_agent(desk, agent, company):
    lead = a_lead(company)
    desk.post(f"/leads/{lead.pk}/assign/", {"agent": "", "strategy": "capacity"})
    assert fresh(lead).agent_id == agent.pk


def test_suggestions_stand_there_for_who_may_assign(desk, agents_desk, agent, other_agent, company):
    lead = a_lead(company, created_by=agent.user)
    page = desk.get(f"/leads/{lead.pk}/?in=status%3Dnew")
    assert f'hx-get="/leads/{lead.pk}/fit/?in=status%3Dnew"' in page.content.decode()
    assert page.context["suggestions"] is None  # weighing all agents is left for later
    part = desk.get(f"/leads/{lead.pk}/fit/?in=status%3Dnew", **HTMX).content.decode()
    assert "Who fits best" in part and "Assign to Priya Rao" in part and "<html" not in part
    assert f'action="/leads/{lead.pk}/assign/?in=status%3Dnew"' in part
    plain = desk.get(f"/leads/{lead.pk}/fit/?in=status%3Dnew", follow=True)
    assert plain.redirect_chain[-1][0] == f"/leads/{lead.pk}/?in=status%3Dnew&fit=1#agent"
    assert b"Assign to Priya Rao" in plain.content
    assert b"fit/" not in agents_desk.get(f"/leads/{lead.pk}/").content
    assert b"Assign to" not in agents_desk.get(f"/leads/{lead.pk}/fit/", **HTMX).content


def test_deleting_asks_once_and_can_be_undone(desk, company):
    lead = a_lead(company, first_name="Bo")
    assert b"Delete this lead" in desk.get(f"/leads/{lead.pk}/").content
    page = desk.post(f"/leads/{lead.pk}/delete/", follow=True)
    assert fresh(lead).deleted_at is not None
    assert f'action="/leads/{lead.pk}/restore/"' in page.content.decode()
    gone = desk.get(f"/leads/{lead.pk}/")
    assert gone.status_code == 200 and b"This lead was deleted" in gone.content
    desk.post(f"/leads/{lead.pk}/restore/")
    assert fresh(lead).deleted_at is None


def test_a_lead_that_leaves_an_agents_sight_sends_it_back_to_the_list(agents_desk, agent, company):
    lead = a_lead(company, agent=agent)
    response = agents_desk.post(f"/leads/{lead.pk}/unassign/", **HTMX)
    assert response.headers["HX-Redirect"] == "/leads/"
    other = a_lead(company, agent=agent)
    assert agents_desk.post(f"/leads/{other.pk}/unassign/").url == "/leads/"


# --- New and edited ----------------------------------------------------------------------------------------------

NEW = {"first_name": "Bo", "last_name": "Li", "phone": "(602) 235-0142", "email": "", "priority": "3", "stage": "mql"}


def test_a_new_lead_is_made_with_its_contact_and_agent(desk, agent, company):
    form = {**NEW, "tags": "vip, roof, vip", "custom_fields": 'seats: 40\nzip: "90210"\nbudget: yes', "agent": agent.pk}
    response = desk.post("/leads/new/", form)
    with company_active(company.pk):
        lead = Lead.objects.select_related("contact").get()
    assert response.url == f"/leads/{lead.pk}/"
    assert (lead.contact.name, lead.contact.phone_e164, lead.priority, lead.stage) == (
        "Bo Li",
        "+16022350142",
        3,
        "mql",
    )
    assert lead.tags == ["vip", "roof"] and lead.agent_id == agent.pk
    assert lead.custom_fields == {"seats": 40, "zip": "90210", "budget": "yes"}


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"phone": "12"}, "phone", "This is no phone number that anybody can have."),
        ({"phone": ""}, "phone", "A lead needs a phone number or an e-mail address."),
        ({"email": "not-one"}, "email", "Enter a valid email address."),
        ({"custom_fields": "no colon here"}, "custom_fields", "Write each line as “name: value”: “no colon here”."),
        ({"first_name": "B\0o"}, "first_name", "Null characters are not allowed."),
        ({"deal_value": "-5"}, "deal_value", "Ensure this value is greater than or equal to 0."),
    ],
)
def test_a_new_lead_that_is_wrong_keeps_what_was_typed_and_names_the_field(desk, company, changes, field, says):
    response = desk.post("/leads/new/", {**NEW, **changes})
    assert response.status_code == 422
    assert response.context["form"].errors[field] == [says]
    shown = response.content.decode()
    assert f'id="id_{field}-e"' in shown and 'aria-describedby="' in shown and 'value="Li"' in shown
    with company_active(company.pk):
        assert not Lead.objects.exists()


def test_a_duplicate_is_refused_with_the_way_to_the_first(desk, company):
    desk.post("/leads/new/", NEW)
    with company_active(company.pk):
        first = Lead.objects.get()
    response = desk.post("/leads/new/", NEW)
    assert response.status_code == 422 and f'href="/leads/{first.pk}/"' in response.content.decode()
    with company_active(company.pk):
        assert Lead.objects.count() == 1


def test_while_typing_the_form_warns_of_who_is_there_already(desk, agents_desk, agent, company):
    desk.post("/leads/new/", NEW)
    warned = desk.get("/leads/similar/", {"phone": "602 235 0142"}, **HTMX).content.decode()
    assert "Bo Li" in warned and "Lead of" in warned
    hidden = agents_desk.get("/leads/similar/", {"phone": "602 235 0142"}, **HTMX).content.decode()
    assert "Bo Li" not in hidden and "A colleague has an open lead of this contact." in hidden
    assert desk.get("/leads/similar/", {"phone": "60"}, **HTMX).content.strip() == b""


def test_an_agent_names_nobody_but_itself(agents_desk, agent, other_agent):
    shown = agents_desk.get("/leads/new/").content.decode()
    assert str(agent.pk) in shown and str(other_agent.pk) not in shown
    response = agents_desk.post("/leads/new/", {**NEW, "agent": other_agent.pk})
    assert response.status_code == 422 and "agent" in response.context["form"].errors


def test_editing_changes_what_was_changed_and_nothing_else(desk, company):
    close = now() + timedelta(days=10)
    lead = a_lead(
        company, source="Fair", custom_fields={"zip": "90210", "a:b": "x\ny"}, expected_close_date=close, tags=["vip"]
    )
    form = desk.get(f"/leads/{lead.pk}/edit/").context["form"]
    typed = {name: form[name].value() for name in form.fields}
    typed = {name: form.fields[name].prepare_value(value) or "" for name, value in typed.items()}
    typed["expected_close_date"] = f"{form['expected_close_date'].value():%Y-%m-%d}"
    response = desk.post(f"/leads/{lead.pk}/edit/", {**typed, "source": "Referral"})
    assert response.url == f"/leads/{lead.pk}/"
    changed = fresh(lead)
    assert changed.source == "Referral"
    for name in ("custom_fields", "expected_close_date", "tags", "priority", "deal_value"):
        assert getattr(changed, name) == getattr(lead, name), name
    assert changed.contact.phone_e164 == lead.contact.phone_e164


def test_a_taken_phone_is_named_beside_the_field(desk, company):
    a_lead(company, phone_e164="+16022350142")
    lead = a_lead(company)
    form = {"first_name": "Bo", "phone": "(602) 235-0142", "priority": "2", "email": lead.contact.email}
    response = desk.post(f"/leads/{lead.pk}/edit/", form)
    assert response.status_code == 422
    assert response.context["form"].errors["phone"] == ["Another contact has this phone number"]
    assert fresh(lead).contact.phone_e164 == lead.contact.phone_e164
