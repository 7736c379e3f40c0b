"""Who calls with `x-api-key`: a vendor, on the few routes that take keys. Activates the vendor's company."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from rest_framework import authentication, exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from crm.accounts.authentication import REALM
from crm.accounts.permissions_table import VENDOR_ROLE
from crm.core.actors import VendorActor
from crm.core.tenancy import activate
from crm.vendors.keys import key_named, mark_used
from crm.vendors.models import Vendor, VendorKey
from crm.vendors.reasons import reason_of

if TYPE_CHECKING:
    from rest_framework.views import APIView

    Base = APIView
else:
    Base = object

HEADER = "x-api-key"


@dataclass(frozen=True)
class VendorCaller:
    """What `request.user` is where a vendor calls; as a user to permissions, rate limit and idempotency."""

    vendor: Vendor
    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_superuser: ClassVar[bool] = False
    role: ClassVar[str] = VENDOR_ROLE

    @property
    def vendor_id(self) -> UUID:
        return self.vendor.pk

    @property
    def company_id(self) -> UUID:
        return self.vendor.company_id

    @property
    def actor(self) -> VendorActor:
        return VendorActor(self.vendor.pk, self.vendor.code)


class KeyAuthentication(authentication.BaseAuthentication):
    """`x-api-key: <key>`; `request.auth` is the `VendorKey`."""

    def authenticate(self, request: Request) -> tuple[VendorCaller, VendorKey] | None:
        given = request.headers.get(HEADER)
        if given is None:
            return None
        key = key_named(given.strip())
        if key is None:
            raise exceptions.AuthenticationFailed("The API key is not valid.")
        activate(key.company_id)
        request._request.company = key.company  # type: ignore[attr-defined]
        mark_used(key)
        return VendorCaller(key.vendor), key

    def authenticate_header(self, request: Request) -> str:
        return REALM


class TakesKeys(Base):
    """For an `ApiViewSet`: the actions in `vendor_actions` may be called with a vendor's key, the others may not.

    Every refusal of such a call carries its `reason_code`.
    """

    vendor_actions: ClassVar[Collection[str]] = ()

    def get_authenticators(self) -> list[Any]:
        known = super().get_authenticators()
        return [KeyAuthentication(), *known] if self.is_for_vendors() else known

    def is_for_vendors(self) -> bool:
        method = str(getattr(getattr(self, "request", None), "method", "") or "").lower()
        return getattr(self, "action_map", {}).get(method) in self.vendor_actions

    def handle_exception(self, error: Exception) -> Response:
        response = super().handle_exception(error)
        if self.is_for_vendors() and HEADER in self.request.headers and isinstance(response.data, dict):
            response.data["reason_code"] = reason_of(error)
        return response
