"""Mail goes to a real SMTP server on 127.0.0.1."""

from __future__ import annotations

import socket
from copy import deepcopy
from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from crm.core.tenancy import scoped, unscoped
from crm.mail.actions import ABANDONED, Outgoing, queue_mail, queue_mails, resend, send_mail
from crm.mail.errors import NothingToResend, StillWaiting
from crm.mail.models import Mail, MailAttempt, MailState
from crm.mail.tasks import send_due

BODIES = {
    "emails/greeting/subject.txt": "Hello {{ name }}\n",
    "emails/greeting/body.txt": "Dear {{ name }},\n{{ public_url }}/leads/\n",
    "emails/greeting/body.html": (
        '{% extends "emails/_layout.html" %}{% block body %}<h1>Dear {{ name }}</h1>{% endblock %}'
    ),
}


@pytest.fixture(autouse=True)
def production(settings):
    settings.MAIL_READABLE = False


@pytest.fixture(autouse=True)
def greeting(settings):
    """A kind of mail that only these tests know."""
    [engine] = deepcopy(settings.TEMPLATES)
    engine["APP_DIRS"] = False
    engine["OPTIONS"]["loaders"] = [
        ("django.template.loaders.locmem.Loader", BODIES),
        "django.template.loaders.filesystem.Loader",
    ]
    settings.TEMPLATES = [engine]


def write(**context):
    return queue_mail("greeting", "tom@copperline.example", {"name": "Tom", **context})


def tried(mail):
    return [(attempt.number, attempt.error) for attempt in mail.attempts.order_by("number")]


