"""Sealing, and finding each kind of forgery by id. The forger has the whole database, but not the key."""

from __future__ import annotations

import threading
import tracemalloc
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from crm.audit import guard
from crm.audit.models import AuditEntry, AuditSeal
from crm.audit.recording import Event, record, record_many
from crm.audit.sealing import seal_entries
from crm.audit.tasks import seal, seal_late, seal_rest
from crm.audit.verification import Head, verify_log
from crm.core.actors import System
from crm.core.ids import uuid7
from crm.core.tenancy import company_active, scoped, unscoped

BY = System("test")


def write(company, number=1, **data):
    return record_many(Event("company.updated", company, BY, data={"n": n, **data}) for n in range(number))


@pytest.fixture
def log(in_company):
    entries = write(in_company, 7)
    assert seal_entries() == 7
    return entries


@pytest.fixture
def forge():
    """Runs what the database would refuse."""

    def run(change):
        with guard.taken_down(connection), unscoped("the forger"):
            return change()

    return run


def told(**kwargs):
    found = verify_log(**kwargs)
    assert found.problem_count == len(found.problems)
    return [(problem.kind, problem.entry_id, problem.number) for problem in found.problems]


def test_a_log_left_alone_holds(in_company, log):
    write(in_company, 2)
    found = verify_log()
    assert (found.is_sound, found.sealed, found.unsealed) == (True, 7, 2)
    last = AuditSeal.objects.order_by("-number").first()
    assert found.head == Head(7, last.mac) and str(found.head) == f"7:{last.mac}"
    assert seal_entries() == 2 and seal_entries() == 0
    assert [seal.entry_id for seal in AuditSeal.objects.order_by("number")[:7]] == [entry.pk for entry in log]


def test_an_empty_log_holds(in_company):
    found = verify_log()
    assert (found.is_sound, found.sealed, found.unsealed, found.head) == (True, 0, 0, None)


COLUMNS = {
    "at": now() - timedelta(days=1),
    "action": "company.created",
    "actor_kind": "user",
    "actor_label": "somebody",
    "object_type": "lead",
    "object_id": uuid7(),
    "changes": [{"field": "x"}],
    "data": {},
    "ip": "10.0.0.1",
    "request_id": "other",
    "mac": "0" * 64,
}


@pytest.mark.parametrize("column", COLUMNS)
def test_an_edited_entry_is_found(log, forge, column):
    forge(lambda: AuditEntry.objects.filter(pk=log[3].pk).update(**{column: COLUMNS[column]}))
    assert told() == [("edited", log[3].pk, 4)]


def test_an_entry_given_to_another_user_is_found(log, forge, admin):
    forge(lambda: AuditEntry.objects.filter(pk=log[3].pk).update(user=admin))
    assert told() == [("edited", log[3].pk, 4)]


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_deleted_entry_is_found(log, forge, place):
    forge(lambda: AuditEntry.objects.filter(pk=log[place].pk)._raw_delete("default"))
    assert told() == [("deleted", log[place].pk, place + 1)]


def test_an_entry_deleted_with_its_seal_leaves_its_number(log, forge):
    forge(lambda: AuditSeal.objects.filter(number=4)._raw_delete("default"))
    forge(lambda: AuditEntry.objects.filter(pk=log[3].pk)._raw_delete("default"))
    assert told() == [("deleted", None, 4)]


def test_a_gap_closed_by_renumbering_is_found(log, forge):
    def close():
        AuditSeal.objects.filter(number=4)._raw_delete("default")
        AuditEntry.objects.filter(pk=log[3].pk)._raw_delete("default")
        for number in (5, 6, 7):
            AuditSeal.objects.filter(number=number).update(number=number - 1)

    forge(close)
    assert told() == [("moved", entry.pk, number) for number, entry in zip((4, 5, 6), log[4:], strict=True)]


def test_entries_that_changed_places_are_found(log, forge):
    def swap():
        first, second = AuditSeal.objects.get(number=3), AuditSeal.objects.get(number=5)
        AuditSeal.objects.filter(pk=first.pk).update(number=99)
        AuditSeal.objects.filter(pk=second.pk).update(number=3)
        AuditSeal.objects.filter(pk=first.pk).update(number=5)

    forge(swap)
    assert told() == [("moved", log[4].pk, 3), ("moved", log[2].pk, 5)]


def test_entries_whose_contents_changed_places_are_found(log, forge):
    names = ["data", "mac", "at"]

    def swap():
        one, two = (AuditEntry.objects.filter(pk=log[place].pk) for place in (1, 5))
        (first,), (second,) = one.values(*names), two.values(*names)
        one.update(**second)
        two.update(**first)

    forge(swap)
    assert told() == [("edited", log[1].pk, 2), ("edited", log[5].pk, 6)]


