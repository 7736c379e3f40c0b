"""What happens to saved searches and exports, by name."""

from __future__ import annotations

SAVED_SEARCH_CREATED = "saved_search.created"
SAVED_SEARCH_UPDATED = "saved_search.updated"
SAVED_SEARCH_DELETED = "saved_search.deleted"
LIST_EXPORTED = "list.exported"

LABELS = {
    SAVED_SEARCH_CREATED: "Search saved",
    SAVED_SEARCH_UPDATED: "Saved search changed",
    SAVED_SEARCH_DELETED: "Saved search deleted",
    LIST_EXPORTED: "List exported",
}
