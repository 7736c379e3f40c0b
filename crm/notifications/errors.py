"""What notifications refuse."""

from __future__ import annotations

from crm.core.errors import Conflict


class NobodyToMail(Conflict):
    code = "no_recipient"

    def __init__(self, reason: str) -> None:
        super().__init__(f"There is nobody to mail: {reason}")
