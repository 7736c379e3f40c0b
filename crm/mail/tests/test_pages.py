from __future__ import annotations

import pytest
from django.urls import reverse

from crm.core.tenancy import company_active
from crm.mail.actions import send_mail
from crm.mail.models import Mail, MailState


@pytest.fixture
def mail(in_company):
    return Mail.objects.create(
        kind="greeting",
        to="tom@copperline.example",
        subject="Hello <Tom>",
        text="Sign in: http://127.0.0.1:8000/reset/<x>\n",
        html="<style>p{color:red}</style><p>Sign in</p><script>alert(1)</script>",
    )


def pages(mail):
    return [reverse("mail:list"), *(reverse(f"mail:{name}", args=[mail.pk]) for name in ("message", "html"))]


def test_an_admin_reads_the_companys_mails(client, admin, mail, postmaster):
    send_mail(mail.pk)
    client.force_login(admin)
    listed, message, body = (client.get(url).content.decode() for url in pages(mail))
    assert "Hello &lt;Tom&gt;" in listed and "tom@copperline.example" in listed and "Sent" in listed
    assert '<a href="http://127.0.0.1:8000/reset/' in message and "Accepted by the mail server" in message
    assert body.startswith("<style>p{color:red}")


def test_a_mails_html_can_run_nothing_and_fetch_nothing(client, admin, mail):
    client.force_login(admin)
    response = client.get(reverse("mail:html", args=[mail.pk]))
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy and "script" not in policy
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_in_production_there_is_no_such_page(client, admin, mail, settings):
    settings.MAIL_READABLE = False
    client.force_login(admin)
    assert [client.get(url).status_code for url in pages(mail)] == [404] * 3
    assert client.post(reverse("mail:resend", args=[mail.pk])).status_code == 404


def test_only_admins_of_the_company_read_them(client, manager, agent, stranger, mail):
    assert [client.get(url).status_code for url in pages(mail)] == [302] * 3
    for user in (manager, agent.user):
        client.force_login(user)
        assert [client.get(url).status_code for url in pages(mail)] == [403] * 3
    client.force_login(stranger)
    assert [client.get(url).status_code for url in pages(mail)[1:]] == [403] * 2
    assert client.post(reverse("mail:resend", args=[mail.pk])).status_code == 403
    assert b"Tom" not in client.get(reverse("mail:list")).content
    with company_active(mail.company_id):
        assert Mail.objects.count() == 1


def test_a_mail_is_sent_again_by_a_button(client, admin, mail, postmaster, django_capture_on_commit_callbacks):
    Mail.objects.filter(pk=mail.pk).update(state=MailState.FAILED)
    client.force_login(admin)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("mail:resend", args=[mail.pk]), follow=True)
    assert b"Sent again" in response.content and len(postmaster.accepted) == 1
    again = Mail.objects.get(resend_of=mail)
    assert (again.state, again.requested_by) == (MailState.SENT, admin)


def test_a_long_list_is_paged(client, admin, mail, django_assert_max_num_queries):
    Mail.objects.create_many(Mail(kind="k", to="a@b.example", subject=f"mail {n:03}") for n in range(60))
    client.force_login(admin)
    with django_assert_max_num_queries(4):
        first = client.get(reverse("mail:list"))
    assert first.content.count(b"<tr>") == 51
    second = client.get(reverse("mail:list"), {"cursor": first.context["next"]})
    assert second.content.count(b"<tr>") == 12 and second.context["next"] == ""
