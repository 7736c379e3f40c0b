"""Jobs on the desk, to read: they are started, stopped and taken back where the work is."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from crm.core.admin import ReadOnlyAdmin
from crm.jobs.models import Job, JobError


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("title", "kind", "state", "user", "processed", "total", "failed", "created_at", "finished_at")
    list_filter = ("state", "kind")
    list_select_related = ("user",)
    search_fields = ("title",)
    ordering = ("-created_at", "-id")
    exclude = ("params", "cursor", "lease", "leased_until", "first_errors", "result_file", "cancel_asked", "tries")


@admin.register(JobError)
class JobErrorAdmin(ReadOnlyAdmin):
    list_display = ("job", "row", "object_id", "reason")
    list_select_related = ("job",)
    search_fields = ("object_id",)
    ordering = ("-id",)
    sortable_by = ()

    @admin.display(description="Reason")
    def reason(self, error: Any) -> str:
        return str(error)
