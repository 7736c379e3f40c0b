"""Narrowing the desk's lists."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now

from agents.models import Agent
from leads.sla import SlaStatus, has_sla_status


class DeletedFilter(SimpleListFilter):
    """Deleted rows stay out of sight unless asked for."""

    title = "deleted"
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Deleted alone")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(deleted_at__isnull=self.value() != "yes")


class HolderFilter(SimpleListFilter):
    title = "holder"
    parameter_name = "holder"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("none", "Unassigned"), *((str(pk), name) for pk, name in Agent.objects.values_list("pk", "name"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen is None:
            return queryset
        if chosen == "none":
            return queryset.filter(agent__isnull=True)
        known = {str(value) for value, _ in self.lookup_choices}
        return queryset.filter(agent=chosen) if chosen in known else queryset.none()


class OpenFilter(SimpleListFilter):
    title = "open"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Open"), ("no", "Closed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return queryset.open()  # type: ignore[attr-defined, no-any-return]
        return queryset.exclude(closed_at__isnull=True) if self.value() == "no" else queryset


class SlaFilter(SimpleListFilter):
    title = "response clock"
    parameter_name = "sla"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status.value, status.label) for status in SlaStatus]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen is None:
            return queryset
        return queryset.filter(has_sla_status(chosen, now())) if chosen in SlaStatus.values else queryset.none()
