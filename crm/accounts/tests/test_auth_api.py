"""Signing up, in and out, and forgotten passwords over the API."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils.timezone import now

from crm.accounts import actions
from crm.accounts.models import ApiSession, Company, User
from crm.accounts.permissions_table import Role
from crm.accounts.tests.factories import PASSWORD, UserFactory
from crm.accounts.tokens import read_access_token
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active, unscoped

NEW = {
    "email": "Ada@Newco.example",
    "password": "a long enough secret",
    "first_name": "Ada",
    "last_name": "Byron",
    "company_name": "Newco",
}


def post(anyone: Any, path: str, **body: Any) -> Any:
    return anyone.post(f"/api/v1/auth/{path}", body)


def events(action: str) -> list[AuditEntry]:
    with unscoped("test"):
        return list(AuditEntry.objects.filter(action=action).order_by("id"))


# --- registration ----------------------------------------------------------------------------------------------------


def test_registering_makes_a_company_with_its_administrator_signed_in(db: None, anyone: Any, mails: Any) -> None:
    with mails():
        answer = post(anyone, "register", **NEW)

    body = answer.json()
    assert answer.status_code == 201
    assert body["token"] == body["access"]
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert body["user"] == body["user"] | {
        "email": "ada@newco.example",
        "first_name": "Ada",
        "last_name": "Byron",
        "name": "Ada Byron",
        "role": "admin",
        "is_active": True,
        "username": None,
        "agent_id": None,
    }
    company = Company.objects.get(name="Newco")
    assert body["user"]["company_id"] == str(company.pk)
    with company_active(company.pk):
        user = User.objects.get()
        assert user.check_password(NEW["password"])
        assert user.password.startswith("argon2")
        recorded = AuditEntry.objects.order_by("id").values_list("action", "object_id", "user")
        assert list(recorded) == [
            ("company.registered", company.pk, user.pk),
            ("user.created", user.pk, user.pk),
            ("user.signed_in", user.pk, user.pk),
        ]
    assert not EmailAddress.objects.get(email="ada@newco.example").verified
    assert [(m.to, m.subject) for m in mail.outbox] == [(["ada@newco.example"], "Confirm your e-mail address")]
    me = anyone.get("/api/v1/auth/me", HTTP_AUTHORIZATION=f"Bearer {body['access']}")
    assert me.json()["company"]["name"] == "Newco"


@pytest.mark.parametrize("taken", ["ada@newco.example", "ADA@newco.EXAMPLE"])
def test_a_taken_address_is_refused_and_makes_no_company(anyone: Any, company: Company, taken: str) -> None:
    UserFactory(company=company, email="ada@newco.example")
    answer = post(anyone, "register", **{**NEW, "email": taken})
    assert answer.status_code == 400
    assert answer.json() == {"detail": "A user with this e-mail address already exists."}
    assert not Company.objects.filter(name="Newco").exists()


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"password": "short"}, 422, "password"),
        ({"password": "ada@newco.example"}, 422, "password"),
        ({"password": 12345678901}, 422, "password"),
        ({"email": "nowhere"}, 422, "email"),
        ({"email": None}, 422, "email"),
        ({"company_name": "x" * 201}, 422, "company_name"),
        ({"first_name": "a\x00b"}, 422, "first_name"),
        ({"company_name": ""}, 422, "company_name"),
    ],
)
def test_a_bad_registration_names_the_field(
    db: None, anyone: Any, change: dict[str, Any], status: int, field: str
) -> None:
    answer = post(anyone, "register", **{**NEW, **change})
    assert answer.status_code == status, answer.json()
    assert answer.json()["detail"][0]["loc"] == ["body", field]
    assert not Company.objects.exists()


@pytest.mark.parametrize("field", ["email", "password", "first_name", "company_name"])
def test_a_missing_field_is_a_bad_request(db: None, anyone: Any, field: str) -> None:
    answer = post(anyone, "register", **{k: v for k, v in NEW.items() if k != field})
    assert answer.status_code == 400
    assert answer.json()["detail"] == [{"loc": ["body", field], "msg": "Field required.", "type": "missing"}]


@pytest.mark.parametrize(("mode", "sentence"), [("invite", "by invitation"), ("closed", "closed")])
def test_registration_can_be_closed(db: None, anyone: Any, settings: Any, mode: str, sentence: str) -> None:
    settings.REGISTRATION = mode
    answer = post(anyone, "register", **NEW)
    assert answer.status_code == 403
    assert sentence in answer.json()["detail"]
    assert not Company.objects.exists()


# --- sign-in ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "who",
    [
        {"username": "admin"},
        {"username": "ADMIN"},
        {"username": "admin@copperline.example"},
        {"email": "Admin@Copperline.example"},
    ],
)
def test_signing_in_by_user_name_or_address(anyone: Any, admin: User, who: dict[str, str]) -> None:
    answer = post(anyone, "login", **who, password=PASSWORD)
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    claims = read_access_token(body["access"])
    assert body["user"]["id"] == str(admin.pk) == str(claims["sub"])
    assert claims["company_id"] == str(admin.company_id)
    assert (claims["role"], claims["email"]) == ("admin", admin.email)
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["jti"]
    with unscoped("test"):
        session = ApiSession.objects.get()
        admin.refresh_from_db()
    assert claims["sid"] == session.pk
    assert admin.last_login is not None
    assert session.refresh_hash not in body["refresh"]
    assert [(e.user_id, e.data) for e in events("user.signed_in")] == [(admin.pk, {"door": "api"})]


def test_unknown_wrong_and_switched_off_are_answered_alike(anyone: Any, admin: User) -> None:
    UserFactory(company=admin.company, email="gone@copperline.example", is_active=False)
    tries = [
        {"email": "admin@copperline.example", "password": "wrong"},
        {"email": "nobody@copperline.example", "password": PASSWORD},
        {"email": "gone@copperline.example", "password": PASSWORD},
        {"username": "nobody", "password": PASSWORD},
    ]
    answers = [post(anyone, "login", **body) for body in tries]
    assert {a.status_code for a in answers} == {401}
    assert len({a.content for a in answers}) == 1
    assert {a.headers["WWW-Authenticate"] for a in answers} == {"Bearer"}


def test_an_unknown_account_costs_a_password_hash_too(
    anyone: Any, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    monkeypatch.setattr(User, "set_password", lambda self, password: hashed.append(password))
    post(anyone, "login", email="nobody@copperline.example", password="guess")
    assert hashed == ["guess"]
    post(anyone, "login", email="admin@copperline.example", password="guess")
    assert hashed == ["guess"]  # a known one's own password was checked instead


def test_a_platform_superuser_has_no_company_to_work_in(db: None, anyone: Any) -> None:
    with unscoped("test"):
        User.objects.create_superuser("root@platform.example", PASSWORD)
    assert post(anyone, "login", email="root@platform.example", password=PASSWORD).status_code == 401


def test_guessing_an_account_is_stopped_with_a_time_to_wait(anyone: Any, admin: User) -> None:
    for _ in range(5):
        assert post(anyone, "login", username="admin", password="guess").status_code == 401
    answer = post(anyone, "login", username="admin", password=PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    anyone.defaults["REMOTE_ADDR"] = "192.0.2.7"
    unknown = [post(anyone, "login", username="nobody", password="guess") for _ in range(6)]
    assert [a.status_code for a in unknown] == [401] * 5 + [429]
    assert unknown[-1].json() == answer.json()


def test_an_address_may_not_try_without_end(anyone: Any, admin: User, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "3/m/ip", "login_failed": False}
    answers = [post(anyone, "login", username="admin", password=PASSWORD) for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


# --- tokens ----------------------------------------------------------------------------------------------------------


def signed_in(anyone: Any, user: User) -> dict[str, Any]:
    return post(anyone, "login", email=user.email, password=PASSWORD).json()  # type: ignore[no-any-return]


def me(anyone: Any, access: str) -> Any:
    return anyone.get("/api/auth/me", HTTP_AUTHORIZATION=f"Bearer {access}")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer nonsense", "Bearer a.b.c", "Basic YTpi", "Bearer \xff"]
)
def test_no_token_or_a_bad_one_is_unauthenticated(db: None, anyone: Any, header: str) -> None:
    answer = anyone.get("/api/v1/auth/me", HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_access_token_lasts_an_hour(anyone: Any, admin: User) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        access = signed_in(anyone, admin)["access"]
        clock.shift(timedelta(minutes=59))
        assert me(anyone, access).status_code == 200
        clock.shift(timedelta(minutes=2))
        assert me(anyone, access).status_code == 401


def test_a_token_altered_or_signed_by_another_is_refused(anyone: Any, admin: User) -> None:
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    access = signed_in(anyone, admin)["access"]
    claims = jwt.decode(access, options={"verify_signature": False})
    forged = jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA")
    unsigned = jwt.encode(claims, "", algorithm="none")
    head, payload, _ = access.split(".")
    assert [me(anyone, t).status_code for t in (access, forged, unsigned, f"{head}.{payload}.")] == [200, 401, 401, 401]


def test_refreshing_gives_new_tokens_and_spends_the_old(anyone: Any, admin: User) -> None:
    first = signed_in(anyone, admin)
    second = post(anyone, "refresh", refresh=first["refresh"])
    assert second.status_code == 200
    assert second.json()["user"]["id"] == str(admin.pk)
    assert second.json()["refresh"] != first["refresh"]
    assert me(anyone, second.json()["access"]).status_code == 200
    assert post(anyone, "refresh", refresh=second.json()["refresh"]).status_code == 200


def test_reusing_a_spent_refresh_token_ends_the_session_on_record(anyone: Any, admin: User) -> None:
    first = signed_in(anyone, admin)
    second = post(anyone, "refresh", refresh=first["refresh"]).json()

    reused = post(anyone, "refresh", refresh=first["refresh"])

    assert reused.status_code == 401
    assert reused.headers["WWW-Authenticate"] == "Bearer"
    assert me(anyone, second["access"]).status_code == 401
    assert post(anyone, "refresh", refresh=second["refresh"]).status_code == 401
    (entry,) = events("session.token_reused")
    assert (entry.actor_kind, entry.company_id, entry.data) == ("system", admin.company_id, {"user": str(admin.pk)})


def test_a_guessed_refresh_token_ends_nothing(anyone: Any, admin: User) -> None:
    tokens = signed_in(anyone, admin)
    session, secret, mark = tokens["refresh"].split(".")
    guesses = [
        f"{session}.{'A' * len(secret)}.{mark}",
        f"{session}.guess.guess",
        "nonsense",
        "é.é",
        "..",
        tokens["access"],
    ]
    assert {post(anyone, "refresh", refresh=guess).status_code for guess in guesses} == {401}
    assert me(anyone, tokens["access"]).status_code == 200


def test_a_refresh_token_ends_after_two_weeks_without_use(anyone: Any, admin: User) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        refresh = signed_in(anyone, admin)["refresh"]
        clock.shift(timedelta(days=13))
        refresh = post(anyone, "refresh", refresh=refresh).json()["refresh"]
        clock.shift(timedelta(days=13))
        refresh = post(anyone, "refresh", refresh=refresh).json()["refresh"]
        clock.shift(timedelta(days=15))
        assert post(anyone, "refresh", refresh=refresh).status_code == 401


@pytest.mark.parametrize("by", ["refresh", "access"])
def test_signing_out_takes_effect_at_once(anyone: Any, admin: User, by: str) -> None:
    mine, other = signed_in(anyone, admin), signed_in(anyone, admin)
    if by == "refresh":
        answer = post(anyone, "logout", refresh=mine["refresh"])
    else:
        answer = anyone.post("/api/v1/auth/logout", HTTP_AUTHORIZATION=f"Bearer {mine['access']}")
    assert (answer.status_code, answer.json()) == (200, {"message": "Signed out"})
    assert me(anyone, mine["access"]).status_code == 401
    assert post(anyone, "refresh", refresh=mine["refresh"]).status_code == 401
    assert me(anyone, other["access"]).status_code == 200
    assert [(e.user_id, e.data) for e in events("session.ended")] == [(admin.pk, {"reason": "logout"})]


def test_signing_out_without_a_session_is_unauthenticated(db: None, anyone: Any) -> None:
    assert post(anyone, "logout").status_code == 401
    assert post(anyone, "logout", refresh="nonsense").status_code == 401
    assert anyone.post("/api/v1/auth/logout", HTTP_AUTHORIZATION="Bearer x").status_code == 401


def test_a_request_by_token_costs_one_query_to_authenticate(
    anyone: Any, admin: User, django_assert_num_queries: Any
) -> None:
    access = signed_in(anyone, admin)["access"]
    with django_assert_num_queries(2) as seen:  # session, user and company; then the user's agent
        assert me(anyone, access).status_code == 200
    assert "accounts_apisession" in seen.captured_queries[0]["sql"]


def test_each_token_works_in_its_own_company_alone(anyone: Any, admin: User, stranger: User) -> None:
    assert me(anyone, signed_in(anyone, admin)["access"]).json()["company"]["name"] == "Copperline"
    assert me(anyone, signed_in(anyone, stranger)["access"]).json()["company"]["name"] == "Elsewhere"


# --- forgotten passwords -------------------------------------------------------------------------------------------


def test_a_forgotten_password_is_answered_alike_for_all(anyone: Any, admin: User, mails: Any) -> None:
    with mails():
        known = post(anyone, "forgot-password", email="ADMIN@copperline.example")
        unknown = post(anyone, "forgot-password", email="nobody@copperline.example")
    assert (known.status_code, unknown.status_code) == (200, 200)
    assert known.content == unknown.content
    assert [m.to for m in mail.outbox] == [["admin@copperline.example"]]


def test_asking_for_a_link_does_the_same_work_for_all(
    anyone: Any, admin: User, django_assert_num_queries: Any, django_capture_on_commit_callbacks: Any
) -> None:
    for email in ("admin@copperline.example", "nobody@copperline.example"):
        with django_assert_num_queries(0), django_capture_on_commit_callbacks() as later:
            post(anyone, "forgot-password", email=email)
        assert len(later) == 1


def reset_parts(anyone: Any, mails: Any, email: str) -> tuple[str, str]:
    with mails():
        post(anyone, "forgot-password", email=email)
    found = re.search(r"/accounts/password/reset/key/([0-9a-f]{32})-([^/]+)/", str(mail.outbox[-1].body))
    assert found
    return found[1], found[2]


def test_the_mailed_link_sets_a_password_once_and_ends_every_session(anyone: Any, admin: User, mails: Any) -> None:
    access = signed_in(anyone, admin)["access"]
    uid, token = reset_parts(anyone, mails, admin.email)

    answer = post(anyone, "reset-password", uid=uid, token=token, password="quite another secret")

    assert answer.status_code == 200, answer.json()
    assert me(anyone, access).status_code == 401
    assert post(anyone, "login", email=admin.email, password=PASSWORD).status_code == 401
    assert post(anyone, "login", email=admin.email, password="quite another secret").status_code == 200
    again = post(anyone, "reset-password", uid=uid, token=token, password="yet another secret")
    assert again.status_code == 400
    (entry,) = events("user.password_changed")
    assert (entry.user_id, entry.changes, entry.data) == (admin.pk, [], {"sessions_ended": 1})


@pytest.mark.parametrize(("uid", "token"), [("x", "y"), ("0" * 32, "c1-x"), ("{uid}", "c1-wrong"), ("{uid}", "")])
def test_a_bad_link_is_refused(anyone: Any, admin: User, uid: str, token: str) -> None:
    body = {"uid": uid.format(uid=admin.pk.hex), "token": token, "password": "quite another secret"}
    assert post(anyone, "reset-password", **body).status_code in (400, 422)
    with unscoped("test"):
        admin.refresh_from_db()
    assert admin.check_password(PASSWORD)


def test_a_link_outlives_neither_three_days_nor_the_user(
    anyone: Any, admin: User, company: Company, mails: Any
) -> None:
    UserFactory(company=company, role=Role.ADMIN)
    with time_machine.travel(now(), tick=False) as clock:
        uid, token = reset_parts(anyone, mails, admin.email)
        clock.shift(timedelta(days=3, minutes=1))
        assert post(anyone, "reset-password", uid=uid, token=token, password="quite another secret").status_code == 400
    uid, token = reset_parts(anyone, mails, admin.email)
    with company_active(company.pk):
        actions.deactivate_user(admin, by=admin)
    assert post(anyone, "reset-password", uid=uid, token=token, password="quite another secret").status_code == 400


def test_a_weak_new_password_is_refused_and_the_link_stays_good(anyone: Any, admin: User, mails: Any) -> None:
    uid, token = reset_parts(anyone, mails, admin.email)
    answer = post(anyone, "reset-password", uid=uid, token=token, password="short")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "password"]
    assert post(anyone, "reset-password", uid=uid, token=token, password="quite another secret").status_code == 200


def test_asking_for_links_is_limited_by_account(anyone: Any, admin: User) -> None:
    answers = [post(anyone, "forgot-password", email=admin.email) for _ in range(6)]
    assert [a.status_code for a in answers] == [200] * 5 + [429]
    assert answers[-1].headers["Retry-After"]


def test_me_shows_user_role_company_and_agent(api: Any, agent: Any) -> None:
    body = api(agent.user).get("/api/v1/auth/me").json()
    assert (body["role"], body["user"]["email"], body["email"]) == ("agent", agent.user.email, agent.user.email)
    assert body["agent"] == {
        "id": str(agent.pk),
        "name": agent.name,
        "kind": "human",
        "availability": "available",
        "is_active": True,
        "max_capacity": 25,
    }
    assert body["company"]["sla_duration_minutes"] == 120


def test_routes_answer_in_both_mounts_with_and_without_a_slash(anyone: Any, admin: User) -> None:
    for path in ("/api/v1/auth/login", "/api/auth/login/", "/api/v1/auth/login/", "/api/auth/login"):
        assert anyone.post(path, {"username": "admin", "password": PASSWORD}).status_code == 200
