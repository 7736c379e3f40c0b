"""Lists as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from django.core.exceptions import ValidationError
from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from crm.audit.filters import AuditFilter
from crm.core.api.filters import BoolFilter, StrictFilterSet
from crm.core.api.problems import query_problem
from crm.core.api.schema import describe
from crm.core.api.views import ApiViewSet
from crm.jobs.api.representation import accepted
from crm.jobs.models import Job
from crm.lists.engine import FORMATS, read_request
from crm.lists.exporting import start_export
from crm.lists.files import download
from crm.lists.listings import listing_of

H = TypeVar("H", bound=Callable[..., Any])
EXPORT_PARAMETERS = (
    OpenApiParameter(
        "format",
        {"type": "string", "enum": [*FORMATS], "default": "csv"},
        description="The file's form. More rows than it holds are refused (400) before anything is made: "
        + ", ".join(f"{form.label} {form.most:,}" for form in FORMATS.values() if form.most)
        + ".",
    ),
    OpenApiParameter("columns", {"type": "string"}, description="By commas, in their order; without it all of them."),
    OpenApiParameter(
        "async",
        {"type": "boolean"},
        description="`true`: a job in any case. `false`: CSV is streamed however long it is.",
    ),
)


def describe_export(summary: str, filterset: type[StrictFilterSet], ordering: Mapping[str, str]) -> Callable[[H], H]:
    """`describe` of a list's export."""
    ways = [way for name in ordering for way in (name, f"-{name}")]
    order = OpenApiParameter("ordering", {"type": "string", "enum": ways}, description="`-` for descending.")
    return describe(
        summary,
        filterset=filterset,
        parameters=[*EXPORT_PARAMETERS, order],
        files=[form.content_type.partition(";")[0] for form in FORMATS.values()],
        errors=(400, 503),
        other_answers={202: "Too long to wait for: `job_id` and `job`; the file is at `GET /jobs/{id}/result`."},
    )


class ExportViewSet(ApiViewSet):
    """One list as a file; a subclass names the list, its permission, and documents `export`."""

    listing_name: ClassVar[str]

    def exported(self, request: Request) -> HttpResponseBase:
        listing = listing_of(self.listing_name)
        export = read_request(listing, request.query_params, request)
        made = start_export(export, request, wait=self.waits(request.query_params.get("async")))
        return accepted(made) if isinstance(made, Job) else download(made)

    @staticmethod
    def waits(given: str | None) -> bool | None:
        try:
            return None if not given else not BoolFilter.read(given)
        except ValidationError:
            raise query_problem("async", "Must be true or false.") from None


class AuditExport(ExportViewSet):
    schema_tag = "Audit"
    listing_name = "audit"
    permissions = {"export": "audit.view"}

    @describe_export("Export the audit log", AuditFilter, {"at": "pk"})
    def export(self, request: Request) -> HttpResponseBase:
        """The entries that match, as a file; personal fields carry keyed hashes, as in the log itself."""
        return self.exported(request)
