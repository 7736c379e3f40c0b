"""Text messages that come in by Twilio, SMS and WhatsApp, and what is sent back at once, as TwiML."""

from __future__ import annotations

import re

from django.utils.timezone import now
from twilio.twiml.messaging_response import MessagingResponse

from crm.providers.accounts import accounts_named
from crm.providers.ports import Callback, TextAnswer, TextReceived
from crm.providers.twilio.signatures import signers

WHATSAPP = "whatsapp:"
E164 = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)
KEYWORDS = ("stop", "start", "help")


class TwilioTexts:
    name = "twilio"

    def read(self, callback: Callback) -> TextReceived:
        """`OptOutType` comes where Twilio's own opt-out has understood a keyword, and has answered it."""
        told = callback.params
        accounts = signers(callback, accounts_named(told.get("AccountSid", "")))
        if not told["MessageSid"]:
            raise ValueError("a message without a name")
        keyword = told.get("OptOutType", "").lower()
        return TextReceived(
            provider=self.name,
            message_id=told["MessageSid"],
            sender=number_of(told["From"]),
            to=number_of(told["To"]),
            body=told.get("Body", ""),
            at=now(),
            channel="whatsapp" if told["From"].startswith(WHATSAPP) else "sms",
            keyword=keyword if keyword in KEYWORDS else "",
            companies=tuple(account.company_id for account in accounts if account.company_id),
            is_shared=any(account.company_id is None for account in accounts),
        )

    def answer(self, words: str) -> TextAnswer:
        response = MessagingResponse()
        if words:
            response.message(words)
        return TextAnswer(str(response))


def number_of(address: str) -> str:
    """Empty for a short code or a name, which nobody can be known by."""
    number = address.removeprefix(WHATSAPP)
    return number if E164.fullmatch(number) else ""
