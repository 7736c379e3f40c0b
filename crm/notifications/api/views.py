"""Sending an assignment mail again (S2)."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from crm.core.api.json import utc_text
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.mail.models import Mail
from crm.notifications.actions import assignment_mails, resend_assignment_mail
from leads.models import Lead

EXAMPLE = {
    "message": "Email resent successfully",
    "mail": {
        "id": "0196b2f0-7a00-7000-8000-00000000a001",
        "to": "priya@copperline.example",
        "subject": "New lead: Ada Byron",
        "state": "queued",
        "tries": 0,
        "created_at": "2026-03-02T09:30:00Z",
        "sent_at": None,
        "due_at": "2026-03-02T09:30:00Z",
        "attempts": [],
    },
    "earlier": [],
}


class LeadMailViewSet(ApiViewSet):
    schema_tag = "Leads"
    permissions = {"resend": "leads.update"}

    @describe(
        "Send the assignment mail again",
        status=200,
        answer_example=EXAMPLE,
        errors=[409],
    )
    def resend(self, request: Request, pk: str) -> Response:
        """Mails the lead's holder once more, with three tries; a mail that waits for its next try is tried at once.

        `earlier` are the mails before it, newest first, each with its attempts. `409` where nobody holds the lead,
        or an AI voice agent does.
        """
        user: Any = request.user
        lead = self.find(Lead.objects.alive().visible_to(user), pk)
        sent = resend_assignment_mail(lead, by=user)
        mails = [mail_json(mail) for mail in assignment_mails(lead).prefetch_related("attempts")[:20]]
        [mail] = [one for one in mails if one["id"] == str(sent.pk)]
        earlier = [one for one in mails if one is not mail]
        return self.answer({"message": EXAMPLE["message"], "mail": mail, "earlier": earlier})


def mail_json(mail: Mail) -> dict[str, Any]:
    """Select the attempts with the mail. An attempt without an error was accepted by the mail server."""
    return {
        "id": str(mail.pk),
        "to": mail.to,
        "subject": mail.subject,
        "state": mail.state,
        "tries": mail.tries,
        "created_at": utc_text(mail.created_at),
        "sent_at": utc_text(mail.sent_at) if mail.sent_at else None,
        "due_at": utc_text(mail.due_at) if mail.is_waiting else None,
        "attempts": [
            {"number": one.number, "at": utc_text(one.at), "accepted": not one.error, "error": one.error or None}
            for one in mail.attempts.all()
        ],
    }
