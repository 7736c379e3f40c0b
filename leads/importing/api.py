"""`POST /leads/csv-import`: S3's import, answered within the request."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent
from crm.core.api.problems import query_problem
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from leads.importing.actions import import_upload

FILE = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
}
TRUE, FALSE = ("true", "1"), ("false", "0", "")


class RowErrorSchema(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="As a spreadsheet counts it; the header is row 1")
    error = serializers.CharField()


class ImportAnswer(serializers.Serializer[Any]):
    success_count = serializers.IntegerField()
    error_count = serializers.IntegerField()
    errors = RowErrorSchema(many=True)  # type: ignore[assignment]
    total_processed = serializers.IntegerField()
    warnings = serializers.ListField(child=serializers.DictField(), help_text="Rows taken, with what to know of them")
    duplicates = serializers.ListField(child=serializers.DictField(), help_text="Rows that name somebody known")
    new_contacts = serializers.IntegerField()


class ImportViewSet(ApiViewSet):
    """Leads from a file."""

    permissions = {"create": "leads.import"}
    parser_classes = [MultiPartParser]
    schema_tag = "Leads"

    @describe(
        "Import leads from a file",
        body=FILE,
        answer=ImportAnswer,
        parameters=[
            OpenApiParameter("agent_id", OpenApiTypes.STR, description="Gives each lead to this agent: UUID or e-mail"),
            OpenApiParameter("dry_run", OpenApiTypes.BOOL, description="Says what would happen and writes nothing"),
        ],
    )
    def create(self, request: Request) -> Response:
        """CSV in any delimiter and encoding, or XLSX, in the multipart field `file`.

        Columns `first_name` and `phone`; optional `last_name`, `email`, `schedule_at`, `source`, `priority`, `tags`,
        `deal_value`; every other one is kept in `custom_fields`.
        """
        if unknown := request.query_params.keys() - {"agent_id", "dry_run"}:
            raise query_problem(min(unknown), "Unknown parameter", "unknown")
        upload = request.FILES.get("file") or next(iter(request.FILES.values()), None)
        outcome = import_upload(
            upload if isinstance(upload, UploadedFile) else None,
            by=request.user,  # type: ignore[arg-type]
            agent=_agent(request.query_params.get("agent_id", "")),
            dry_run=_flag("dry_run", request.query_params.get("dry_run", "")),
            max_rows=settings.IMPORT_MAX_ROWS_IN_REQUEST,
        )
        return Response(outcome.as_json())


def _agent(reference: str) -> Agent | None:
    if not reference:
        return None
    if (agent := Agent.objects.named(reference).select_related("user").first()) is None:
        raise query_problem("agent_id", "No such agent")
    return agent


def _flag(name: str, text: str) -> bool:
    if text.lower() not in (*TRUE, *FALSE):
        raise query_problem(name, "Must be true or false", "bool_parsing")
    return text.lower() in TRUE
