"""Vendors for tests, made by the product's own action."""

from __future__ import annotations

from itertools import count
from typing import Any

from rest_framework.test import APIClient

from crm.core.actors import System
from crm.vendors.actions import create_vendor
from crm.vendors.models import Vendor

numbers = count(1)


def vendor_with_key(code: str = "", **fields: Any) -> tuple[Vendor, str]:
    code = code or f"V{next(numbers):03d}"
    return create_vendor(code, {"name": f"Publisher {code}", **fields}, by=System("test"))


def calling(key: str) -> APIClient:
    """A client that sends the key."""
    return APIClient(headers={"x-api-key": key})
