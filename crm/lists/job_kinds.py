"""The kind of job that this app does."""

from __future__ import annotations

from crm.jobs.kinds import Kind, register
from crm.lists.long_export import EXPORT, finish, make_file, run_batch

register(Kind(EXPORT, "Export", "lists.export", run_batch, finish, between=make_file))
