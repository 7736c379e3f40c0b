"""What became of leads that were changed together, kept for the next look at the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from agents.models import Agent
from leads.bulk_jobs import Done
from leads.models import Lead

SESSION_RESULT = "leads_shared_out"
REASONS = 5  # why leads could not be placed; all are counted
NAMED = 5  # leads named for each reason


def keep_result(request: HttpRequest, title: str, result: Done) -> None:
    """In the session, by ids; names are looked up when it is shown."""
    request.session[SESSION_RESULT] = {
        "title": title,
        "given": sorted(result.distribution.items(), key=lambda share: -share[1]),
        "failed": by_reason(result.failed),
        "failed_count": len(result.failed),
    }


def by_reason(failed: Sequence[tuple[UUID | str, str]]) -> list[dict[str, Any]]:
    """The commonest reasons first, each with how many leads and the first of them."""
    leads: dict[str, list[str]] = {}
    for lead, why in failed:
        leads.setdefault(why, []).append(str(lead))
    commonest = sorted(leads.items(), key=lambda item: -len(item[1]))[:REASONS]
    return [{"why": why, "count": len(found), "leads": found[:NAMED]} for why, found in commonest]


def take_result(request: HttpRequest) -> dict[str, Any] | None:
    """Once, with names: who got how many, and what was not placed and why."""
    kept = request.session.pop(SESSION_RESULT, None)
    if kept is None:
        return None
    agents = dict(Agent.objects.filter(pk__in=[pk for pk, _ in kept["given"]]).values_list("pk", "name"))
    ids = [pk for reason in kept["failed"] for pk in reason["leads"] if is_uuid(pk)]
    leads = Lead.objects.filter(pk__in=ids).select_related("contact").in_bulk()
    count, explained = kept["failed_count"], sum(reason["count"] for reason in kept["failed"])
    return {
        "title": kept["title"],
        "given": [{"name": agents[UUID(pk)], "count": n} for pk, n in kept["given"] if UUID(pk) in agents],
        "failed": [{**reason, **named(reason, leads)} for reason in kept["failed"]],
        "failed_words": f"{count:,} stayed where {'it was' if count == 1 else 'they were'}:",
        "more": count - explained,
    }


def named(reason: dict[str, Any], leads: dict[UUID, Lead]) -> dict[str, Any]:
    """The leads of one reason by name, and how many more there are."""
    found = [leads[UUID(pk)] for pk in reason["leads"] if is_uuid(pk) and UUID(pk) in leads]
    return {
        "leads": [{"pk": lead.pk, "name": lead.contact.name} for lead in found],
        "more": reason["count"] - len(found),
    }


def counted(count: int, noun: str) -> str:
    """“1 lead”, “1,204 leads”."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
