"""Shapes of answers in the OpenAPI document, read off their examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def shape_of(example: Any) -> dict[str, Any]:
    """The JSON schema of a value, each part of which may also be null."""
    if isinstance(example, Mapping):
        properties = {key: shape_of(value) for key, value in example.items()}
        return {"type": "object", "properties": properties, "additionalProperties": True, "nullable": True}
    if isinstance(example, list):
        return {"type": "array", "items": shape_of(example[0]) if example else {}, "nullable": True}
    for kind, name in ((bool, "boolean"), (int, "number"), (float, "number"), (str, "string")):
        if isinstance(example, kind):
            return {"type": name, "nullable": True}
    return {"type": "object", "additionalProperties": True, "nullable": True} if example is not None else {}


def answer_of_list(plural: str, row: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """The three forms of a list in one schema."""
    whole = {"type": "integer"}
    numbers = dict.fromkeys(("total", "page", "per_page", "skip", "limit"), whole)
    return {
        "type": "object",
        "required": [plural],
        "properties": {
            plural: {"type": "array", "items": dict(row)},
            **numbers,
            "total_is_exact": {"type": "boolean", "description": "False where there are more than `total`."},
            "next": {"type": "string", "nullable": True, "description": "The next cursor; null at the end."},
            **{name: shape_of(value) for name, value in extra.items()},
        },
    }


def rows_example(plural: str, row: Any, extra: Mapping[str, Any]) -> dict[str, Any]:
    return {plural: [row], **extra, "total": 1, "page": 1, "per_page": 10}