def copied(entry, **changed):
    row = AuditEntry.objects.get(pk=entry.pk)
    row.pk, row._state.adding = uuid7(), True
    for name, value in changed.items():
        setattr(row, name, value)
    AuditEntry.objects.bulk_create([row])
    return row.pk


def test_an_inserted_entry_is_found_before_and_after_it_is_sealed(log, forge):
    """The triggers let inserts through; but the copy's hash is not that of its new id."""
    pk = copied(log[2], action="company.created")
    assert told() == [("inserted", pk, None)]
    assert seal_entries() == 1
    assert told() == [("inserted", pk, 8)]
    assert verify_log().head.number == 8


def test_an_entry_inserted_with_a_seal_of_its_own_is_found(log, forge):
    pk = copied(log[2])
    forge(lambda: AuditSeal.objects.create(number=8, entry_id=pk, mac="a" * 64, company_id=log[0].company_id))
    assert [(entry, number) for _, entry, number in told()] == [(pk, 8)]


def test_an_entry_moved_to_another_company_is_found_in_both(log, forge, stranger):
    forge(lambda: AuditEntry.objects.filter(pk=log[3].pk).update(company_id=stranger.company_id))
    assert told() == [("deleted", log[3].pk, 4)]
    with company_active(stranger.company_id):
        assert told() == [("inserted", log[3].pk, None)]


def test_a_seal_put_back_from_an_older_state_is_found(in_company, log, forge):
    """Entries and seals 6, 7 were cut off, others took their numbers, and then seal 7 of old was put back."""
    old_seal, old_entry = AuditSeal.objects.get(number=7), AuditEntry.objects.get(pk=log[6].pk)

    def cut():
        AuditSeal.objects.filter(number__gte=6)._raw_delete("default")
        AuditEntry.objects.filter(pk__in=[log[5].pk, log[6].pk])._raw_delete("default")

    forge(cut)
    write(in_company, 1)
    assert seal_entries() == 1
    for row in (old_entry, old_seal):
        row._state.adding = True
        type(row).objects.bulk_create([row])
    assert told() == [("moved", log[6].pk, 7)]


def test_what_was_cut_off_at_the_end_is_proved_by_a_head_kept_elsewhere(in_company, log, forge):
    kept = verify_log().head

    def cut():
        AuditSeal.objects.filter(number__gte=6)._raw_delete("default")
        AuditEntry.objects.filter(pk__in=[log[5].pk, log[6].pk])._raw_delete("default")

    assert told(kept=kept) == []
    forge(cut)
    assert told() == []
    assert told(kept=kept) == [("truncated", None, 7)]
    write(in_company, 3)
    seal_entries()
    assert told() == []
    assert told(kept=kept) == [("truncated", None, 7)]


def test_many_problems_are_counted_and_some_told(log, forge, monkeypatch):
    monkeypatch.setattr("crm.audit.verification.TOLD", 2)
    forge(lambda: AuditEntry.objects.all()._raw_delete("default"))
    found = verify_log()
    assert (found.problem_count, len(found.problems)) == (7, 2)


@pytest.mark.parametrize("text", ["7", "7:xyz", ":", "-1:" + "a" * 64, "7:" + "a" * 63])
def test_a_malformed_head_is_refused(text):
    with pytest.raises(ValueError, match="head"):
        Head.parse(text)


# --- who seals what ----------------------------------------------------------------------------------------------


@pytest.fixture
def tick(django_capture_on_commit_callbacks):
    def run(task=seal):
        with django_capture_on_commit_callbacks(execute=True), scoped(None):
            task()

    return run


def test_a_tick_seals_each_companys_entries_in_a_chain_of_its_own(company, stranger, tick):
    for one in (company, stranger.company):
        with company_active(one.pk):
            write(one, 3)
    tick()
    for one in (company, stranger.company):
        with company_active(one.pk):
            assert [seal.number for seal in AuditSeal.objects.order_by("number")] == [1, 2, 3]
            assert verify_log().is_sound


