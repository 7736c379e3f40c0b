"""API sessions: opened at sign-in, carried on by a refresh token that rotates, ended at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import update_last_login
from django.db import transaction
from django.utils.timezone import now

from crm.accounts.errors import SessionOver
from crm.accounts.models import ApiSession, User
from crm.accounts.tokens import BadToken, RefreshToken, access_token, new_refresh_token, read_refresh_token
from crm.audit.recording import record
from crm.core.actors import Actor, System
from crm.core.http import current_origin
from crm.core.ids import uuid7
from crm.core.tenancy import company_active, unscoped

KEPT_AFTER_END = timedelta(days=30)
SIGN_IN = System("sign-in")


@dataclass(frozen=True)
class Tokens:
    """What a client gets; `refresh` is known to it alone from then on."""

    access: str
    refresh: str
    session: ApiSession


@transaction.atomic
def open_session(user: User, *, user_agent: str = "") -> Tokens:
    """Start an API session for a user who has signed in; sessions that ended a month ago are thrown away."""
    assert user.company_id is not None
    with company_active(user.company_id):
        ApiSession.objects.filter(user=user, expires_at__lt=now() - KEPT_AFTER_END).delete()
        refresh = new_refresh_token(pk := uuid7())
        session = ApiSession(
            pk=pk,
            user=user,
            refresh_hash=refresh.hash,
            expires_at=_end_from_now(),
            ip=current_origin().ip,
            user_agent=user_agent[:300].replace("\x00", ""),
        )
        session.save(force_insert=True)
        update_last_login(User, user)
        note_sign_in(user, "api")
    return Tokens(access_token(session, user), refresh.text, session)


def note_sign_in(user: User, door: str) -> None:
    """Keep in the log that the user came in, by which door: `api` or `page`. A platform superuser has no log."""
    if user.company_id is None:
        return
    with company_active(user.company_id):
        record("user.signed_in", user, by=user, data={"door": door})


def refresh_session(text: object) -> Tokens:
    """Spend a refresh token for new tokens.

    Of several callers with one token exactly one wins, by a conditional UPDATE. Whoever comes with a token that is
    spent already shows that two hold it: the session ends, for both. Raises `SessionOver`.
    """
    token, session = session_of_refresh_token(text)
    assert session.user.company_id is not None
    with company_active(session.user.company_id):
        fresh = new_refresh_token(session.pk)
        if not _spend(token, fresh):
            _note_reuse(session)
            raise SessionOver
        session.refresh_hash = fresh.hash
    return Tokens(access_token(session, session.user), fresh.text, session)


def session_of_refresh_token(text: object) -> tuple[RefreshToken, ApiSession]:
    """The live session that a token of ours names, valid or spent, with its user and company. Raises `SessionOver`."""
    try:
        token = read_refresh_token(text)
    except BadToken:
        raise SessionOver from None
    with unscoped("a refresh token's session"):
        session = ApiSession.objects.live(now()).filter(pk=token.session_id).first()
    if session is None:
        raise SessionOver
    return token, session


@transaction.atomic
def end_session(session: ApiSession, *, by: Actor, reason: str) -> bool:
    """End one session; its access tokens stop working with it. `reason`: logout or revoked. False: it had ended."""
    if not _end(session.pk):
        return False
    record("session.ended", session, by=by, data={"reason": reason})
    return True


def end_sessions(user: User) -> int:
    """End every session of the user, inside the action that gives the reason and records it; how many there were."""
    return ApiSession.objects.filter(user=user, ended_at=None).update(ended_at=now())


def _spend(token: RefreshToken, fresh: RefreshToken) -> bool:
    valid = ApiSession.objects.filter(pk=token.session_id, refresh_hash=token.hash, ended_at=None)
    return bool(valid.update(refresh_hash=fresh.hash, refreshed_at=now(), expires_at=_end_from_now()))


@transaction.atomic
def _note_reuse(session: ApiSession) -> None:
    if _end(session.pk):
        record("session.token_reused", session, by=SIGN_IN, data={"user": str(session.user_id)})


def _end(pk: UUID) -> bool:
    return bool(ApiSession.objects.filter(pk=pk, ended_at=None).update(ended_at=now()))


def _end_from_now() -> datetime:
    return now() + timedelta(days=settings.REFRESH_TOKEN_DAYS)
