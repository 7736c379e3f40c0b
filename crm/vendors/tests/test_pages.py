"""The pages of vendors."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from agents.models import Agent
from crm.accounts.models import User
from crm.vendors.keys import key_named
from crm.vendors.models import Vendor, VendorPost
from crm.vendors.tests.factories import calling, vendor_with_key

pytestmark = pytest.mark.usefixtures("in_company")
KEY = re.compile(r"acv_[\w-]{43}")


@pytest.fixture
def boss(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_an_empty_list_says_what_a_vendor_is(boss: Client) -> None:
    page = text(boss.get("/vendors/"))
    assert "Add the first vendor" in page
    assert 'href="/vendors/"' in text(boss.get("/"))


def test_a_new_vendors_key_is_shown_once(boss: Client) -> None:
    form = {"vendor_code": "DEMO001", "name": "Demo Publisher", "daily_cap": "", "price": "12.50"}
    answer = boss.post("/vendors/new/", form)
    vendor = Vendor.objects.get()
    (secret,) = {*KEY.findall(text(answer))}
    assert key_named(secret).vendor == vendor
    assert "no-store" in answer["Cache-Control"]
    for url in ("/vendors/", f"/vendors/{vendor.pk}/", f"/vendors/{vendor.pk}/key/"):
        assert secret not in text(boss.get(url))
    again = boss.post("/vendors/new/", form)
    assert again.status_code == 422
    assert "Another vendor has this code" in text(again)


@pytest.mark.parametrize("form", [{}, {"vendor_code": "a b", "name": "A"}, {"vendor_code": "A", "name": "A\x00"}])
def test_a_bad_form_is_asked_again(boss: Client, form: dict[str, str]) -> None:
    assert boss.post("/vendors/new/", form).status_code == 422
    assert not Vendor.objects.exists()


def test_a_new_key_is_asked_for_first_and_kills_the_one_before(boss: Client) -> None:
    vendor, first = vendor_with_key()
    assert "dies at once" in text(boss.get(f"/vendors/{vendor.pk}/key/"))
    assert key_named(first)
    (second,) = {*KEY.findall(text(boss.post(f"/vendors/{vendor.pk}/key/")))}
    assert (key_named(first), key_named(second).vendor) == (None, vendor)
    boss.post(f"/vendors/{vendor.pk}/key/revoke/")
    assert key_named(second) is None
    assert "can send nothing" in text(boss.get(f"/vendors/{vendor.pk}/"))
    assert boss.post(f"/vendors/{vendor.pk}/key/revoke/", follow=True).status_code == 200


def test_the_mapping_is_edited_row_by_row(boss: Client) -> None:
    vendor, _ = vendor_with_key(field_mapping={"mobile": "phone"})
    url = f"/vendors/{vendor.pk}/mapping/"
    assert 'value="mobile"' in text(boss.get(url))
    rows = {
        **{"theirs_0": "mobile", "ours_0": "phone_e164", "theirs_1": "", "ours_1": ""},
        **{"theirs_7": "camp", "ours_7": "custom_fields.campaign"},
    }
    assert boss.post(url, {**rows, "theirs_2": "x", "ours_2": ""}).status_code == 422
    assert "Two fields" in text(boss.post(url, {**rows, "theirs_2": "x", "ours_2": "phone_e164"}))
    assert "not one of our fields" in text(boss.post(url, {**rows, "theirs_2": "x", "ours_2": "stage"}))
    assert boss.post(url, {**rows, "theirs_5": "nm", "ours_5": "name"}).status_code == 302
    vendor.refresh_from_db()
    assert vendor.field_mapping == {"mobile": "phone_e164", "nm": "name", "camp": "custom_fields.campaign"}


def test_a_vendor_is_paused_and_capped(boss: Client) -> None:
    vendor, _ = vendor_with_key()
    form = {"name": "New name", "status": "paused", "daily_cap": "7", "price": ""}
    assert boss.post(f"/vendors/{vendor.pk}/edit/", form).status_code == 302
    vendor.refresh_from_db()
    assert (vendor.name, vendor.status, vendor.daily_cap, vendor.price) == ("New name", "paused", 7, None)
    assert "paused" in text(boss.get(f"/vendors/{vendor.pk}/"))
    assert "New name" in text(boss.get("/vendors/?show=paused"))
    assert "New name" not in text(boss.get("/vendors/?show=active"))


def test_the_scorecard_stands_on_the_vendors_page(boss: Client) -> None:
    vendor, key = vendor_with_key(price="10.00")
    for phone in ("(415) 555-2671", "(415) 555-2671", "12"):
        calling(key).post("/api/v1/leads", {"first_name": "Ann", "phone": phone})
    page = text(boss.get(f"/vendors/{vendor.pk}/"))
    for words in ("duplicate", "invalid_phone", "33.3%", "$10"):
        assert words in page
    assert "Nothing has been refused" in text(boss.get(f"/vendors/{vendor.pk}/?start_date=2999-01-01"))
    assert boss.get(f"/vendors/{vendor.pk}/?start_date=x").status_code == 422
    assert boss.get(f"/vendors/{vendor.pk}/?end_date=9999-12-31").status_code == 200


def test_vendors_are_the_admins_alone(client: Client, manager: User, agent: Agent) -> None:
    vendor, _ = vendor_with_key()
    for user in (manager, agent.user):
        client.force_login(user)
        for url in ("", "new/", f"{vendor.pk}/", f"{vendor.pk}/edit/", f"{vendor.pk}/mapping/", f"{vendor.pk}/key/"):
            assert client.get(f"/vendors/{url}").status_code == 403


@pytest.mark.parametrize("count", [1, 30])
def test_a_list_of_any_length_takes_as_many_statements(
    boss: Client, django_assert_num_queries: Any, count: int
) -> None:
    for _ in range(count):
        vendor, _key = vendor_with_key()
        VendorPost(vendor=vendor).save()
    boss.get("/vendors/")
    with django_assert_num_queries(5):
        boss.get("/vendors/")


def test_the_desk_changes_a_vendor_by_the_same_action(boss: Client) -> None:
    vendor, _ = vendor_with_key()
    url = f"/admin/vendors/vendor/{vendor.pk}/change/"
    assert boss.get(url).status_code == 200
    form = {"name": "Desk", "description": "", "status": "active", "field_mapping": '{"mobile": "phone"}'}
    assert boss.post(url, {**form, "daily_cap": "3", "price": ""}).status_code == 302
    vendor.refresh_from_db()
    assert (vendor.name, vendor.field_mapping, vendor.daily_cap) == ("Desk", {"mobile": "phone"}, 3)
    bad = boss.post(url, {**form, "field_mapping": '{"x": "stage"}', "daily_cap": "3", "price": ""})
    assert "not one of our fields" in text(bad)
    action = {"action": "pause", "_selected_action": [str(vendor.pk)]}
    boss.post("/admin/vendors/vendor/", action)
    vendor.refresh_from_db()
    assert vendor.is_paused
    for page in ("vendor", "vendorpost", "vendorreturn"):
        assert boss.get(f"/admin/vendors/{page}/").status_code == 200
