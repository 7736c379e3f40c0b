from __future__ import annotations

import hmac
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.utils.timezone import now

from crm.audit.events import events_recorded
from crm.audit.models import AuditEntry, JournalEntry
from crm.audit.proof import content_mac, keyed_digest
from crm.audit.recording import Event, keyed_hash, record, record_many
from crm.core.actors import System, VendorActor
from crm.core.tenancy import unscoped
from leads.tests.factories import ContactFactory, LeadFactory

PERSONAL = {
    "first_name": ("Ada", "Augusta"),
    "last_name": ("Byron", "Lovelace"),
    "email": ("ada@example.org", "augusta@example.org"),
    "phone_e164": ("+14155552671", "+493012345678"),
    "organization": ("Analytical Engines", "Babbage & Sons"),
    "custom_fields": ({"iban": "DE02120300000000202051"}, {}),
}


def test_no_personal_value_enters_the_log(in_company, admin):
    contact = ContactFactory()
    entry = record("contact.updated", contact, by=admin, changes={**PERSONAL, "country": ("US", "DE")})
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit_auditentry")
        stored = str(cursor.fetchall())
    spoken = [str(part) for pair in PERSONAL.values() for part in pair if part]
    assert "DE" in stored and not [value for value in [*spoken, "DE0212", admin.email] if value in stored]
    assert entry.changes[0] == {
        "field": "first_name",
        "before_hash": keyed_hash("Ada"),
        "after_hash": keyed_hash("Augusta"),
    }
    journal = JournalEntry.objects.get()
    assert (journal.entry, journal.before["email"], journal.after["country"]) == (entry, "ada@example.org", "DE")


def test_a_secret_enters_neither_the_log_nor_the_journal(in_company, admin):
    record("user.updated", admin, by=admin, changes={"password": ("old hash", "new hash"), "role": ("agent", "admin")})
    assert AuditEntry.objects.get().changes[0] == {"field": "password"}
    assert JournalEntry.objects.get().after == {"role": "admin"}


@pytest.mark.parametrize("number", [1, 30])
def test_a_batch_costs_two_inserts_and_is_told_of_once(in_company, admin, number, django_assert_num_queries):
    leads, told = [LeadFactory() for _ in range(number)], []

    def listen(entries, **kwargs):
        told.append(entries)

    events_recorded.connect(listen)
    try:
        with django_assert_num_queries(2):
            events = (Event("lead.noticed", lead, admin, changes={"score": (0, 7)}) for lead in leads)
            entries = record_many(events)
        with django_assert_num_queries(1):
            record_many(Event("lead.noticed", lead, admin, data={"n": 1}) for lead in leads)
    finally:
        events_recorded.disconnect(listen)
    assert [len(batch) for batch in told] == [number, number] and told[0] == entries
    assert list(AuditEntry.objects.order_by("pk")[:number]) == entries, "ids keep the order of a batch"


def test_no_events_cost_nothing(in_company, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert record_many([]) == []


def test_an_entry_tells_who_from_where_and_when(in_company, admin):
    past = now() - timedelta(days=3)
    by = [admin, System("routing"), VendorActor(uuid4(), "ACME")]
    record_many(Event("company.updated", in_company, one, at=past) for one in by)
    rows = AuditEntry.objects.order_by("pk")
    assert [(row.actor_kind, row.user, row.actor) for row in rows] == [
        ("user", admin, admin.name),
        ("system", None, "routing"),
        ("vendor", None, "ACME"),
    ]
    assert {row.at for row in rows} == {past} and {row.company_id for row in rows} == {in_company.pk}


AWKWARD = {
    "numbers": [1.0, 1e22, -0.0, 0.1, 1e-7, 2**70, -(2**63), 1.5e300, float("inf"), float("nan"), True, None],
    "text": ["ü", "日本", '"\\', "\u2028", "", "1.0"],
    "nested": {"b": 1, "a": [{"z": Decimal("1.50"), "y": date(2026, 2, 3)}], 7: datetime(2026, 2, 3, 4, 5, 6, 7, UTC)},
}


@pytest.mark.parametrize("ip", [None, "10.1.2.3", "::FFFF:10.0.0.1", "fe80::1%eth0", "2001:DB8:0::1", "nonsense"])
def test_an_entrys_hash_is_the_same_after_the_database_kept_it(in_company, admin, monkeypatch, ip):
    from crm.core import http

    token = http._origin.set(http.Origin(ip, "request-7"))
    try:
        written = record("lead.noticed", LeadFactory(), by=admin, data=AWKWARD, changes={"score": (1.0, AWKWARD)})
    finally:
        http._origin.reset(token)
    read = AuditEntry.objects.get()
    assert written.mac == read.mac == content_mac(read) and len(read.mac) == 64
    json.dumps(read.data, allow_nan=False)


@pytest.mark.parametrize("key", ["", "k", "k" * 64, "ключ" * 40])
def test_the_keyed_hash_is_an_hmac(settings, key):
    settings.AUDIT_KEY = key
    assert keyed_digest(b"text") == hmac.digest(key.encode(), b"text", "sha256").hex()
    assert keyed_hash("ü") == hmac.digest(key.encode(), b'"\\u00fc"', "sha256").hex()


def test_a_platform_superusers_deed_belongs_to_the_company_it_works_in(in_company, db):
    from crm.accounts.models import User

    with unscoped("a platform user"):
        superuser = User.objects.create_superuser("root@platform.example", "correct horse battery")
    record("user.updated", superuser, by=superuser)
    entry = AuditEntry.objects.get()
    assert entry.company_id == in_company.pk and entry.mac == content_mac(entry)
