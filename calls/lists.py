"""Calls as a list that can be kept as a search and exported."""

from __future__ import annotations

from django.db.models import Expression, F, Value
from django.db.models.functions import Concat, Trim

from calls.filters import CallFilter
from calls.models import Call
from calls.querysets import CallQuerySet
from crm.accounts.models import User
from crm.lists import listings
from crm.lists.columns import Column, Kind
from crm.lists.listings import Listing

ORDERING = {"created_at": "created_at"}


def calls_of(user: User) -> CallQuerySet:
    found: CallQuerySet = Call.objects.visible_to(user)
    return found


def lead_name() -> Expression:
    return Trim(Concat(F("contact__first_name"), Value(" "), F("contact__last_name")))


CALL_COLUMNS = (
    Column("id", "ID", "pk", Kind.WORD, width=38),
    Column("created_at", "When", "created_at", Kind.MOMENT),
    Column("lead_name", "Lead", lead_name, width=24),
    Column("lead_phone", "Phone", "phone_e164", Kind.WORD, width=18),
    Column("agent_name", "Agent", "agent__name", width=22),
    Column("attempt", "Attempt", "attempt", Kind.NUMBER, width=8),
    Column("direction", "Direction", "direction", Kind.WORD),
    Column("status", "Status", "status", Kind.WORD),
    Column("outcome", "Outcome", "outcome", Kind.WORD),
    Column("detail", "Detail", "detail", width=18),
    Column("disposition", "Disposition", "disposition", width=18),
    Column("duration_seconds", "Seconds", "duration_seconds", Kind.NUMBER, width=8),
    Column("summary", "Summary", "summary", width=50),
    Column("cost", "Cost", "cost", Kind.NUMBER, width=8),
    Column("currency", "Currency", "currency", Kind.WORD, width=8),
    Column("is_manual", "Logged by hand", "is_manual", Kind.FLAG, width=8),
    Column("lead_id", "Lead ID", "lead_id", Kind.WORD, width=38),
)
listings.register(
    Listing(
        name="calls",
        label="Calls",
        permission="calls.view",
        filterset=CallFilter,
        rows=calls_of,
        columns=CALL_COLUMNS,
        usual=("created_at", "lead_name", "lead_phone", "agent_name", "outcome", "disposition", "duration_seconds"),
        ordering=ORDERING,
        default_ordering="-created_at",
        page="calls:list",
    )
)
