"""Collected static files, renewed only when a source changed: hashing and compressing them all takes seconds."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

MARK = "sources.sha256"


def are_stale() -> bool:
    mark = Path(settings.STATIC_ROOT) / MARK
    return not mark.exists() or mark.read_text() != _sources()


def collect() -> None:
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    (Path(settings.STATIC_ROOT) / MARK).write_text(_sources())


def _sources() -> str:
    """A digest of every source file's place, size and time."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            facts = Path(storage.path(name)).stat()
            digest.update(f"{storage.path(name)}|{facts.st_size}|{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
