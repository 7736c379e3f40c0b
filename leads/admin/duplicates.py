"""Possible duplicates on the desk, and merging two ticked rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminSelectWidget

from crm.core.admin import CompanyModelAdmin, ReadOnlyAdmin
from crm.core.errors import Refused
from leads.duplicates.actions import dismiss_pair, reopen_pair
from leads.duplicates.models import DuplicatePair

TWO = "Choose the two that are one."


class StaysForm(forms.Form):
    """Which of the two stays."""

    stays = forms.ChoiceField(
        widget=UnfoldAdminSelectWidget(),
        help_text="Its values count, its blanks are filled from the other, and all that hangs on the other goes along. "
        "To choose field by field, use the page under Duplicates. It can be undone under Jobs for 30 days.",
    )

    def __init__(self, data: Any = None, *, rows: list[Any], label: Callable[[Any], str]) -> None:
        super().__init__(data)
        self.fields["stays"].choices = [(str(row.pk), label(row)) for row in rows]  # type: ignore[attr-defined]


def merge_two(
    desk: CompanyModelAdmin, request: HttpRequest, chosen: QuerySet[Any], merge: Callable[..., Any], label: Any
) -> Any:
    """Asks which one stays, and merges the other into it; anything but two rows is told and nothing is done."""
    rows = list(chosen.order_by("pk")[:3])
    if len(rows) != 2:
        messages.error(request, TWO)
        return None
    form = StaysForm(request.POST if request.POST.get("confirmed") else None, rows=rows, label=label)
    if not form.is_valid():
        return desk.ask(request, chosen, form, title="Merge the two into one", button="Merge")
    this, other = sorted(rows, key=lambda row: str(row.pk) != form.cleaned_data["stays"])
    try:
        job, _ = merge(this, other, by=desk.actor(request))
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        job_url = reverse("jobs:detail", args=[job.pk])
        messages.success(request, format_html('The two are one now. <a href="{}">Undo is here</a>.', job_url))
    return None


@admin.register(DuplicatePair)
class DuplicatePairAdmin(ReadOnlyAdmin):
    list_display = ("one", "other", "why", "state", "found_by", "found_at", "decided_by", "open")
    list_filter = ("state", "found_by", "found_at")
    list_select_related = ("first", "second", "decided_by")
    search_fields = ("first__search_text",)
    folded_search = "first__search_text"
    ordering = ("-found_at", "-id")
    sortable_by = ("found_at",)
    actions = ("dismiss", "reopen")

    @admin.display(description="Contact")
    def one(self, pair: DuplicatePair) -> str:
        return pair.first.name

    @admin.display(description="May be")
    def other(self, pair: DuplicatePair) -> str:
        return pair.second.name

    @admin.display(description="Why")
    def why(self, pair: DuplicatePair) -> str:
        return "; ".join(pair.reason_labels)

    @admin.display(description="")
    def open(self, pair: DuplicatePair) -> Any:
        return format_html(
            '<a href="{}">Side by side</a>', reverse("duplicates:contacts", args=[pair.first_id, pair.second_id])
        )

    @admin.action(description="Not the same", permissions=["act"])
    def dismiss(self, request: HttpRequest, pairs: QuerySet[DuplicatePair]) -> Any:
        by = self.actor(request)
        return self.each(request, pairs, lambda pair: dismiss_pair(pair, by=by), "pairs dismissed")

    @admin.action(description="Decide again", permissions=["act"])
    def reopen(self, request: HttpRequest, pairs: QuerySet[DuplicatePair]) -> Any:
        by = self.actor(request)
        return self.each(request, pairs, lambda pair: reopen_pair(pair, by=by), "pairs taken up again")
