"""`{{first_name|there}}` in people's texts: names from a fixed list, a fallback, no more."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

TOKEN = re.compile(r"\{\{\s*([a-z_]+)\s*(?:\|([^{}|]*))?\}\}")
BRACES = re.compile(r"\{\{.*?(?:\}\}|$)", re.DOTALL)


def fill_tokens(text: str, values: Mapping[str, str]) -> str:
    """Each token's value, else its fallback, else nothing; a value is never read for tokens of its own."""
    return TOKEN.sub(lambda match: values.get(match[1]) or (match[2] or "").strip(), text)


def token_pieces(text: str, values: Mapping[str, str]) -> list[tuple[str, bool]]:
    """The same in pieces, each with whether it stands for a token, so that a page can mark what was filled in."""
    pieces, end = [], 0
    for match in TOKEN.finditer(text):
        pieces += [(text[end : match.start()], False), (fill_tokens(match[0], values), True)]
        end = match.end()
    return [piece for piece in [*pieces, (text[end:], False)] if piece[0]]


def unknown_tokens(text: str, known: Collection[str]) -> list[str]:
    """What stands in double braces and is no token of the list, as it was written."""
    written = (match[0] for match in BRACES.finditer(text))
    return [braces for braces in written if not ((token := TOKEN.fullmatch(braces)) and token[1] in known)]