def test_an_empty_tick_asks_two_questions_and_sends_nothing(log, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("crm.audit.tasks.later", lambda *args, **kwargs: pytest.fail("nothing is to be sealed"))
    with scoped(None), django_assert_num_queries(2):
        seal()


def test_after_an_outage_the_tick_takes_up_where_the_last_seal_stands(in_company, log, tick):
    with time_machine.travel(now() + timedelta(minutes=30)):
        write(in_company, 2)
    with time_machine.travel(now() + timedelta(hours=3)):
        tick()
    assert AuditSeal.objects.count() == 9


def test_a_tick_reads_no_more_however_much_was_sealed_before(in_company, tick):
    with time_machine.travel(now() - timedelta(minutes=1)):
        write(in_company, 40)
        tick()
    with scoped(None), CaptureQueriesContext(connection) as sent:
        seal()
    [sql] = [query["sql"] for query in sent if "audit_auditentry" in query["sql"]]
    bound = sql.split('"id" >= ')[1].split()[0].strip("()'").removesuffix("'::uuid").replace("-", "")
    assert bound == AuditSeal.objects.latest("number").entry_id.hex


def test_an_entry_of_a_slow_transaction_is_sealed_by_the_next_tick_or_the_later_one(in_company, tick):
    for age, task in ((timedelta(seconds=10), seal), (timedelta(minutes=2), seal_late)):
        with time_machine.travel(now() - age):
            [late] = write(in_company, late=True)  # not committed yet …
        hidden = AuditEntry.objects.filter(pk=late.pk)
        with guard.taken_down(connection):
            row = hidden.get()
            hidden._raw_delete("default")
        write(in_company)
        tick()
        row._state.adding = True
        AuditEntry.objects.bulk_create([row])  # … and now it is
        tick(task)
        assert AuditSeal.objects.filter(entry_id=late.pk).exists()
    assert verify_log().is_sound and verify_log().unsealed == 0


def test_an_entry_of_a_long_transaction_is_sealed_by_the_full_sweep(in_company, tick):
    with time_machine.travel(now() - timedelta(minutes=20)):
        [late] = write(in_company, late=True)  # not committed yet …
    hidden = AuditEntry.objects.filter(pk=late.pk)
    with guard.taken_down(connection):
        row = hidden.get()
        hidden._raw_delete("default")
    write(in_company)
    tick()
    row._state.adding = True
    AuditEntry.objects.bulk_create([row])  # … and now it is
    write(in_company)
    tick()
    assert not AuditSeal.objects.filter(entry_id=late.pk).exists()
    tick(seal_rest)
    assert AuditSeal.objects.get(entry_id=late.pk).number == 3
    assert verify_log().is_sound and verify_log().unsealed == 0


def test_of_two_sealers_at_once_one_gives_way(in_company, monkeypatch):
    write(in_company, 3)
    from crm.audit import sealing

    real, done = sealing._write, []

    def meanwhile(seals):
        if not done:
            done.append(True)
            assert seal_entries() == 3
        return real(seals)

    monkeypatch.setattr(sealing, "_write", meanwhile)
    assert seal_entries() == 0
    assert AuditSeal.objects.count() == 3 and verify_log().is_sound


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time")
def test_writers_and_sealers_in_threads_leave_one_sound_chain(company):
    errors = []

    def run(work):
        try:
            with company_active(company.pk):
                for _ in range(10):
                    work()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    def write_slowly():
        with transaction.atomic():
            write(company, 5)

    works = [write_slowly] * 3 + [seal_entries] * 3
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with company_active(company.pk):
        seal_entries(everything=True)
        found = verify_log()
    assert not errors and (found.sealed, found.unsealed, found.problems) == (150, 0, [])


# --- the command -------------------------------------------------------------------------------------------------


def command(*args):
    out = StringIO()
    call_command("verify_audit", *args, stdout=out, no_color=True)
    return out.getvalue()


def test_the_command_tells_of_each_company(company, stranger, log):
    with scoped(None):
        text = command()
    head = verify_log().head
    assert f"Copperline: holds, 7 sealed, 0 not sealed yet\n  head {head}\n" in text
    assert "Elsewhere: holds, 0 sealed, 0 not sealed yet\n  head none yet\n" in text
    assert "Elsewhere" not in command("--company", "Copperline", "--head", str(head))
    assert command("--company", str(company.pk)).startswith("Copperline")


def test_the_command_fails_naming_the_entry(log, forge):
    forge(lambda: AuditEntry.objects.filter(pk=log[3].pk).update(action="x"))
    out = StringIO()
    with pytest.raises(CommandError, match="does not hold"):
        call_command("verify_audit", stdout=out, no_color=True)
    assert f"edited: entry {log[3].pk} (number 4). The entry differs from what was sealed" in out.getvalue()


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--company", "Nobody"], "No company is called Nobody"),
        (["--company", "Copperline", "--head", "x"], "A head is written"),
        (["--head", "7:" + "a" * 64], "name it with --company"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(log, args, sentence):
    with pytest.raises(CommandError, match=sentence):
        command(*args)


def test_memory_stays_flat(in_company, monkeypatch):
    monkeypatch.setattr("crm.audit.verification.CHUNK", 50)
    peaks = []
    for number in (200, 800):
        write(in_company, number)
        seal_entries()
        verify_log()
        tracemalloc.start()
        assert verify_log().is_sound
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_recording_one_thing_returns_its_entry(in_company):
    assert record("company.updated", in_company, by=BY) == AuditEntry.objects.get()
