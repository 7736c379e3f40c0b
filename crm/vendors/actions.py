"""Every change of meaning to vendors and their keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from crm.audit.recording import record
from crm.core.actors import Actor, as_user
from crm.core.errors import InvalidField
from crm.vendors import events
from crm.vendors.errors import NoKey, VendorCodeTaken
from crm.vendors.field_mapping import checked
from crm.vendors.keys import PREFIX, hash_of, new_secret
from crm.vendors.models import Status, Vendor, VendorKey

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}", re.ASCII)
UUID_FORM = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}", re.ASCII)
CHANGEABLE = ("name", "description", "status", "field_mapping", "daily_cap", "price")


@transaction.atomic
def create_vendor(code: str, fields: Mapping[str, Any], *, by: Actor) -> tuple[Vendor, str]:
    """The vendor and its first key, which can be seen this once. Raises `VendorCodeTaken`, `InvalidField`."""
    if not CODE.fullmatch(code) or UUID_FORM.fullmatch(code):
        raise InvalidField("vendor_code", "Letters, digits, dots, dashes and underscores, at most 50")
    vendor = Vendor(code=code, **_clean(fields))
    try:
        with transaction.atomic():
            vendor.save(force_insert=True)
    except IntegrityError as error:
        raise VendorCodeTaken from error
    record(events.VENDOR_CREATED, vendor, by=by, changes={"code": (None, code), "name": (None, vendor.name)})
    return vendor, _new_key(vendor, by=by)


@transaction.atomic
def update_vendor(vendor: Vendor, changes: Mapping[str, Any], *, by: Actor) -> Vendor:
    """Change the named fields; pausing stops what it sends at once. Raises `InvalidField`."""
    vendor = _locked(vendor)
    wanted = _clean(changes)
    done = {name: (before, wanted[name]) for name in wanted if (before := getattr(vendor, name)) != wanted[name]}
    if not done:
        return vendor
    for name, (_, value) in done.items():
        setattr(vendor, name, value)
    vendor.save(update_fields=[*done, "updated_at"])
    if status := done.pop("status", None):
        action = events.VENDOR_PAUSED if vendor.is_paused else events.VENDOR_RESUMED
        record(action, vendor, by=by, changes={"status": status})
    if done:
        record(events.VENDOR_UPDATED, vendor, by=by, changes=done)
    return vendor


@transaction.atomic
def regenerate_key(vendor: Vendor, *, by: Actor) -> str:
    """A new key, which can be seen this once; the one before is dead from the next request on."""
    vendor = _locked(vendor)
    VendorKey.objects.filter(vendor=vendor, revoked_at=None).update(revoked_at=now())
    return _new_key(vendor, by=by)


@transaction.atomic
def revoke_key(vendor: Vendor, *, by: Actor) -> None:
    """The vendor has no key afterwards. Raises `NoKey` where it has none."""
    vendor = _locked(vendor)
    key = VendorKey.objects.filter(vendor=vendor, revoked_at=None).first()
    if key is None:
        raise NoKey
    key.revoked_at = now()
    key.save(update_fields=["revoked_at"])
    record(events.VENDOR_KEY_REVOKED, vendor, by=by, data={"key": key.prefix})


def _locked(vendor: Vendor) -> Vendor:
    return Vendor.objects.select_for_update(no_key=True).get(pk=vendor.pk)


def _new_key(vendor: Vendor, *, by: Actor) -> str:
    secret = new_secret()
    key = VendorKey(vendor=vendor, prefix=secret[:PREFIX], key_hash=hash_of(secret), created_by=as_user(by))
    key.save(force_insert=True)
    record(events.VENDOR_KEY_MADE, vendor, by=by, data={"key": key.prefix})
    return secret


def _clean(fields: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: fields[name] for name in CHANGEABLE if name in fields}
    if "field_mapping" in given:
        given["field_mapping"] = checked(given["field_mapping"])
    if given.get("status", Status.ACTIVE) not in Status.values:
        raise InvalidField("status", "Must be active or paused")
    return given
