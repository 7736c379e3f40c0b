from __future__ import annotations

from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from django.core.management import call_command
from django.db import connection

from crm.core.encrypted import decrypt, encrypt
from crm.mail.models import Mail


def stored(mail):
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM mail_mail WHERE subject = %s", [mail.subject])
        return cursor.fetchone()[0]


def test_the_old_key_can_be_taken_out_afterwards(in_company, admin, settings):
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.FIELD_KEYS = [old]
    mail = Mail.objects.create(kind="test", to="a@example.com", subject="A mail", text="secret text")
    sent = Mail.objects.create(kind="test", to="a@example.com", subject="Wiped", text="")
    factor = Authenticator.objects.create(
        user=admin, type="recovery_codes", data={"seed": encrypt("sown"), "used_mask": 3}
    )
    settings.FIELD_KEYS = [new, old]
    out = StringIO()
    call_command("renew_encryption", stdout=out)
    assert "2 rows" in out.getvalue()
    settings.FIELD_KEYS = [new]
    mail.refresh_from_db()
    factor.refresh_from_db()
    assert (mail.text, decrypt(factor.data["seed"]), factor.data["used_mask"]) == ("secret text", "sown", 3)
    assert "secret" not in stored(mail)
    assert stored(sent) == ""


def test_a_lost_key_is_an_error_and_not_an_empty_text(in_company, settings):
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    Mail.objects.create(kind="test", to="a@example.com", subject="A mail", text="secret text")
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(InvalidToken):
        call_command("renew_encryption")
