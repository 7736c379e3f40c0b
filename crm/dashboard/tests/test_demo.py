"""The demo keeps every rule that the product's own actions keep."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

import phonenumbers
import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils.timezone import now

from agents.capacity import room_for
from agents.hours import hours_of
from agents.models import Agent
from calls.models import Call
from crm.accounts.models import Company, User
from crm.accounts.permissions_table import Role
from crm.audit.models import AuditEntry
from crm.compliance.gate import decide_many
from crm.core.actors import System
from crm.core.tenancy import company_active, unscoped
from crm.dashboard.demo import cast as casts
from crm.dashboard.demo.making import make_demo
from crm.dashboard.demo.passed import GIVEN_BACK, HANDED_ON
from crm.dashboard.demo.twice import PAIRS
from crm.dashboard.demo.vendors import RETURNED, key_of
from crm.mail.models import Mail
from crm.vendors.actions import regenerate_key
from crm.vendors.models import Vendor, VendorDay, VendorReturn
from crm.vendors.scorecard import scorecard_of
from crm.vendors.tests.factories import calling
from leads import dispositions
from leads.duplicates.models import DuplicatePair
from leads.hashes import sha256_hex
from leads.models import CLOSED_STAGES, Assignment, Contact, Lead, Priority, Stage, StageChange, Status
from leads.sla import SlaStatus, sla_status
from leads.why import explain

pytestmark = pytest.mark.django_db
SMALL = (replace(casts.BRIGHTWATER, closed=260, queue=40, deleted=6), casts.FERNHILL)


@pytest.fixture(scope="module")
def _made(django_db_setup, django_db_blocker):
    """Once for all tests here, and gone after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        make_demo(SMALL)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo(_made, db):
    company = Company.objects.get(name="Brightwater Solar")
    with company_active(company.pk):
        yield company


def test_capacity_is_near_at_and_below_its_limit_and_never_above(demo):
    room = room_for([agent.pk for agent in Agent.objects.all()])
    for agent, person in zip(Agent.objects.exclude(user=None).order_by("pk"), SMALL[0].people[3:], strict=True):
        assert (room[agent.pk].current, room[agent.pk].max) == (person.load, person.capacity)
    shares = [capacity.percentage for capacity in room.values() if capacity.percentage is not None]
    assert max(shares) == 100
    assert any(85 <= share < 100 for share in shares)
    assert any(0 < share < 60 for share in shares)
    assert not Lead.objects.open().filter(agent__is_active=False).exists()


def test_every_axis_shows_all_its_values(demo):
    for field, values in (("status", Status), ("stage", Stage), ("priority", Priority)):
        assert {*Lead.objects.values_list(field, flat=True)} == {*values.values}
    verdicts = {*Lead.objects.values_list("qualification_status", flat=True)}
    assert verdicts == {"qualified", "unqualified", "disqualified"}
    assert {sla_status(lead) for lead in Lead.objects.open()} == {*SlaStatus}
    assert Lead.objects.filter(deleted_at__isnull=False).count() == 6
    assert Lead.objects.open().filter(agent=None).count() == 40


def test_closed_is_closed(demo):
    leads = Lead.objects.all()
    assert not leads.filter(Q(status=Status.DONE) ^ Q(closed_at__isnull=False)).exists()
    assert not leads.filter(stage__in=CLOSED_STAGES).exclude(status=Status.DONE).exists()
    assert not leads.filter(disposition__in=dispositions.FINAL).exclude(status=Status.DONE).exists()
    tired = leads.filter(disposition="no_answer", attempts_count__gte=F("agent__max_attempts"))
    assert not tired.exclude(status=Status.DONE).exists()
    assert not leads.filter(disposition="do_not_call", contact__do_not_contact=False).exists()


def test_contacts_are_met_once_and_hold_one_open_lead_an_agent(demo):
    crowded = Lead.objects.open().values("contact", "agent").annotate(leads=Count("pk")).filter(leads__gt=1)
    assert not crowded.exists()
    assert Contact.objects.annotate(count=Count("leads")).filter(count__gt=1).exists()
    for lead in Lead.objects.select_related("contact"):
        assert lead.contact.search_text == lead.contact.searchable == lead.search_text
        assert lead.last_name_key == lead.contact.sort_key


