"""The pages of vendors in a browser: whole at a desk and on a phone, usable without script."""

from __future__ import annotations

import re

import pytest

from crm.core.actors import System
from crm.core.tenancy import company_active
from crm.tests.e2e.conftest import Visit, World
from crm.tests.e2e.test_looks import WIDER_THAN_THE_WINDOW, findings
from crm.vendors.actions import update_vendor
from crm.vendors.models import Vendor
from crm.vendors.tests.factories import calling, vendor_with_key
from leads.models import Lead

pytestmark = pytest.mark.e2e
MAPPING = {"mobile": "phone", "given": "first_name", "utm_campaign": "custom_fields.campaign"}


@pytest.fixture
def vendor(world: World) -> Vendor:
    with company_active(world.company.pk):
        made, key = vendor_with_key("DEMO001", price="12.50", daily_cap=50, field_mapping=MAPPING)
        other, _ = vendor_with_key("QUIET-PUBLISHER-OF-THE-NORTH")
        update_vendor(other, {"status": "paused"}, by=System("test"))
    for number in range(9):
        calling(key).post("/api/v1/leads", {"given": "Ann", "mobile": f"(415) 555-26{70 + number % 6}"})
    calling(key).post("/api/v1/leads", {"given": "Ann", "mobile": "12"})
    return made


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_every_page_of_vendors_is_whole(visit: Visit, world: World, vendor: Vendor, size: str, scheme: str) -> None:
    with company_active(world.company.pk):
        lead = Lead.objects.filter(vendor=vendor).first()
    visitor = visit(world.admin, size=size, scheme=scheme)
    wrong: dict[str, object] = {}
    for name, path in (
        ("vendors", "/vendors/"),
        ("vendors-empty", "/vendors/?search=nobody"),
        ("vendor", f"/vendors/{vendor.pk}/"),
        ("vendor-new", "/vendors/new/"),
        ("vendor-edit", f"/vendors/{vendor.pk}/edit/"),
        ("vendor-mapping", f"/vendors/{vendor.pk}/mapping/"),
        ("vendor-key", f"/vendors/{vendor.pk}/key/"),
        ("lead-of-vendor", f"/leads/{lead.pk}/"),
        ("lead-return", f"/leads/{lead.pk}/return/"),
    ):
        page = visitor.open(path)
        visitor.shoot(f"{name}-{size}-{scheme}", full_page=True)
        if found := findings(visitor):
            wrong[name] = found
        if (over := page.evaluate(WIDER_THAN_THE_WINDOW)) > 0:
            wrong[f"{name}, too wide"] = over
    assert wrong == {}


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_vendor_is_added_without_script_and_its_key_can_be_copied(visit: Visit, world: World, size: str) -> None:
    visitor = visit(world.admin, size=size, scripted=False)
    page = visitor.open("/vendors/new/")
    page.get_by_label("Code").fill("DEMO001")
    page.get_by_label("Name").fill("Demo Publisher")
    page.get_by_role("button", name="Add the vendor").click()
    shown = page.get_by_label("Key", exact=True).input_value()
    assert re.fullmatch(r"acv_[\w-]{43}", shown)
    visitor.shoot(f"vendor-key-shown-{size}-light", full_page=True)
    page.get_by_role("link", name="I have copied it").click()
    assert shown not in page.content()
    answer = calling(shown).post("/api/v1/leads", {"first_name": "Jane", "phone": "(415) 555-2671"})
    assert answer.status_code == 201
