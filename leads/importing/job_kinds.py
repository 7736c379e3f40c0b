"""The jobs that imports are."""

from __future__ import annotations

from django.urls import reverse

from crm.jobs.kinds import Kind, register
from crm.jobs.models import Job
from leads.importing.actions import CHECK, IMPORT
from leads.importing.refused_rows import refused_rows
from leads.importing.running import finish_import, run_check, run_import, shown
from leads.undo import UNDO


def page_of(job: Job) -> str:
    return reverse("leads:import_file", args=[job.params["file_id"]])


register(
    Kind(
        IMPORT,
        "Import",
        "leads.import",
        run_import,
        finish=finish_import,
        undo_kind=UNDO,
        refused=refused_rows,
        page=page_of,
        shown=shown,
    )
)
register(Kind(CHECK, "Check of a file", "leads.import", run_check, refused=refused_rows, shown=shown))
