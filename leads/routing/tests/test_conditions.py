"""Conditions: checked as they come in, asked of a lead, and failed by nothing that may stand there."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

import pytest

from crm.core.errors import InvalidField
from crm.vendors.models import Vendor
from leads.models import Contact, Lead
from leads.routing import kinds
from leads.routing.conditions import Condition, Facts, check_one, checked, read_stored

pytestmark = pytest.mark.usefixtures("in_company")


def lead(**fields: Any) -> Lead:
    contact = Contact(first_name="Ada", phone_e164="+14155552671", **fields.pop("contact", {}))
    return Lead(contact=contact, **fields)


def meets(one: Lead, field: str, operator: str, *values: Any) -> bool:
    condition = check_one({"field": field, "operator": operator, "values": list(values)})
    return Facts(one).meet([condition])


@pytest.mark.parametrize(
    ("fields", "condition", "holds"),
    [
        ({"source": "Web"}, ("source", "is_one_of", "Phone", "web"), True),
        ({"source": "Web"}, ("source", "is_one_of", "Phone"), False),
        ({"source": "Café"}, ("source", "is_one_of", "cafe"), True),
        ({"source": "Web"}, ("source", "is_not", "Phone"), True),
        ({"source": ""}, ("source", "is_not", "Phone"), True),
        ({"source": "Spring fair 2026"}, ("source", "contains", "FAIR"), True),
        ({"source": "Web"}, ("source", "contains", "fair"), False),
        ({"source": ""}, ("source", "is_empty"), True),
        ({"source": " "}, ("source", "is_present"), False),
        ({"score": 70}, ("score", "at_least", 70), True),
        ({"score": 69}, ("score", "at_least", 70), False),
        ({"score": 70}, ("score", "at_most", 70), True),
        ({"stage": "sql"}, ("stage", "is_one_of", "SQL"), True),
        ({"stage": "sql"}, ("stage", "is_not", "lead", "mql"), True),
        ({"priority": 3}, ("priority", "at_least", "High"), True),
        ({"priority": 2}, ("priority", "at_least", "high"), False),
        ({"priority": 1}, ("priority", "at_most", "normal"), True),
        ({"priority": 4}, ("priority", "is_one_of", "urgent"), True),
        ({"deal_value": Decimal("12500.50")}, ("deal_value", "at_least", "12,500.5"), True),
        ({"deal_value": None}, ("deal_value", "at_least", 0), False),
        ({"deal_value": None}, ("deal_value", "at_most", 10), False),
        ({"deal_value": None}, ("deal_value", "is_empty"), True),
        ({"deal_value": Decimal(0)}, ("deal_value", "is_present"), True),
        ({"contact": {"country": "de"}}, ("country", "is_one_of", "DE"), True),
        ({}, ("country", "is_one_of", "us"), True),  # by the phone number
        ({}, ("country", "is_not", "DE"), True),
        ({"tags": ["solar", "VIP"]}, ("tags", "is_one_of", "vip", "roof"), True),
        ({"tags": ["solar"]}, ("tags", "is_not", "vip"), True),
        ({"tags": ["solar", "vip"]}, ("tags", "contains", "vip", "solar"), True),
        ({"tags": ["solar"]}, ("tags", "contains", "vip", "solar"), False),
        ({"tags": []}, ("tags", "is_empty"), True),
        ({"custom_fields": {"roof": "tile"}}, ("custom.roof", "is_one_of", "Tile"), True),
        ({"custom_fields": {"bill": 240}}, ("custom.bill", "at_least", "100"), True),
        ({"custom_fields": {"bill": "1,240.00"}}, ("custom.bill", "at_least", "1000"), True),
        ({"custom_fields": {"bill": "much"}}, ("custom.bill", "at_least", "1000"), False),
        ({"custom_fields": {"owner": True}}, ("custom.owner", "is_one_of", True), True),
        ({"custom_fields": {}}, ("custom.owner", "is_present"), False),
        ({"contact": {"custom_fields": {"roof": "tile"}}}, ("custom.roof", "is_present"), True),
    ],
)  # fmt: skip
def test_a_condition_asks_the_leads_own_value(fields: dict, condition: tuple, holds: bool) -> None:
    assert meets(lead(**fields), *condition) is holds


def test_a_vendor_is_named_by_its_code_in_any_case() -> None:
    vendor = Vendor.objects.create(code="DEMO001", name="Demo")
    assert check_one({"field": "vendor", "operator": "is_one_of", "values": ["demo001"]}).values == ("DEMO001",)
    assert meets(lead(vendor=vendor), "vendor", "is_one_of", "demo001")
    assert not meets(lead(), "vendor", "is_one_of", "DEMO001")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("all", "Must be a list of conditions"),
        ([5], "Condition 1: It must be an object with field, operator and values"),
        ([{"field": "shoe"}], "Condition 1: The field must be one of source, vendor, "),
        ([{"field": "custom.", "operator": "is_empty"}], "Condition 1: The field must be one of"),
        ([{"field": "source", "operator": "at_least", "values": [1]}], "Condition 1: “source” takes is_one_of, "),
        ([{"field": "source", "operator": ["x"], "values": [1]}], "Condition 1: “source” takes"),
        ([{"field": "source", "operator": "is_one_of"}], "Condition 1: Name at least one value"),
        ([{"field": "source", "operator": "is_one_of", "values": [""]}], "Condition 1: A value may not be empty"),
        ([{"field": "source", "operator": "is_one_of", "values": [{}]}], "Condition 1: A value must be a text or a"),
        ([{"field": "source", "operator": "is_one_of", "values": ["a\x00"]}], "Condition 1: A value must be a text"),
        ([{"field": "source", "operator": "is_one_of", "values": ["a" * 201]}], "Condition 1: A value has at most 200"),
        ([{"field": "score", "operator": "at_least", "values": ["ten"]}], "Condition 1: “ten” is no number"),
        ([{"field": "score", "operator": "at_least", "values": [1, 2]}], "Condition 1: Name one value"),
        ([{"field": "stage", "operator": "is_one_of", "values": ["won"]}], "Condition 1: “won” is none of lead, mql"),
        ([{"field": "country", "operator": "is_not", "values": ["Germany"]}], "Condition 1: “Germany” is no country's"),
        ([{"field": "vendor", "operator": "is_one_of", "values": ["X9"]}], "Condition 1: No vendor has the code “X9”"),
        (
            [{"field": "source", "operator": "is_empty"}, {"field": "score", "operator": "at_least", "values": []}],
            "Condition 2: Name at least one value",
        ),
        ([{"field": "source", "operator": "is_empty"}] * 21, "At most 20 conditions"),
        ([{"field": "source", "operator": "is_one_of", "values": ["a"] * 101}], "Condition 1: At most 100 values"),
    ],
)
def test_what_is_wrong_is_told_with_the_conditions_number(raw: Any, words: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        checked(raw)
    assert refusal.value.field == "conditions"
    assert refusal.value.message.startswith(words)


def test_conditions_are_stored_in_one_form() -> None:
    given = [
        {"field": " source ", "operator": "is_one_of", "values": [" Web ", "Web", 5]},
        {"field": "priority", "operator": "at_least", "value": "HIGH", "more": 1},
        {"field": "tags", "operator": "is_empty", "values": ["left over"]},
    ]
    assert checked(given) == [
        {"field": "source", "operator": "is_one_of", "values": ["Web", "5"]},
        {"field": "priority", "operator": "at_least", "values": ["high"]},
        {"field": "tags", "operator": "is_empty", "values": []},
    ]
    assert [condition.text for condition in read_stored(checked(given))] == [
        "Source is one of Web, 5",
        "Priority is at least High",
        "Tags is empty",
    ]


@pytest.mark.parametrize("raw", [None, "x", 5, {"field": "source"}, [None], ["zebra"], [{"values": {}}], [[]]])
def test_stored_rubbish_never_holds_and_never_fails(raw: Any) -> None:
    conditions = read_stored(raw)
    assert not any(Facts(lead(source="Web")).meet([condition]) for condition in conditions)
    assert all(condition.text is not None for condition in conditions)


def test_a_kind_of_a_higher_floor_is_known_at_once_and_its_absence_never_holds(monkeypatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))
    kinds.register(kinds.Kind("campaign", "Campaign", kinds.CHOICE, lambda lead: "spring", {"spring": "Spring"}))
    stored = checked([{"field": "campaign", "operator": "is_one_of", "values": ["Spring"]}])
    assert Facts(lead()).meet(read_stored(stored))
    del kinds._kinds["campaign"]
    assert not Facts(lead()).meet(read_stored(stored))
    assert read_stored(stored)[0].text == "“campaign” is one of spring"


def anything(dice: random.Random, depth: int = 0) -> Any:
    """JSON of any form, with what has broken programs before."""
    if depth < 3 and dice.random() < 0.35:
        items = [anything(dice, depth + 1) for _ in range(dice.randrange(4))]
        return items if dice.random() < 0.5 else {str(anything(dice, 9))[:9]: item for item in items}
    return dice.choice([
        None, True, False, 0, -1, 70, 10**30, 1e300, -0.5, "", " ", "Web", "70", "1e9999", "NaN", "-Infinity", "٣",
        "e", ".", "+", "1,0", "\ud800", "\x00", "a" * 500, "custom.", "%", "́", "high", "US", "\u202e",
    ])  # fmt: skip


def taken(raw: Any) -> list[dict[str, Any]] | None:
    try:
        return checked(raw)
    except InvalidField:
        return None


@pytest.mark.parametrize("seed", range(8))
def test_nothing_that_can_be_sent_or_stored_breaks_a_condition(seed: int) -> None:
    dice = random.Random(seed)
    fields = [kind.name for kind in kinds.known()] + ["custom.roof", "custom.a b", "shoe", "custom."]
    operators = [*kinds.OPERATORS, "is", None]
    accepted = 0
    for _ in range(400):
        item = {
            "field": dice.choice(fields),
            "operator": dice.choice(operators),
            "values": anything(dice) if dice.random() < 0.4 else [anything(dice, 9)],
        }
        raw = [item] if dice.random() < 0.9 else anything(dice)
        stored = taken(raw)
        one = lead(
            source=dice.choice(["", "Web", "\u202e"]),
            deal_value=dice.choice([None, Decimal("0"), Decimal("999999999999.99")]),
            tags=dice.choice([[], ["vip"], anything(dice)]),
            custom_fields=dice.choice([{}, {"roof": anything(dice)}, {"a b": anything(dice)}, anything(dice)]),
            contact={"country": dice.choice(["", "us", "ß"])},
        )
        for condition in read_stored(raw if stored is None else stored):
            assert Facts(one).meet([condition]) in (True, False)
        if stored is not None:
            accepted += 1
            assert checked(json.loads(json.dumps(stored))) == stored  # stored once, it is taken again
    assert accepted > 20


def test_is_not_is_the_opposite_of_is_one_of_for_any_value() -> None:
    dice = random.Random(5)
    for _ in range(300):
        one = lead(custom_fields={"roof": anything(dice)})
        values = ("Web", "70", "true")
        positive, negative = (Condition("custom.roof", operator, values) for operator in ("is_one_of", "is_not"))
        assert Facts(one).meet([positive]) is not Facts(one).meet([negative])
