"""Queueing, sending and sending again.

The row is the truth: a mail is inserted in the transaction of what it tells of, sent by a task after the commit, and
taken up by a sweep where the broker or a worker died. A mail is tried `MAX_TRIES` times, whatever the server's answer
(a greylisting server may well say 550 at first). Sending is claimed by one conditional UPDATE. A worker that dies
between the server's acceptance and its own note of it leaves a mail that is sent again: with the same Message-ID, by
which mailboxes tell the copy.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import models, transaction
from django.db.models import F
from django.utils.timezone import now

from crm.core.actors import Actor, as_user
from crm.core.bulk_rows import insert_rows
from crm.core.tasks import later
from crm.mail.errors import NothingToResend, StillWaiting
from crm.mail.models import Mail, MailAttempt, MailState
from crm.mail.rendering import render_mail

logger = logging.getLogger(__name__)

MAX_TRIES = 3
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5))  # after the first and the second failure
ANSWER_SECONDS = 15  # for each answer of the server; all of them together end well before a claim is freed
ABANDONED = "No answer: the worker stopped while sending"


@dataclass(frozen=True)
class Outgoing:
    """A mail to be written; see `queue_mail`."""

    kind: str
    to: str
    context: Mapping[str, Any] = field(default_factory=dict)
    obj: models.Model | None = None
    resend_of: Mail | None = None
    requested_by: Actor | None = None


def queue_mail(kind: str, to: str, context: Mapping[str, Any], *, obj: models.Model | None = None) -> Mail:
    """Write one mail in the active company and send it after the commit; see `queue_mails`.

    `kind` names a folder of `templates/emails/`; `obj` is what the mail tells of. Raises `TemplateDoesNotExist` for
    an unknown kind.
    """
    return queue_mails([Outgoing(kind, to, context, obj)])[0]


def queue_mails(outgoing: Iterable[Outgoing]) -> list[Mail]:
    """Write all mails by one insert (per 1000) and send each after the commit."""
    mails = [_written(one) for one in outgoing]
    insert_rows(Mail, mails)
    for mail in mails:
        later("mail.send", mail.pk)
    return mails


def _written(one: Outgoing) -> Mail:
    rendered = render_mail(one.kind, one.context)
    return Mail(
        kind=one.kind,
        to=one.to,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        object_type=one.obj._meta.model_name or "" if one.obj else "",
        object_id=one.obj.pk if one.obj else None,
        resend_of=one.resend_of,
        requested_by=as_user(one.requested_by) if one.requested_by else None,
    )


@transaction.atomic
def resend(mail: Mail, *, by: Actor) -> Mail:
    """Send the text of a mail once more, as a mail of its own with its own three tries.

    Raises `NothingToResend` where the text is wiped, and `StillWaiting` for one that has not had its tries yet.
    """
    if mail.is_waiting:
        raise StillWaiting
    if not mail.text:
        raise NothingToResend
    copied = ("kind", "to", "subject", "text", "html", "object_type", "object_id")
    again = Mail(resend_of=mail, requested_by=as_user(by), **{name: getattr(mail, name) for name in copied})
    again.save()
    later("mail.send", again.pk)
    return again


def hasten(mail: Mail) -> None:
    """Try a waiting mail now, whenever its next try was due; one that is being sent is left alone."""
    if Mail.objects.filter(pk=mail.pk, state=MailState.QUEUED).update(due_at=now()):
        later("mail.send", mail.pk)


def send_mail(pk: UUID, *, at: datetime | None = None) -> bool:
    """Try to send the mail if it is due and nobody else does; True when the server took it. Never raises."""
    moment = at or now()
    claimed = Mail.objects.filter(pk=pk).due(moment)
    if not claimed.update(state=MailState.SENDING, claimed_at=moment, tries=F("tries") + 1):
        return False
    mail = Mail.objects.get(pk=pk)
    try:
        _hand_over(mail)
    except Exception as error:  # whatever the server, the network or a backend says is kept as the attempt's result
        logger.warning("mail %s, try %s: %s", mail.pk, mail.tries, type(error).__name__)
        _note_failure(mail, _without_secrets(f"{type(error).__name__}: {error}"), moment)
        return False
    _note_success(mail)
    return True


def _hand_over(mail: Mail) -> None:
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        to=[mail.to],
        headers={"Message-ID": f"<{mail.pk}@{host}>", "Auto-Submitted": "auto-generated"},
        connection=get_connection(timeout=ANSWER_SECONDS),
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    message.send()


def _without_secrets(text: str) -> str:
    for secret in filter(None, (settings.EMAIL_HOST_PASSWORD,)):
        text = text.replace(secret, "***")
    return text[:1000]


@transaction.atomic
def _note_success(mail: Mail) -> None:
    """The server has it: so it is, even where a sweep took the claim for abandoned meanwhile.

    The bodies are wiped, for they may hold a link that signs somebody in; in development they are
    kept (`MAIL_READABLE`), so that the pages under `/dev/mail/` can show them.
    """
    wiped = {} if settings.MAIL_READABLE else {"text": "", "html": ""}
    Mail.objects.filter(pk=mail.pk).update(state=MailState.SENT, sent_at=now(), **wiped)
    MailAttempt.objects.update_or_create(mail=mail, number=mail.tries, defaults={"error": ""})


def _note_failure(mail: Mail, error: str, at: datetime) -> bool:
    """Keep the attempt and put the mail back for a later try, or give it up; False where the claim was lost."""
    over = mail.tries >= MAX_TRIES
    due_at = mail.due_at if over else at + RETRY_AFTER[mail.tries - 1]
    state = MailState.FAILED if over else MailState.QUEUED
    with transaction.atomic():
        mine = Mail.objects.filter(pk=mail.pk, state=MailState.SENDING, claimed_at=mail.claimed_at)
        if not mine.update(state=state, due_at=due_at):
            return False
        MailAttempt.objects.create(mail=mail, number=mail.tries, error=error)
    return True


def free_abandoned(at: datetime) -> int:
    """Count the try of each dead worker as failed, so that the mail is tried again or given up; how many there were."""
    return sum(_note_failure(mail, ABANDONED, at) for mail in Mail.objects.abandoned(at)[:500])
