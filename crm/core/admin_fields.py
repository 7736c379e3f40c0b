"""Form fields of the managers' desk for what models keep as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from crm.core.api.json import is_clean


class TagsField(forms.CharField):
    """A list of words, written with commas between them."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("widget", UnfoldAdminTextInputWidget())
        kwargs.setdefault("help_text", "With commas between them")
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        words = value if isinstance(value, list) else str(value or "").split(",")
        tags = list(dict.fromkeys(word.strip() for word in map(str, words) if word.strip()))
        if any(len(tag) > 100 or not is_clean(tag) for tag in tags):
            raise ValidationError("A tag has at most 100 characters.")
        return tags

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool((initial or []) != self.to_python(data))
        except ValidationError:
            return True


class ObjectField(forms.JSONField):
    """A JSON object, or with `kind=list` an array; empty text is an empty one, or with `null` none."""

    def __init__(
        self, *, kind: type[dict[str, Any]] | type[list[Any]] = dict, null: bool = False, **kwargs: Any
    ) -> None:
        self.kind, self.null = kind, null
        kwargs.setdefault("required", False)
        kwargs.setdefault("widget", UnfoldAdminTextareaWidget(attrs={"rows": 4}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        try:
            data = super().to_python(value)
            json.dumps(data, allow_nan=False)
        except (RecursionError, ValueError):
            raise ValidationError("Not valid JSON.") from None
        if data is None:
            return None if self.null else self.kind()
        if not all(map(is_clean, texts(data))):
            raise ValidationError("Text may not hold NUL or lone surrogates.")
        if not isinstance(data, self.kind):
            raise ValidationError("Must be a JSON object." if self.kind is dict else "Must be a JSON array.")
        return data

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was typed is shown again, however deep."""
        try:
            return super().bound_data(data, initial)
        except RecursionError:
            return InvalidJSONInput(data)


def texts(data: Any) -> Iterator[str]:
    """Every key and text in it."""
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, list):
            waiting += item
