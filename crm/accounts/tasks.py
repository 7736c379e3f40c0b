"""What is done about accounts outside a request."""

from __future__ import annotations

from celery import shared_task

from crm.accounts.actions import send_password_reset as send


@shared_task(name="accounts.send_password_reset", cross_company=True)
def send_password_reset(email: str) -> None:
    """Look the address up and mail its link; run twice it mails twice, and either link works once."""
    send(email)
