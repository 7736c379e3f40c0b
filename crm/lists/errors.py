"""What saved searches and exports refuse."""

from __future__ import annotations

from crm.core.errors import BrokenRule, NotAllowed, Refused


class NameTaken(BrokenRule):
    """One name for one of a user's searches in a list."""

    code = "name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"You have a saved search named “{name}” already")


class TooManySearches(BrokenRule):
    code = "too_many_searches"

    def __init__(self, most: int) -> None:
        super().__init__(f"You have {most} saved searches in this list already: delete one first")


class NotYours(NotAllowed):
    """A shared search is changed by its owner or an administrator."""

    code = "not_yours"

    def __init__(self) -> None:
        super().__init__("Only its owner or an administrator may change a shared search")


class TooManyRows(BrokenRule):
    """The format can't hold so many rows."""

    code = "too_many_rows"

    def __init__(self, kind: str, most: int) -> None:
        super().__init__(f"A {kind} file holds at most {most:,} rows: narrow the filter, or take CSV")


class PdfUnavailable(Refused):
    """The system libraries that lay out PDF are not installed (503)."""

    status = 503
    code = "pdf_unavailable"

    def __init__(self) -> None:
        super().__init__("PDF needs system libraries: apt-get install libpango-1.0-0 libpangoft2-1.0-0")
