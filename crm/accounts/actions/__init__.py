"""Every change of meaning to companies, users, invitations and sessions."""

from crm.accounts.actions.companies import Registration, register_company, update_company
from crm.accounts.actions.invitations import accept_invitation, invite, open_invitation, withdraw_invitation
from crm.accounts.actions.passwords import request_password_reset, reset_password, send_password_reset, set_password
from crm.accounts.actions.sessions import (
    Tokens,
    end_session,
    end_sessions,
    note_sign_in,
    open_session,
    refresh_session,
    session_of_refresh_token,
)
from crm.accounts.actions.users import (
    NewUser,
    activate_user,
    choose_notifications,
    create_user,
    deactivate_user,
    update_user,
)

__all__ = [
    "NewUser",
    "Registration",
    "Tokens",
    "accept_invitation",
    "activate_user",
    "choose_notifications",
    "create_user",
    "deactivate_user",
    "end_session",
    "end_sessions",
    "invite",
    "note_sign_in",
    "open_invitation",
    "open_session",
    "refresh_session",
    "register_company",
    "request_password_reset",
    "reset_password",
    "send_password_reset",
    "session_of_refresh_token",
    "set_password",
    "update_company",
    "update_user",
    "withdraw_invitation",
]
