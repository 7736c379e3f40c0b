"""Vendors as the API shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm.vendors.models import Vendor
from crm.vendors.scorecard import Scorecard, counts_of


def vendor_rows(vendors: Iterable[Vendor]) -> list[dict[str, Any]]:
    """Of a page, with what was taken and refused by one statement. They come from `with_key`."""
    rows = list(vendors)
    counts = counts_of([vendor.pk for vendor in rows])
    return [{**vendor_json(vendor), **told(counts[vendor.pk])} for vendor in rows]


def told(counts: dict[str, int]) -> dict[str, int]:
    return {"accepted_count": counts["accepted"], "rejected_count": counts["refused"]}


def vendor_json(vendor: Any) -> dict[str, Any]:
    return {
        "id": vendor.pk,
        "company_id": vendor.company_id,
        "vendor_code": vendor.code,
        "name": vendor.name,
        "description": vendor.description,
        "status": vendor.status,
        "field_mapping": vendor.field_mapping,
        "daily_cap": vendor.daily_cap,
        "price": vendor.price,
        "key_prefix": vendor.key_prefix,
        "key_created_at": vendor.key_made_at,
        "key_last_used_at": vendor.key_used_at,
        "created_at": vendor.created_at,
        "updated_at": vendor.updated_at,
    }


def scorecard_json(vendor: Vendor, card: Scorecard) -> dict[str, Any]:
    return {
        "vendor_code": vendor.code,
        "name": vendor.name,
        "posted": card.posted,
        "accepted": card.accepted,
        "refused": card.refused,
        "refused_by_reason": card.refused_by_reason,
        "acceptance_rate": card.acceptance_rate,
        "duplicates": card.duplicates,
        "duplicate_rate": card.duplicate_rate,
        "pings": card.pings,
        "pings_accepted": card.pings_accepted,
        "returns": card.returned,
        "returns_by_reason": card.returned_by_reason,
        "return_rate": card.return_rate,
        "leads": card.leads,
        "converted": card.converted,
        "conversion_rate": card.conversion_rate,
        "spent": card.spent,
        "cost_per_lead": card.cost_per_lead,
        "cost_per_customer": card.cost_per_customer,
    }
