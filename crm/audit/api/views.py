"""The audit log, and its proof (S2)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from crm.audit.filters import AuditFilter
from crm.audit.labels import label_of
from crm.audit.models import AuditEntry, AuditSeal
from crm.audit.verification import Head, Verification, verify_log
from crm.core.api.json import utc_text
from crm.core.api.problems import query_problem
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet

ENTRY_EXAMPLE = {
    "id": "0196b2f0-7a00-7000-8000-00000000e001",
    "at": "2026-03-02T09:30:00Z",
    "action": "lead.assigned",
    "label": "Assigned",
    "actor": {"kind": "user", "id": "0196b2f0-7a00-7000-8000-00000000b001", "name": "Priya Rao"},
    "object_type": "lead",
    "object_id": "0196b2f0-7a00-7000-8000-00000000c001",
    "changes": [{"field": "agent_id", "before": None, "after": "0196b2f0-7a00-7000-8000-00000000d001"}],
    "data": {"strategy": "manual"},
    "ip": "203.0.113.7",
    "request_id": "0196b2f0-7a00-7000-8000-00000000f001",
    "seal": 42,
}
VERIFY_EXAMPLE = {
    "ok": False,
    "sealed": 1200,
    "unsealed": 3,
    "head": {"number": 1200, "mac": "9f2c" * 16},
    "problem_count": 1,
    "problems": [
        {
            "kind": "edited",
            "entry_id": "0196b2f0-7a00-7000-8000-00000000e001",
            "number": 42,
            "text": "The entry differs from what was sealed",
        }
    ],
}


class AuditViewSet(ApiViewSet):
    schema_tag = "Audit"
    permissions = {"list": "audit.view", "verify": "audit.view"}

    @describe(
        "The audit log",
        listing="audit_logs",
        filterset=AuditFilter,
        ordering=["at"],
        answer_example=ENTRY_EXAMPLE,
    )
    def list(self, request: Request) -> Response:
        """What happened, newest first: who, what, on what, before and after, when, from where.

        Personal fields carry keyed hashes (`before_hash`, `after_hash`) in place of their values. `seal` is the
        entry's number in the chain, null until it is sealed, within seconds.
        """
        return self.listing(
            AuditEntry.objects.select_related("user"),
            plural="audit_logs",
            represent=entry_rows,
            filterset=AuditFilter,
            ordering={"at": "pk", "created_at": "pk"},
            default="-at",
        )

    @describe(
        "Prove the audit log",
        answer_example=VERIFY_EXAMPLE,
        parameters=[
            OpenApiParameter(
                "head",
                {"type": "string", "pattern": "^[0-9]{1,18}:[0-9a-f]{64}$"},
                description="`number:mac` of a head kept earlier; proves that nothing was cut off at the end.",
            )
        ],
    )
    def verify(self, request: Request) -> Response:
        """Walks the whole chain and names each entry that was edited, deleted, inserted or moved (at most 1,000)."""
        for name in request.query_params:
            if name != "head":
                raise query_problem(name, "Unknown parameter.", "unknown_parameter")
        return self.answer(verification_json(verify_log(_kept(request.query_params.get("head")))))


def _kept(text: str | None) -> Head | None:
    try:
        return Head.parse(text) if text else None
    except ValueError as error:
        raise query_problem("head", f"{error}.") from None


def entry_rows(entries: list[AuditEntry]) -> list[dict[str, Any]]:
    """One more query, for the numbers of the seals."""
    seals = dict(
        AuditSeal.objects.filter(entry_id__in=[entry.pk for entry in entries]).values_list("entry_id", "number")
    )
    return [{**entry_json(entry), "seal": seals.get(entry.pk)} for entry in entries]


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": str(entry.pk),
        "at": utc_text(entry.at),
        "action": entry.action,
        "label": label_of(entry.action),
        "actor": {"kind": entry.actor_kind, "id": entry.user_id and str(entry.user_id), "name": entry.actor},
        "object_type": entry.object_type,
        "object_id": str(entry.object_id),
        "changes": entry.changes,
        "data": entry.data,
        "ip": entry.ip,
        "request_id": entry.request_id,
    }


def verification_json(found: Verification) -> dict[str, Any]:
    return {
        "ok": found.is_sound,
        "sealed": found.sealed,
        "unsealed": found.unsealed,
        "head": found.head and {"number": found.head.number, "mac": found.head.mac},
        "problem_count": found.problem_count,
        "problems": [
            {"kind": one.kind, "entry_id": one.entry_id and str(one.entry_id), "number": one.number, "text": one.text}
            for one in found.problems
        ],
    }
