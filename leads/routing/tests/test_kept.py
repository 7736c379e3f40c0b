"""A company's active rules stand in the cache until one of them changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as Unreachable

from crm.accounts.models import Company, User
from crm.core.actors import System
from crm.core.tenancy import company_active
from leads.actions import create_lead
from leads.routing.actions import delete_rule, move_rule, update_rule
from leads.routing.rules import active_rules
from leads.routing.tests.factories import condition, rule

BY = System("test")


def names() -> list[str]:
    return [one.name for one in active_rules()]


@pytest.mark.usefixtures("in_company")
class TestKept:
    def test_they_are_read_once(self, agent: Any, django_assert_num_queries: Any) -> None:
        rule("Web", condition("source", "is_one_of", "web"), agents=[agent])
        with django_assert_num_queries(2):
            first = active_rules()
        with django_assert_num_queries(0):
            assert active_rules() == first

    def test_that_there_are_none_is_kept_too(self, django_assert_num_queries: Any) -> None:
        assert active_rules() == []
        with django_assert_num_queries(0):
            assert active_rules() == []

    def test_what_was_asked_of_a_lead_keeps_them_fit_to_keep(self, manager: User, agent: Any) -> None:
        rule("Web", condition("source", "is_one_of", "web"), agents=[agent])
        for number in range(3):
            body = {"first_name": "A", "phone": f"+1415555267{number}", "source": "web"}
            assert create_lead(body, by=manager).agent == agent

    def test_every_change_is_seen_at_once(self) -> None:
        assert names() == []
        first = rule("First", condition("source", "is_present"))
        assert names() == ["First"]
        second = rule("Second", condition("source", "is_present"))
        assert names() == ["First", "Second"]
        move_rule(second, 1, by=BY)
        assert names() == ["Second", "First"]
        update_rule(first, {"is_active": False}, by=BY)
        assert names() == ["Second"]
        delete_rule(second, by=BY)
        assert names() == []

    def test_a_change_of_agents_is_seen(self, agent: Any, other_agent: Any) -> None:
        one = rule("Web", agents=[agent])
        assert active_rules()[0].way.pool == (agent.pk,)
        update_rule(one, {"agents": [other_agent.pk]}, by=BY)
        assert active_rules()[0].way.pool == (other_agent.pk,)

    def test_without_the_cache_they_are_read(self, monkeypatch: Any) -> None:
        def down(*args: Any, **kwargs: Any) -> Any:
            raise Unreachable

        for verb in ("get_many", "get_or_set", "set"):
            monkeypatch.setattr(type(cache._connections[cache._alias]), verb, down)  # type: ignore[attr-defined]
        rule("Web", condition("source", "is_present"))
        assert names() == ["Web"]


def test_another_companys_rules_are_its_own(company: Company, stranger: User) -> None:
    with company_active(company.pk):
        rule("Ours", condition("source", "is_present"))
        assert names() == ["Ours"]
    with company_active(stranger.company_id):
        assert names() == []
