"""Users, companies and invitations as the API shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from crm.accounts.actions import Tokens
from crm.accounts.models import Company, Invitation, User

AGENT = ("name", "kind", "availability", "is_active", "max_capacity")
SETTINGS = (
    "name",
    "timezone",
    "default_country",
    "currency",
    "sla_duration_minutes",
    "sla_by_priority",
    "sla_clock",
    "calling_hours",
    "business_hours",
    "holidays",
    "agents_may_claim",
    "accept_minutes",
    "attribution_days",
    "record_calls",
    "recording_notice",
    "retention_days",
    "duplicate_policy",
    "qualify_threshold",
    "promote_threshold",
    "disqualify_threshold",
)


def user_json(user: User) -> dict[str, Any]:
    """Costs a query for the agent unless it was selected with the user."""
    agent = getattr(user, "agent", None)
    return {
        "id": user.pk,
        "company_id": user.company_id,
        "email": user.email,
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "name": user.name,
        "role": user.role,
        "is_active": user.is_active,
        "agent_id": agent.pk if agent else None,
        "timezone": user.timezone or None,
        "last_login": user.last_login,
        "created_at": user.date_joined,
        "updated_at": user.updated_at,
    }


def user_rows(users: Iterable[User]) -> list[dict[str, Any]]:
    return [user_json(user) for user in users]


def me_json(user: User, company: Company) -> dict[str, Any]:
    """The user's own fields at the top, and again as `user`, beside the role, the company and the agent."""
    own, agent = user_json(user), getattr(user, "agent", None)
    shown = {name: getattr(agent, name, None) for name in AGENT}
    return {
        **own,
        "user": own,
        "company": company_json(company),
        "agent": {"id": agent.pk, **shown} if agent else None,
    }


def company_json(company: Company) -> dict[str, Any]:
    shown = {name: getattr(company, name) for name in SETTINGS}
    return {"id": company.pk, **shown, "created_at": company.created_at, "updated_at": company.updated_at}


def invitation_json(invitation: Invitation) -> dict[str, Any]:
    names = ("id", "email", "role", "created_at", "expires_at", "accepted_at")
    return {name: getattr(invitation, name) for name in names}


def tokens_json(tokens: Tokens) -> dict[str, Any]:
    return {
        "access": tokens.access,
        "refresh": tokens.refresh,
        "token": tokens.access,
        "token_type": "Bearer",
        "expires_in": settings.ACCESS_TOKEN_SECONDS,
        "user": user_json(tokens.session.user),
    }
