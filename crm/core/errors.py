"""What an action may refuse, as one tree; each door translates it once (`architecture.md`, "Refusals")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """An action would not do it. `message` is a sentence for the user, `extra` stands beside it in an API answer."""

    status = 400
    code = "refused"

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extra: Mapping[str, Any] = extra


class BrokenRule(Refused):
    """Against a stated rule: a duplicate lead, an invalid phone number (400)."""

    code = "broken_rule"


class Conflict(Refused):
    """In conflict with the present state: no capacity, already closed (409)."""

    status = 409
    code = "conflict"


class NotAllowed(Refused):
    """The state or settings of the company forbid it to this actor (403)."""

    status = 403
    code = "not_allowed"


class Missing(Refused):
    """What was named by a code or an e-mail is not in one's own company (404)."""

    status = 404
    code = "not_found"


class InvalidField(Refused):
    """A value that is present is of the wrong type, form or enum, or names nothing (422)."""

    status = 422
    code = "value_error"

    def __init__(self, field: str, message: str, **extra: Any) -> None:
        super().__init__(message, **extra)
        self.field = field


class MissingField(InvalidField):
    """A required field is absent (400)."""

    status = 400
    code = "missing"
