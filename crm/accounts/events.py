"""What happens to companies and users: each event's name, and how a person would say it."""

from __future__ import annotations

LABELS = {
    "company.registered": "Company registered",
    "company.updated": "Company settings changed",
    "invitation.sent": "Invitation sent",
    "invitation.accepted": "Invitation accepted",
    "invitation.withdrawn": "Invitation withdrawn",
    "user.created": "User created",
    "user.updated": "User changed",
    "user.activated": "User switched on again",
    "user.deactivated": "User deactivated",
    "user.signed_in": "Signed in",
    "user.password_changed": "Password changed",
    "user.email_confirmed": "E-mail address confirmed",
    "user.mfa_changed": "Second factor changed",
    "session.ended": "API session ended",
    "session.token_reused": "Spent refresh token used again",
}
