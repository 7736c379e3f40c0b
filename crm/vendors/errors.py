"""What vendors are refused, and what is refused about them; `code` is the reason code of an answer to a vendor."""

from __future__ import annotations

from crm.core.errors import BrokenRule, Conflict, NotAllowed


class VendorCodeTaken(BrokenRule):
    """Codes are unique in a company."""

    code = "vendor_code_taken"

    def __init__(self) -> None:
        super().__init__("Another vendor has this code")


class VendorPaused(NotAllowed):
    """A paused vendor's key works, and nothing is taken from it."""

    code = "vendor_paused"

    def __init__(self) -> None:
        super().__init__("Nothing is taken from this vendor at present")


class DailyCapReached(Conflict):
    """As many leads as the company takes from the vendor in a day."""

    code = "daily_cap_reached"

    def __init__(self, cap: int) -> None:
        super().__init__("No more leads are taken from this vendor today", daily_cap=cap)


class ReservedByAnother(Conflict):
    """Another vendor has pinged this person and may post it first."""

    code = "reserved"

    def __init__(self) -> None:
        super().__init__("Another vendor has reserved this person for some minutes")


class NoKey(Conflict):
    """There is no key that could be revoked."""

    code = "no_key"

    def __init__(self) -> None:
        super().__init__("The vendor has no key")


class AlreadyReturned(Conflict):
    """A lead goes back to its vendor once."""

    code = "already_returned"

    def __init__(self) -> None:
        super().__init__("The lead has been returned to its vendor already")
