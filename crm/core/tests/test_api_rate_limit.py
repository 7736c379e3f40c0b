import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from crm.core.api import throttling
from crm.core.ids import uuid7

pytestmark = pytest.mark.urls("crm.core.tests.desk")
URL = "/api/v1/desk"


def headers(response):
    return tuple(int(response[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining"))


def test_a_company_has_one_limit_for_all_its_tokens(settings, api, admin, agent, stranger):
    settings.RATE_LIMIT_PER_MINUTE = 3
    left = [headers(api(user).get(URL)) for user in (admin, agent.user, admin)]
    assert left == [(3, 2), (3, 1), (3, 0)]
    refused = api(agent.user).get(URL)
    assert (refused.status_code, list(refused.json())) == (429, ["detail"])
    assert headers(refused) == (3, 0)
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert 0 < int(refused["X-RateLimit-Reset"]) - time.time() <= 61
    assert api(stranger).get(URL).status_code == 200


def test_the_headers_stand_on_errors_too(settings, api, admin, agent):
    client = api(admin)
    answers = [
        client.get(f"{URL}/nonsense"),
        client.post(f"{URL}/echo", {}),
        client.post(f"{URL}/echo", {"name": 5}),
        client.delete(URL),
        api(agent.user).get(f"{URL}/managers"),
    ]
    assert [answer.status_code for answer in answers] == [404, 400, 422, 405, 403]
    assert [headers(answer)[1] for answer in answers] == [999, 998, 997, 996, 995]


def test_a_refused_request_is_not_counted_and_does_no_work(settings, api, admin):
    settings.RATE_LIMIT_PER_MINUTE = 1
    client = api(admin)
    client.get(URL)
    for _ in range(3):
        refused = client.post(URL, {"name": "Ada"})
        assert refused.status_code == 429
    assert headers(refused) == (1, 0)


def test_a_browser_session_has_a_limit_of_its_own_by_user(settings, client, admin, manager, api):
    settings.SESSION_RATE_LIMIT_PER_MINUTE, settings.RATE_LIMIT_PER_MINUTE = 2, 1
    api(admin).get(URL)
    client.force_login(admin)
    assert [client.get(URL).status_code for _ in range(3)] == [200, 200, 429]
    client.force_login(manager)
    assert headers(client.get(URL)) == (2, 1)


def test_strangers_and_public_routes_are_not_counted_here(client, db):
    assert "X-RateLimit-Limit" not in client.get(URL)
    assert "X-RateLimit-Limit" not in client.get(f"{URL}/hello")


def test_a_store_that_is_down_stops_nobody(settings, api, admin, caplog):
    settings.RATE_LIMIT_STORAGE = "redis://127.0.0.1:1/0"
    response = api(admin).get(URL)
    assert (response.status_code, "X-RateLimit-Limit" in response) == (200, False)
    assert "can't be reached" in caplog.text


def test_the_window_moves(monkeypatch):
    key, now = str(uuid7()), time.time()
    monkeypatch.setattr(throttling.time, "time", lambda: now)
    assert [throttling.hit(2, key).refused for _ in range(3)] == [False, False, True]
    now += 59
    assert throttling.hit(2, key).refused
    now += 2
    assert not throttling.hit(2, key).refused


def test_the_limit_is_exact_under_concurrency():
    key = str(uuid7())
    with ThreadPoolExecutor(16) as pool:
        refused = list(pool.map(lambda _: throttling.hit(100, key).refused, range(300)))
    assert refused.count(False) == 100


@pytest.mark.django_db(transaction=True)
def test_the_limit_is_exact_for_real_requests_at_once(settings, api, admin):
    if connection.vendor != "postgresql":
        pytest.skip("threads share no in-memory SQLite")
    settings.RATE_LIMIT_PER_MINUTE = 20
    client = api(admin)

    def call(_):
        try:
            return client.get(f"{URL}/managers").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(call, range(60)))
    assert (statuses.count(200), statuses.count(429)) == (20, 40)
