"""The documents tell the truth where a machine can see it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]
DOCUMENTS = [HERE / "README.md", HERE / "CHANGELOG.md", *sorted((HERE / "docs").rglob("*.md"))]


def names(requirements: str) -> set[str]:
    lines = (HERE / requirements).read_text().splitlines()
    return {re.split(r"[\[=]", line)[0] for line in lines if line and line[0] not in "#-"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), target


def test_every_dependency_is_pinned_and_has_its_reason():
    reasons = (HERE / "docs/decisions/0001-libraries.md").read_text()
    for name in names("requirements.txt") | names("requirements-dev.txt"):
        assert re.search(rf"\b{re.escape(name)}\b", reasons), name
    for line in (HERE / "requirements.txt").read_text().splitlines():
        assert line.startswith("#") or "==" in line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_command_that_is_named_exists(document):
    targets = set(re.findall(r"^([a-z0-9-]+):", (HERE / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z0-9-]+)", document.read_text())) <= targets


def test_every_command_that_is_named_exists():
    from django.core.management import get_commands

    named = {name for path in DOCUMENTS for name in re.findall(r"manage\.py ([a-z_]+)", path.read_text())}
    assert named <= get_commands().keys()
