"""The tokens of an API session: a signed access token for an hour, and an opaque refresh token that rotates."""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.timezone import now

from crm.accounts.models import ApiSession, User
from crm.core.ids import uuid7

ALGORITHM = "EdDSA"
CLAIMS = ["sub", "sid", "exp", "iat", "jti"]


class BadToken(Exception):
    """Not one of ours, altered, or past its time."""


class RefreshToken(NamedTuple):
    """As the client holds it: the session's id, a random part and our mark, which tells a spent one from a guess."""

    session_id: UUID
    text: str

    @property
    def hash(self) -> str:
        return token_hash(self.text)


def token_hash(text: str) -> str:
    """What the database keeps of a random token."""
    return hashlib.sha256(text.encode()).hexdigest()


def access_token(session: ApiSession, user: User) -> str:
    """Names the session, which is looked up at every use; role and company are there for the client to read."""
    issued = int(now().timestamp())
    claims = {
        "sub": str(user.pk),
        "sid": str(session.pk),
        "company_id": str(user.company_id),
        "role": user.role,
        "email": user.email,
        "iat": issued,
        "exp": issued + settings.ACCESS_TOKEN_SECONDS,
        "jti": str(uuid7()),
    }
    return jwt.encode(claims, _private_key(settings.JWT_PRIVATE_KEY), algorithm=ALGORITHM)


def read_access_token(text: str) -> dict[str, Any]:
    """The claims of a token that we signed and that is within its hour; else `BadToken`."""
    key = _public_key(settings.JWT_PRIVATE_KEY)
    try:
        claims: dict[str, Any] = jwt.decode(text, key, algorithms=[ALGORITHM], options={"require": CLAIMS})
        return claims | {"sid": UUID(claims["sid"]), "sub": UUID(claims["sub"])}
    except (jwt.InvalidTokenError, ValueError, AttributeError, TypeError) as error:
        raise BadToken from error


def new_refresh_token(session_id: UUID) -> RefreshToken:
    body = f"{session_id.hex}.{secrets.token_urlsafe(32)}"
    return RefreshToken(session_id, f"{body}.{_mark(body)}")


def read_refresh_token(text: object) -> RefreshToken:
    """Whatever we once gave out; whether it is the valid one, the session's row tells. Else `BadToken`."""
    body, _, mark = str(text).rpartition(".")
    try:
        if not constant_time_compare(mark, _mark(body)):
            raise BadToken
        return RefreshToken(UUID(body.partition(".")[0]), str(text))
    except (ValueError, UnicodeError) as error:
        raise BadToken from error


def _mark(body: str) -> str:
    return salted_hmac("api refresh token", body, algorithm="sha256").hexdigest()[:32]


@cache
def _private_key(pem: str) -> Ed25519PrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured("JWT_PRIVATE_KEY must be an Ed25519 key in PEM form.")
    return key


def _public_key(pem: str) -> Ed25519PublicKey:
    return _private_key(pem).public_key()
