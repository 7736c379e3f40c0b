"""What every form of a page has."""

from __future__ import annotations

from typing import Any

from django import forms

from crm.core.api.json import is_clean


class CleanForm(forms.Form):
    """Refuses what no database stores (NUL, lone surrogates), in any field."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name, value in list(data.items()):
            if isinstance(value, str) and not is_clean(value):
                self.add_error(name, "Remove the characters that can't be stored.")
        return data

    @property
    def problem(self) -> str:
        """The first thing that is wrong, in one sentence."""
        return next((str(error) for errors in self.errors.values() for error in errors), "")
