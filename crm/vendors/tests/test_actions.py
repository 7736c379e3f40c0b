"""Vendors and their keys."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from crm.accounts.models import User
from crm.audit.models import AuditEntry
from crm.core.errors import InvalidField
from crm.vendors.actions import create_vendor, regenerate_key, revoke_key, update_vendor
from crm.vendors.errors import NoKey, VendorCodeTaken
from crm.vendors.field_mapping import FIELDS, checked, mapped
from crm.vendors.keys import hash_of, key_named, mark_used
from crm.vendors.models import Vendor, VendorKey
from crm.vendors.tests.factories import vendor_with_key

pytestmark = pytest.mark.usefixtures("in_company")


def actions_of(vendor: Vendor) -> list[str]:
    return list(AuditEntry.objects.filter(object_id=vendor.pk).order_by("pk").values_list("action", flat=True))


def test_a_key_is_long_random_and_kept_as_a_hash_alone(admin: User) -> None:
    vendor, secret = create_vendor("DEMO001", {"name": "Demo"}, by=admin)
    key = VendorKey.objects.get(vendor=vendor)
    assert len(secret) >= 32
    assert (key.key_hash, key.created_by) == (hash_of(secret), admin)
    assert secret.startswith(key.prefix)
    assert len(key.prefix) < 12
    assert actions_of(vendor) == ["vendor.created", "vendor.key_made"]
    for entry in AuditEntry.objects.all():
        assert secret not in f"{entry.changes} {entry.data}"
        assert key.key_hash not in f"{entry.changes} {entry.data}"


def test_a_key_is_known_until_it_is_replaced_or_revoked(admin: User) -> None:
    vendor, first = vendor_with_key()
    assert key_named(first).vendor == vendor
    second = regenerate_key(vendor, by=admin)
    assert key_named(first) is None
    assert key_named(second).vendor == vendor
    revoke_key(vendor, by=admin)
    assert key_named(second) is None
    with pytest.raises(NoKey):
        revoke_key(vendor, by=admin)
    assert actions_of(vendor)[-2:] == ["vendor.key_made", "vendor.key_revoked"]


@pytest.mark.parametrize("secret", ["", "acv_", "acv_" + "x" * 5000, "\x00", "é", "nothing"])
def test_what_is_no_key_names_nobody(secret: str) -> None:
    vendor_with_key()
    assert key_named(secret) is None


def test_the_last_use_is_kept_to_the_minute(django_assert_num_queries: object) -> None:
    vendor, secret = vendor_with_key()
    mark_used(key_named(secret))
    first = VendorKey.objects.get(vendor=vendor).last_used_at
    assert now() - first < timedelta(minutes=1)
    mark_used(key_named(secret))
    assert VendorKey.objects.get(vendor=vendor).last_used_at == first


def test_a_code_is_taken_once_and_well_formed(admin: User) -> None:
    create_vendor("DEMO001", {"name": "Demo"}, by=admin)
    with pytest.raises(VendorCodeTaken):
        create_vendor("DEMO001", {"name": "Another"}, by=admin)
    for code in ("", "a b", "x" * 51, "-x", "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b", "ä"):
        with pytest.raises(InvalidField):
            create_vendor(code, {"name": "Demo"}, by=admin)
    assert Vendor.objects.count() == 1


def test_changes_are_recorded_and_pausing_has_an_event_of_its_own(admin: User) -> None:
    vendor, _ = vendor_with_key()
    update_vendor(vendor, {"daily_cap": 5, "status": "paused"}, by=admin)
    vendor = update_vendor(vendor, {"status": "active"}, by=admin)
    assert actions_of(vendor)[-3:] == ["vendor.paused", "vendor.updated", "vendor.resumed"]
    assert (vendor.daily_cap, vendor.is_paused) == (5, False)
    before = len(actions_of(vendor))
    update_vendor(vendor, {"daily_cap": 5}, by=admin)
    assert len(actions_of(vendor)) == before


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"x": "stage"}, "not one of our fields"),
        ({"x": "agent_id"}, "not one of our fields"),
        ({"x": "custom_fields."}, "not one of our fields"),
        ({"x": 5}, "not one of our fields"),
        ({"": "phone"}, "characters"),
        ({"a": "phone", "b": "phone"}, "Two fields"),
        ({f"f{n}": f"custom_fields.f{n}" for n in range(201)}, "At most"),
    ],
)
def test_a_mapping_names_our_fields_once_each(mapping: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidField, match=words):
        checked(mapping)


def test_a_vendors_fields_are_read_by_its_mapping_and_the_unknown_kept() -> None:
    mapping = {"mobile": "phone", "given": "first_name", "camp": "custom_fields.campaign"}
    sent = {
        "mobile": "(415) 555-2671",
        "given": "Jane",
        "camp": "spring",
        "last_name": "Doe",
        "first_name": "ignored, for `given` fills it",
        "city_size": 5,
        "agent_id": "x",
        "stage": "customer",
        "id": 7,
        "custom_fields": {"own": True},
    }
    assert mapped(sent, mapping) == {
        "phone": "(415) 555-2671",
        "first_name": "Jane",
        "last_name": "Doe",
        "custom_fields": {
            "campaign": "spring",
            "first_name": "ignored, for `given` fills it",
            "city_size": 5,
            "own": True,
        },
    }


def test_what_may_be_mapped_is_what_the_intake_reads() -> None:
    from leads.intake.serializers import VendorLeadBody

    assert {*FIELDS, "custom_fields"} == set(VendorLeadBody().fields)
