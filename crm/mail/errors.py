"""What sending mail refuses."""

from __future__ import annotations

from crm.core.errors import Conflict


class NothingToResend(Conflict):
    code = "mail_wiped"

    def __init__(self) -> None:
        super().__init__("This mail was sent and its text wiped; a new one must be written")


class StillWaiting(Conflict):
    code = "mail_waiting"

    def __init__(self) -> None:
        super().__init__("This mail is still waiting to be sent")
