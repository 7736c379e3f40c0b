"""The API's own documentation, served by the application itself: OpenAPI, Swagger UI, Redoc."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from crm.core.api.json import dumps

YAML = "application/vnd.oai.openapi"


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3 in JSON; `?format=yaml` in YAML. The same for everybody."""
    if request.GET.get("format") == "yaml":
        return HttpResponse(document("yaml"), content_type=YAML)
    return HttpResponse(document("json"), content_type="application/json")


@cache
def document(form: str) -> bytes:
    """Made once in a process: the routes do not change."""
    generator: Any = SchemaGenerator
    schema = generator().get_schema(request=None, public=True)
    renderer: Any = OpenApiYamlRenderer()
    return dumps(schema) if form == "json" else bytes(renderer.render(schema, renderer_context={}))
