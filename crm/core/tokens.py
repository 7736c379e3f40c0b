"""`{{first_name|there}}` in people's texts: names from a fixed list, a fallback, no more."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

TOKEN = re.compile(r"\{\{\s*([a-z_]+)\s*(?:\|([^{}|]*))?\}\}")
BRACES = re.compile(r"\{\{.*?(?:\}\}|$)", re.DOTALL)


def fill_tokens(text: str, values: Mapping[str, str]) -> str:
    """Each token's value, else its fallback, else nothing; a value is never read for tokens of its own."""
    return TOKEN.sub(lambda match: values.get(match[1]) or (match[2] or "").strip(), text)


def unknown_tokens(text: str, known: Collection[str]) -> list[str]:
    """What stands in double braces and is no token of the list, as it was written."""
    written = (match[0] for match in BRACES.finditer(text))
    return [braces for braces in written if not ((token := TOKEN.fullmatch(braces)) and token[1] in known)]
