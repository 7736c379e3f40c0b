"""`__in` with many keys as one array: to quote and parse a thousand parameters costs more than to find the rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Field, ForeignObject, lookups
from django.db.models.fields import related_lookups

MANY = 20


def register() -> None:
    """For every field; a foreign key has a lookup of its own."""
    Field.register_lookup(In)
    ForeignObject.register_lookup(RelatedIn)


class _AsArray:
    """PostgreSQL plans `= ANY` over an array as it plans IN."""

    lhs: Any
    rhs: Any

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        kind = self._kind()
        if kind is None:
            return self.as_sql(compiler, connection, **context)  # type: ignore[attr-defined, no-any-return]
        lhs, params = self.process_lhs(compiler, connection)  # type: ignore[attr-defined]
        if kind is UUID:
            return f"{lhs} = ANY(%s::uuid[])", [*params, "{" + ",".join(key.hex for key in self.rhs) + "}"]
        return f"{lhs} = ANY(%s)", [*params, [*self.rhs]]

    def _kind(self) -> type | None:
        """UUID or str, where all values are that and there are many."""
        if not isinstance(self.rhs, list | tuple | set) or len(self.rhs) < MANY:
            return None
        kinds = set(map(type, self.rhs))
        return kinds.pop() if len(kinds) == 1 and kinds <= {UUID, str} else None


class In(_AsArray, lookups.In):
    pass


class RelatedIn(_AsArray, related_lookups.RelatedIn):
    pass
