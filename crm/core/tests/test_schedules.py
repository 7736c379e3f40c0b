from __future__ import annotations

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils.module_loading import import_string
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from crm.beat import SCHEDULES
from crm.celery import app
from crm.core.schedules import Schedule, sync

pytestmark = pytest.mark.django_db


def rows():
    fields = ("name", "task", "interval__every", "queue", "expire_seconds", "enabled")
    return {*PeriodicTask.objects.values_list(*fields)}


def test_migrating_writes_the_whole_list():
    call_command("migrate", verbosity=0)
    assert import_string(settings.SCHEDULES) is SCHEDULES
    assert rows() == {(s.name, s.task, s.every_seconds, s.queue, s.every_seconds, True) for s in SCHEDULES}


def test_every_task_of_the_list_exists_and_runs_across_companies():
    app.loader.import_default_modules()
    for schedule in SCHEDULES:
        assert app.tasks[schedule.task].cross_company, schedule


def test_names_are_given_once():
    assert len({schedule.name for schedule in SCHEDULES}) == len(SCHEDULES)


def test_a_pause_survives_and_other_changes_do_not():
    PeriodicTask.objects.filter(name="Heartbeat").update(enabled=False, queue="bulk")
    sync(SCHEDULES)
    assert ("Heartbeat", "core.heartbeat", 15, "periodic", 15, False) in rows()


def test_what_left_the_list_leaves_the_tables_and_rows_of_others_stay():
    hour, _ = IntervalSchedule.objects.get_or_create(every=1, period="hours")
    PeriodicTask.objects.create(name="Somebody else's", task="other.task", interval=hour)
    sync([Schedule("New", "core.heartbeat", 60)])
    assert {row[0] for row in rows()} == {"Somebody else's", "New"}


def test_nothing_is_written_when_nothing_changed(django_assert_num_queries):
    with django_assert_num_queries(2 * len(SCHEDULES) + 1):
        sync(SCHEDULES)
