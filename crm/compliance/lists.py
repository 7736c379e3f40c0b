"""Suppressed addresses as a list that can be exported: by their hashes, which say nothing to those who lack them."""

from __future__ import annotations

from crm.accounts.models import User
from crm.compliance.filters import SuppressionFilter
from crm.compliance.models import Suppression
from crm.compliance.querysets import SuppressionQuerySet
from crm.lists import listings
from crm.lists.columns import Column, Kind
from crm.lists.listings import Listing

ORDERING = {"created_at": "created_at", "updated_at": "updated_at"}


def suppressions_of(user: User) -> SuppressionQuerySet:
    return Suppression.objects.all()


listings.register(
    Listing(
        name="suppressions",
        label="Suppressed addresses",
        permission="suppressions.view",
        filterset=SuppressionFilter,
        rows=suppressions_of,
        columns=(
            Column("kind", "Kind", "kind", Kind.WORD, width=8),
            Column("sha256", "SHA-256", "value_sha256", Kind.WORD, width=66),
            Column("channels", "Channels", "channels", Kind.LIST, width=24),
            Column("reason", "Reason", "reason", width=30),
            Column("source", "Source", "source", width=20),
            Column("expires_at", "Until", "expires_at", Kind.MOMENT),
            Column("created_at", "Since", "created_at", Kind.MOMENT),
        ),
        usual=("kind", "sha256", "channels", "reason", "source", "expires_at", "created_at"),
        ordering=ORDERING,
        default_ordering="-created_at",
        page="compliance:suppressions",
    )
)
