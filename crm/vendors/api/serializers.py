"""Bodies of requests about vendors. Null takes a limit or a price away."""

from __future__ import annotations

from crm.core.api.fields import Body, ChoiceField, CleanCharField, IntField, JsonObjectField, MoneyField
from crm.vendors.models import Status


class VendorFields(Body):
    name = CleanCharField(max_length=200, required=False)
    description = CleanCharField(max_length=2000, required=False, allow_blank=True)
    status = ChoiceField(Status, required=False)
    field_mapping = JsonObjectField(required=False, help_text="The vendor's name of a field → ours")
    daily_cap = IntField(required=False, allow_null=True, max_value=10_000_000, help_text="Leads accepted a day")
    price = MoneyField(digits=12, required=False, allow_null=True, help_text="What an accepted lead costs, from now on")


class NewVendorBody(VendorFields):
    vendor_code = CleanCharField(max_length=50)
    name = CleanCharField(max_length=200)
