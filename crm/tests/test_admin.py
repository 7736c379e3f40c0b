"""The managers' desk does what the pages and the API do, by the same actions."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.urls import reverse

from agents.models import Agent
from agents.tests.factories import AgentFactory
from crm.accounts.models import Company, Invitation, User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.jobs.models import Job
from leads.duplicates.finding import keep_pairs, ordered
from leads.duplicates.models import DuplicatePair, FoundBy
from leads.models import Assignment, Contact, Disposition, Lead, StageChange
from leads.tests.factories import ContactFactory, LeadFactory


@pytest.fixture
def desk(manager: User) -> Client:
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def office(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def lead(company: Company) -> Lead:
    with company_active(company.pk):
        return LeadFactory()


LEADS = "admin:leads_lead_changelist"
NEW_LEAD = {"stage": "lead", "priority": "2", "custom_fields": "", "qualification_data": "{}", "tags": "solar, roof"}


def act(client: Client, name: str, leads: list[Lead], **given: str) -> list[str]:
    """The messages that the action leaves."""
    ticked = {ACTION_CHECKBOX_NAME: [str(lead.pk) for lead in leads], "action": name}
    response = client.post(reverse(LEADS), {**ticked, **given, "confirmed": "yes"}, follow=True)
    assert response.status_code == 200
    return [str(message) for message in response.context["messages"]]


def actions_of(lead: Any) -> list[str]:
    return [entry.action for entry in AuditEntry.objects.filter(object_id=lead.pk).order_by("id")]


def test_each_of_a_companys_lists_stands_under_its_subject(office: Client, company: Company) -> None:
    sections = {one["title"]: [item["title"] for item in one["items"]] for one in
                office.get(reverse("admin:index")).context["sections"]}  # fmt: skip
    assert "Platform" not in sections
    assert [*sections][:6] == ["Leads", "Calls", "People", "Contact rules", "Company", "On record"]
    assert {"Routing rules", "Possible duplicates", "Deadlines"} <= set(sections["Leads"])


def test_a_new_lead_is_made_by_the_action(desk: Client, manager: User, agent: Agent, in_company: Company) -> None:
    data = {**NEW_LEAD, "first_name": "Ada", "phone": "(415) 555-0132", "agent": str(agent.pk)}
    response = desk.post(reverse("admin:leads_lead_add"), data)
    assert response.status_code == 302
    lead = Lead.objects.get()
    assert (lead.contact.phone_e164, lead.agent, lead.tags, lead.custom_fields) == (
        "+14155550132",
        agent,
        ["solar", "roof"],
        {},
    )
    assert lead.created_by == manager
    assert actions_of(lead) == ["lead.created", "lead.assigned"]


def test_what_the_action_refuses_stands_in_the_form_and_nothing_is_written(desk: Client, in_company: Company) -> None:
    full = AgentFactory(max_capacity=0)
    data = {**NEW_LEAD, "first_name": "Ada", "phone": "+14155550132", "agent": str(full.pk)}
    response = desk.post(reverse("admin:leads_lead_add"), data)
    assert response.status_code == 200
    assert "has no room" in response.content.decode()
    assert (
        Lead.objects.count(),
        Contact.objects.count(),
        AuditEntry.objects.filter(action="lead.created").count(),
    ) == (
        0,
        0,
        0,
    )
    response = desk.post(reverse("admin:leads_lead_add"), {**NEW_LEAD, "first_name": "Ada", "phone": "12"})
    assert "Invalid phone number format" in response.content.decode()


@pytest.mark.parametrize("bad", ["[1]", "{", '{"a": NaN}', '{"a": "\\u0000"}', "[" * 5000])
def test_a_bad_json_field_is_told_and_nothing_is_written(
    desk: Client, lead: Lead, in_company: Company, bad: str
) -> None:
    change = reverse("admin:leads_lead_change", args=[lead.pk])
    data = {**NEW_LEAD, "qualification_status": "unqualified", "custom_fields": bad, "tags": "x" * 101}
    response = desk.post(change, data)
    assert response.status_code == 200
    assert {"custom_fields", "tags"} <= response.context["adminform"].form.errors.keys()
    assert actions_of(lead) == []


def test_a_change_is_recorded_with_what_stood_there_before(desk: Client, lead: Lead, in_company: Company) -> None:
    change = reverse("admin:leads_lead_change", args=[lead.pk])
    data = {**NEW_LEAD, "qualification_status": "unqualified", "source": "Fair", "status": "done", "agent": "x"}
    assert desk.post(change, data).status_code == 302
    lead.refresh_from_db()
    assert (lead.source, lead.status) == ("Fair", "new")
    entry = AuditEntry.objects.get(object_id=lead.pk)
    assert {"field": "source", "before": "", "after": "Fair"} in entry.changes
    history = desk.get(reverse("admin:leads_lead_history", args=[lead.pk])).content.decode()
    assert "Lead updated" in history and "Fair" in history


def test_leads_are_shared_out_and_returned(desk: Client, agent: Agent, in_company: Company) -> None:
    leads = LeadFactory.create_batch(3)
    asked = desk.post(reverse(LEADS), {"action": "assign", ACTION_CHECKBOX_NAME: [str(leads[0].pk)]})
    assert "For 1 chosen lead." in asked.content.decode()
    agent.max_capacity = 2
    agent.save()
    messages = act(desk, "assign", leads, strategy="capacity", agents=str(agent.pk))
    assert messages[0] == "2 leads assigned."
    assert "has no room" in messages[1]
    assert Assignment.objects.filter(to_agent=agent, strategy="capacity").count() == 2
    messages = act(desk, "unassign", leads, reason="Holiday")
    assert messages[0] == "2 leads returned."
    assert Lead.objects.filter(agent=None).count() == 3


def test_assigning_by_hand_asks_for_an_agent(desk: Client, lead: Lead, agent: Agent, in_company: Company) -> None:
    act(desk, "assign", [lead], strategy="manual")
    assert Lead.objects.get().agent is None


def test_stage_disposition_and_status_go_through_their_actions(desk: Client, lead: Lead, in_company: Company) -> None:
    assert act(desk, "set_stage", [lead], stage="lost") == ["1 leads moved."]
    assert act(desk, "set_stage", [lead], stage="mql")[0].endswith("A reason is needed to leave customer or lost")
    assert act(desk, "set_stage", [lead], stage="mql", reason="Called back") == ["1 leads moved."]
    assert StageChange.objects.get(to_stage="mql").reason == "Called back"
    assert act(desk, "set_disposition", [lead], disposition="callback") == ["1 leads set."]
    assert act(desk, "close", [lead]) == ["1 leads closed."]
    assert act(desk, "reopen", [lead]) == ["1 leads reopened."]
    lead.refresh_from_db()
    assert (lead.stage, lead.disposition, lead.status) == ("mql", "callback", "in_progress")


def test_priority_and_tags_are_changed_together(desk: Client, in_company: Company) -> None:
    leads = LeadFactory.create_batch(2)
    Lead.objects.filter(pk=leads[0].pk).update(tags=["old"])
    assert act(desk, "change", leads, priority="4", add_tags="hot, fair") == ["2 leads changed."]
    tags = Lead.objects.order_by("pk").values_list("priority", "tags")
    assert [*tags] == [(4, ["old", "hot", "fair"]), (4, ["hot", "fair"])]
    asked = desk.post(
        reverse(LEADS), {"action": "change", ACTION_CHECKBOX_NAME: [str(leads[0].pk)], "confirmed": "yes"}
    )
    assert "Choose what to change first." in asked.content.decode()


def test_deleting_asks_once_with_the_number(desk: Client, in_company: Company) -> None:
    leads = LeadFactory.create_batch(3)
    ticked = {"action": "delete", ACTION_CHECKBOX_NAME: [str(lead.pk) for lead in leads]}
    assert "For 3 chosen leads." in desk.post(reverse(LEADS), ticked).content.decode()
    assert Lead.objects.alive().count() == 3
    assert act(desk, "delete", leads) == ["3 leads deleted."]
    assert not Lead.objects.alive().exists()


def test_all_that_match_across_the_pages_are_a_job_with_the_right_number(
    desk: Client, in_company: Company, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr("leads.admin.leads.MOST_AT_ONCE", 2)
    monkeypatch.setattr("leads.admin.leads.LeadAdmin.list_per_page", 2)
    monkeypatch.setattr("crm.core.admin.COUNTED", 3)
    leads = LeadFactory.create_batch(5)
    LeadFactory(stage="lost", status="done")
    assert "Select all 5 leads" in desk.get(reverse(LEADS), {"stage__exact": "lead"}).content.decode()
    across = {"action": "change", ACTION_CHECKBOX_NAME: [str(leads[0].pk)], "select_across": "1"}
    listed = f"{reverse(LEADS)}?stage__exact=lead"
    assert "For 5 chosen leads." in desk.post(listed, across).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        told = desk.post(listed, {**across, "priority": "4", "confirmed": "yes"}, follow=True)
    job = Job.objects.get()
    assert f'5 leads are a job: <a href="/jobs/{job.pk}/">' in told.content.decode()
    assert (job.state, job.succeeded, job.total) == ("succeeded", 5, 5)
    assert Lead.objects.filter(priority=4).count() == 5


def test_deleting_is_soft_and_can_be_undone(desk: Client, lead: Lead, in_company: Company) -> None:
    assert desk.post(reverse("admin:leads_lead_delete", args=[lead.pk]), {"post": "yes"}).status_code == 302
    lead.refresh_from_db()
    assert lead.deleted_at
    assert str(lead.pk) not in desk.get(reverse(LEADS)).content.decode()
    deleted = reverse(LEADS) + "?deleted=yes"
    assert str(lead.pk) in desk.get(deleted).content.decode()
    desk.post(deleted, {"action": "restore", ACTION_CHECKBOX_NAME: [str(lead.pk)]})
    lead.refresh_from_db()
    assert lead.deleted_at is None
    assert actions_of(lead) == ["lead.deleted", "lead.restored"]


def test_a_contact_with_open_leads_is_not_deleted(desk: Client, lead: Lead, in_company: Company) -> None:
    page = desk.post(reverse("admin:leads_contact_delete", args=[lead.contact_id]), {"post": "yes"}, follow=True)
    assert "open leads" in page.content.decode()
    assert Contact.objects.alive().count() == 1


def test_a_taken_number_is_refused_by_its_field(desk: Client, in_company: Company) -> None:
    ContactFactory(phone_e164="+14155550132")
    data = {"first_name": "Bo", "phone_e164": "415 555 0132", "opt_in_status": "unknown"}
    response = desk.post(reverse("admin:leads_contact_add"), data)
    assert "Another contact has this phone number" in str(response.context["adminform"].form.errors["phone_e164"])
    assert desk.post(reverse("admin:leads_contact_add"), {**data, "phone_e164": "415 555 0133"}).status_code == 302
    assert Contact.objects.filter(phone_e164="+14155550133").exists()


def test_the_list_is_searched_by_folded_words_and_narrowed(desk: Client, in_company: Company) -> None:
    hit = LeadFactory(contact=ContactFactory(first_name="José", search_text="jose marti +14155550132"))
    LeadFactory()
    found = desk.get(reverse(LEADS), {"q": "MARTÍ josé"}).context["cl"].queryset
    assert list(found) == [hit]
    for query in (
        "holder=none",
        "holder=nonsense",
        "sla=none",
        "sla=x",
        "open=no",
        "created_at__gte=x",
        "o=99",
        "p=999",
    ):
        assert desk.get(f"{reverse(LEADS)}?{query}", follow=True).status_code == 200, query


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_costs_the_same_for_one_row_and_thirty(
    desk: Client, agent: Agent, in_company: Company, rows: int, django_assert_num_queries: Any
) -> None:
    for _ in range(rows):
        LeadFactory(agent=agent)
    with django_assert_num_queries(5):  # session, user, agents of the filter, count, page
        desk.get(reverse(LEADS))


def test_users_are_made_changed_and_switched_off_by_the_administrator(
    office: Client, admin: User, desk: Client, in_company: Company
) -> None:
    assert desk.get(reverse("admin:accounts_user_changelist")).status_code == 403
    data = {"email": "New@Copperline.example", "first_name": "New", "last_name": "Person", "role": "agent"}
    assert office.post(reverse("admin:accounts_user_add"), data).status_code == 302
    user = User.objects.get(email="new@copperline.example")
    assert not user.has_usable_password()
    assert Agent.objects.filter(user=user).exists()
    taken = office.post(reverse("admin:accounts_user_add"), {**data, "email": admin.email})
    assert taken.status_code == 200
    ticked = {"action": "deactivate", ACTION_CHECKBOX_NAME: [str(user.pk), str(admin.pk)]}
    page = office.post(reverse("admin:accounts_user_changelist"), ticked, follow=True)
    assert str(next(iter(page.context["messages"]))) == "1 users deactivated."
    user.refresh_from_db()
    assert not user.is_active
    assert User.objects.get(pk=admin.pk).is_active, "the only administrator stays"


def test_nobody_fishes_for_password_hashes(office: Client, admin: User) -> None:
    page = office.get(reverse("admin:accounts_user_changelist"), {"password__startswith": "pbkdf2"})
    assert page.status_code == 400


def test_invitations_and_settings_go_through_their_actions(office: Client, admin: User, in_company: Company) -> None:
    add = reverse("admin:accounts_invitation_add")
    assert office.post(add, {"email": "guest@copperline.example", "role": "agent"}).status_code == 302
    assert Invitation.objects.get().invited_by == admin
    change = office.get(reverse("admin:accounts_company_changelist")).headers["Location"]
    form = office.get(change).context["adminform"].form
    data = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    assert office.post(change, {**data, "timezone": "Mars/Base"}).status_code == 200
    assert office.post(change, {**data, "timezone": "Europe/Berlin"}).status_code == 302
    in_company.refresh_from_db()
    assert in_company.timezone == "Europe/Berlin"
    assert AuditEntry.objects.filter(action="company.updated").count() == 1


def test_agents_are_changed_by_their_actions(desk: Client, agent: Agent, in_company: Company) -> None:
    change = reverse("admin:agents_agent_change", args=[agent.pk])
    form = desk.get(change).context["adminform"].form
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, "null")}
    assert desk.post(change, {**data, "max_capacity": "10001"}).status_code == 200
    assert desk.post(change, {**data, "max_capacity": "7"}).status_code == 302
    agent.refresh_from_db()
    assert (agent.max_capacity, agent.business_hours) == (7, None)
    assert actions_of(agent) == ["agent.capacity_set"]
    voice = {**data, "user": "", "name": "Echo", "max_capacity": ""}
    assert desk.post(reverse("admin:agents_agent_add"), voice).status_code == 302
    assert Agent.objects.get(name="Echo").kind == "voice"


def test_a_disposition_of_the_company_is_added_and_retired(desk: Client, in_company: Company) -> None:
    assert desk.post(reverse("admin:leads_disposition_add"), {"label": "Sold out"}).status_code == 302
    row = Disposition.objects.get()
    assert row.key == "sold_out"
    assert desk.post(reverse("admin:leads_disposition_add"), {"label": "Completed"}).status_code == 200
    desk.post(reverse("admin:leads_disposition_delete", args=[row.pk]), {"post": "yes"})
    row.refresh_from_db()
    assert not row.is_active


def test_the_door_is_the_products_own(manager: User) -> None:
    response = Client().get(reverse("admin:login"), {"next": "/admin/"})
    assert response.headers["Location"].startswith(reverse("account_login"))
    client = Client()
    client.force_login(manager)
    assert client.get("/admin/search/?s=lead").status_code == 404
    assert client.get(reverse("admin:password_change")).headers["Location"] == reverse("account_change_password")
    index = client.get(reverse("admin:index")).content.decode()
    assert "Unassigned leads" in index
    assert reverse("admin:accounts_user_changelist") not in index


def test_two_ticked_contacts_become_one(desk: Client, in_company: Company) -> None:
    contacts = ContactFactory.create_batch(3)
    url, name = reverse("admin:leads_contact_changelist"), ACTION_CHECKBOX_NAME
    three = desk.post(url, {"action": "merge", name: [str(row.pk) for row in contacts]}, follow=True)
    assert [str(message) for message in three.context["messages"]] == ["Choose the two that are one."]
    two = {"action": "merge", name: [str(row.pk) for row in contacts[:2]]}
    asked = desk.post(url, two).content.decode()
    assert "Merge the two into one" in asked and contacts[0].phone_e164 in asked
    assert "confirmed" in desk.post(url, {**two, "confirmed": "yes", "stays": str(contacts[2].pk)}).content.decode()
    done = desk.post(url, {**two, "confirmed": "yes", "stays": str(contacts[1].pk)}, follow=True)
    assert str(next(iter(done.context["messages"]))).startswith("The two are one now.")
    contacts[0].refresh_from_db()
    assert contacts[0].merged_into == contacts[1]


def test_two_ticked_leads_become_one_and_strangers_are_refused(desk: Client, in_company: Company) -> None:
    lead, stranger = LeadFactory(), LeadFactory()
    twin = LeadFactory(contact=lead.contact)
    messages = act(desk, "merge", [lead, stranger], stays=str(lead.pk))
    assert messages == ["The two leads are of different contacts: merge the contacts first"]
    act(desk, "merge", [lead, twin], stays=str(lead.pk))
    twin.refresh_from_db()
    assert twin.merged_into == lead


def test_pairs_are_dismissed_on_the_desk(desk: Client, in_company: Company) -> None:
    a, b = ContactFactory(first_name="Theodora"), ContactFactory()
    keep_pairs({ordered(a.pk, b.pk): ["name"]}, found_by=FoundBy.SCAN)
    url = reverse("admin:leads_duplicatepair_changelist")
    assert "Theodora" in desk.get(url).content.decode()
    desk.post(url, {"action": "dismiss", ACTION_CHECKBOX_NAME: [str(DuplicatePair.objects.get().pk)]})
    assert DuplicatePair.objects.get().state == "dismissed"
