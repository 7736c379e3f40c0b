"""What is told of long work and of vendors."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from crm.accounts.models import User
from crm.accounts.permissions_table import Role
from crm.audit.models import AuditEntry
from crm.jobs.events import JOB_FAILED
from crm.jobs.models import Job
from crm.notifications.kinds import Kind
from crm.notifications.telling import News
from crm.vendors.models import Vendor


def news_of_jobs(entries: Iterable[AuditEntry]) -> list[News]:
    """To whoever started them; what was done within the request was seen by whoever asked. One statement."""
    ends = {entry.object_id: entry for entry in entries}
    jobs = Job.objects.filter(pk__in=ends).select_related("user__company")
    told = (job for job in jobs if job.lease is not None or ends[job.pk].action == JOB_FAILED)
    return [_job(job, ends[job.pk]) for job in told]


def _job(job: Job, end: AuditEntry) -> News:
    """The counts are the event's: the row has not got those of the last batch yet."""
    url = reverse("jobs:detail", args=[job.pk])
    if end.action == JOB_FAILED:
        return News(job.user, Kind.JOB, f"{job.title} has failed", url, job.message, job, key=f"job:{job.pk}")
    done, not_done = (int(end.data.get(name, 0)) for name in ("succeeded", "failed"))
    refused = f", {not_done:,} not" if not_done else ""
    text = f"{done:,} done{refused}."
    return News(job.user, Kind.JOB, f"{job.title} is done", url, text, job, key=f"job:{job.pk}")


def news_of_vendor_caps(entries: Iterable[AuditEntry]) -> list[News]:
    """To the administrators, whose vendors they are; once a day and vendor. Two statements."""
    days = {entry.object_id: str(entry.data.get("day", "")) for entry in entries}
    people = list(User.objects.filter(role=Role.ADMIN, is_active=True).select_related("company"))
    vendors = list(Vendor.objects.filter(pk__in=days))
    return [_capped(user, vendor, days[vendor.pk]) for vendor in vendors for user in people]


def _capped(user: User, vendor: Vendor, day: str) -> News:
    title = f"{vendor.name} has sent its {vendor.daily_cap:,} leads for today"
    text = "What it sends until midnight is refused. Raise the number on its page to take more."
    url = reverse("vendors:detail", args=[vendor.pk])
    return News(user, Kind.VENDOR_CAP, title, url, text, vendor, key=f"cap:{vendor.pk}:{day}"[:100])
