"""What finding and merging duplicates refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm.core.errors import Conflict, InvalidField

if TYPE_CHECKING:
    from crm.jobs.models import Job
    from leads.duplicates.models import DuplicatePair


class PairIsDecided(Conflict):
    """It was dismissed or merged, or taken up again, before."""

    code = "pair_is_decided"

    def __init__(self, pair: DuplicatePair) -> None:
        super().__init__(f"It has been decided before: {pair.get_state_display().lower()}")


class SearchIsRunning(Conflict):
    """One search at a time."""

    code = "search_is_running"

    def __init__(self, job: Job) -> None:
        super().__init__("A search for duplicates is running already", job_id=str(job.pk))


class CannotMerge(Conflict):
    """These two can't be one: the reason stands in the sentence."""

    code = "cannot_merge"


class NoSuchChoice(InvalidField):
    """A field that can't be chosen, or a choice that is none."""

    def __init__(self, message: str) -> None:
        super().__init__("fields", message)
