"""Every kind of mail has its three parts, and each can be read as a template."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

FOLDER = Path(settings.BASE_DIR) / "templates" / "emails"
KINDS = sorted({str(file.parent.relative_to(FOLDER)) for file in FOLDER.rglob("*.*") if file.parent != FOLDER})


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_mail_is_whole(kind):
    for part in ("subject.txt", "body.txt", "body.html"):
        get_template(f"emails/{kind}/{part}")
    assert get_template(f"emails/{kind}/body.html").template.source.startswith('{% extends "emails/_layout.html" %}')
