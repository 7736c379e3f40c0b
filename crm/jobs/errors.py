"""What the actions on jobs refuse."""

from __future__ import annotations

from crm.core.errors import Conflict


class JobIsOver(Conflict):
    """Only waiting or running work can be cancelled."""

    code = "job_is_over"

    def __init__(self) -> None:
        super().__init__("The job is over already")


class CannotUndo(Conflict):
    """It was undone before, is too old, is not done, or is of a kind that has no undo."""

    code = "cannot_undo"
