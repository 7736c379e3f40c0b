"""`/contacts` and `/dispositions` by their contract."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from agents.models import Agent
from crm.accounts.models import User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from leads.actions import create_disposition, create_lead
from leads.models import Contact, Disposition
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
CONTACTS, DISPOSITIONS = "/api/v1/contacts", "/api/v1/dispositions"
ANN = {"first_name": "Ann", "last_name": "Lee", "phone": "(415) 555-2671", "email": "ANN@example.org"}


def test_a_contact_is_made_read_changed_and_deleted(api: Any, manager: User) -> None:
    client = api(manager)
    answer = client.post(CONTACTS, {**ANN, "tags": ["vip"], "opt_in_status": "opted_in"})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["phone_e164"], made["email"], made["name"]) == ("+14155552671", "ann@example.org", "Ann Lee")
    assert (made["timezone"], made["tags"], made["opt_in_status"]) == ("America/Los_Angeles", ["vip"], "opted_in")
    path = f"{CONTACTS}/{made['id']}"
    assert client.get(path).json() == made
    changed = client.patch(path, {"organization": "Engines", "tags": [], "timezone": "Europe/Vienna"}).json()
    assert (changed["organization"], changed["tags"], changed["timezone"]) == ("Engines", [], "Europe/Vienna")
    assert changed["first_name"] == "Ann"
    row = Contact.objects.get()
    assert row.search_text == "ann lee ann@example.org +14155552671 engines"
    assert client.get(f"{CONTACTS}?search=engines").json()["total"] == 1
    assert client.delete(path).json() == {"message": "Contact deleted"}
    assert client.get(path).json() == {"detail": "Contact not found"}
    assert client.get(CONTACTS).json()["total"] == 0
    actions = AuditEntry.objects.filter(object_id=row.pk).order_by("id").values_list("action", flat=True)
    assert list(actions) == ["contact.created", "consent.granted", "contact.updated", "contact.deleted"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"first_name": "A"}, 400),
        ({"email": "a@example.org"}, 400),
        ({**ANN, "phone": "12"}, 400),
        ({"first_name": "A", "phone_e164": "415"}, 422),
        ({**ANN, "do_not_contact": "yes"}, 422),
        ({**ANN, "opt_in_status": "maybe"}, 422),
        ({**ANN, "first_name": ["A"]}, 422),
        ({**ANN, "title": "x" * 201}, 422),
    ],
)
def test_a_bad_contact_is_refused(api: Any, manager: User, body: dict[str, Any], status: int) -> None:
    assert api(manager).post(CONTACTS, body).status_code == status
    assert not Contact.objects.exists()


def test_one_contact_for_each_phone_and_email(api: Any, manager: User) -> None:
    client = api(manager)
    client.post(CONTACTS, ANN)
    other = client.post(CONTACTS, {"first_name": "Bob", "email": "bob@example.org"}).json()
    for body in ({"phone": "+14155552671"}, {"email": "ann@EXAMPLE.org"}):
        assert client.post(CONTACTS, {"first_name": "Eve", **body}).status_code == 400
        assert client.patch(f"{CONTACTS}/{other['id']}", body).status_code == 400
    assert Contact.objects.get(first_name="Bob").email == "bob@example.org"


def test_a_contact_with_an_open_lead_stays(api: Any, manager: User) -> None:
    lead = create_lead({"first_name": "A", "email": "a@example.org"}, by=manager)
    assert api(manager).delete(f"{CONTACTS}/{lead.contact_id}").status_code == 409


def test_an_agent_sees_the_contacts_of_its_leads_and_its_own(
    api: Any, agent: Agent, other_agent: Agent, manager: User
) -> None:
    mine, created, others = (
        LeadFactory(agent=agent),
        ContactFactory(created_by=agent.user),
        LeadFactory(agent=other_agent),
    )
    client = api(agent.user)
    seen = {row["id"] for row in client.get(CONTACTS).json()["contacts"]}
    assert seen == {str(mine.contact_id), str(created.pk)}
    assert client.get(f"{CONTACTS}/{others.contact_id}").status_code == 403
    assert client.patch(f"{CONTACTS}/{others.contact_id}", {"title": "x"}).status_code == 403
    assert client.delete(f"{CONTACTS}/{created.pk}").status_code == 403


def test_strangers_and_unknown_ids(api: Any, stranger: User, manager: User) -> None:
    contact = ContactFactory()
    for verb in ("get", "put", "patch", "delete"):
        assert getattr(api(stranger), verb)(f"{CONTACTS}/{contact.pk}").status_code == 403
    assert api(stranger).get(CONTACTS).json()["total"] == 0
    for pk in (uuid4(), "x"):
        assert api(manager).get(f"{CONTACTS}/{pk}").status_code == 404


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_of_contacts_costs_the_same_at_any_length(
    api: Any, manager: User, rows: int, django_assert_num_queries: Any
) -> None:
    for _ in range(rows):
        ContactFactory()
    client = api(manager)
    with django_assert_num_queries(2 if rows == 1 else 3):
        assert len(client.get(f"{CONTACTS}?per_page=25").json()["contacts"]) == min(rows, 25)


def test_outdated_contacts_and_dispositions_are_not_changed(api: Any, manager: User) -> None:
    client = api(manager)
    for path in (f"{CONTACTS}/{ContactFactory().pk}", f"{DISPOSITIONS}/{create_disposition('Later', by=manager).pk}"):
        tag = client.get(path)["ETag"]
        assert client.patch(path, {"title": "Dr", "label": "Soon"}, headers={"If-Match": tag}).status_code == 200
        assert client.patch(path, {"title": "No", "label": "No"}, headers={"If-Match": tag}).status_code == 412


def test_dispositions_are_those_of_all_and_the_companys_own(api: Any, manager: User, agent: Agent) -> None:
    client = api(manager)
    made = client.post(DISPOSITIONS, {"label": "Bought elsewhere", "is_final": True})
    assert made.status_code == 201
    assert {name: made.json()[name] for name in ("key", "label", "is_final", "reached_person", "is_built_in")} == {
        "key": "bought_elsewhere",
        "label": "Bought elsewhere",
        "is_final": True,
        "reached_person": False,
        "is_built_in": False,
    }
    listed = api(agent.user).get(DISPOSITIONS).json()
    assert (listed["total"], listed["page"], listed["per_page"]) == (14, 1, 100)
    keys = [row["key"] for row in listed["dispositions"]]
    assert keys[0] == "completed"
    assert keys[-1] == "bought_elsewhere"
    path = f"{DISPOSITIONS}/{made.json()['id']}"
    assert client.put(path, {"label": "Bought at another", "key": "x"}).json()["key"] == "bought_elsewhere"
    assert client.delete(path).json() == {"message": "Disposition removed"}
    assert client.get(DISPOSITIONS).json()["total"] == 13
    assert not Disposition.objects.get().is_active


def test_dispositions_page_and_refuse_like_every_list(api: Any, manager: User) -> None:
    client = api(manager)
    page = client.get(f"{DISPOSITIONS}?page=2&per_page=10").json()
    assert (len(page["dispositions"]), page["total"]) == (3, 13)
    assert client.get(f"{DISPOSITIONS}?skip=12&limit=5").json()["skip"] == 12
    for bad in ("page=0", "per_page=101", "colour=red", "page=1&skip=1"):
        assert client.get(f"{DISPOSITIONS}?{bad}").status_code == 422, bad


def test_what_a_disposition_may_not_be(api: Any, manager: User, agent: Agent, stranger: User) -> None:
    client = api(manager)
    client.post(DISPOSITIONS, {"label": "Later"})
    for body, status in (
        ({}, 400),
        ({"label": "Qualified"}, 400),
        ({"label": "call back"}, 400),
        ({"label": "LATER"}, 400),
        ({"label": ""}, 422),
        ({"label": 5}, 422),
        ({"label": "x", "is_final": "yes"}, 422),
    ):
        assert client.post(DISPOSITIONS, body).status_code == status, body
    assert Disposition.objects.count() == 1
    assert api(agent.user).post(DISPOSITIONS, {"label": "Mine"}).status_code == 403
    row = Disposition.objects.get()
    assert api(stranger).get(f"{DISPOSITIONS}/{row.pk}").status_code == 403
    assert client.get(f"{DISPOSITIONS}/{uuid4()}").json() == {"detail": "Disposition not found"}
    with company_active(stranger.company_id):
        assert not Disposition.objects.exists()


def test_no_two_dispositions_bear_one_label(api, admin):
    client, path = api(admin), DISPOSITIONS
    first = client.post(path, {"label": "Wants brochure"}, format="json").json()
    for label in ("wants  Brochure", "Not interested"):
        answer = client.post(path, {"label": label, "key": "another"}, format="json")
        assert answer.status_code == 400, label
    other = client.post(path, {"label": "Wants a call"}, format="json").json()
    assert client.patch(f"{path}/{other['id']}", {"label": "WANTS BROCHURE"}, format="json").status_code == 400
    assert client.patch(f"{path}/{other['id']}", {"label": "Wants A Call"}, format="json").status_code == 200
    client.delete(f"{path}/{first['id']}")
    assert client.patch(f"{path}/{other['id']}", {"label": "Wants brochure"}, format="json").status_code == 200
    with company_active(admin.company_id):
        labels = Disposition.objects.filter(is_active=True).values_list("label", flat=True)
        assert list(labels) == ["Wants brochure"]
    assert client.patch(f"{path}/{first['id']}", {"is_active": True}, format="json").status_code in (400, 404)
