"""Who does a thing: every action takes `by: Actor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

if TYPE_CHECKING:
    from crm.accounts.models import User


@dataclass(frozen=True)
class System:
    """The product itself, by the part that acted: `System("routing")`."""

    name: str


@dataclass(frozen=True)
class VendorActor:
    """An outside party, known by its key."""

    vendor_id: UUID
    code: str


Actor: TypeAlias = "User | VendorActor | System"


def as_user(by: Actor) -> User | None:
    """The user who acts, or none where a vendor or the product itself does: for `created_by` and the like."""
    return None if isinstance(by, System | VendorActor) else by
