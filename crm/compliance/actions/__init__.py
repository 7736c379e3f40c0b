"""Every change of meaning to consent, suppressed addresses and stricter hours."""

from crm.compliance.actions.consent import Statement, record_consent, record_consents
from crm.compliance.actions.hearing import ReplyTaken, take_complaint, take_reply, take_text, take_transcript

__all__ = [
    "ReplyTaken",
    "Statement",
    "record_consent",
    "record_consents",
    "take_complaint",
    "take_reply",
    "take_text",
    "take_transcript",
]
