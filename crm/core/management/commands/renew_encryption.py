"""`manage.py renew_encryption`: after a new key was put first in FIELD_KEYS, so that the old one can be taken out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management import BaseCommand
from django.db import models, transaction

from crm.core.encrypted import EncryptedTextField, decrypt, encrypt
from crm.core.tenancy import unscoped

SECRETS_OF_SECOND_FACTORS = ("secret", "seed")


class Command(BaseCommand):
    help = "Encrypts everything that is encrypted at rest anew, under the first of FIELD_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        with unscoped("encrypt every company's rows anew"):
            renewed = sum(_renew(model, fields) for model, fields in encrypted_models())
        renewed += _renew_second_factors()
        self.stdout.write(f"{renewed} rows are encrypted under the newest key; FIELD_KEYS needs no older one.")


def encrypted_models() -> Iterator[tuple[type[models.Model], list[str]]]:
    for model in apps.get_models():
        fields = [field.name for field in model._meta.local_concrete_fields if isinstance(field, EncryptedTextField)]
        if fields:
            yield model, fields


def _renew(model: type[models.Model], fields: list[str]) -> int:
    """Row by row, each locked for a moment: reading decrypts under any key, writing encrypts under the newest."""
    keys = [*model._base_manager.exclude(**dict.fromkeys(fields, "")).values_list("pk", flat=True)]
    for pk in keys:
        with transaction.atomic():
            if row := model._base_manager.select_for_update().filter(pk=pk).first():
                row.save(update_fields=fields)
    return len(keys)


def _renew_second_factors() -> int:
    count = 0
    for row in Authenticator.objects.all():
        held = [name for name in SECRETS_OF_SECOND_FACTORS if name in row.data]
        if held:
            row.data |= {name: encrypt(decrypt(row.data[name])) for name in held}
            row.save(update_fields=["data"])
            count += 1
    return count
