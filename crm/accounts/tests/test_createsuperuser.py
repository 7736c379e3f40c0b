from __future__ import annotations

from django.core.management import call_command

from crm.accounts.models import User
from crm.core.tenancy import unscoped


def test_a_superuser_is_made_by_command(db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse battery")
    call_command("createsuperuser", interactive=False, email="root@platform.example", verbosity=0)
    with unscoped("test"):
        user = User.objects.get()
    assert (user.is_superuser, user.company_id, user.is_staff) == (True, None, True)
