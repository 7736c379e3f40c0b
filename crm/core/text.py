"""Text as it is searched: folded so that "JOSÉ" is found by "jose" on every database."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Lower case without accents, inner white space single."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())
