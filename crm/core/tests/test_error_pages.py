"""What a page answers where the product itself cannot go on."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("error", [OperationalError("database is locked"), RedisConnectionError("no route")], ids=repr)
def test_a_page_says_that_the_database_is_busy_and_when_to_come_back(manager, monkeypatch, error):
    def failing(request):
        raise error

    monkeypatch.setattr("crm.dashboard.views.manager_context", failing)
    client = Client(raise_request_exception=False)
    client.force_login(manager)
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert b"Too busy just now" in answer.content and b"Nothing was half-saved" in answer.content


def test_any_other_error_has_the_page_of_errors(manager, monkeypatch):
    def failing(request):
        raise KeyError("unforeseen")

    monkeypatch.setattr("crm.dashboard.views.manager_context", failing)
    client = Client(raise_request_exception=False)
    client.force_login(manager)
    answer = client.get("/")
    assert answer.status_code == 500 and b"Something broke on our side" in answer.content
