"""A row of every model, made from its fields: what a later app adds stands in the walks of tenancy at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import models
from django.utils.timezone import now

from crm.core.tenancy import TenantModel, unscoped


def tenant_models() -> list[type[TenantModel]]:
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def fill_company(company: Any, mark: str) -> dict[str, Any]:
    """One row of every tenant model in the company, by model label; every free text holds the mark."""
    made: dict[str, Any] = {}
    for model in tenant_models():
        row_of(model, company, mark, made)
    return made


def row_of(model: type[models.Model], company: Any, mark: str, made: dict[str, Any]) -> Any:
    """The company's row of this model, made first if need be, with those that it points at."""
    label = model._meta.label
    if label not in made:
        values = {
            field.name: value
            for field in model._meta.concrete_fields
            if not field.primary_key and (value := _value(field, company, mark, made)) is not None
        }
        row = model(**values)
        with unscoped("test data of several companies"):
            row.save()
        made[label] = row
    return made[label]


def _value(field: models.Field[Any, Any], company: Any, mark: str, made: dict[str, Any]) -> Any:
    """None: leave the field to its default."""
    if isinstance(field, models.ForeignKey):
        if field.name == "company":
            return company
        if field.name == "second":  # of a pair, which is of two
            return row_of(field.related_model, company, f"{mark} too", {})
        return None if field.related_model is field.model else row_of(field.related_model, company, mark, made)
    if field.name in ("shared", "allowed", "decision_allowed"):
        return True  # what is its owner's alone, nobody else finds; what was not allowed, the database does not take
    if field.choices or isinstance(field, models.BooleanField):
        return None if field.has_default() or field.null else (field.choices or [(False, "")])[0][0]
    if isinstance(field, models.FileField):
        return None
    if isinstance(field, models.JSONField) and field.name == "changes":  # of an audit entry
        return [{"field": mark, "before": None, "after": mark}]
    if isinstance(field, models.JSONField):
        return [mark] if field.default is list else {"mark": mark} if field.default is dict else None
    return None if field.has_default() and not isinstance(field, models.CharField) else _text_or_number(field, mark)


def _text_or_number(field: models.Field[Any, Any], mark: str) -> Any:
    if isinstance(field, models.EmailField) or field.name == "email":
        return f"{mark}@{mark}.example".lower()
    if isinstance(field, models.CharField):
        return _short_text(field, mark)
    if isinstance(field, models.TextField):
        return f"{mark} {field.name}"
    if field.null:
        return None
    if isinstance(field, models.BinaryField):
        return mark.encode()
    if isinstance(field, models.DateTimeField):
        return now() + timedelta(days=1)
    if isinstance(field, models.DateField):
        return now().date()
    if isinstance(field, models.UUIDField):
        return uuid4()
    if isinstance(field, models.IntegerField | models.DecimalField):
        return 1
    raise NotImplementedError(f"a walk needs a value for {field}")


def _short_text(field: models.CharField[Any, Any], mark: str) -> str | None:
    """Codes with a form of their own (zones, countries, hashes) keep it."""
    if field.name in {"timezone", "locale"} or (field.max_length or 0) < len(mark):
        return None
    if field.name.startswith("phone") or field.name.endswith("_number"):
        return "+1415555" + f"{sum(map(ord, mark)) % 10_000:04d}"
    if field.unique or field.name.endswith(("hash", "mac")):
        return uuid4().hex[: field.max_length]
    return f"{mark} {field.name}"[: field.max_length]
