from __future__ import annotations

import time
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.db import OperationalError

from crm.core import health
from crm.core.heartbeat import heartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_seen():
    cache.delete_many(["seen:worker", "seen:beat"])


@pytest.mark.parametrize("slash", ["", "/"])
def test_health_answers_without_a_database_or_a_sign_in(client, slash, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get(f"/health{slash}")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_says_what_was_not_seen(client):
    response = client.get("/ready")
    assert response.status_code == 503
    assert response.json() == {
        "status": "failed",
        "checks": {"database": "ok", "broker": "ok", "worker": "failed", "beat": "failed"},
    }


def test_ready_once_scheduler_and_worker_told_of_themselves(client):
    heartbeat.delay()
    health.seen(health.BEAT)
    response = client.get("/ready")
    assert (response.status_code, response.json()["status"]) == (200, "ok")


def test_what_was_seen_long_ago_does_not_count(client):
    heartbeat.delay()
    cache.set("seen:beat", time.time() - health.SEEN_WITHIN_SECONDS - 1)
    assert client.get("/ready").json()["checks"]["beat"] == "failed"


def test_a_dead_database_is_a_failed_check_that_tells_no_secret(client):
    with patch.object(health.connection, "cursor", side_effect=OperationalError("password for crm@10.0.0.1")):
        response = client.get("/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "failed"
    assert "10.0.0.1" not in response.content.decode()


def test_only_reading_is_answered(client):
    assert client.post("/ready").status_code == 405
