"""Whether Twilio itself has sent a request: it signs the address and the form with the account's token."""

from __future__ import annotations

from django.conf import settings
from twilio.request_validator import RequestValidator

from crm.providers.ports import BadSignature, Callback


def check_signature(callback: Callback) -> None:
    """Raises `BadSignature`; without a token nothing is believed."""
    signature = callback.headers.get("x-twilio-signature", "")
    token = settings.TWILIO_AUTH_TOKEN
    if not token or not RequestValidator(token).validate(callback.url, dict(callback.params), signature):
        raise BadSignature("not signed by Twilio")
