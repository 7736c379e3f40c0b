"""What became of leads that were shared out, kept for the next look at the list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest

from agents.models import Agent
from leads.assignment import Result
from leads.models import Lead

SESSION_RESULT = "leads_shared_out"
SHOWN = 25  # leads named that could not be placed; all are counted


def keep_result(request: HttpRequest, result: Result) -> None:
    """In the session, by ids; names are looked up when it is shown."""
    request.session[SESSION_RESULT] = {
        "assigned": result.assigned,
        "given": [[str(agent), count] for agent, count in result.distribution.most_common()],
        "failed": [[str(lead), why] for lead, why in result.failed[:SHOWN]],
        "failed_count": len(result.failed),
    }


def take_result(request: HttpRequest) -> dict[str, Any] | None:
    """Once, with names: who got how many, and what was not placed and why."""
    kept = request.session.pop(SESSION_RESULT, None)
    if kept is None:
        return None
    agents = dict(Agent.objects.filter(pk__in=[pk for pk, _ in kept["given"]]).values_list("pk", "name"))
    ids = [pk for pk, _ in kept["failed"] if is_uuid(pk)]
    leads = Lead.objects.filter(pk__in=ids).select_related("contact").in_bulk()
    failed, count = kept["failed"], kept["failed_count"]
    return {
        "title": summary(kept["assigned"], count),
        "given": [{"name": agents[UUID(pk)], "count": n} for pk, n in kept["given"] if UUID(pk) in agents],
        "failed": [
            {"pk": pk, "name": leads[UUID(pk)].contact.name, "why": why}
            for pk, why in failed
            if is_uuid(pk) and UUID(pk) in leads
        ],
        "failed_words": f"{count:,} stayed where {'it was' if count == 1 else 'they were'}:",
        "more": max(count - len(failed), 0),
    }


def summary(assigned: int, failed: int) -> str:
    placed = f"{assigned:,} lead{'' if assigned == 1 else 's'} assigned"
    return f"{placed}, {failed:,} not" if failed else placed


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
