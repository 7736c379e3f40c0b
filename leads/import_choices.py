"""What an import may be told."""

from __future__ import annotations

from django.db import models


class ImportMode(models.TextChoices):
    """What an import does with a row whose person has an open lead already."""

    NEW = "new", "Leave it out and list it"
    FILL = "fill", "Fill the blanks of the open lead"
    UPDATE = "update", "Update the open lead and its contact"


class ImportKey(models.TextChoices):
    """By what an import finds people and leads that are there."""

    PERSON = "person", "Phone number, else e-mail address"
    PHONE = "phone", "Phone number"
    EMAIL = "email", "E-mail address"
    EXTERNAL_ID = "external_id", "Id in the other system"
