"""API routes; mounted twice by `crm/api.py`."""

from __future__ import annotations

from crm.accounts.api.auth import AuthViewSet
from crm.accounts.api.views import CompanyViewSet, UserViewSet
from crm.core.api.routers import route

CHANGE = {"get": "retrieve", "put": "update", "patch": "update"}

urlpatterns = [
    route("auth/register", AuthViewSet, {"post": "register"}, "auth-register"),
    route("auth/login", AuthViewSet, {"post": "login"}, "auth-login"),
    route("auth/refresh", AuthViewSet, {"post": "refresh"}, "auth-refresh"),
    route("auth/logout", AuthViewSet, {"post": "logout"}, "auth-logout"),
    route("auth/forgot-password", AuthViewSet, {"post": "forgot_password"}, "auth-forgot-password"),
    route("auth/reset-password", AuthViewSet, {"post": "reset_password"}, "auth-reset-password"),
    route("auth/me", AuthViewSet, {"get": "me"}, "auth-me"),
    route("auth/users", UserViewSet, {"get": "list"}, "auth-users"),
    route("users", UserViewSet, {"get": "list", "post": "create"}, "user-list"),
    route("users/invite", UserViewSet, {"post": "invite"}, "user-invite"),
    route("users/<pk>", UserViewSet, {**CHANGE, "delete": "destroy"}, "user-detail"),
    route("company", CompanyViewSet, CHANGE, "company"),
]