def test_numbers_are_valid_and_kept_free_for_fiction_and_lie_in_several_zones(demo):
    numbers = [*Contact.objects.values_list("phone_e164", flat=True)]
    numbers = [number for number in numbers if number]
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers)
    abroad = ("+442079460", "+612555011", "+468465004")  # kept free by the offices there
    assert all(number[5:10] == "55501" or number.startswith(abroad) for number in numbers)
    assert len({zone for contact in Contact.objects.all() for zone in contact.zones}) >= 5
    addresses = [address for address in Contact.objects.values_list("email", flat=True) if address]
    assert all(address.split("@")[1] in ("example.com", "example.net", "example.org") for address in addresses)


def test_some_people_stand_there_twice_and_are_found(demo):
    pairs = list(DuplicatePair.objects.open().select_related("first", "second"))
    assert len(pairs) == PAIRS and {reason for pair in pairs for reason in pair.reasons} == {"email", "name"}
    assert all(pair.first.last_name == pair.second.last_name for pair in pairs)


def test_history_agrees_with_where_each_lead_stands(demo):
    for lead in Lead.objects.prefetch_related("assignments", "stage_changes"):
        moves = sorted(lead.stage_changes.all(), key=lambda move: move.at)
        assert ([move.to_stage for move in moves] or [Stage.LEAD])[-1] == lead.stage
        assert [move.from_stage for move in moves] == [Stage.LEAD, *(move.to_stage for move in moves)][: len(moves)]
        last = max(lead.assignments.all(), key=lambda row: row.at, default=None)
        assert (last.to_agent_id if last else None) == lead.agent_id
        assert (last.deadline if last else None) == lead.deadline
        happened = [lead.created_at, lead.assigned_at, lead.first_response_at, lead.closed_at]
        assert (moments := [at for at in happened if at]) == sorted(moments)
        assert moments[-1] <= now()


def test_the_log_tells_the_last_sixty_days_in_order_and_holds_no_name(demo):
    entries = [*AuditEntry.objects.order_by("pk").values_list("at", flat=True)]
    assert entries == sorted(entries)
    assert now() - entries[0] > timedelta(days=59)
    assert (
        AuditEntry.objects.filter(action="lead.assigned").count()
        + AuditEntry.objects.filter(action__in=["lead.reassigned", "lead.unassigned"]).count()
        == Assignment.objects.count()
    )
    assert AuditEntry.objects.filter(action="lead.stage_changed").count() == StageChange.objects.count()
    names = {*Contact.objects.values_list("last_name", flat=True)}
    assert not any(str(value) in names for entry in AuditEntry.objects.all() for value in entry.data.values())


def test_the_log_proves_itself(demo):
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert "wrong" not in out.getvalue().lower()


def test_nobody_is_written_to(demo):
    with unscoped("test"):
        assert not Mail.objects.exists()


def test_a_vendor_has_new_leads_and_a_voice_agent_is_open_at_all_hours(demo):
    assert Lead.objects.filter(vendor__code="DEMO001", status=Status.NEW).exists()
    nova = Agent.objects.get(name="Nova")
    assert all(hours_of(nova, demo).is_open(now() + timedelta(hours=hour)) for hour in range(0, 168, 5))


def test_the_other_company_is_its_own(demo):
    other = Company.objects.exclude(pk=demo.pk).get()
    with company_active(other.pk):
        assert 0 < Lead.objects.alive().count() < 100
        assert User.objects.filter(role=Role.ADMIN).count() == 1


@pytest.mark.parametrize("name", ["admin", "manager", "agent", "fernhill"])
def test_the_printed_people_may_sign_in(demo, name):
    with unscoped("test"):
        user = User.objects.get(username=name)
        assert user.check_password(casts.PASSWORD)
        assert user.emailaddress_set.get().verified


def test_each_attempt_is_a_call_and_what_voice_agents_dialled_was_decided(demo):
    for lead in Lead.objects.filter(first_response_at__isnull=False, agent__isnull=False).annotate(n=Count("calls")):
        assert lead.n == lead.attempts_count
    dialled = Call.objects.filter(is_manual=False)
    assert dialled.exists() and {call.agent.kind for call in dialled.select_related("agent")} == {"voice"}
    assert not dialled.exclude(decision__allowed=True).exists()
    assert {*Call.objects.values_list("outcome", flat=True)} == {"answered", "no_answer", "failed"}
    assert not Call.objects.filter(created_at__gt=now()).exists()


def test_voice_agents_have_something_to_call_now_and_for_a_while(demo):
    for agent in Agent.objects.filter(kind="voice"):
        lined_up = Lead.objects.open().filter(agent=agent).order_by("schedule_at")
        assert lined_up.filter(schedule_at__lte=now()).exists()
        assert lined_up.last().schedule_at - lined_up.first().schedule_at >= timedelta(minutes=20)


