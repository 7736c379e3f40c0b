"""How an API request says who it is: a bearer token or the browser's session. Both activate the user's company."""

from __future__ import annotations

from uuid import UUID

from django.db.models import DateTimeField, UUIDField
from django.utils.timezone import now
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from crm.accounts.models import ApiSession, User
from crm.accounts.tokens import BadToken, read_access_token
from crm.core.kept_query import KeptQuery, Slot
from crm.core.tenancy import activate, unscoped

REALM = 'Bearer realm="api"'
# The session that a token names, asked for by each request.
NAMED = KeptQuery(
    lambda: ApiSession.objects.live(Slot("now", DateTimeField())).filter(
        pk=Slot("session", UUIDField()), user_id=Slot("user", UUIDField())
    )
)


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <access token>`; `request.auth` is the `ApiSession`.

    The session behind it is looked up each time, so its end takes effect at once.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiSession] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        session = live_session(token.strip())
        if session is None:
            raise exceptions.AuthenticationFailed("The access token is not valid or has expired.")
        _work_as(request, session.user)
        return session.user, session

    def authenticate_header(self, request: Request) -> str:
        return REALM


class SessionAuthentication(authentication.SessionAuthentication):
    """The pages' own calls: the browser's session, with the CSRF token. The middleware has activated the company."""

    def authenticate_header(self, request: Request) -> str:
        return REALM


def live_session(access_token: str) -> ApiSession | None:
    """One query: the session that the token names, its user and company, if all of them are still on."""
    try:
        claims = read_access_token(access_token)
    except BadToken:
        return None
    with unscoped("an access token's session"):
        return NAMED.first(session=claims["sid"], user=claims["sub"], now=now())


def _work_as(request: Request, user: User) -> None:
    company_id = user.company_id
    if not isinstance(company_id, UUID):
        raise exceptions.AuthenticationFailed("This account belongs to no company.")
    activate(company_id)
    request._request.company = user.company  # type: ignore[attr-defined]
