from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connection

from crm.audit import guard
from crm.audit.models import AuditEntry, AuditSeal
from crm.audit.recording import Event, record, record_many
from crm.audit.sealing import seal_entries
from crm.core.actors import System, VendorActor
from crm.core.tenancy import company_active
from leads.tests.factories import ContactFactory, LeadFactory

URL = "/api/v1/audit-logs"


def ids(response):
    assert response.status_code == 200, response.json()
    return [row["id"] for row in response.json()["audit_logs"]]


def test_an_entry_is_told_whole(api, admin, manager, in_company):
    lead = LeadFactory()
    seal_entries()
    entry = record("lead.assigned", lead, by=manager, changes={"score": (0, 7)}, data={"strategy": "manual"})
    seal_entries()
    answer = api(admin).get(URL, {"action": "lead.assigned"}).json()
    assert answer == {
        "audit_logs": [
            {
                "id": str(entry.pk),
                "at": entry.at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z",
                "action": "lead.assigned",
                "label": "Assigned",
                "actor": {"kind": "user", "id": str(manager.pk), "name": manager.name},
                "object_type": "lead",
                "object_id": str(lead.pk),
                "changes": [{"field": "score", "before": 0, "after": 7}],
                "data": {"strategy": "manual"},
                "ip": None,
                "request_id": "",
                "seal": AuditSeal.objects.get(entry_id=entry.pk).number,
            }
        ],
        "total": 1,
        "page": 1,
        "per_page": 10,
    }


def test_no_personal_value_leaves_by_the_log(api, admin, in_company):
    changes = {"email": ("ada@example.org", "b@example.org"), "first_name": ("Ada", "Grace")}
    record("contact.updated", ContactFactory(), by=admin, changes=changes)
    text = api(admin).get(URL).content.decode()
    assert "before_hash" in text and not [word for word in ("example.org", "Ada", "Grace") if word in text]


@pytest.fixture
def entries(in_company, admin, manager):
    lead = LeadFactory()
    days = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (1, 2, 3, 4)]
    return record_many(
        [
            Event("lead.created", lead, manager, at=days[0]),
            Event("lead.assigned", lead, System("routing"), at=days[1]),
            Event("lead.created", LeadFactory(), VendorActor(uuid4(), "ACME"), at=days[2]),
            Event("contact.updated", lead.contact, admin, at=days[3]),
        ]
    )


CASES = [
    ({"action": "lead.created"}, [2, 0]),
    ({"action": "lead.created,lead.assigned"}, [2, 1, 0]),
    ({"action": "nothing.known"}, []),
    ({"actor": "manager@copperline.example"}, [0]),
    ({"actor": "MANAGER@copperline.example"}, [0]),
    ({"actor": "admin", "object_type": "contact,lead"}, [3]),
    ({"actor": "routing"}, [1]),
    ({"actor": "ACME,routing"}, [2, 1]),
    ({"actor": "admin@elsewhere.example"}, []),
    ({"object": "lead"}, [2, 1, 0]),
    ({"object_type": "contact"}, [3]),
    ({"start_date": "2026-03-02", "end_date": "2026-03-03"}, [2, 1]),
    ({"end_date": "2026-03-01T12:00:00Z"}, [0]),
    ({"actor": "manager@copperline.example", "action": "lead.assigned"}, []),
]


@pytest.mark.parametrize(("params", "expected"), CASES)
def test_the_log_is_filtered(api, admin, stranger, entries, params, expected):
    assert ids(api(admin).get(URL, params)) == [str(entries[n].pk) for n in expected]


def test_the_log_of_one_object(api, admin, manager, entries):
    lead = entries[0].object_id
    for params in ({"object": f"lead:{lead}"}, {"object": str(lead)}, {"object_id": str(lead)}):
        assert ids(api(admin).get(URL, params)) == [str(entries[1].pk), str(entries[0].pk)]
    assert ids(api(admin).get(URL, {"actor": str(manager.pk)})) == [str(entries[0].pk)]


