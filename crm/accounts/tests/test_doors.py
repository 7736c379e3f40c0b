"""The sign-in pages as a browser meets them: forms, redirects, cookies, mails."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from django.utils.timezone import now

from crm.accounts import actions
from crm.accounts.models import Company, Invitation, User
from crm.accounts.permissions_table import Role
from crm.accounts.tests.factories import PASSWORD, UserFactory
from crm.audit.models import AuditEntry
from crm.core.encrypted import decrypt
from crm.core.tenancy import company_active, unscoped

NEW = {
    "company_name": "Newco",
    "first_name": "Ada",
    "last_name": "Byron",
    "email": "Ada@Newco.example",
    "password1": "a long enough secret",
}


@pytest.fixture
def visitor() -> Client:
    return Client()


def events(action: str) -> list[AuditEntry]:
    with unscoped("test"):
        return list(AuditEntry.objects.filter(action=action).order_by("id"))


def sign_in(visitor: Client, login: str, password: str = PASSWORD) -> Any:
    return visitor.post("/accounts/login/", {"login": login, "password": password})


def prove(visitor: Client) -> None:
    """What touches the safety of an account asks for the password once more."""
    assert visitor.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


def link_in_mail(path: str) -> str:
    found = re.search(rf"https?://[^\s/]+({path}[^\s]+)", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return found[1]


def code_now(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(now().timestamp()) // 30))


# --- sign-in ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["admin", "Admin", "ADMIN@copperline.example"])
def test_signing_in_by_user_name_or_address(visitor: Client, admin: User, login: str) -> None:
    answer = sign_in(visitor, login)
    assert (answer.status_code, answer.url) == (302, "/")
    assert visitor.get("/profile/").status_code == 200
    assert [(e.user_id, e.data) for e in events("user.signed_in")] == [(admin.pk, {"door": "page"})]
    with unscoped("test"):
        admin.refresh_from_db()
    assert admin.last_login is not None


def without_token(html: bytes) -> str:
    text = re.sub(r'value="[\w]{64}"', "", html.decode())
    return re.sub(r'value="[^"]*@[^"]*"', "", text)


def test_wrong_password_unknown_and_switched_off_look_alike(visitor: Client, admin: User) -> None:
    UserFactory(company=admin.company, email="gone@copperline.example", is_active=False)
    pages = [
        sign_in(visitor, "admin@copperline.example", "wrong"),
        sign_in(visitor, "nobody@copperline.example", PASSWORD),
        sign_in(visitor, "gone@copperline.example", "wrong"),
    ]
    assert {page.status_code for page in pages} == {200}
    assert len({without_token(page.content) for page in pages}) == 1
    assert "password is not right" in pages[0].content.decode()


def test_guessing_is_paused_on_the_page_and_in_the_api_together(visitor: Client, admin: User) -> None:
    for _ in range(5):
        sign_in(visitor, "admin@copperline.example", "guess")
    page = sign_in(visitor, "admin@copperline.example")
    assert "Too many failed" in page.content.decode()
    api = visitor.post(
        "/api/v1/auth/login",
        {"email": "admin@copperline.example", "password": PASSWORD},
        content_type="application/json",
    )
    assert api.status_code == 429


def test_somebody_switched_off_is_out_at_once(visitor: Client, admin: User, manager: User) -> None:
    sign_in(visitor, manager.email)
    assert visitor.get("/profile/").status_code == 200
    with company_active(admin.company_id):
        actions.deactivate_user(manager, by=admin)
    assert visitor.get("/profile/").status_code == 302


def test_signing_out_asks_first_and_needs_a_post(visitor: Client, admin: User) -> None:
    sign_in(visitor, "admin")
    assert "Sign out?" in visitor.get("/accounts/logout/").content.decode()
    assert visitor.get("/profile/").status_code == 200
    assert visitor.post("/accounts/logout/").status_code == 302
    assert visitor.get("/profile/").status_code == 302


def test_signing_in_needs_the_csrf_token(admin: User) -> None:
    assert sign_in(Client(enforce_csrf_checks=True), "admin").status_code == 403


def test_the_page_that_one_wanted_comes_after_sign_in_but_no_foreign_one(visitor: Client, admin: User) -> None:
    own = visitor.post("/accounts/login/?next=/users/", {"login": "admin", "password": PASSWORD, "next": "/users/"})
    assert own.url == "/users/"
    visitor.post("/accounts/logout/")
    evil = {"login": "admin", "password": PASSWORD, "next": "https://evil.example/"}
    assert visitor.post("/accounts/login/", evil).url == "/"


# --- sign-up ---------------------------------------------------------------------------------------------------------


def test_signing_up_is_answered_alike_for_a_new_and_a_taken_address(visitor: Client, admin: User, mails: Any) -> None:
    with mails():
        new = visitor.post("/accounts/signup/", NEW)
    with mails():
        taken = Client().post("/accounts/signup/", {**NEW, "email": admin.email})

    assert (new.status_code, new.url) == (taken.status_code, taken.url) == (302, "/accounts/confirm-email/")
    assert without_token(visitor.get(new.url).content) == without_token(Client().get(taken.url).content)
    assert set(new.cookies) == set(taken.cookies)
    assert [(m.to, m.subject) for m in mail.outbox] == [
        (["ada@newco.example"], "Confirm your e-mail address"),
        ([admin.email], "You already have an account"),
    ]
    company = Company.objects.get(name="Newco")
    with company_active(company.pk):
        user = User.objects.get()
    assert (user.email, user.role, user.name) == ("ada@newco.example", "admin", "Ada Byron")
    assert Company.objects.filter(name="Newco").count() == 1
    assert sign_in(visitor, "ada@newco.example", NEW["password1"]).url == "/"


def test_a_taken_address_costs_a_password_hash_too(
    visitor: Client, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    monkeypatch.setattr("crm.accounts.door_forms.make_password", hashed.append)
    visitor.post("/accounts/signup/", {**NEW, "email": admin.email})
    assert hashed == [NEW["password1"]]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("password1", "short", "too short"),
        ("email", "nowhere", "valid email"),
        ("company_name", "", "required"),
        ("first_name", "", "required"),
    ],
)
def test_a_bad_sign_up_says_so_beside_the_field(
    db: None, visitor: Client, field: str, value: str, message: str
) -> None:
    page = visitor.post("/accounts/signup/", {**NEW, field: value}).content.decode()
    assert message in page
    assert f'id="id_{field}-e"' in page
    assert not Company.objects.exists()


@pytest.mark.parametrize("mode", ["invite", "closed"])
def test_sign_up_can_be_closed(db: None, visitor: Client, settings: Any, mode: str) -> None:
    settings.REGISTRATION = mode
    assert "Sign-up is closed" in visitor.get("/accounts/signup/").content.decode()
    visitor.post("/accounts/signup/", NEW)
    assert not Company.objects.exists()
    assert "set up a company" not in visitor.get("/accounts/login/").content.decode()


# --- invitations -----------------------------------------------------------------------------------------------------


@pytest.fixture
def invited(admin: User, mails: Any) -> str:
    """The path of the link that was mailed to newcomer@copperline.example."""
    with company_active(admin.company_id), mails():
        actions.invite("Newcomer@copperline.example", Role.MANAGER, by=admin)
    assert mail.outbox[-1].to == ["newcomer@copperline.example"]
    return link_in_mail("/accounts/signup/")


JOIN = {"first_name": "New", "last_name": "Comer", "password1": "a long enough secret"}


@pytest.mark.parametrize("mode", ["open", "invite"])
def test_an_invitation_joins_the_company_in_its_role_and_signs_in(
    visitor: Client, admin: User, invited: str, settings: Any, mode: str
) -> None:
    settings.REGISTRATION = mode
    page = visitor.get(invited).content.decode()
    assert "Join Copperline" in page
    assert "newcomer@copperline.example" in page

    answer = visitor.post(invited, {**JOIN, "email": "other@copperline.example"})

    assert (answer.status_code, answer.url) == (302, "/")
    with company_active(admin.company_id):
        user = User.objects.get(email="newcomer@copperline.example")
        invitation = Invitation.objects.get()
    assert (user.role, user.company_id, user.name) == ("manager", admin.company_id, "New Comer")
    assert EmailAddress.objects.get(user_id=user.pk).verified
    assert invitation.accepted_at is not None
    assert visitor.get("/profile/").status_code == 200
    assert [e.object_id for e in events("invitation.accepted")] == [invitation.pk]
    assert [(e.object_id, e.data) for e in events("user.created")] == [(user.pk, {"role": "manager"})]


def test_an_invitation_works_once(visitor: Client, invited: str) -> None:
    visitor.post(invited, JOIN)
    second = Client()
    assert "was used, was withdrawn, or has expired" in second.get(invited).content.decode()


def test_an_invitation_ends_after_a_week_and_when_withdrawn(visitor: Client, admin: User, invited: str) -> None:
    with time_machine.travel(now() + timedelta(days=7, minutes=1)):
        assert "has expired" in visitor.get(invited).content.decode()
    assert "Join Copperline" in visitor.get(invited).content.decode()
    with company_active(admin.company_id):
        actions.withdraw_invitation(Invitation.objects.get(), by=admin)
    assert "has expired" in visitor.get(invited).content.decode()


def test_a_new_invitation_replaces_the_one_before(visitor: Client, admin: User, invited: str) -> None:
    with company_active(admin.company_id):
        actions.invite("newcomer@copperline.example", Role.AGENT, by=admin)
    assert "has expired" in visitor.get(invited).content.decode()


# --- passwords -------------------------------------------------------------------------------------------------------


def test_a_forgotten_password_is_answered_alike_and_its_link_sets_one(visitor: Client, admin: User, mails: Any) -> None:
    with mails():
        known = visitor.post("/accounts/password/reset/", {"email": admin.email})
        unknown = Client().post("/accounts/password/reset/", {"email": "nobody@copperline.example"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert [m.to for m in mail.outbox] == [[admin.email]]

    form = visitor.get(link_in_mail("/accounts/password/reset/key/"), follow=True)
    assert "Set a password" in form.content.decode()
    path = form.redirect_chain[-1][0]
    weak = visitor.post(path, {"password1": "short", "password2": "short"})
    assert "too short" in weak.content.decode()
    done = visitor.post(path, {"password1": "quite another secret", "password2": "quite another secret"}, follow=True)
    assert "Your password is set" in done.content.decode()
    assert sign_in(visitor, "admin", "quite another secret").url == "/"
    assert "does not work any more" in Client().get(link_in_mail("/accounts/password/reset/key/")).content.decode()


def test_changing_the_password_ends_api_sessions_and_other_browsers_on_record(
    visitor: Client, admin: User, api: Any, mails: Any
) -> None:
    program, elsewhere = api(admin), Client()
    sign_in(elsewhere, "admin")
    sign_in(visitor, "admin")
    wrong = {"oldpassword": "no", "password1": "quite another secret", "password2": "quite another secret"}
    assert "current password" in visitor.post("/accounts/password/change/", wrong).content.decode()

    with mails():
        answer = visitor.post("/accounts/password/change/", {**wrong, "oldpassword": PASSWORD})

    assert answer.url == "/profile/"
    assert visitor.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302
    assert program.get("/api/v1/auth/me").status_code == 401
    assert [(e.user_id, e.data) for e in events("user.password_changed")] == [(admin.pk, {"sessions_ended": 1})]
    assert [m.subject for m in mail.outbox] == ["Your account was changed"]


def test_reset_pages_are_limited_by_account(visitor: Client, admin: User) -> None:
    answers = [visitor.post("/accounts/password/reset/", {"email": admin.email}) for _ in range(6)]
    assert [a.status_code for a in answers] == [302] * 5 + [429]
    assert "Too many tries" in answers[-1].content.decode()


# --- addresses -------------------------------------------------------------------------------------------------------


def test_the_banner_asks_until_the_address_is_confirmed(visitor: Client, admin: User, mails: Any) -> None:
    sign_in(visitor, "admin")
    assert "Please confirm that admin@copperline.example" in visitor.get("/profile/").content.decode()
    with mails():
        visitor.post("/accounts/email/", {"email": admin.email, "action_send": ""})
    path = link_in_mail("/accounts/confirm-email/")
    page = Client().get(path)
    assert "Confirm admin@copperline.example" in page.content.decode()
    assert not EmailAddress.objects.get(email=admin.email).verified  # looking changes nothing
    Client().post(path)
    assert EmailAddress.objects.get(email=admin.email).verified
    assert "Please confirm" not in visitor.get("/profile/").content.decode()
    assert [e.object_id for e in events("user.email_confirmed")] == [admin.pk]


def test_a_new_address_holds_once_it_is_confirmed_on_record(visitor: Client, admin: User, mails: Any) -> None:
    sign_in(visitor, "admin")
    asked = visitor.post("/accounts/email/", {"email": "new@copperline.example", "action_add": ""})
    assert asked.url.startswith("/accounts/reauthenticate/")
    prove(visitor)
    with mails():
        visitor.post("/accounts/email/", {"email": "New@copperline.example", "action_add": ""})
    with unscoped("test"):
        admin.refresh_from_db()
    assert admin.email == "admin@copperline.example"
    path = link_in_mail("/accounts/confirm-email/")
    with mails():
        visitor.post(path)
    with unscoped("test"):
        admin.refresh_from_db()
    assert admin.email == "new@copperline.example"
    (entry,) = events("user.updated")
    assert [change["field"] for change in entry.changes] == ["email"]
    assert "copperline" not in str(entry.changes)
    assert [m.to for m in mail.outbox[1:]] == [["admin@copperline.example"]]  # the old address is told


def test_an_address_that_became_anothers_is_not_taken_over(visitor: Client, admin: User, mails: Any) -> None:
    sign_in(visitor, "admin")
    prove(visitor)
    with mails():
        visitor.post("/accounts/email/", {"email": "late@copperline.example", "action_add": ""})
    UserFactory(company=admin.company, email="late@copperline.example")
    visitor.post(link_in_mail("/accounts/confirm-email/"))
    with unscoped("test"):
        admin.refresh_from_db()
    assert admin.email == "admin@copperline.example"


@pytest.mark.parametrize("action", ["action_remove", "action_primary"])
def test_an_account_keeps_its_address_whatever_is_posted(visitor: Client, admin: User, action: str) -> None:
    UserFactory(company=admin.company, email="taken@copperline.example")
    sign_in(visitor, "admin")
    prove(visitor)
    for waiting in ("first@copperline.example", "taken@copperline.example"):
        visitor.post("/accounts/email/", {"email": waiting, "action_add": ""})
        for email in (admin.email, waiting):
            assert visitor.post("/accounts/email/", {"email": email, action: ""}).status_code == 302
    with unscoped("test"):
        admin.refresh_from_db()
    assert admin.email == "admin@copperline.example"


# --- second factor ---------------------------------------------------------------------------------------------------


@pytest.fixture
def with_app(visitor: Client, admin: User, mails: Any) -> str:
    """The admin has switched an authenticator app on; its secret."""
    sign_in(visitor, "admin")
    prove(visitor)
    visitor.get("/accounts/email/")  # by now the address is known, and not confirmed
    page = visitor.get("/accounts/2fa/totp/activate/").content.decode()
    assert 'src="data:image/svg+xml' in page
    found = re.search(r'id="authenticator_secret" value="(\w+)"', page)
    assert found
    with mails():
        answer = visitor.post("/accounts/2fa/totp/activate/", {"code": code_now(found[1])})
    assert answer.status_code == 302
    visitor.post("/accounts/logout/")
    return found[1]


def a_step_later() -> Any:
    """Codes work once: the next one comes half a minute later."""
    return time_machine.travel(now() + timedelta(seconds=31))


def test_the_second_factor_is_asked_on_the_page(visitor: Client, admin: User, with_app: str) -> None:
    answer = sign_in(visitor, "admin")
    assert answer.url == "/accounts/2fa/authenticate/"
    assert visitor.get("/profile/").status_code == 302
    assert "One more step" in visitor.get(answer.url).content.decode()
    assert "Incorrect code" in visitor.post(answer.url, {"code": "000000"}).content.decode()
    with a_step_later():
        assert visitor.post(answer.url, {"code": code_now(with_app)}).url == "/"
    assert visitor.get("/profile/").status_code == 200


def test_the_second_factor_is_asked_in_the_api(anyone: Any, admin: User, with_app: str) -> None:
    body = {"username": "admin", "password": PASSWORD}
    asked = anyone.post("/api/v1/auth/login", body)
    assert asked.status_code == 401
    assert asked.json() == {
        "detail": "A code of your second factor is needed.",
        "mfa_required": True,
        "methods": ["recovery_codes", "totp"],
    }
    assert asked.headers["WWW-Authenticate"] == "Bearer"
    wrong = anyone.post("/api/v1/auth/login", {**body, "code": "000000"})
    assert (wrong.status_code, wrong.json()["mfa_required"]) == (401, True)
    wrong_password = anyone.post("/api/v1/auth/login", {**body, "password": "no", "code": code_now(with_app)})
    assert "mfa_required" not in wrong_password.json()
    with a_step_later():
        code = code_now(with_app)
        assert anyone.post("/api/v1/auth/login", {**body, "code": code}).status_code == 200
        assert anyone.post("/api/v1/auth/login", {**body, "code": code}).status_code == 401  # once


def test_a_recovery_code_signs_in_once(anyone: Any, admin: User, with_app: str) -> None:
    codes = Authenticator.objects.get(user_id=admin.pk, type="recovery_codes").wrap().get_unused_codes()
    body = {"username": "admin", "password": PASSWORD, "code": codes[0]}
    assert anyone.post("/api/v1/auth/login", body).status_code == 200
    assert anyone.post("/api/v1/auth/login", body).status_code == 401


def test_guessing_codes_is_stopped(anyone: Any, admin: User, with_app: str, settings: Any) -> None:
    body = {"username": "admin", "password": PASSWORD, "code": "000000"}
    answers = [anyone.post("/api/v1/auth/login", body).status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]


def test_secrets_of_the_second_factor_are_encrypted_and_its_changes_on_record(admin: User, with_app: str) -> None:
    stored = Authenticator.objects.get(user_id=admin.pk, type="totp").data["secret"]
    assert with_app not in stored
    assert decrypt(stored) == with_app
    assert {e.data["type"] for e in events("user.mfa_changed")} == {"totp", "recovery_codes"}
    assert {m.subject for m in mail.outbox} == {"Your account was changed"}


PAGES = [
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/reauthenticate/",
    "/accounts/logout/",
]


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_the_account_have_no_inline_script_or_style(visitor: Client, admin: User, path: str) -> None:
    sign_in(visitor, "admin")
    prove(visitor)
    answer = visitor.get(path)
    assert answer.status_code == 200
    check_clean(answer)


PUBLIC = [
    "login",
    "signup",
    "password/reset",
    "password/reset/done",
    "password/reset/key/done",
    "inactive",
    "confirm-email",
]


@pytest.mark.parametrize("page", PUBLIC)
def test_public_pages_have_no_inline_script_or_style(db: None, visitor: Client, page: str) -> None:
    answer = visitor.get(f"/accounts/{page}/")
    assert answer.status_code == 200
    check_clean(answer)


def check_clean(answer: Any) -> None:
    page = answer.content.decode()
    assert "AgentConnect" in page
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    for tag in re.findall(r"<script[^>]*>", page):
        assert "src=" in tag or 'type="application/json"' in tag, tag
    assert "<style" not in page
    assert not re.search(r'<[^>]+\s(style|on\w+)="', page)


def test_second_factor_pages_after_it_is_on(visitor: Client, admin: User, with_app: str) -> None:
    sign_in(visitor, "admin")
    with a_step_later():
        visitor.post("/accounts/2fa/authenticate/", {"code": code_now(with_app)})
        assert visitor.get("/accounts/2fa/reauthenticate/").status_code == 200
        prove(visitor)
        for path in ("", "recovery-codes/", "recovery-codes/generate/", "totp/deactivate/", "reauthenticate/"):
            answer = visitor.get(f"/accounts/2fa/{path}")
            assert answer.status_code == 200, path
            check_clean(answer)
        assert visitor.get("/accounts/2fa/recovery-codes/download/").status_code == 200
        codes = visitor.post("/accounts/2fa/recovery-codes/generate/", follow=True)
        assert "10 of 10 codes are left" in codes.content.decode()
        visitor.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()


def test_a_platform_superuser_signs_in_and_out(db: None, visitor: Client, mails: Any) -> None:
    with unscoped("test"):
        User.objects.create_superuser("root@platform.example", PASSWORD)
    assert sign_in(visitor, "root@platform.example").status_code == 302
    assert visitor.get("/profile/").status_code == 200
    assert visitor.post("/profile/", {"first_name": "Root", "theme": "dark"}).status_code == 200  # nothing to save
    assert visitor.post("/profile/theme/", {"theme": "dark"}).status_code == 302
    changed = {"oldpassword": PASSWORD, "password1": "quite another secret", "password2": "quite another secret"}
    assert visitor.post("/accounts/password/change/", changed).status_code == 302
    visitor.post("/accounts/logout/")
    with mails():
        visitor.post("/accounts/password/reset/", {"email": "root@platform.example"})
    assert mail.outbox[-1].to == ["root@platform.example"]
