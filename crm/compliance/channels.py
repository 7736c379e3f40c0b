"""The ways to reach a person, and what each of them needs."""

from __future__ import annotations

from typing import Final

from django.db import models

ALL: Final = "all"  # in the ledger: the person as a whole, which is the contact's `do_not_contact`


class Channel(models.TextChoices):
    VOICE = "voice", "Calls"
    SMS = "sms", "Text messages"
    WHATSAPP = "whatsapp", "WhatsApp"
    EMAIL = "email", "E-mail"


BY_PHONE = (Channel.VOICE, Channel.SMS, Channel.WHATSAPP)
TEXTS = (Channel.SMS, Channel.WHATSAPP)
# Calls and texts have hours; an e-mail waits until it is read.
HAS_HOURS = frozenset(BY_PHONE)
IN_WORDS = {Channel.VOICE: "calls", Channel.SMS: "text messages", Channel.WHATSAPP: "WhatsApp", Channel.EMAIL: "e-mail"}
CHANNELS: Final = tuple(Channel)
COVERS = [*Channel.choices, (ALL, "Everything")]
