"""What happens to jobs, by name."""

from __future__ import annotations

JOB_STARTED = "job.started"
JOB_FINISHED = "job.finished"
JOB_FAILED = "job.failed"
JOB_CANCELLED = "job.cancelled"
JOB_UNDONE = "job.undone"

LABELS = {
    JOB_STARTED: "Job started",
    JOB_FINISHED: "Job finished",
    JOB_FAILED: "Job failed",
    JOB_CANCELLED: "Job cancelled",
    JOB_UNDONE: "Job undone",
}