def test_a_mail_is_delivered_once_the_transaction_commits(postmaster, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        mail = write()
        assert not postmaster.accepted
    [message] = postmaster.accepted
    assert (message["Subject"], message["To"]) == ("Hello Tom", "tom@copperline.example")
    assert message["Message-ID"] == f"<{mail.pk}@localhost>"
    assert "Dear Tom,\nhttp://127.0.0.1:8000/leads/" in message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()
    assert "<h1 style=" in html and "Dear Tom" in html
    mail.refresh_from_db()
    assert (mail.state, mail.tries, mail.text, mail.html) == (MailState.SENT, 1, "", "")
    assert mail.sent_at is not None and tried(mail) == [(1, "")]


def test_in_development_a_sent_mail_keeps_its_text(postmaster, settings):
    settings.MAIL_READABLE = True
    send_mail((mail := write()).pk)
    mail.refresh_from_db()
    assert mail.state == MailState.SENT and mail.text.startswith("Dear Tom")


def test_the_bodies_are_encrypted_in_the_database(in_company):
    mail = write(name="Sirius")
    with unscoped("read the ciphertext"):
        [row] = Mail.objects.raw("SELECT id, text AS cipher, html AS html_cipher FROM mail_mail")
    assert "Sirius" in mail.text and "Sirius" not in row.cipher + row.html_cipher


def test_a_value_adds_no_header_to_a_mail_and_no_markup_to_its_page(postmaster):
    send_mail(write(name="Tom\r\nBcc: all@example.org <b>&").pk)
    [message] = postmaster.accepted
    assert message["Subject"] == "Hello Tom Bcc: all@example.org <b>&" and message["Bcc"] is None
    assert "<b>&" in message.get_body(("plain",)).get_content()
    assert "&lt;b&gt;&amp;" in message.get_body(("html",)).get_content()


@pytest.mark.parametrize("answer", ["451 4.7.1 Try again later", "550 5.1.1 No such mailbox"])
def test_a_refused_mail_is_tried_three_times_with_growing_delay_and_given_up(postmaster, answer):
    postmaster.answers = [answer] * 3
    mail, start = write(), now()
    delays = []
    for minutes in (0, 1, 6):
        with time_machine.travel(start + timedelta(minutes=minutes, seconds=1), tick=False):
            assert not send_mail(mail.pk)
            mail.refresh_from_db()
            delays.append(mail.due_at - now())
    assert delays[:2] == [timedelta(minutes=1), timedelta(minutes=5)]
    assert (mail.state, mail.tries) == (MailState.FAILED, 3)
    assert [number for number, _ in tried(mail)] == [1, 2, 3]
    assert all(answer[:3] in error and answer[10:] in error for _, error in tried(mail))
    with time_machine.travel(start + timedelta(days=1)):
        assert not send_mail(mail.pk) and not postmaster.accepted


def test_a_retry_comes_no_sooner_than_it_is_due(postmaster):
    postmaster.answers = ["451 Busy"]
    mail = write()
    assert not send_mail(mail.pk)
    assert not send_mail(mail.pk)
    assert len(tried(mail)) == 1
    with time_machine.travel(now() + timedelta(seconds=61)):
        assert send_mail(mail.pk)
    assert tried(mail)[1] == (2, "")


def test_a_dead_server_is_an_attempt_like_another(in_company, settings):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = unused.getsockname()[1]
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1"
    mail = write()
    assert not send_mail(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.tries) == (MailState.QUEUED, 1)
    assert "refused" in tried(mail)[0][1].lower()


def test_the_servers_password_is_kept_out_of_the_attempt(in_company, settings, monkeypatch):
    settings.EMAIL_HOST_PASSWORD = "hunter2hunter2"

    def fail(*args, **kwargs):
        raise OSError("login with hunter2hunter2 failed")

    monkeypatch.setattr("crm.mail.actions.get_connection", fail)
    send_mail((mail := write()).pk)
    assert tried(mail) == [(1, "OSError: login with *** failed")]


def test_only_one_of_two_workers_sends(postmaster, monkeypatch):
    mail = write()
    from crm.mail import actions

    hand_over = actions._hand_over

    def meanwhile(row):
        assert not send_mail(mail.pk)
        hand_over(row)

    monkeypatch.setattr(actions, "_hand_over", meanwhile)
    assert send_mail(mail.pk)
    assert len(postmaster.accepted) == 1 and tried(mail) == [(1, "")]


def killed(monkeypatch, mail):
    """A worker claims the mail and is gone, as by SIGKILL."""

    def die(row):
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr("crm.mail.actions._hand_over", die)
        send_mail(mail.pk)


def sweep(capture):
    with capture(execute=True), scoped(None):
        send_due()


@pytest.fixture
def commits(django_capture_on_commit_callbacks):
    return django_capture_on_commit_callbacks


def test_what_a_killed_worker_left_is_sent_by_the_sweep(postmaster, monkeypatch, commits):
    mail = write()
    killed(monkeypatch, mail)
    sweep(commits)
    assert not postmaster.accepted, "the claim is two minutes old at least before it is freed"
    start = now()
    with time_machine.travel(start + timedelta(seconds=140)):
        sweep(commits)
    mail.refresh_from_db()
    assert (mail.state, mail.tries, tried(mail)) == (MailState.QUEUED, 1, [(1, ABANDONED)])
    with time_machine.travel(start + timedelta(seconds=220)):
        sweep(commits)
    mail.refresh_from_db()
    assert (mail.state, mail.tries, len(postmaster.accepted)) == (MailState.SENT, 2, 1)


def test_a_mail_that_kills_every_worker_is_given_up(postmaster, monkeypatch, commits):
    mail, start = write(), now()
    for minutes in (0, 10, 20):
        with time_machine.travel(start + timedelta(minutes=minutes)):
            killed(monkeypatch, mail)
        with time_machine.travel(start + timedelta(minutes=minutes + 3)):
            sweep(commits)
    mail.refresh_from_db()
    assert (mail.state, tried(mail)) == (MailState.FAILED, [(1, ABANDONED), (2, ABANDONED), (3, ABANDONED)])


def test_a_slow_worker_whose_claim_was_freed_still_tells_that_it_sent(postmaster, monkeypatch, commits):
    mail = write()
    from crm.mail import actions

    hand_over = actions._hand_over

    def slowly(row):
        with time_machine.travel(now() + timedelta(minutes=3)):
            sweep(commits)
        hand_over(row)

    with monkeypatch.context() as patch:
        patch.setattr(actions, "_hand_over", slowly)
        assert send_mail(mail.pk)
    mail.refresh_from_db()
    assert (mail.state, tried(mail)) == (MailState.SENT, [(1, "")])
    with time_machine.travel(now() + timedelta(minutes=10)):
        sweep(commits)
    assert len(postmaster.accepted) == 1


def test_what_a_dead_broker_swallowed_is_sent_by_the_sweep(postmaster, commits):
    mail = write()  # its task never ran
    sweep(commits)
    assert not postmaster.accepted, "its own task may still be on the way"
    with time_machine.travel(now() + timedelta(seconds=30)):
        sweep(commits)
    mail.refresh_from_db()
    assert mail.state == MailState.SENT and len(postmaster.accepted) == 1


def test_the_sweep_wakes_the_companies_with_mail_alone(company, stranger, commits, django_assert_num_queries):
    sent = []
    with scoped(company.pk):
        write()
    with time_machine.travel(now() + timedelta(minutes=1)), pytest.MonkeyPatch.context() as patch:
        patch.setattr("crm.mail.tasks.later", lambda name, company: sent.append((name, company)))
        with scoped(None), django_assert_num_queries(1):
            send_due()
    assert sent == [("mail.send_left", company.pk)]


@pytest.mark.parametrize("number", [1, 30])
def test_a_set_is_written_by_one_insert(in_company, number, django_assert_num_queries):
    with django_assert_num_queries(1):
        mails = queue_mails(Outgoing("greeting", f"user{n}@example.com", {"name": n}) for n in range(number))
    assert [mail.subject for mail in mails] == [f"Hello {n}" for n in range(number)]


def test_a_mail_given_up_is_sent_again_by_hand(postmaster, admin, commits):
    mail = write()
    Mail.objects.filter(pk=mail.pk).update(state=MailState.FAILED, tries=3)
    mail.refresh_from_db()
    with commits(execute=True):
        again = resend(mail, by=admin)
    again.refresh_from_db()
    assert (again.state, again.resend_of, again.requested_by) == (MailState.SENT, mail, admin)
    assert [message["Message-ID"] for message in postmaster.accepted] == [f"<{again.pk}@localhost>"]


def test_a_waiting_mail_and_a_wiped_one_are_not_sent_again(postmaster, admin):
    mail = write()
    with pytest.raises(StillWaiting):
        resend(mail, by=admin)
    send_mail(mail.pk)
    mail.refresh_from_db()
    with pytest.raises(NothingToResend):
        resend(mail, by=admin)
    assert Mail.objects.count() == 1 and MailAttempt.objects.count() == 1
