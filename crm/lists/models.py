"""Views of lists that people keep."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.timezone import now

from crm.core.tenancy import TenantModel
from crm.lists.querysets import SavedSearchQuerySet


class SavedSearch(TenantModel):
    """A named view of one list: its filters, columns and order; its owner's alone, or shared with the company."""

    name = models.CharField(max_length=100)
    object = models.CharField(max_length=20, help_text="Which list: leads, contacts, agents …")
    filters = models.JSONField(default=dict, blank=True, help_text="As in the list's address")
    columns = models.JSONField(default=list, blank=True, help_text="Keys of its columns; none: the usual ones")
    ordering = models.CharField(max_length=50, blank=True, help_text="As in the list's address; empty: the usual one")
    shared = models.BooleanField(default=False, help_text="The whole company sees it")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SavedSearchQuerySet.as_manager()  # type: ignore[misc]

    personal: ClassVar[frozenset[str]] = frozenset({"name", "filters"})

    class Meta:
        verbose_name = "saved search"
        verbose_name_plural = "saved searches"
        constraints = [
            models.UniqueConstraint("company", "owner", "object", Lower("name"), name="saved_search_named_once")
        ]
        indexes = [models.Index(fields=["company", "object", "created_at"], name="saved_search_tabs")]

    def __str__(self) -> str:
        return self.name
