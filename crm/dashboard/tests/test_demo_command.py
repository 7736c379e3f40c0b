from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from crm.accounts.models import Company
from crm.dashboard.demo import cast as casts
from crm.dashboard.demo.making import make_demo

COMMAND = "crm.dashboard.management.commands.demo"


def test_the_command_prints_who_may_sign_in_and_touches_no_used_database(monkeypatch, db):
    monkeypatch.setattr(f"{COMMAND}.make_demo", lambda: make_demo((casts.FERNHILL,)))
    out = StringIO()
    call_command("demo", only_if_empty=True, stdout=out)
    assert Company.objects.get().name == "Fernhill Dental Group"
    call_command("demo", only_if_empty=True, stdout=out)
    assert Company.objects.count() == 1
    call_command("demo", sign_ins_only=True, stdout=out)
    assert "fernhill " in out.getvalue()
    assert casts.PASSWORD in out.getvalue()
    with pytest.raises(CommandError, match="empty database only"):
        call_command("demo")
