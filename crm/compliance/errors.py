"""What the actions on consent and suppressed addresses refuse."""

from __future__ import annotations

from crm.core.errors import InvalidField


class LaxerThanLaw(InvalidField):
    """A company may be stricter than the law, never laxer; names the law that would be broken."""

    code = "laxer_than_law"

    def __init__(self, message: str, law: str) -> None:
        super().__init__("hours", message, law=law)
