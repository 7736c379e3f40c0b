"""Long work: what is to be done, how far it is, and what came of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from crm.core.tenancy import TenantKey, TenantModel
from crm.jobs.querysets import JobQuerySet


class JobState(models.TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    UNDONE = "undone", "Undone"


ACTIVE = (JobState.QUEUED, JobState.RUNNING)
SHOWN_ERRORS = 100  # of each job, kept on its row; all of them are `JobError`s


class Job(TenantModel):
    """One piece of long work, done batch by batch; `cursor` is where the next batch begins, written with each batch."""

    kind = models.CharField(max_length=40, help_text="The registered kind: leads.import, leads.bulk_assign …")
    title = models.CharField(max_length=200, help_text="What it does, in words")
    state = models.CharField(max_length=9, choices=JobState, default=JobState.QUEUED)
    params = models.JSONField(default=dict, help_text="What the kind needs to do it; JSON")
    cursor = models.JSONField(null=True, help_text="Where the next batch begins; none: at the beginning")
    total = models.PositiveIntegerField(null=True)
    processed = models.PositiveIntegerField(default=0)
    succeeded = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict, help_text="What the kind has to tell; grows batch by batch")
    first_errors = models.JSONField(default=list, help_text="The first row errors, as the API shows them")
    message = models.TextField(blank=True, help_text="Why it failed, in one sentence")
    result_file = models.FileField(upload_to="jobs/", blank=True, max_length=300)
    result_name = models.CharField(max_length=200, blank=True, help_text="The file's name as it is downloaded")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    cancel_asked = models.BooleanField(default=False)
    undoes = TenantKey("self", models.PROTECT, null=True, blank=True, related_name="undone_by", db_index=False)
    leased_until = models.DateTimeField(null=True, help_text="While a worker is at it; past: it died")
    lease = models.UUIDField(null=True, help_text="Which worker's claim it is")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Batches that failed in a row")
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False, help_text="When anything that is shown changed")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        indexes = [
            models.Index(fields=["company", "-created_at", "-id"], name="job_newest"),
            models.Index(  # the sweep for what a dead worker or broker left
                fields=["leased_until"], condition=Q(state__in=["queued", "running"]), name="job_active"
            ),
            models.Index(  # what a user's side bar shows
                fields=["user", "-created_at"], condition=Q(state__in=["queued", "running"]), name="job_active_of_user"
            ),
            models.Index(fields=["user", "-created_at", "-id"], name="job_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def is_stopping(self) -> bool:
        return self.is_active and self.cancel_asked

    @property
    def percent(self) -> int | None:
        """How much is done; none while nobody knows how much there is."""
        return min(100, 100 * self.processed // self.total) if self.total else None


class JobError(TenantModel):
    """One row or object that the job could not do, with the reason."""

    job = TenantKey(Job, models.CASCADE, related_name="row_errors", db_index=False)
    row = models.PositiveIntegerField(null=True, help_text="Of a file, as a spreadsheet counts it")
    object_id = models.CharField(max_length=64, blank=True, help_text="As the caller named it")
    message = models.TextField()
    data = models.JSONField(default=dict, help_text="What else is known: the refused row's cells")

    class Meta:
        indexes = [models.Index(fields=["job", "id"], name="job_error_of_job")]

    def __str__(self) -> str:
        return self.message[:80]
