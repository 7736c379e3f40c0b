"""Merges beside all else, with real threads on PostgreSQL; and the plans of what looks for duplicates."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.core.tenancy import company_active
from crm.jobs.actions import undo_job
from crm.jobs.running import run_job
from leads.actions import create_lead, update_lead
from leads.duplicates.finding import KEYS, keep_pairs, look_through, ordered
from leads.duplicates.jobs import merge_contacts_now, merge_leads_now
from leads.duplicates.merging import merge_contacts
from leads.duplicates.models import DuplicatePair, FoundBy
from leads.models import Contact, Lead
from leads.tests.factories import ContactFactory, LeadFactory
from leads.tests.test_concurrency import together
from leads.tests.test_plans import copy, plans, walks

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL"),
]


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_each_into_the_other_at_once_is_one_merge(self, company: Company, manager: User, agent: Agent) -> None:
        for _ in range(5):
            with company_active(company.pk):
                a, b = ContactFactory(), ContactFactory()
                LeadFactory(contact=a, agent=agent), LeadFactory(contact=b, agent=agent)
            both_ways = [
                lambda a=a, b=b: merge_contacts(a, b, by=manager),
                lambda a=a, b=b: merge_contacts(b, a, by=manager),
            ]
            outcomes = together(company, both_ways * 3)
            assert outcomes == {"done": 1, "CannotMerge": 5}
            with company_active(company.pk):
                [standing] = Contact.objects.alive().filter(pk__in=[a.pk, b.pk])
                assert set(Lead.objects.filter(contact__in=[a, b]).values_list("contact", flat=True)) == {standing.pk}
                assert Lead.objects.open().filter(contact=standing).count() == 1
                Lead.objects.update(status="done")

    @pytest.mark.parametrize("given", [{"phone_e164": "+14155559999"}, {"email": "other@b.example"}, "id"])
    def test_a_lead_for_who_is_merged_away_is_the_survivors(self, company: Company, manager: User, given: Any) -> None:
        """Whether it comes before, during or after: nobody is made anew, and no lead is left with the other."""
        for _ in range(5):
            with company_active(company.pk):
                DuplicatePair.objects.all().delete()
                Lead.objects.all().delete()
                Contact.objects.all().update(merged_into=None)
                Contact.objects.all().delete()
                this = ContactFactory()
                other = ContactFactory(phone_e164="+14155559999", email="other@b.example")
            body = {"first_name": "Ann", **({"contact_id": other.pk} if given == "id" else given)}
            works: list[Any] = [lambda this=this, other=other: merge_contacts(this, other, by=manager)]
            works += [lambda body=body: create_lead(body, by=manager)] * 6
            outcomes = together(company, works)
            assert outcomes["done"] == 2 and set(outcomes) <= {"done", "DuplicateLead"}, outcomes
            with company_active(company.pk):
                assert list(Contact.objects.alive()) == [this], outcomes
                assert [lead.contact for lead in Lead.objects.all()] == [this]

    def test_the_old_phone_of_one_beside_the_e_mail_of_another_never_deadlocks(
        self, company: Company, manager: User
    ) -> None:
        body = {"first_name": "Ann", "phone_e164": "+14155559999", "email": "other@b.example"}
        for _ in range(4):
            with company_active(company.pk):
                survivor, gone = ContactFactory(), ContactFactory(phone_e164="+14155559999")
                merge_contacts(survivor, gone, by=manager)
                other = ContactFactory(phone_e164="", email="other@b.example")
            works: list[Any] = [lambda: create_lead(body, by=manager)] * 6
            works += [lambda s=survivor, o=other: merge_contacts(s, o, by=manager)]
            works += [lambda s=survivor, o=other: merge_contacts(o, s, by=manager)]
            outcomes = together(company, works)
            assert set(outcomes) <= {"done", "CannotMerge", "DuplicateLead", "Conflict"}, outcomes
            with company_active(company.pk):
                [standing] = Contact.objects.alive()
                leads = [lead.contact for lead in Lead.objects.all()]
                assert leads == [standing] * (outcomes["done"] - 1) and outcomes["done"] in (1, 2)
                DuplicatePair.objects.all().delete()
                Lead.objects.all().delete()
                Contact.objects.all().update(merged_into=None)
                Contact.objects.all().delete()

    def test_merges_changes_and_undo_wait_and_never_deadlock(
        self, company: Company, manager: User, agent: Agent
    ) -> None:
        with company_active(company.pk):
            people = [ContactFactory() for _ in range(4)]
            leads = [LeadFactory(contact=contact, agent=agent) for contact in people]
        works: list[Any] = []
        for number in range(3):
            works += [
                lambda n=number: merge_contacts(people[n], people[n + 1], by=manager),
                lambda n=number: merge_contacts(people[n + 1], people[n], by=manager),
                lambda n=number: update_lead(leads[n], {"last_name": f"N{n}", "stage": "mql"}, by=manager),
                lambda n=number: create_lead({"contact_id": people[n].pk}, by=manager),
            ]
        outcomes = together(company, works)
        assert set(outcomes) <= {
            "done",
            "CannotMerge",
            "DuplicateLead",
            "LeadIsDeleted",
            "LeadMoved",
            "InvalidField",
        }, outcomes
        with company_active(company.pk):
            for lead in Lead.objects.select_related("contact").alive():
                assert lead.contact.deleted_at is None and lead.search_text == lead.contact.search_text
            for contact in Contact.objects.merged():
                assert Contact.objects.alive().filter(pk=contact.merged_into_id).exists()
            held = Lead.objects.open().filter(agent=agent)
            assert held.count() == held.values("contact").distinct().count()

    def test_the_same_leads_merged_at_once_are_merged_once(self, company: Company, manager: User) -> None:
        with company_active(company.pk):
            this = LeadFactory()
            other = LeadFactory(contact=this.contact, attempts_count=2)
        outcomes = together(company, [lambda: merge_leads_now(this, other, by=manager)] * 5)
        assert outcomes == {"done": 1, "CannotMerge": 4}
        with company_active(company.pk):
            assert Lead.objects.get(pk=this.pk).attempts_count == 2

    def test_an_undo_and_an_edit_of_the_same_field_at_once_lose_nothing(self, company: Company, manager: User) -> None:
        from leads.actions import update_contact

        for _ in range(5):
            with company_active(company.pk):
                this, other = ContactFactory(organization=""), ContactFactory(organization="Apex")
                job, _ = merge_contacts_now(this, other, by=manager)
                undoing = undo_job(job, by=manager)
            works = [
                lambda u=undoing: run_job(u.pk),
                lambda t=this: update_contact(t, {"organization": "Acme"}, by=manager),
            ]
            assert together(company, works) == {"done": 2}
            with company_active(company.pk):
                this.refresh_from_db(), other.refresh_from_db(), undoing.refresh_from_db()
                assert (this.organization, other.organization, other.deleted_at) == ("Acme", "Apex", None)
                assert undoing.failed in (0, 1)  # first the edit: left and reported; first the undo: changed afterwards

    def test_a_pair_found_by_many_at_once_is_kept_once(self, company: Company) -> None:
        with company_active(company.pk):
            a, b = ContactFactory(), ContactFactory()
        found = {ordered(a.pk, b.pk): ["name"]}
        assert together(company, [lambda: keep_pairs(found, found_by=FoundBy.SCAN)] * 8) == {"done": 8}
        with company_active(company.pk):
            assert DuplicatePair.objects.count() == 1


@pytest.mark.usefixtures("in_company")
@pytest.mark.parametrize("reason", [*KEYS])
def test_each_key_is_read_by_its_index(reason: str) -> None:
    contact = ContactFactory(first_name="A", last_name="B", organization="C")
    copy(contact, search_text="'a b p' || n || ' c'")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leads_contact")
        cursor.execute("SET LOCAL enable_seqscan = off")
    index = f"contact_{reason}_key"
    found = [plan for sql, plan in plans(lambda: look_through(reason, "", 500)) if "leads_contact" in sql]
    assert all(index in plan or "contact_pkey" in plan for plan in found) and index in found[0], found
    key, has_key = KEYS[reason]
    rows = Contact.objects.alive().filter(has_key).annotate(key=key()).filter(Q(key__in=["a", "b"]))
    [(_, plan)] = plans(lambda: list(rows.values_list("pk")))
    assert index in plan and not walks(plan, "leads_contact")


@pytest.mark.usefixtures("in_company")
def test_who_was_merged_away_is_found_by_index_and_pairs_are_listed_by_theirs(manager: User) -> None:
    contact = ContactFactory()
    copy(contact)
    Contact.objects.exclude(pk=contact.pk).update(merged_into=contact, deleted_at="2026-01-01T00:00Z")
    ids = sorted(Contact.objects.values_list("pk", flat=True)[:1500])
    DuplicatePair.objects.bulk_create(
        DuplicatePair(first_id=first, second_id=second, reasons=["phone"]) for first, second in pairwise(ids)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leads_contact; ANALYZE leads_duplicatepair")
        cursor.execute("SET LOCAL enable_seqscan = off")
    rows = Contact.objects.merged().filter(Q(phone_e164="+14155559999") | Q(email="x@example.org"))
    [(_, plan)] = plans(lambda: list(rows.values_list("merged_into")))
    assert "contact_merged_phone" in plan and "contact_merged_email" in plan
    pairs = DuplicatePair.objects.filter(state="open").order_by("-found_at", "-pk")[:51]
    [(_, plan)] = plans(lambda: list(pairs))
    assert "duplicate_pair_list" in plan and '"Sort"' not in plan
    [(_, plan)] = plans(lambda: list(DuplicatePair.objects.of([contact.pk])))
    assert not walks(plan, "leads_duplicatepair")
