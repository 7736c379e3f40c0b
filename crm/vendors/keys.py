"""Keys of vendors: made, known again, and hashed. The key itself is nowhere kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

from django.db.models import Q
from django.utils.timezone import now

from crm.core.tenancy import unscoped
from crm.vendors.models import VendorKey

MARK = "acv_"  # so that scanners of leaked secrets know one
PREFIX = len(MARK) + 6
LONGEST = 200
USED_EVERY = timedelta(minutes=1)


def new_secret() -> str:
    """256 random bits: 47 characters with the mark."""
    return MARK + secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """Plain SHA-256: nobody guesses 256 random bits, so there is nothing to slow down."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def key_named(secret: str) -> VendorKey | None:
    """The live key with its vendor and company, by its hash, of whichever company; compared in constant time.

    One query.
    """
    if not secret.startswith(MARK) or len(secret) > LONGEST:
        return None
    wanted = hash_of(secret)
    with unscoped("a vendor's key says whose it is"):
        key = VendorKey.objects.filter(key_hash=wanted, revoked_at=None).select_related("vendor", "company").first()
    return key if key is not None and hmac.compare_digest(key.key_hash, wanted) else None


def mark_used(key: VendorKey) -> None:
    """To the minute, so that a busy vendor does not write its key's row with each request."""
    at = now()
    if key.last_used_at is None or key.last_used_at < at - USED_EVERY:
        old = Q(last_used_at=None) | Q(last_used_at__lt=at - USED_EVERY)
        VendorKey.objects.filter(old, pk=key.pk).update(last_used_at=at)
