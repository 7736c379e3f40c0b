"""Why a file as a whole is refused."""

from __future__ import annotations

from crm.core.errors import BrokenRule, Conflict, Refused


class UnreadableFile(BrokenRule):
    """Not a table we can read: empty, binary, broken archive, no header row (400)."""


class TooLarge(Refused):
    """More bytes or rows than are taken in one request (413)."""

    status = 413
    code = "too_large"


class AlreadyImported(Conflict):
    """A file is brought in once; a second run of it would only repeat the first."""

    code = "already_imported"

    def __init__(self) -> None:
        super().__init__("This file has been imported already")
