"""Hashed and gzipped static files; the brotli that another package brings in is left out, for it takes minutes."""

from __future__ import annotations

from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


def _names_source_map(pattern: Any) -> bool:
    return "sourceMappingURL" in (pattern if isinstance(pattern, str) else pattern[0])


class Storage(CompressedManifestStaticFilesStorage):
    """Does not follow `sourceMappingURL`: the packages do not ship their source maps."""

    patterns = tuple(
        (ending, tuple(p for p in patterns if not _names_source_map(p)))
        for ending, patterns in CompressedManifestStaticFilesStorage.patterns
    )

    def url(self, name: str | None, force: bool = True) -> str:
        """Hashed with `DEBUG` as well: `make run` serves what production does."""
        return str(super().url(name, force))

    def create_compressor(self, **kwargs: Any) -> Compressor:
        return Compressor(**kwargs, use_brotli=False)
