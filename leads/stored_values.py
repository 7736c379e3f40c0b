"""Values of a model's fields as JSON holds them (`crm.audit.recording.plain`), and back."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from crm.audit.recording import plain


def read_value(model: type[models.Model], name: str, value: Any) -> Any:
    """What `plain` wrote for the field; names that are no field of the model keep their value."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return value
    if value is None or isinstance(field, models.JSONField) or not isinstance(field, models.Field):
        return value
    return field.target_field.to_python(value) if isinstance(field, models.ForeignKey) else field.to_python(value)


def is_same(row: models.Model, name: str, value: Any) -> bool:
    """Whether the row's field still holds what `plain` wrote: moments are kept to the millisecond."""
    field = row._meta.get_field(name)
    now = getattr(row, field.attname) if isinstance(field, models.ForeignKey) else getattr(row, name)
    return plain(now) == value or bool(now == read_value(type(row), name, value))
