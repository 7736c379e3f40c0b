"""The pages of routing rules, without script; HTMX fetches parts of the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from agents.models import Agent
from agents.tests.factories import AgentFactory
from crm.accounts.models import User
from crm.core.tenancy import company_active
from leads.models import Assignment, Lead
from leads.routing.models import RoutingRule
from leads.routing.rules import pools_of
from leads.routing.tests.factories import condition, rule
from leads.tests.assigning import make_leads

pytestmark = pytest.mark.usefixtures("in_company")
WEB = condition("source", "is_one_of", "Web")


@pytest.fixture
def boss(client: Client, manager: User) -> Client:
    client.force_login(manager)
    return client


def text(answer: Any) -> str:
    return str(answer.content.decode())


def names() -> list[str]:
    return list(RoutingRule.objects.in_order().values_list("name", flat=True))


def form(**more: Any) -> dict[str, Any]:
    return {"name": "Web", "strategy": "round_robin", "is_active": "on", "do": "save", **more}


def test_an_empty_list_says_what_rules_are_and_is_linked(boss: Client, admin: User) -> None:
    assert "Add the first rule" in text(boss.get("/routing/"))
    assert 'href="/routing/"' in text(boss.get("/"))
    boss.force_login(admin)
    assert 'href="/routing/"' in text(boss.get("/settings/"))


def test_agents_and_strangers_are_kept_out(client: Client, agent: Agent, stranger: User) -> None:
    one = rule("Web", WEB, agents=[agent])
    paths = ["/routing/", "/routing/new/", "/routing/dry-run/", f"/routing/{one.pk}/"]
    assert {client.get(path).status_code for path in paths} == {302}
    client.force_login(agent.user)
    assert {client.get(path).status_code for path in paths} == {403}
    assert 'href="/routing/"' not in text(client.get("/"))
    client.force_login(stranger)
    assert client.get(f"/routing/{one.pk}/").status_code == 403
    for verb in ("move", "switch", "delete"):
        assert client.post(f"/routing/{one.pk}/{verb}/").status_code == 403
    one.refresh_from_db()
    assert one.is_active and "Web" not in text(client.get("/routing/"))


def test_a_rule_is_made_with_its_conditions_and_agents(boss: Client, agent: Agent, other_agent: Agent) -> None:
    given = form(
        strategy="manual",
        agents=[str(agent.pk), str(other_agent.pk)],
        field_0="source",
        operator_0="is_one_of",
        values_0='Web, "Fair, spring", ',
        field_1="custom",
        key_1="monthly bill",
        operator_1="at_least",
        values_1="200",
        field_2="",
        operator_2="is_one_of",
        values_2="",
        **{f"order_{agent.pk}": "2", f"order_{other_agent.pk}": "1"},
    )
    assert boss.post("/routing/new/", given)["Location"] == "/routing/"
    made = RoutingRule.objects.get()
    assert made.conditions == [
        {"field": "source", "operator": "is_one_of", "values": ["Web", "Fair, spring"]},
        {"field": "custom.monthly bill", "operator": "at_least", "values": ["200"]},
    ]
    assert pools_of([made.pk])[made.pk] == [other_agent.pk, agent.pk]
    page = text(boss.get(f"/routing/{made.pk}/"))
    assert 'value="Web, &quot;Fair, spring&quot;"' in page and 'value="monthly bill"' in page
    listed = text(boss.get("/routing/"))
    assert "Source is one of Web, Fair, spring" in listed and "One after the other" in listed


def test_saving_a_rule_as_it_stands_changes_nothing(boss: Client, agent: Agent) -> None:
    one = rule("Web", WEB, condition("priority", "at_least", "high"), agents=[agent])
    given = form(
        agents=[str(agent.pk)], field_0="source", operator_0="is_one_of", values_0="Web",
        field_1="priority", operator_1="at_least", values_1="high",
    )  # fmt: skip
    boss.post(f"/routing/{one.pk}/", given)
    one.refresh_from_db()
    assert one.version == 1


def test_rows_are_added_and_taken_away_without_script_and_nothing_is_saved(boss: Client) -> None:
    given = form(do="add", field_0="source", operator_0="contains", values_0="fair")
    page = boss.post("/routing/new/", given)
    assert page.status_code == 200 and 'name="field_1"' in text(page) and 'value="fair"' in text(page)
    given = form(
        do="remove-0", field_0="source", operator_0="contains", values_0="fair",
        field_1="score", operator_1="at_least", values_1="70",
    )  # fmt: skip
    page = text(boss.post("/routing/new/", given))
    assert 'value="70"' in page and 'value="fair"' not in page and 'name="field_1"' not in page
    assert not RoutingRule.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "a\x00"}, "Null characters are not allowed."),
        ({"strategy": "luck"}, "Select a valid choice."),
        ({"strategy": "manual"}, "Tick the agents that are to be filled in this order."),
        ({"field_0": "score", "operator_0": "at_least", "values_0": "ten"}, "Condition 1: “ten” is no number."),
        (
            {"field_0": "source", "operator_0": "is_one_of", "values_0": ' , ""'},
            "Condition 1: Name at least one value.",
        ),
        ({"field_0": "custom", "operator_0": "is_empty", "key_0": ""}, "Condition 1: The field must be one of"),
        ({"field_0": "moon", "operator_0": "is_empty"}, "Condition 1: The field must be one of"),
    ],
)
def test_a_bad_form_is_asked_again_and_names_what_is_wrong(boss: Client, wrong: dict[str, str], words: str) -> None:
    answer = boss.post("/routing/new/", {**form(), **wrong})
    assert answer.status_code == 422
    assert words in text(answer), text(answer)
    assert not RoutingRule.objects.exists()


def test_rules_are_moved_by_button(boss: Client) -> None:
    one, two = rule("One"), rule("Two")
    boss.post(f"/routing/{two.pk}/move/", {"to": "up"})
    assert names() == ["Two", "One"]
    part = boss.post(f"/routing/{two.pk}/move/", {"to": "down"}, headers={"HX-Request": "true"})
    assert names() == ["One", "Two"]
    assert "<html" not in text(part) and text(part).index("One") < text(part).index("Two")
    boss.post(f"/routing/{one.pk}/move/", {"to": "up"})
    assert names() == ["One", "Two"]
    assert 'data-row-key="K"' in text(part)


def test_a_rule_is_switched_off_and_on(boss: Client) -> None:
    one = rule("One")
    boss.post(f"/routing/{one.pk}/switch/")
    assert not RoutingRule.objects.get().is_active
    assert "off" in text(boss.get("/routing/"))
    boss.post(f"/routing/{one.pk}/switch/")
    assert RoutingRule.objects.get().is_active


def test_a_rule_is_removed(boss: Client) -> None:
    one = rule("One")
    assert boss.post(f"/routing/{one.pk}/delete/")["Location"] == "/routing/"
    assert not RoutingRule.objects.exists()


def test_a_rule_whose_agents_are_all_inactive_says_so(boss: Client, agent: Agent, other_agent: Agent) -> None:
    one = rule("Web", agents=[agent, other_agent])
    Agent.objects.filter(pk=agent.pk).update(is_active=False)
    assert "1 of 2 agents active" in text(boss.get("/routing/"))
    Agent.objects.update(is_active=False)
    assert "all 2 agents are inactive" in text(boss.get("/routing/"))
    assert "inactive" in text(boss.get(f"/routing/{one.pk}/"))


def test_the_dry_run_shows_who_would_get_what_and_changes_nothing(boss: Client, agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(max_capacity=2)
    rule("Web", WEB, agents=[agent])
    make_leads(3, source="Web")
    make_leads(2, 10, source="Phone")
    before = list(Lead.objects.order_by("pk").values())
    page = text(boss.get("/routing/dry-run/?limit=50"))
    assert "Priya Rao: no room" in page and "no rule matches" in page
    assert list(Lead.objects.order_by("pk").values()) == before and not Assignment.objects.exists()
    assert boss.get("/routing/dry-run/?limit=5000").status_code == 422
    assert boss.get("/routing/dry-run/?limit=x").status_code == 422


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_costs_the_same_for_any_number(boss: Client, count: int, django_assert_num_queries: Any) -> None:
    team = [AgentFactory() for _ in range(count)]
    for n in range(count):
        rule(f"Rule {n}", WEB, agents=team)
    boss.get("/routing/")
    with django_assert_num_queries(4):
        boss.get("/routing/")


def test_another_companys_agents_are_never_offered(boss: Client, stranger: User) -> None:
    with company_active(stranger.company_id):
        AgentFactory(name="Zebra Agent")
    assert "Zebra" not in text(boss.get("/routing/new/"))
