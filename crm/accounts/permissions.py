"""Who may call an API view: its `permissions` name, for each action, what the role must allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from crm.accounts.permissions_table import allows
from crm.core.tenancy import current_scope

if TYPE_CHECKING:
    from rest_framework.views import APIView

PUBLIC = "public"  # needs no sign-in: signing in itself
SIGNED_IN = "signed-in"  # any role


class RolePermission(BasePermission):
    """Looks `view.permissions[view.action]` up in the table (`get`, `post`… where a view has no actions).

    A view or an action that names nothing is refused. A method that the view does not have goes through, to its 405.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        wanted = wanted_permission(request, view)
        if wanted == PUBLIC:
            return True
        user: Any = request.user
        if not user.is_authenticated:
            return False
        if current_scope() is None:
            raise PermissionDenied("Choose a company first.")
        if wanted is None:
            return not _has_handler(request, view)
        return wanted == SIGNED_IN or allows(user, wanted)


def wanted_permission(request: Request, view: Any) -> str | None:
    """What the action asks for, or none where the view does not say."""
    method = (request.method or "").lower()
    action = view.action if hasattr(view, "action") else method
    table: dict[str, str] = getattr(view, "permissions", {})
    if wanted := table.get(action or ""):
        return wanted
    if method == "options":
        return SIGNED_IN
    return table.get("get") if method == "head" else None


def _has_handler(request: Request, view: Any) -> bool:
    return (request.method or "").lower() in view.http_method_names and hasattr(view, (request.method or "").lower())
