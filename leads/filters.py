"""What lists of leads and contacts can be filtered by, in pages, API, saved searches, bulk verbs and exports."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import reduce
from operator import and_, or_
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import JSONField, Lookup, Model, Q, QuerySet, Subquery, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.timezone import now
from django_filters import Filter

from agents.models import Agent
from crm.core.api.fields import as_uuid
from crm.core.api.filters import (
    BoolFilter,
    CsvFilter,
    IntFilter,
    MomentFilter,
    NullFilter,
    NumberFilter,
    StrictFilterSet,
    TextFilter,
    UuidFilter,
    read_text,
)
from crm.core.api.json import is_clean
from crm.core.text import fold
from crm.lists.filters import SavedSearchFilter
from leads.dispositions import key_of
from leads.models import Contact, Lead, OptIn, Priority, Qualification, Stage, Status
from leads.sla import SlaStatus, has_sla_status

FEW = 500  # hits
MAX_WORDS = 20
MAX_KEY = 100
PHONE_LIKE = re.compile(r"[0-9\s()+./-]+", re.ASCII)
MANY_DIGITS = 3


@JSONField.register_lookup
class HasTag(Lookup[bool]):
    """`tags__has_tag="vip"`: the JSON list holds this very text, on both databases."""

    lookup_name = "has_tag"
    prepare_rhs = False

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        lhs, params = self.process_lhs(compiler, connection)
        return f"{lhs} @> %s::jsonb", [*params, json.dumps([self.rhs])]

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        lhs, params = self.process_lhs(compiler, connection)
        sql = f"EXISTS (SELECT 1 FROM json_each({lhs}) WHERE json_each.value = %s)"  # noqa: S608 - a compiled column
        return sql, [*params, self.rhs]


def searched(text: str) -> Q:
    """Every word must occur in the folded text; what looks like a phone number is also sought by its digits."""
    folded = fold(text)
    words = folded.split()[:MAX_WORDS]
    if not words:
        return Q(pk__in=())  # an accent alone
    found = reduce(and_, map(_word, words), Q())
    digits = re.sub(r"\D", "", folded).lstrip("0")
    if PHONE_LIKE.fullmatch(folded) and len(digits) >= MANY_DIGITS:
        return found | Q(search_text__contains=digits)
    return found


def _word(word: str) -> Q:
    found = Q(search_text__contains=word)
    if PHONE_LIKE.fullmatch(word) and (digits := re.sub(r"\D", "", word)) and digits != word:
        found |= Q(search_text__contains=digits)
    return found


def names_reach(text: str) -> bool:
    """Whether a word of it may be a phone number or an e-mail address, or a part of one."""
    words = fold(text).split()[:MAX_WORDS]
    digits = (len(re.sub(r"\D", "", word)) for word in words if PHONE_LIKE.fullmatch(word))
    return any("@" in word for word in words) or any(count >= MANY_DIGITS for count in digits)


def with_survivors(model: type[Model], text: str) -> Q:
    """`searched`, and by a phone or an e-mail also whom the one who had it was merged into; one statement more then."""
    found = searched(text)
    if not names_reach(text):
        return found
    into = Contact.objects.merged().filter(found).order_by().values_list("merged_into", flat=True)
    few = list(into[: FEW + 1])
    if not few:
        return found
    return found | Q(**{"pk__in" if model is Contact else "contact__in": into if len(few) > FEW else few})


class SearchFilter(TextFilter):
    """Name, phone, e-mail, employer; the phone and e-mail that a merge took away find whoever stayed.

    Few hits are asked for at once and named by their ids: in one question with the list's order PostgreSQL takes rare
    words for common ones, and walks through a million leads in that order to find them. One statement more.
    """

    def filter(self, qs: QuerySet[Any], value: str | None) -> QuerySet[Any]:
        if not value:
            return qs
        found = qs.filter(with_survivors(qs.model, value))
        hits = list(found.order_by().values_list("pk", flat=True)[: FEW + 1])
        return found if len(hits) > FEW else qs.filter(pk__in=hits)


class TagsFilter(CsvFilter):
    """Any of several tags."""

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        return qs.filter(reduce(or_, (Q(tags__has_tag=tag) for tag in value))) if value else qs


def read_agent(text: str) -> UUID | str:
    """A UUID, or an e-mail address in lower case."""
    if (pk := as_uuid(text)) is not None:
        return pk
    if "@" not in text:
        raise ValidationError("Must be an agent's UUID or e-mail address.")
    return read_text(text).lower()


class AgentFilter(CsvFilter):
    """Held by any of several agents, by UUID or e-mail."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("agent", read=read_agent, **kwargs)

    def filter(self, qs: QuerySet[Any], value: list[UUID | str]) -> QuerySet[Any]:
        if not value:
            return qs
        emails = [item for item in value if isinstance(item, str)]
        held = Q(agent__in=[item for item in value if isinstance(item, UUID)])
        return qs.filter(held | held_by(Q(user__email__in=emails), len(emails)) if emails else held)


