"""Bodies of the requests about saved searches: their form; what the filters may be is for the list."""

from __future__ import annotations

from crm.core.api.fields import Body, BoolField, CleanCharField, JsonObjectField, ListField


class SavedSearchFields(Body):
    name = CleanCharField(max_length=100, required=False)
    filters = JsonObjectField(required=False)
    columns = ListField(child=CleanCharField(max_length=150), required=False, max_length=100)
    ordering = CleanCharField(max_length=50, required=False, allow_blank=True)
    shared = BoolField(required=False)


class NewSavedSearch(SavedSearchFields):
    name = CleanCharField(max_length=100)
    object = CleanCharField(max_length=20, required=False)
