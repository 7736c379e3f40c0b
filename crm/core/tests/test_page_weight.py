"""What a browser must fetch before a page is whole (`operations.md`, "Speed")."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

LIMIT = 130_000  # bytes of script and style, compressed


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/leads/", "/accounts/login/"])
def test_script_and_style_are_light(manager, path):
    client = Client()
    if path != "/accounts/login/":
        client.force_login(manager)
    shown = client.get(path).content.decode()
    links = re.findall(r'(?:src|href)="/static/([^"]+\.(?:js|css))"', shown)
    weights = {link: len(gzip.compress(Path(finders.find(link)).read_bytes(), 6)) for link in links}
    assert len(weights) >= 5 and sum(weights.values()) <= LIMIT, weights


@pytest.mark.django_db
def test_no_page_of_ours_has_script_or_style_of_its_own(manager, company):
    client = Client()
    client.force_login(manager)
    for path in ("/", "/leads/", "/leads/new/", "/agents/", "/agents/new/"):
        shown = client.get(path).content.decode()
        assert not re.search(r"<style|<script(?![^>]*src=)|\sstyle=|\son[a-z]+=", shown), path
