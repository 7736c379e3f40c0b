"""SHA-256 of phone numbers (in E.164) and e-mail addresses (in lower case), by which vendors ask."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import models


class Sha256Hex(models.Func):
    """The hash of a text column as 64 hexadecimal digits, reckoned by the database; fit for an index.

    PostgreSQL reads a text as bytes with backslash escapes, so these are doubled first.
    """

    function = "SHA256"
    output_field = models.CharField(max_length=64)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = r"encode(sha256(replace((%(expressions)s)::text, '\', '\\')::bytea), 'hex')"
        return super().as_sql(compiler, connection, template=template, **extra)


def sha256_hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
