"""Signing up, in and out, and forgotten passwords: the routes that need no sign-in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.actions import (
    Registration,
    Tokens,
    accept_invitation,
    end_session,
    open_session,
    refresh_session,
    register_company,
    request_password_reset,
    reset_password,
    session_of_refresh_token,
)
from crm.accounts.api import examples, serializers
from crm.accounts.api.representation import me_json, tokens_json
from crm.accounts.authentication import TokenAuthentication
from crm.accounts.errors import RegistrationClosed, SessionOver
from crm.accounts.models import ApiSession, User
from crm.accounts.permissions import PUBLIC, SIGNED_IN
from crm.accounts.rate_limits import take
from crm.accounts.sign_in import sign_in
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.core.tenancy import company_active

MAIL_SENT = "If there is an account with this address, a link to set a new password is on its way."


class AuthViewSet(ApiViewSet):
    """`Idempotency-Key` is not looked at: an answer with tokens is not kept."""

    schema_tag = "Sign-in"
    idempotent = False
    permissions = {
        "register": PUBLIC,
        "login": PUBLIC,
        "refresh": PUBLIC,
        "logout": PUBLIC,
        "forgot_password": PUBLIC,
        "reset_password": PUBLIC,
        "me": SIGNED_IN,
    }

    @describe(
        "Register a company or join one",
        body=serializers.Register,
        status=201,
        errors=[403],
        example={
            "email": "george@contentkingpins.com",
            "password": "correct horse battery",
            "first_name": "George",
            "last_name": "Smith",
            "company_name": "Content Kingpins",
        },
        answer_example=examples.TOKENS,
    )
    def register(self, request: Request) -> Response:
        """Set up a company, with its first administrator; or join one by invitation, in the invited role."""
        take(request._request, "signup")
        data = self.body(serializers.Register)
        refuse_closed(data.get("invitation"))
        return self.answer(self._signed_in(request, make_user(data)), 201)

    @describe(
        "Sign in",
        body=serializers.Login,
        errors=[401],
        example={"username": "george", "password": "correct horse battery"},
        answer_example=examples.TOKENS,
    )
    def login(self, request: Request) -> Response:
        """By user name or e-mail; `code` where a second factor is on (`401` with `mfa_required` asks for it)."""
        data = self.body(serializers.Login)
        name = data.get("username") or data["email"]
        return self.answer(
            self._signed_in(request, sign_in(request._request, name, data["password"], data.get("code")))
        )

    @describe(
        "New tokens",
        body=serializers.Refresh,
        errors=[401],
        example={"refresh": examples.TOKENS["refresh"]},
        answer_example=examples.TOKENS,
    )
    def refresh(self, request: Request) -> Response:
        """New tokens for a refresh token, which is spent by it; a spent one ends the session."""
        return self.answer(tokens_body(refresh_session(self.body(serializers.Refresh)["refresh"])))

    @describe(
        "Sign out",
        body=serializers.Logout,
        errors=[401],
        example={"refresh": examples.TOKENS["refresh"]},
        answer_example=examples.message("Signed out"),
    )
    def logout(self, request: Request) -> Response:
        """End the session that the refresh token, or else the access token, belongs to; at once."""
        session = self._session_to_end(request, self.body(serializers.Logout).get("refresh"))
        with company_active(session.company_id):
            end_session(session, by=session.user, reason="logout")
        return self.answer({"message": "Signed out"})

    @describe(
        "Ask for a link to set a new password",
        body=serializers.ForgotPassword,
        example={"email": "george@contentkingpins.com"},
        answer_example=examples.message(MAIL_SENT),
    )
    def forgot_password(self, request: Request) -> Response:
        """The same answer whether there is such an account or not."""
        email = self.body(serializers.ForgotPassword)["email"]
        take(request._request, "reset_password", key=email)
        request_password_reset(email)
        return self.answer({"message": MAIL_SENT})

    @describe(
        "Set a new password",
        body=serializers.ResetPassword,
        example={"uid": "0a1b2c", "token": "d0-9f8e7d6c", "password": "correct horse battery"},
        answer_example=examples.message("The password is set. Sign in with it."),
    )
    def reset_password(self, request: Request) -> Response:
        """With the two parts of the mailed link; it works once. Sessions everywhere end."""
        take(request._request, "reset_password_from_key")
        data = self.body(serializers.ResetPassword)
        reset_password(data["uid"], data["token"], data["password"])
        return self.answer({"message": "The password is set. Sign in with it."})

    @describe("Who is signed in", answer_example=examples.ME)
    def me(self, request: Request) -> Response:
        """The signed-in user with role, company and agent."""
        user: Any = request.user
        return self.answer(me_json(user, request._request.company))  # type: ignore[attr-defined]

    def _signed_in(self, request: Request, user: User) -> dict[str, Any]:
        return tokens_body(open_session(user, user_agent=request.headers.get("User-Agent", "")))

    def _session_to_end(self, request: Request, refresh: str | None) -> ApiSession:
        if refresh is not None:
            return session_of_refresh_token(refresh)[1]
        if (found := TokenAuthentication().authenticate(request)) is not None:
            return found[1]
        raise SessionOver


def tokens_body(tokens: Tokens) -> dict[str, Any]:
    with company_active(tokens.session.company_id):
        return tokens_json(tokens)


def refuse_closed(invitation: str | None) -> None:
    """`REGISTRATION`: open to all, by invitation, or closed to all."""
    if settings.REGISTRATION == "closed" or (settings.REGISTRATION == "invite" and not invitation):
        raise RegistrationClosed(by_invitation=settings.REGISTRATION == "invite")


def make_user(data: dict[str, Any]) -> User:
    names = {name: data[name] for name in ("email", "password", "first_name", "last_name")}
    if data.get("invitation"):
        return accept_invitation(data["invitation"], **names)
    return register_company(Registration(company_name=data["company_name"], **names))