@pytest.mark.parametrize("start", [datetime(2026, 1, 4, tzinfo=UTC), datetime(2026, 6, 28, tzinfo=UTC)], ids=str)
def test_at_every_hour_of_the_week_somebody_may_be_called(demo, start):
    """By a voice agent that is open at all hours, and from the cockpit; from a Sunday on, in winter and in summer."""
    lyra, priya = Agent.objects.get(name="Lyra"), Agent.objects.get(user__username="agent")
    assert lyra.business_hours == casts.ALL_HOURS
    leads = Lead.objects.open().filter(agent__in=[lyra, priya], attempts_count__lt=3).select_related("contact")
    holders = {lead.contact_id: lead.agent_id for lead in leads}
    people = [lead.contact for lead in leads]
    for hour in range(7 * 24):
        at = start + timedelta(hours=hour, minutes=59)
        verdicts = decide_many(people, "voice", at=at, actor=System("demo"))
        allowed = Counter(holders[pk] for pk, verdict in verdicts.items() if verdict.allowed)
        assert allowed[lyra.pk] >= 5 and allowed[priya.pk] >= 1, f"{at:%a %H:%M}"


def test_vendors_have_a_scorecard_that_agrees_with_their_leads(demo):
    for vendor in Vendor.objects.all():
        card = scorecard_of(vendor)
        leads = Lead.objects.filter(vendor=vendor)
        assert card.accepted == leads.count() > 0
        assert card.spent == (card.accepted - card.returned) * vendor.price
        assert 0 < card.refused < card.accepted and card.pings
        days = dict(VendorDay.objects.filter(vendor=vendor).values_list("day", "accepted"))
        assert sum(days.values()) == card.accepted
        assert vendor.daily_cap is None or max(days.values()) <= vendor.daily_cap


def test_some_leads_went_back_to_their_vendors_with_the_reason(demo):
    rows = list(VendorReturn.objects.select_related("vendor", "user"))
    assert 0 < len(rows) <= RETURNED and len({row.reason for row in rows}) > 1
    for row in rows:
        lead = Lead.objects.get(pk=row.lead_id)
        assert (lead.vendor, lead.stage, row.cost) == (row.vendor, Stage.LOST, row.vendor.price)
        last = StageChange.objects.filter(lead=lead).latest("at")
        assert (last.reason, last.user) == (f"Returned to {row.vendor.code}: {row.reason}", row.user)
        told = AuditEntry.objects.filter(object_id=lead.pk, action="lead.returned").get()
        assert told.data["return_id"] == str(row.pk)


def test_why_tells_of_agents_who_let_a_lead_pass(demo):
    manager = User.objects.get(username="manager")
    on = Assignment.objects.filter(reason__has_key="not_accepted", to_agent__isnull=False)
    back = Assignment.objects.filter(reason__returned="not_accepted")
    assert (on.count(), back.count()) == (HANDED_ON, GIVEN_BACK)
    for row in (*on, *back):
        lead = Lead.objects.select_related("contact", "agent", "vendor").get(pk=row.lead_id)
        told = " ".join(cause.text for cause in explain(lead, manager, now())["assignment"].causes)
        words = "who had not touched it in time" if row.to_agent_id else "did not touch it in time"
        assert words in told and row.from_agent.name in told


@pytest.mark.parametrize("code", ["DEMO001", "ROOFS24"])
def test_with_a_vendors_key_one_can_ask_and_send(demo, code):
    client = calling(key_of(code))
    assert client.post("/api/v1/leads/ping", {"phone_sha256": sha256_hex("+14155550142")}).json()["accepted"] is True
    answer = client.post("/api/v1/leads", {"first_name": "Ada", "phone": "(415) 555-0142"})
    assert (answer.status_code, answer.json()["vendor_code"]) == (201, code)


def test_the_keys_are_printed_until_they_are_replaced(demo):
    def printed() -> str:
        out = StringIO()
        call_command("demo", sign_ins_only=True, stdout=out)
        return out.getvalue()

    shown = printed()
    assert all(key_of(code) in shown for code in ("DEMO001", "ROOFS24")) and "/api/v1/leads -H 'x-api-key: " in shown
    regenerate_key(Vendor.objects.get(code="DEMO001"), by=User.objects.get(username="admin"))
    shown = printed()
    assert key_of("DEMO001") not in shown and key_of("ROOFS24") in shown
