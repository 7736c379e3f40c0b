"""What two contacts share when they may be one person: keys reckoned by the database, fit for an index.

The very expression stands in an index of contacts, so that nothing can write one without the other.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Func, Index, Q

from leads.hashes import Sha256Hex

ALIVE = Q(deleted_at__isnull=True)
MERGED = Q(merged_into__isnull=False)
KNOWN = ALIVE | MERGED  # who was merged into another is known by its own phone and e-mail still


class EmailKey(Func):
    """An address without dots and `+tag` before the @, Gmail by one name: what most providers deliver alike."""

    output_field = models.TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        local = "replace(split_part(split_part(%(expressions)s, '@', 1), '+', 1), '.', '')"
        return super().as_sql(compiler, connection, template=_gmail(f"{local} || '@' || {_after_at()}"), **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        local = "substr(%(expressions)s, 1, instr(%(expressions)s, '@') - 1)"
        bare = f"replace(substr({local}, 1, instr({local} || '+', '+') - 1), '.', '')"
        domain = "substr(%(expressions)s, instr(%(expressions)s, '@'))"
        return super().as_sql(compiler, connection, template=_gmail(f"{bare} || {domain}"), **extra)


def _after_at() -> str:
    return "split_part(%(expressions)s, '@', 2)"


def _gmail(key: str) -> str:
    return f"replace({key}, '@googlemail.com', '@gmail.com')"


class PhoneKey(Func):
    """The end of a number: a wrong country, a mobile 1 or 9 in between, and it still rings the same person."""

    template = "right(%(expressions)s, 10)"
    output_field = models.TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return super().as_sql(compiler, connection, template="substr(%(expressions)s, -10)", **extra)


class Without(Func):
    """The first text without the second."""

    template = "replace(%(expressions)s, '')"
    arg_joiner = ", "
    output_field = models.TextField()


class Squeezed(Func):
    """Without blanks."""

    template = "replace(%(expressions)s, ' ', '')"
    output_field = models.TextField()


def email_key() -> Func:
    return EmailKey("email")


def phone_key() -> Func:
    return PhoneKey("phone_e164")


def name_key() -> Func:
    """First name, last name and employer, folded: what `search_text` holds besides phone and e-mail."""
    return Squeezed(Without(Without("search_text", "email"), "phone_e164"))


HAS_EMAIL, HAS_PHONE = ~Q(email=""), ~Q(phone_e164="")
HAS_NAME = ~Q(first_name="") & ~Q(last_name="") & ~Q(organization="")

CONTACT_INDEXES = (
    # a vendor's ping asks by hash
    Index(F("company"), Sha256Hex("phone_e164"), condition=ALIVE & HAS_PHONE, name="contact_phone_sha256"),
    Index(F("company"), Sha256Hex("email"), condition=ALIVE & HAS_EMAIL, name="contact_email_sha256"),
    # who else may be the same person
    Index(F("company"), email_key(), condition=KNOWN & HAS_EMAIL, name="contact_email_key"),
    Index(F("company"), phone_key(), condition=KNOWN & HAS_PHONE, name="contact_phone_key"),
    Index(F("company"), name_key(), condition=ALIVE & HAS_NAME, name="contact_name_key"),
    # who was merged into a contact, and into whom somebody with this phone or e-mail was
    Index(fields=["merged_into"], condition=MERGED, name="contact_merged"),
    Index(fields=["company", "phone_e164"], condition=MERGED, name="contact_merged_phone"),
    Index(fields=["company", "email"], condition=MERGED, name="contact_merged_email"),
    Index(F("company"), Sha256Hex("phone_e164"), condition=MERGED & HAS_PHONE, name="contact_merged_phone_hash"),
    Index(F("company"), Sha256Hex("email"), condition=MERGED & HAS_EMAIL, name="contact_merged_email_hash"),
)
