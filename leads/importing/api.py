"""`POST /leads/csv-import`: S3's import, answered within the request, or a job above 1,000 rows."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import TextChoices
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
from crm.jobs.api.representation import accepted
from leads.assignment.errors import AgentInactive
from leads.import_choices import ImportKey, ImportMode
from leads.importing.actions import (
    fits_request,
    foresee_file,
    forget_file,
    keep_mapped,
    start_check,
    start_import,
)
from leads.importing.running import answer_of

FILE = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
}
PARAMETERS = {"agent_id", "dry_run", "async", "mode", "match_by"}
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
    created_count = serializers.IntegerField()
    updated_count = serializers.IntegerField()
    job_id = serializers.CharField(required=False, help_text="By which the import can be undone")


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
            OpenApiParameter("async", OpenApiTypes.BOOL, description="As a job, however few rows there are"),
            OpenApiParameter(
                "mode",
                {"type": "string", "enum": ImportMode.values, "default": "new"},
                description="What becomes of a row whose person has an open lead: listed, or fills or updates that",
            ),
            OpenApiParameter(
                "match_by",
                {"type": "string", "enum": ImportKey.values, "default": "person"},
                description="By what a row is known: phone, else e-mail; one of them alone; or the id of another "
                "system in a column like `external_id` or `Record ID`, kept as the custom field `external_id`",
            ),
        ],
        errors=[409],
        other_answers={202: "More than 1,000 rows, or `async=true`: the job that does it, as `{job_id, job}`."},
    )
    def create(self, request: Request) -> Response:
        """CSV in any delimiter and encoding, or XLSX, in the multipart field `file`.

        Columns `first_name` and `phone`; optional `last_name`, `email`, `schedule_at`, `source`, `priority`, `tags`,
        `deal_value`, `do_not_contact` (or `Do Not Call`: yes or no); every other one is kept in `custom_fields`.
        A person is matched by phone, else by e-mail. Above 1,000 rows, or with `async=true`, a job does it; its
        `result_url` holds the refused rows with their reasons.
        """
        params = request.query_params
        if unknown := params.keys() - PARAMETERS:
            raise query_problem(min(unknown), "Unknown parameter", "unknown")
        user: Any = request.user
        agent = _agent(params.get("agent_id", ""))
        mode = _choice("mode", params.get("mode", ""), ImportMode)
        match_by = _choice("match_by", params.get("match_by", ""), ImportKey)
        is_check, is_async = (_flag(name, params.get(name, "")) for name in ("dry_run", "async"))
        if agent is not None and not agent.is_active:
            raise AgentInactive(agent)
        upload = request.FILES.get("file") or next(iter(request.FILES.values()), None)
        file = keep_mapped(upload if isinstance(upload, UploadedFile) else None, by=user, match_by=match_by)
        small = fits_request(file) and not is_async
        if is_check and small:
            outcome = foresee_file(file, file.mapping, by=user, agent=agent, mode=mode, match_by=match_by)
            forget_file(file)
            return Response(outcome.as_json())
        if is_check:
            return accepted(start_check(file, by=user, agent=agent, mode=mode, match_by=match_by))
        job = start_import(file, file.mapping, by=user, agent=agent, mode=mode, match_by=match_by, at_once=small)
        return Response(answer_of(job)) if small else accepted(job)


def _agent(reference: str) -> Agent | None:
    if not reference:
        return None
    if (agent := Agent.objects.named(reference).select_related("user").first()) is None:
        raise query_problem("agent_id", "No such agent")
    return agent


def _choice(name: str, text: str, choices: type[TextChoices]) -> str:
    """The first one where nothing is said."""
    if text and text.lower() not in choices.values:
        raise query_problem(name, f"Must be one of {', '.join(choices.values)}.", "enum")
    return text.lower() or str(choices.values[0])


def _flag(name: str, text: str) -> bool:
    if text.lower() not in (*TRUE, *FALSE):
        raise query_problem(name, "Must be true or false", "bool_parsing")
    return text.lower() in TRUE