@pytest.mark.parametrize(
    "params",
    [
        {"colour": "red"},
        {"start_date": "yesterday"},
        {"object_id": "x"},
        {"object": "lead:x"},
        {"object": "not-an-id"},
        {"ordering": "action"},
        {"per_page": "101"},
        {"action": "\x00"},
        {"actor": "\x00"},
    ],
)
def test_what_no_filter_understands_is_refused(api, admin, entries, params):
    assert api(admin).get(URL, params).status_code == 422


def test_the_three_forms_of_paging_agree(api, admin, entries):
    wanted = [str(entry.pk) for entry in reversed(entries)]

    def get(**params):
        return client.get(URL, {"object": "lead,contact", **params})

    client = api(admin)
    assert ids(get(page=2, per_page=3)) == wanted[3:]
    assert ids(get(skip=1, limit=2)) == wanted[1:3]
    first = get(cursor="", per_page=3)
    assert ids(first) == wanted[:3]
    last = get(cursor=first.json()["next"], per_page=3)
    assert ids(last) == wanted[3:] and last.json()["next"] is None
    assert ids(get(ordering="at")) == wanted[::-1]


@pytest.mark.parametrize("number", [1, 30])
def test_a_page_costs_the_same_whatever_is_on_it(api, admin, in_company, number, django_assert_num_queries):
    from crm.accounts.tests.factories import UserFactory

    record_many(Event("company.updated", in_company, UserFactory()) for _ in range(number))
    client = api(admin)
    with django_assert_num_queries(3):
        assert len(ids(client.get(URL, {"cursor": "", "per_page": 30, "action": "company.updated"}))) == number


def test_only_admins_see_the_log(api, client, manager, agent, admin, entries):
    for path in (URL, f"{URL}/verify", "/api/audit-logs/", "/api/audit-logs/verify/"):
        assert client.get(path).status_code == 401
        assert api(manager).get(path).status_code == api(agent.user).get(path).status_code == 403
        assert api(admin).get(path).status_code == 200
        assert api(admin).post(path).status_code == 405


def test_another_companys_log_is_its_own(api, stranger, entries):
    assert ids(api(stranger).get(URL, {"object_type": "lead,contact"})) == []
    assert ids(api(stranger).get(URL, {"object": str(entries[0].object_id)})) == []
    assert ids(api(stranger).get(URL, {"actor": "manager@copperline.example"})) == []
    found = api(stranger).get(f"{URL}/verify").json()
    assert (found["ok"], found["sealed"], found["unsealed"]) == (True, 0, 4), "its own four sign-ins, here"


def test_the_log_is_proved_and_a_forgery_named(api, admin, entries):
    client = api(admin)
    seal_entries()
    sound = client.get(f"{URL}/verify").json()
    assert sound["ok"] and sound["problems"] == [] and sound["unsealed"] == 0
    assert sound["head"]["number"] == sound["sealed"] == AuditSeal.objects.count()
    head = f"{sound['head']['number']}:{sound['head']['mac']}"
    assert client.get(f"{URL}/verify", {"head": head}).json()["ok"]
    with guard.taken_down(connection), company_active(admin.company_id):
        AuditEntry.objects.filter(pk=entries[2].pk).update(action="lead.deleted")
    broken = client.get(f"{URL}/verify").json()
    assert (broken["ok"], broken["problem_count"]) == (False, 1)
    assert [(one["kind"], one["entry_id"]) for one in broken["problems"]] == [("edited", str(entries[2].pk))]


def test_a_head_of_another_log_does_not_fit(api, admin, entries):
    seal_entries()
    found = api(admin).get(f"{URL}/verify", {"head": "999999:" + "a" * 64}).json()
    assert [one["kind"] for one in found["problems"]] == ["truncated"]
    assert api(admin).get(f"{URL}/verify", {"head": "x"}).status_code == 422
    assert api(admin).get(f"{URL}/verify", {"tail": "x"}).status_code == 422
