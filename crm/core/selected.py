"""Rows named by a subquery, found by their index whatever the database knows of its tables."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet


def is_one_of(field: str, values: QuerySet[Any, Any]) -> Q | Func:
    """Whether the field is one of a subquery's values, which PostgreSQL reads first.

    As `IN` it may turn the two into a join that walks them for each row of the table: it does where it has no
    statistics yet, as right after a large import.
    """
    if connection.vendor != "postgresql":
        return Q(**{f"{field}__in": values})
    return Func(
        F(field), ArraySubquery(values), template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField()
    )
