"""What the actions on companies and users refuse."""

from __future__ import annotations

from crm.core.errors import BrokenRule, Conflict, InvalidField, NotAllowed, Refused


class EmailTaken(BrokenRule):
    code = "email_taken"
    field = "email"

    def __init__(self) -> None:
        super().__init__("A user with this e-mail address already exists.")


class UsernameTaken(BrokenRule):
    code = "username_taken"
    field = "username"

    def __init__(self) -> None:
        super().__init__("A user with this user name already exists.")


class LastAdministrator(Conflict):
    code = "last_administrator"

    def __init__(self) -> None:
        super().__init__("The company needs at least one active administrator; make somebody else one first.")


class RegistrationClosed(NotAllowed):
    code = "registration_closed"

    def __init__(self, by_invitation: bool) -> None:
        super().__init__("Registration is by invitation only." if by_invitation else "Registration is closed.")


class InvitationOver(BrokenRule):
    """Unknown, used, withdrawn, past its time, or made out to another address: which of them is not told."""

    code = "invitation_over"
    field = "invitation"

    def __init__(self) -> None:
        super().__init__("This invitation is not valid for this address, or was used, or has expired.")


class BadResetLink(BrokenRule):
    code = "bad_reset_link"
    field = "token"

    def __init__(self) -> None:
        super().__init__("This link is not valid, was used, or has expired. Ask for a new one.")


class WeakPassword(InvalidField):
    code = "weak_password"

    def __init__(self, message: str) -> None:
        super().__init__("password", message)


class WrongCredentials(Refused):
    """Says nothing of which part is wrong, nor whether there is such an account."""

    status = 401
    code = "wrong_credentials"

    def __init__(self) -> None:
        super().__init__("The user name, e-mail address or password is not right.")


class MfaRequired(Refused):
    """The password was right; `methods` are the kinds of second factor that the account has."""

    status = 401
    code = "mfa_required"

    def __init__(self, message: str, methods: list[str]) -> None:
        super().__init__(message, mfa_required=True, methods=methods)


class SessionOver(Refused):
    """A refresh token that is unknown, spent, or whose session has ended."""

    status = 401
    code = "session_over"

    def __init__(self) -> None:
        super().__init__("The refresh token is not valid. Sign in again.")
