"""Vendors: what an administrator sets, their keys, and the scorecard that they can read as well."""

from __future__ import annotations

import datetime as dt
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.models import User
from crm.core.api.fields import as_uuid, parse_day
from crm.core.api.problems import query_problem
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.errors import Missing
from crm.core.http import company_zone
from crm.core.tenancy import Forbidden
from crm.vendors import actions
from crm.vendors.api import examples, serializers
from crm.vendors.api.representation import scorecard_json, told, vendor_json, vendor_rows
from crm.vendors.authentication import TakesKeys, VendorCaller
from crm.vendors.filters import VendorFilter
from crm.vendors.models import Vendor
from crm.vendors.scorecard import counts_of, scorecard_of

ORDERING = {"vendor_code": "code", "name": "name", "created_at": "created_at", "updated_at": "updated_at"}
DAY = {"type": "string", "format": "date"}
PERIOD = (
    OpenApiParameter("start_date", DAY, description="The first day, in the company's time zone."),
    OpenApiParameter("end_date", DAY, description="The last day."),
)


class VendorViewSet(TakesKeys, ApiViewSet):
    """A vendor is named by its code, also URL-encoded, or by its UUID."""

    schema_tag = "Vendors"
    permissions = {
        "list": "vendors.manage",
        "create": "vendors.manage",
        "retrieve": "vendors.manage",
        "update": "vendors.manage",
        "regenerate_key": "vendors.manage",
        "revoke_key": "vendors.manage",
        "performance": "vendors.scorecard",
    }
    vendor_actions = ("performance",)

    @describe(
        "List vendors", listing="vendors", filterset=VendorFilter, ordering=ORDERING, answer_example=examples.VENDOR
    )
    def list(self, request: Request) -> Response:
        return self.listing(
            Vendor.objects.with_key(),
            plural="vendors",
            represent=vendor_rows,
            filterset=VendorFilter,
            ordering=ORDERING,
            default="vendor_code",
        )

    @describe(
        "Add a vendor",
        body=serializers.NewVendorBody,
        example=examples.NEW,
        answer_example=examples.WITH_KEY,
    )
    def create(self, request: Request) -> Response:
        """The answer holds `api_key`, shown this once: only its hash is kept."""
        body = self.body(serializers.NewVendorBody)
        vendor, key = actions.create_vendor(body["vendor_code"], body, by=acting(request))
        return self.shown(vendor, api_key=key)

    @describe("Read a vendor", answer_example=examples.VENDOR)
    def retrieve(self, request: Request, code: str) -> Response:
        return self.shown(self.vendor(code))

    @describe(
        "Change a vendor",
        body=serializers.VendorFields,
        example=examples.CHANGE,
        answer_example=examples.VENDOR,
    )
    def update(self, request: Request, code: str) -> Response:
        """Only the named fields change; `status` `paused` stops what it sends at once. `field_mapping` is replaced
        whole: each field of the vendor's is read into one of ours or into `custom_fields.<name>`."""
        vendor = self.vendor(code)
        body = self.body(serializers.VendorFields, partial=True)
        return self.shown(actions.update_vendor(vendor, body, by=acting(request)))

    @describe("Make a new key for a vendor", answer_example=examples.WITH_KEY)
    def regenerate_key(self, request: Request, code: str) -> Response:
        """The key before is dead at once; the new one is shown this once."""
        vendor = self.vendor(code)
        return self.shown(vendor, api_key=actions.regenerate_key(vendor, by=acting(request)))

    @describe("Take a vendor's key away", errors=(409,), answer_example={**examples.VENDOR, "key_prefix": None})
    def revoke_key(self, request: Request, code: str) -> Response:
        """The vendor can send nothing until it has a new one."""
        vendor = self.vendor(code)
        actions.revoke_key(vendor, by=acting(request))
        return self.shown(vendor)

    @describe("A vendor's scorecard", parameters=PERIOD, answer_example=examples.SCORECARD)
    def performance(self, request: Request, code: str) -> Response:
        """What it posted, what was taken and refused by reason, returns, conversion and cost. A vendor reads its own
        with its `x-api-key`. Rates are percentages; what was returned is not counted as spent."""
        vendor = self.own_vendor(code)
        days = [self.day(name) for name in ("start_date", "end_date")]
        for name in request.query_params.keys() - {"start_date", "end_date"}:
            raise query_problem(name, "Unknown parameter.", "unknown_parameter")
        card = scorecard_of(vendor, self.midnight(days[0]), self.midnight(days[1], dt.timedelta(days=1)))
        return self.answer({**scorecard_json(vendor, card), "start_date": days[0], "end_date": days[1]})

    def vendor(self, code: str) -> Vendor:
        """By UUID (403 where it is another company's) or by its code in one's own company alone."""
        if as_uuid(code) is not None:
            return self.find(Vendor.objects.with_key(), code)
        vendor = Vendor.objects.with_key().filter(code=code).first()
        if vendor is None:
            raise Missing("No such vendor")
        if self.request.method != "GET":
            self.check_match(vendor)
        return vendor

    def own_vendor(self, code: str) -> Vendor:
        """A vendor with its key reads nothing of another one, not even whether it is there."""
        caller: Any = self.request.user
        if not isinstance(caller, VendorCaller):
            return self.vendor(code)
        if code not in (caller.vendor.code, str(caller.vendor.pk)):
            raise Forbidden
        return caller.vendor

    def day(self, name: str) -> dt.date | None:
        given = self.request.query_params.get(name)
        if given is None:
            return None
        if (day := parse_day(given)) is None:
            raise query_problem(name, "Must be a date such as 2026-03-01.")
        return day

    def midnight(self, day: dt.date | None, later: dt.timedelta = dt.timedelta()) -> dt.datetime | None:
        """As the day begins in the company's time zone."""
        if day is None:
            return None
        try:
            return dt.datetime.combine(day + later, dt.time(), company_zone(self.request)).astimezone(dt.UTC)
        except OverflowError:
            raise query_problem("end_date" if later else "start_date", "Out of range.") from None

    def shown(self, vendor: Vendor, **extra: str) -> Response:
        fresh = Vendor.objects.with_key().get(pk=vendor.pk)
        return self.answer({**vendor_json(fresh), **told(counts_of([fresh.pk])[fresh.pk]), **extra}, row=fresh)


def acting(request: Request) -> User:
    user: Any = request.user
    return user  # type: ignore[no-any-return]
