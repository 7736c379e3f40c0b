"""A vendor's request answered: every one leaves its row, and a refusal its reason code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from rest_framework import exceptions
from rest_framework.response import Response

from crm.core.api.views import ApiViewSet
from crm.core.errors import InvalidField, MissingField, Refused
from crm.vendors.authentication import VendorCaller
from crm.vendors.field_mapping import mapped
from crm.vendors.models import Kind
from crm.vendors.sent import note_refused
from leads.intake.actions import ping, submit_lead
from leads.intake.serializers import PingBody, VendorLeadBody


def answer_post(view: ApiViewSet, caller: VendorCaller) -> Response:
    """201 with `id`, `status`, `created_at` and what was sent, in the vendor's own words; a refusal has no id."""
    return noting(view, caller, Kind.POST, lambda: _posted(view, caller))


def answer_ping(view: ApiViewSet, caller: VendorCaller) -> Response:
    """200 either way: a refusal by rule is an answer, a request that can't be read is an error."""
    return noting(view, caller, Kind.PING, lambda: _pinged(view, caller), refused=_ping_refused)


def noting(
    view: ApiViewSet,
    caller: VendorCaller,
    kind: Kind,
    work: Callable[[], Response],
    *,
    refused: Callable[[Response], Response] | None = None,
) -> Response:
    """The work in its own transaction; what refuses it is undone, noted and answered."""
    try:
        with transaction.atomic():
            return work()
    except (Refused, exceptions.APIException) as error:
        response = view.handle_exception(error)
        note_refused(caller.vendor, kind, response.data["reason_code"])
        by_rule = isinstance(error, Refused) and not isinstance(error, InvalidField)
        return refused(response) if refused is not None and by_rule else response


def _posted(view: ApiViewSet, caller: VendorCaller) -> Response:
    sent: dict[str, Any] = dict(view.request.data)
    body = checked(view, VendorLeadBody, mapped(sent, caller.vendor.field_mapping))
    lead = submit_lead(caller.vendor, body, by=caller.actor)
    own = {"id": lead.pk, "status": lead.status, "created_at": lead.created_at, "vendor_code": caller.vendor.code}
    return Response({**sent, **own}, 201)


def checked(view: ApiViewSet, serializer: Any, data: dict[str, Any]) -> dict[str, Any]:
    """As `view.body`, of the mapped fields."""
    read = serializer(data=data, context={"request": view.request})
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)


def _pinged(view: ApiViewSet, caller: VendorCaller) -> Response:
    body = view.body(PingBody)
    phone, email = body.get("phone_sha256") or "", body.get("email_sha256") or ""
    if not phone and not email:
        raise MissingField("phone_sha256", "Name phone_sha256 or email_sha256")
    until = ping(caller.vendor, phone_sha256=phone, email_sha256=email, by=caller.actor)
    return Response({"accepted": True, "reason_code": None, "reserved_until": until})


def _ping_refused(response: Response) -> Response:
    told = {"accepted": False, "reason_code": response.data["reason_code"], "reserved_until": None}
    return Response({**told, "detail": response.data["detail"]})