class AssigneeFilter(UuidFilter):
    """Held by the agent of any of several users."""

    def filter(self, qs: QuerySet[Any], value: list[UUID]) -> QuerySet[Any]:
        return qs.filter(held_by(Q(user__in=value), len(value))) if value else qs


def held_by(condition: Q, count: int) -> Q:
    """One agent as one value, which lets PostgreSQL use the index by agent; several as a set."""
    agents = Agent.objects.filter(condition).order_by().values("pk")
    return Q(agent=Subquery(agents[:1])) if count == 1 else Q(agent__in=agents)


class NothingFilter(UuidFilter):
    """Well-formed ids that name nothing: campaigns do not hold leads yet."""

    def filter(self, qs: QuerySet[Any], value: list[UUID]) -> QuerySet[Any]:
        return qs.none() if value else qs


class SlaFilter(CsvFilter):
    """Where the lead stands on its clock now."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("deadline", choices=SlaStatus, **kwargs)

    def filter(self, qs: QuerySet[Any], value: Sequence[SlaStatus]) -> QuerySet[Any]:
        at = now()
        return qs.filter(reduce(or_, (has_sla_status(status, at) for status in value))) if value else qs


class CustomFilter(CsvFilter):
    """`custom.<key>`: the custom field has any of several values; numbers and booleans as they are written."""

    def __init__(self, key: str) -> None:
        super().__init__("custom_fields")
        self.key = key

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        if not value:
            return qs
        text = Cast(KeyTextTransform(self.key, "custom_fields"), TextField())
        if connection.vendor == "postgresql" and not any(part.startswith(("[", "{")) for part in value):
            by_index = (Q(custom_fields__contains={self.key: form}) for part in value for form in _forms(part))
            qs = qs.filter(reduce(or_, by_index))  # finds 1.0 for 1, which the text does not
        found: QuerySet[Any] = qs.alias(custom_value=text).filter(custom_value__in=value)
        return found


def _forms(text: str) -> Iterator[Any]:
    """What may be stored that reads like this: the text itself, and the number or truth that it spells."""
    yield text
    with suppress(ValueError):
        value = json.loads(text)
        if isinstance(value, int | float) and math.isfinite(value):
            yield value


def custom_filter(name: str) -> Filter | None:
    prefix, _, key = name.partition(".")
    return CustomFilter(key) if prefix == "custom" and 0 < len(key) <= MAX_KEY and is_clean(key) else None


class LeadFilter(StrictFilterSet):
    """The filters of `GET /leads` (`api.md`)."""

    agent_id = AgentFilter(label="UUID or e-mail of the agent")
    assignee_id = AssigneeFilter(label="UUID of the agent's user")
    unassigned = NullFilter("agent")
    status = CsvFilter(choices=Status)
    status_filter = CsvFilter("status", choices=Status)
    stage = CsvFilter(choices=Stage)
    disposition = CsvFilter(read=lambda text: key_of(read_text(text)), label="Key or label")
    priority = CsvFilter(choices=Priority)
    qualification_status = CsvFilter(choices=Qualification)
    source = CsvFilter()
    vendor_code = CsvFilter("vendor__code")
    campaign_id = NothingFilter("pk")
    import_id = UuidFilter("import_file", label="Brought in by this import")
    tags = TagsFilter("tags", label="Any of them")
    min_score = IntFilter("score", "gte")
    max_score = IntFilter("score", "lte")
    min_deal_value = NumberFilter("deal_value", "gte")
    max_deal_value = NumberFilter("deal_value", "lte")
    created_after = MomentFilter("created_at", "gte")
    created_before = MomentFilter("created_at", "lte")
    deadline_before = MomentFilter("deadline", "lte")
    sla_status = SlaFilter()
    search = SearchFilter("search_text", label="Words of name, phone, e-mail or employer")
    query = SearchFilter("search_text", label="The same as search")
    saved_search = SavedSearchFilter("leads")

    class Meta:
        model = Lead
        fields: list[str] = []

    @classmethod
    def dynamic(cls, name: str) -> Filter | None:
        return custom_filter(name)


class ContactFilter(StrictFilterSet):
    """The filters of `GET /contacts`."""

    search = SearchFilter("search_text", label="Words of name, phone, e-mail or employer")
    query = SearchFilter("search_text", label="The same as search")
    email = CsvFilter(read=lambda text: read_text(text).lower())
    phone_e164 = CsvFilter()
    organization = CsvFilter()
    country = CsvFilter(read=lambda text: read_text(text).upper())
    tags = TagsFilter("tags", label="Any of them")
    lifecycle_stage = CsvFilter(choices=Stage)
    opt_in_status = CsvFilter(choices=OptIn)
    do_not_contact = BoolFilter("do_not_contact")
    created_after = MomentFilter("created_at", "gte")
    created_before = MomentFilter("created_at", "lte")
    saved_search = SavedSearchFilter("contacts")

    class Meta:
        model = Contact
        fields: list[str] = []

    @classmethod
    def dynamic(cls, name: str) -> Filter | None:
        return custom_filter(name)
