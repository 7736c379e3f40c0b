"""Who may open a page: one decorator, the same table as everywhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase

from crm.accounts.permissions_table import allows

P = ParamSpec("P")
View = Callable[Concatenate[Any, P], HttpResponseBase]


def requires(permission: str) -> Callable[[View[P]], View[P]]:
    """For page views: asks strangers to sign in and answers 403 to who may not. `request`: `crm.core.http.Request`."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: Any, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user: Any = request.user
            if not user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not allows(user, permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate
