"""What routing rules refuse."""

from __future__ import annotations

from crm.core.errors import Conflict

MOST_RULES = 100


class TooManyRules(Conflict):
    """Every new lead is held against all of them."""

    code = "too_many_rules"

    def __init__(self) -> None:
        super().__init__(f"A company has at most {MOST_RULES} routing rules")
