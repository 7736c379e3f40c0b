"""Two contacts made into one: what the survivor has then, what goes along, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from agents.tests.factories import AgentFactory
from crm.audit.models import AuditEntry
from crm.core.errors import Conflict, MissingField
from crm.core.tenancy import company_active
from leads.actions import add_note, create_lead, restore_lead, set_stage
from leads.duplicates.errors import CannotMerge, NoSuchChoice
from leads.duplicates.finding import keep_pairs, ordered
from leads.duplicates.merging import merge_contacts
from leads.duplicates.models import DuplicatePair, FoundBy, PairState
from leads.happenings import happened_to, together
from leads.hashes import sha256_hex
from leads.intake.actions import known_by_hash
from leads.models import Assignment, Contact, Lead, Note, StageChange
from leads.tests.factories import ContactFactory, LeadFactory

pytestmark = pytest.mark.usefixtures("in_company")
FULL = {
    "first_name": "Ann", "last_name": "Lee", "phone_e164": "+14155550101", "email": "ann@a.example",
    "organization": "Acme", "title": "Chief", "city": "Oakland", "region": "CA", "country": "US",
    "timezone": "America/Los_Angeles", "tags": ["a", "b"], "custom_fields": {"x": 1, "y": 2},
}  # fmt: skip
OTHER = {
    "first_name": "Anne", "last_name": "Lea", "phone_e164": "+14155550102", "email": "ann@b.example",
    "organization": "Apex", "title": "Boss", "city": "Boston", "region": "MA", "country": "CA",
    "timezone": "America/New_York", "tags": ["b", "c"], "custom_fields": {"y": 3, "z": 4},
}  # fmt: skip
BLANK = {**dict.fromkeys(OTHER, ""), "first_name": "Ann", "phone_e164": "+14155550103", "tags": [], "custom_fields": {}}


def person(row: Contact) -> dict[str, Any]:
    row.refresh_from_db()
    return {name: getattr(row, name) for name in FULL}


def actions_of(row: Any) -> list[str]:
    return list(AuditEntry.objects.filter(object_id=row.pk).order_by("id").values_list("action", flat=True))


# --- Fields ------------------------------------------------------------------------------------------------------


def test_the_survivor_keeps_its_own_and_unites_lists_and_objects(manager):
    this, other = ContactFactory(**FULL), ContactFactory(**OTHER)
    merge_contacts(this, other, by=manager)
    assert person(this) == {**FULL, "tags": ["a", "b", "c"], "custom_fields": {"x": 1, "y": 2, "z": 4}}
    other.refresh_from_db()
    assert other.deleted_at and other.merged_into == this
    assert (other.phone_e164, other.email) == ("+14155550102", "ann@b.example")


def test_blanks_are_filled_from_the_other(manager):
    this, other = ContactFactory(**BLANK), ContactFactory(**{**OTHER, "first_name": "Ann"})
    merge_contacts(this, other, by=manager)
    assert person(this) == {**OTHER, "first_name": "Ann", "phone_e164": "+14155550103"}
    assert "lea" in this.search_text and "ann@b.example" in this.search_text


def test_half_of_another_name_is_no_filling(manager):
    this, other = ContactFactory(**BLANK), ContactFactory(**OTHER)
    merge_contacts(this, other, by=manager)
    assert (person(this)["first_name"], this.last_name) == ("Ann", "")


@pytest.mark.parametrize("field", [*FULL])
def test_each_field_can_be_chosen(manager, field):
    this, other = ContactFactory(**FULL), ContactFactory(**OTHER)
    merge_contacts(this, other, by=manager, fields={field: "other"})
    assert person(this)[field] == OTHER[field]
    united = {"tags": ["a", "b", "c"], "custom_fields": {"x": 1, "y": 2, "z": 4}}
    assert {n: v for n, v in person(this).items() if n != field} == {
        n: v for n, v in {**FULL, **united}.items() if n != field
    }


def test_a_phone_that_the_survivor_gives_up_stays_with_the_row_that_was_merged(manager):
    this, other = ContactFactory(**FULL), ContactFactory(**OTHER)
    merge_contacts(this, other, by=manager, fields={"phone_e164": "other", "email": "this"})
    this.refresh_from_db(), other.refresh_from_db()
    assert (this.phone_e164, other.phone_e164) == ("+14155550102", "+14155550101")
    assert (this.email, other.email) == ("ann@a.example", "ann@b.example")


@pytest.mark.parametrize(
    ("mine", "theirs", "result"),
    [
        (("opted_in", False), ("opted_out", False), ("opted_out", False)),
        (("opted_out", False), ("opted_in", True), ("opted_out", True)),
        (("opted_in", True), ("opted_in", False), ("opted_in", True)),
        (("opted_in", False), ("unknown", False), ("unknown", False)),
        (("unknown", False), ("unknown", False), ("unknown", False)),
    ],
)
def test_of_consent_the_stricter_counts_always(manager, mine, theirs, result):
    this = ContactFactory(opt_in_status=mine[0], do_not_contact=mine[1])
    other = ContactFactory(opt_in_status=theirs[0], do_not_contact=theirs[1])
    merge_contacts(this, other, by=manager)
    this.refresh_from_db()
    assert (this.opt_in_status, this.do_not_contact) == result


@pytest.mark.parametrize("field", ["do_not_contact", "opt_in_status", "lifecycle_stage", "salary", "company_id"])
def test_what_cannot_be_chosen_is_refused_by_name_and_nothing_is_written(manager, field):
    this, other = ContactFactory(), ContactFactory()
    with pytest.raises(NoSuchChoice, match=field):
        merge_contacts(this, other, by=manager, fields={field: "other"})
    with pytest.raises(NoSuchChoice, match=r"“this” or “other”"):
        merge_contacts(this, other, by=manager, fields={"title": "Dr"})
    assert Contact.objects.alive().count() == 2 and not AuditEntry.objects.exists()


def test_a_contact_keeps_a_way_to_be_reached(manager):
    this, other = ContactFactory(email=""), ContactFactory(phone_e164="")
    with pytest.raises(MissingField):
        merge_contacts(this, other, by=manager, fields={"phone_e164": "other", "email": "this"})
    assert Contact.objects.alive().count() == 2


def test_the_stage_is_that_of_the_latest_move_of_any_lead(manager):
    this, other = ContactFactory(lifecycle_stage="opportunity"), ContactFactory(lifecycle_stage="sql")
    StageChange.objects.create(lead=LeadFactory(contact=this), to_stage="opportunity", at=now() - timedelta(days=2))
    StageChange.objects.create(lead=LeadFactory(contact=other), to_stage="sql", at=now())
    merge_contacts(this, other, by=manager)
    this.refresh_from_db()
    assert this.lifecycle_stage == "sql"


# --- What goes along ---------------------------------------------------------------------------------------------


def test_leads_with_all_that_hangs_on_them_go_along(manager, agent):
    this = ContactFactory(first_name="Ann", last_name="King")
    other = ContactFactory(first_name="Anne", last_name="Lea")
    lead = create_lead({"contact_id": other.pk}, by=manager, agent=agent)
    add_note(lead, "Wants a quote", by=manager)
    set_stage(lead, "mql", by=manager)
    gone = LeadFactory(contact=other, deleted_at=now())
    before = {model: set(model.objects.values_list("pk", "lead_id")) for model in (Note, Assignment, StageChange)}
    done = merge_contacts(this, other, by=manager)
    assert (done.leads_moved, done.leads_merged) == (2, 0)
    lead.refresh_from_db(), gone.refresh_from_db()
    assert (lead.contact, lead.agent, lead.stage, lead.is_duplicate) == (this, agent, "mql", False)
    assert (lead.last_name_key, lead.search_text) == ("king", Contact.objects.get(pk=this.pk).search_text)
    assert gone.contact == this and gone.deleted_at
    assert {m: set(m.objects.values_list("pk", "lead_id")) for m in before} == before
    assert actions_of(lead)[-1] == "lead.moved"
    assert actions_of(this) == ["contact.merged"] and actions_of(other)[-1] == "contact.merged_away"


def test_leads_of_the_survivor_follow_a_name_that_it_takes(manager):
    this, other = ContactFactory(last_name="Byron"), ContactFactory(last_name="King")
    mine, theirs = LeadFactory(contact=this), LeadFactory(contact=other)
    merge_contacts(this, other, by=manager, fields={"last_name": "other"})
    this.refresh_from_db()
    for lead in (mine, theirs):
        lead.refresh_from_db()
        assert (lead.last_name_key, lead.search_text) == ("king", this.search_text)


def test_an_agent_with_an_open_lead_of_each_keeps_one_with_everything(manager, agent):
    this, other = ContactFactory(), ContactFactory()
    mine = create_lead({"contact_id": this.pk, "tags": ["a"], "deal_value": None}, by=manager, agent=agent)
    theirs = create_lead(
        {"contact_id": other.pk, "tags": ["b"], "deal_value": "100.00", "custom_fields": {"k": 1}},
        by=manager,
        agent=agent,
    )
    add_note(mine, "Mine", by=manager), add_note(theirs, "Theirs", by=manager)
    Lead.objects.filter(pk=theirs.pk).update(attempts_count=2)
    done = merge_contacts(this, other, by=manager)
    assert (done.leads_moved, done.leads_merged, done.rows) == (0, 1, 2)
    mine.refresh_from_db(), theirs.refresh_from_db()
    assert (mine.contact, mine.agent, mine.tags, str(mine.deal_value), mine.custom_fields, mine.attempts_count) == (
        this, agent, ["a", "b"], "100.00", {"k": 1}, 2,
    )  # fmt: skip
    assert theirs.deleted_at and (theirs.merged_into, theirs.contact) == (mine, this)
    assert set(mine.notes.values_list("text", flat=True)) == {"Mine", "Theirs"}
    assert mine.assignments.count() == 2
    assert Lead.objects.open().filter(agent=agent).count() == 1
    assert (actions_of(mine)[-1], actions_of(theirs)[-1]) == ("lead.merged", "lead.merged_away")
    with pytest.raises(Conflict, match="undo the merge"):
        restore_lead(theirs, by=manager)


def test_open_leads_that_may_stand_beside_each_other_stay_and_are_flagged(manager, agent, other_agent):
    this, other = ContactFactory(), ContactFactory()
    kept = LeadFactory(contact=this, agent=agent)
    waiting, held = LeadFactory(contact=other), LeadFactory(contact=other, agent=other_agent)
    closed = LeadFactory(contact=other, status="done")
    merge_contacts(this, other, by=manager)
    flags = dict(Lead.objects.open().values_list("pk", "is_duplicate"))
    assert flags == {kept.pk: False, waiting.pk: True, held.pk: True}
    closed.refresh_from_db()
    assert (closed.contact, closed.is_duplicate) == (this, False)


def test_what_happened_to_both_stands_in_one_timeline(manager, agent):
    this, other = ContactFactory(), ContactFactory()
    mine = create_lead({"contact_id": this.pk}, by=manager, agent=agent)
    theirs = create_lead({"contact_id": other.pk}, by=manager, agent=agent)
    add_note(theirs, "Said before", by=manager)
    merge_contacts(this, other, by=manager)
    told = happened_to(together([mine.pk], [this.pk]), {}, {}, "")
    assert "Said before" in [entry.quote for entry in told.entries]
    assert {"merged the contact with another", "merged the other lead into this one"} <= {e.what for e in told.entries}


@pytest.mark.parametrize("merged", [True, False])
def test_the_row_says_whether_anything_was_merged_and_page_and_api_tell_of_it(api, client, manager, agent, merged):
    this, other = ContactFactory(), ContactFactory(first_name="Anne")
    mine = create_lead({"contact_id": this.pk}, by=manager, agent=agent)
    theirs = create_lead({"contact_id": other.pk}, by=manager)
    add_note(theirs, "Said before", by=manager)
    if merged:
        merge_contacts(this, other, by=manager)
    assert Lead.objects.telling_merges().get(pk=mine.pk).has_merged is merged
    told = api(manager).get(f"/api/v1/leads/{mine.pk}/timeline?per_page=100").json()["timeline"]
    assert ("contact.merged_away" in [entry["action"] for entry in told]) is merged
    client.force_login(manager)
    assert ("merged the other contact into this one" in client.get(f"/leads/{mine.pk}/").content.decode()) is merged


def test_who_was_merged_into_the_other_belongs_to_the_survivor(manager):
    first, second, third = ContactFactory(), ContactFactory(), ContactFactory()
    merge_contacts(second, third, by=manager)
    merge_contacts(first, second, by=manager)
    third.refresh_from_db()
    assert third.merged_into == first


# --- Known by what was merged away --------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"phone": "+14155550102"}, {"email": "ANN@b.example"}])
def test_a_new_lead_by_the_old_phone_or_email_is_the_survivors(manager, given):
    this, other = ContactFactory(**FULL), ContactFactory(**OTHER)
    merge_contacts(this, other, by=manager)
    lead = create_lead({"first_name": "Anne", **given}, by=manager)
    assert lead.contact == this and Contact.objects.count() == 2
    this.refresh_from_db()
    assert (this.phone_e164, this.email) == (FULL["phone_e164"], FULL["email"])


def test_a_new_lead_by_the_old_id_is_the_survivors(manager):
    this, other = ContactFactory(), ContactFactory()
    merge_contacts(this, other, by=manager)
    assert create_lead({"contact_id": other.pk}, by=manager).contact == this


def test_a_vendor_that_asks_by_the_old_hash_is_told_of_the_survivor(manager):
    this, other = ContactFactory(**FULL), ContactFactory(**OTHER)
    merge_contacts(this, other, by=manager)
    assert known_by_hash(sha256_hex(OTHER["phone_e164"]), "") == ([this], [])
    assert known_by_hash("", sha256_hex(OTHER["email"])) == ([], [this])
    assert known_by_hash(sha256_hex(FULL["phone_e164"]), sha256_hex(FULL["email"])) == ([this], [this])


# --- Pairs -------------------------------------------------------------------------------------------------------


def test_the_pair_is_decided_and_a_third_may_be_the_survivor_now(manager):
    this, other, third = ContactFactory(), ContactFactory(), ContactFactory()
    found = {ordered(this.pk, other.pk): ["name"], ordered(other.pk, third.pk): ["email"]}
    keep_pairs(found, found_by=FoundBy.SCAN)
    merge_contacts(this, other, by=manager)
    states = {(p.first_id, p.second_id): (p.state, p.reasons) for p in DuplicatePair.objects.all()}
    assert states == {
        ordered(this.pk, other.pk): (PairState.MERGED, ["name"]),
        ordered(other.pk, third.pk): (PairState.MERGED, ["email"]),
        ordered(this.pk, third.pk): (PairState.OPEN, ["email"]),
    }
    assert DuplicatePair.objects.filter(state=PairState.MERGED).first().decided_by == manager


# --- What is refused ---------------------------------------------------------------------------------------------


def test_a_contact_is_not_merged_with_itself_nor_with_a_deleted_one(manager):
    this, gone = ContactFactory(), ContactFactory(deleted_at=now())
    with pytest.raises(CannotMerge, match="itself"):
        merge_contacts(this, this, by=manager)
    for pair in ((this, gone), (gone, this)):
        with pytest.raises(CannotMerge, match="deleted or merged"):
            merge_contacts(*pair, by=manager)


def test_another_companys_contact_is_no_partner(manager, stranger):
    with company_active(stranger.company_id):
        theirs = ContactFactory()
    with pytest.raises(CannotMerge):
        merge_contacts(ContactFactory(), theirs, by=manager)
    with company_active(stranger.company_id):
        theirs.refresh_from_db()
        assert theirs.deleted_at is None


def test_nobody_is_filled_beyond_capacity_and_no_load_changes(manager):
    full = AgentFactory(max_capacity=2)
    this, other = ContactFactory(), ContactFactory()
    LeadFactory(contact=other, agent=full), LeadFactory(agent=full)
    merge_contacts(this, other, by=manager)
    assert Lead.objects.open().filter(agent=full).count() == 2


@pytest.mark.parametrize("rows", [1, 30])
def test_it_costs_the_same_with_one_lead_and_with_thirty(manager, rows):
    this, other = ContactFactory(), ContactFactory()
    for _ in range(rows):
        add_note(LeadFactory(contact=other, status="done"), "x", by=manager)
    with CaptureQueriesContext(connection) as sent:
        merge_contacts(this, other, by=manager)
    count = len([q for q in sent if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))])
    assert count <= 30, count
