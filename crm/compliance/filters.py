"""Which suppressed addresses a list shows: for page, API and export."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from crm.compliance.actions.suppressions import phone_address
from crm.compliance.channels import Channel
from crm.compliance.models import AddressKind
from crm.core.api.filters import CsvFilter, StrictFilterSet, TextFilter
from crm.core.errors import Refused
from leads.actions.contacts import default_country
from leads.hashes import sha256_hex


class SuppressionFilter(StrictFilterSet):
    kind = CsvFilter("kind", choices=AddressKind)
    channel = CsvFilter(method="covering", choices=Channel, label="Covers one of these channels")
    search = TextFilter(method="by_address", label="The whole phone number, e-mail address or SHA-256")

    def covering(self, queryset: Any, name: str, values: list[str]) -> Any:
        return queryset.covering(values) if values else queryset

    def by_address(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.of(hashes_of(value, default_country(self.request.user))) if value else queryset


def hashes_of(text: str, country: str) -> set[str]:
    """What the text could be on the list: a hash, a number in any form, an address."""
    plain = text.strip().lower()
    found = {plain, sha256_hex(plain)}
    with suppress(Refused):
        found.add(phone_address(text, country=country)[1])
    return found
