"""Users and the company: routes of administrators, and what each may see of itself."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.actions import NewUser, create_user, deactivate_user, invite, update_company, update_user
from crm.accounts.api import examples, serializers
from crm.accounts.api.representation import company_json, invitation_json, user_json, user_rows
from crm.accounts.filters import UserFilter
from crm.accounts.models import Company, User
from crm.accounts.permissions import SIGNED_IN
from crm.accounts.permissions_table import allows
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet

ORDERING = {
    "created_at": "date_joined",
    "updated_at": "updated_at",
    "email": "email",
    "last_name": "last_name",
    "first_name": "first_name",
    "role": "role",
}


class UserViewSet(ApiViewSet):
    schema_tag = "Users"
    permissions = {
        "list": "users.manage",
        "create": "users.manage",
        "retrieve": SIGNED_IN,  # oneself; others with `users.manage`
        "update": "users.manage",
        "destroy": "users.manage",
        "invite": "users.manage",
    }

    @describe(
        "Users of the company", listing="users", filterset=UserFilter, ordering=ORDERING, answer_example=examples.USER
    )
    def list(self, request: Request) -> Response:
        return self.listing(
            users(),
            plural="users",
            represent=user_rows,
            filterset=UserFilter,
            ordering=ORDERING,
            default="-created_at",
        )

    @describe(
        "Make a user",
        body=serializers.NewUserBody,
        status=201,
        example={"email": "george@contentkingpins.com", "first_name": "George", "last_name": "Smith", "role": "agent"},
        answer_example=examples.USER,
    )
    def create(self, request: Request) -> Response:
        """Without a password a mail with a link lets the user set one. The role `agent` makes the agent too."""
        data = self.body(serializers.NewUserBody)
        data["timezone"] = data.get("timezone") or ""
        user = create_user(NewUser(**data), by=acting(request))
        return self.answer(user_json(fresh(user)), 201, row=user)

    @describe("One user", answer_example=examples.USER)
    def retrieve(self, request: Request, pk: str) -> Response:
        if pk.lower() != str(request.user.pk) and not allows(acting(request), "users.manage"):
            raise PermissionDenied("Your role may not do this.")
        user = self.find(users(), pk)
        return self.answer(user_json(user), row=user)

    @describe(
        "Change a user",
        body=serializers.UserFields,
        partial=True,
        errors=[409],
        example={"role": "manager"},
        answer_example=examples.USER,
    )
    def update(self, request: Request, pk: str) -> Response:
        user = self.find(users(), pk)
        user = update_user(user, self.body(serializers.UserFields, partial=True), by=acting(request))
        return self.answer(user_json(fresh(user)), row=user)

    @describe(
        "Deactivate a user",
        errors=[409],
        answer_example={**examples.message("User deactivated"), "user": {**examples.USER, "is_active": False}},
    )
    def destroy(self, request: Request, pk: str) -> Response:
        """Switches the user off: sessions end at once, open leads go back to the queue."""
        user = deactivate_user(self.find(users(), pk), by=acting(request))
        return self.answer({"message": "User deactivated", "user": user_json(fresh(user))}, row=user)

    @describe(
        "Invite somebody by mail",
        body=serializers.Invite,
        status=201,
        example={"email": "priya@contentkingpins.com", "role": "manager"},
        answer_example=examples.INVITATION,
    )
    def invite(self, request: Request) -> Response:
        """Mail a link that lets its reader join the company in the role, for a week."""
        invitation = invite(**self.body(serializers.Invite), by=acting(request))
        return self.answer(invitation_json(invitation), 201)


class CompanyViewSet(ApiViewSet):
    schema_tag = "Company"
    permissions = {"retrieve": SIGNED_IN, "update": "company.manage"}

    @describe("The company and its settings", answer_example=examples.COMPANY)
    def retrieve(self, request: Request) -> Response:
        company = own_company(request)
        return self.answer(company_json(company), row=company)

    @describe(
        "Change the company's settings",
        body=serializers.CompanyFields,
        partial=True,
        example={"sla_duration_minutes": 90, "timezone": "America/Chicago"},
        answer_example=examples.COMPANY,
    )
    def update(self, request: Request) -> Response:
        company = own_company(request)
        self.check_match(company)
        company = update_company(company, self.body(serializers.CompanyFields, partial=True), by=acting(request))
        return self.answer(company_json(company), row=company)


def users() -> QuerySet[User]:
    found: QuerySet[User] = User.objects.select_related("agent")
    return found


def fresh(user: User) -> User:
    """With the agent that the event may have made."""
    return users().get(pk=user.pk)


def acting(request: Request) -> User:
    user: Any = request.user
    return user  # type: ignore[no-any-return]


def own_company(request: Request) -> Company:
    return Company.objects.get(pk=request._request.company.pk)  # type: ignore[attr-defined]
