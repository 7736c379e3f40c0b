"""A user's fields, each with its form; what is against it raises `InvalidField` naming the field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from crm.accounts.errors import EmailTaken, UsernameTaken, WeakPassword
from crm.accounts.models import Theme, User
from crm.accounts.permissions_table import Role
from crm.accounts.regions import is_timezone
from crm.core.errors import InvalidField
from crm.core.tenancy import unscoped

USERNAME = re.compile(r"[\w.+-]{1,150}")  # no @, so that a user name is never taken for an e-mail address
LONGEST_PASSWORD = 1000


def clean_email(value: object) -> str:
    text = value.strip().lower() if isinstance(value, str) else ""
    try:
        validate_email(text)
    except ValidationError:
        raise InvalidField("email", "Not an e-mail address.") from None
    if len(text) > 254:
        raise InvalidField("email", "An e-mail address has at most 254 characters.")
    return text


def clean_username(value: object) -> str | None:
    """Empty means none."""
    text = value.strip() if isinstance(value, str) else value
    if text in (None, ""):
        return None
    if not isinstance(text, str) or not USERNAME.fullmatch(text):
        raise InvalidField("username", "Letters, digits and . + - _ only, at most 150.")
    return text


def clean_role(value: object) -> str:
    text = value.lower() if isinstance(value, str) else ""
    if text not in Role.values:
        raise InvalidField("role", f"Must be one of {', '.join(Role.values)}.")
    return text


def clean_timezone(value: object) -> str:
    """Empty means the company's."""
    if value in (None, ""):
        return ""
    if not is_timezone(value):
        raise InvalidField("timezone", "Not a time zone by its IANA name, such as Europe/Berlin.")
    return str(value)


def clean_theme(value: object) -> str:
    if value not in Theme.values:
        raise InvalidField("theme", f"Must be one of {', '.join(Theme.values)}.")
    return str(value)


def clean_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidField("is_active", "Must be true or false.")
    return value


def _person_name(field: str) -> Callable[[object], str]:
    def clean(value: object) -> str:
        text = " ".join(value.split()) if isinstance(value, str) else None
        if text is None or len(text) > 150:
            raise InvalidField(field, "Text of at most 150 characters.")
        return text

    return clean


CLEANERS: Mapping[str, Callable[[object], Any]] = {
    "email": clean_email,
    "username": clean_username,
    "first_name": _person_name("first_name"),
    "last_name": _person_name("last_name"),
    "role": clean_role,
    "is_active": clean_flag,
    "timezone": clean_timezone,
    "theme": clean_theme,
}


def clean_fields(values: Mapping[str, object]) -> dict[str, Any]:
    """The known fields among the values, in the form that the model holds; unknown names are left out."""
    return {name: CLEANERS[name](value) for name, value in values.items() if name in CLEANERS}


def check_password(password: object, user: User) -> str:
    """Raises `WeakPassword` with every reason; the user's own names and address make a bad password."""
    if not isinstance(password, str) or "\x00" in password or len(password) > LONGEST_PASSWORD:
        raise WeakPassword(f"Text of at most {LONGEST_PASSWORD} characters.")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from None
    return password


def refuse_taken(values: Mapping[str, Any], user: User | None = None) -> None:
    """Raises `EmailTaken` or `UsernameTaken`; both are unique in the installation, whatever their case."""
    with unscoped("e-mails and user names are unique in the installation"):
        others = User.objects.exclude(pk=user.pk) if user else User.objects.all()
        if values.get("email") and others.filter(email__iexact=values["email"]).exists():
            raise EmailTaken
        if values.get("username") and others.filter(username__iexact=values["username"]).exists():
            raise UsernameTaken
