"""A property-based tester over the whole OpenAPI document: whatever a client sends, no 5xx and no undocumented answer.

`FUZZ_EXAMPLES=500` looks deeper, at random; the suite runs the same few requests each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from crm.accounts.tests.factories import UserFactory
from crm.api import urlpatterns
from crm.core.api.documentation import document
from crm.core.api.json import loads_object
from crm.core.tenancy import company_active
from crm.vendors.tests.factories import vendor_with_key
from leads.tests.factories import ContactFactory, LeadFactory

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))
HOW = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    allow_header_conformance,
]
OPERATIONS = [
    (path, method)
    for path, methods in loads_object(document("json"))["paths"].items()
    for method in methods
    if method != "parameters"
]


@cache
def openapi() -> Any:
    return schemathesis.openapi.from_wsgi("/openapi.json", get_wsgi_application())


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A request by WSGI would close the test's connection at both its ends; the test client avoids it likewise."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def ids(company, admin, agent, other_agent, settings) -> dict[str, str]:
    """Something that is there, by the word of the path or the field that names it."""
    settings.RATE_LIMIT_PER_MINUTE = 10**6
    settings.ACCOUNT_RATE_LIMITS = False
    settings.ALLOWED_HOSTS = ["*"]
    with company_active(company.pk):
        lead = LeadFactory(agent=agent)
        colleague, contact = UserFactory(), ContactFactory()
        vendor, _ = vendor_with_key("DEMO001")
    named = {"lead": lead.pk, "agent": agent.pk, "contact": contact.pk, "user": colleague.pk, "code": vendor.code}
    return {name: str(pk) for name, pk in named.items()}


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=lambda part: str(part).removeprefix("/api/v1/"))
def test_nothing_that_a_client_can_send_breaks_a_route(path, method, ids, api, admin):
    operation = openapi()[path][method]
    headers = {"Accept-Encoding": "identity"}  # the tester reads no gzip
    if needs_token(operation):
        headers["Authorization"] = api(admin).defaults["HTTP_AUTHORIZATION"]
    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    bad = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @HOW
    @given(case=st.one_of(good, good, bad), known=st.booleans())
    def run(case: Case, known: bool) -> None:
        if known:
            name_known(case, ids)
        case.headers = {**(case.headers or {}), **headers}
        response = case.call()
        case.validate_response(response, checks=CHECKS)

    run()


def needs_token(operation: Any) -> bool:
    return {} not in operation.definition.raw.get("security", [])


def name_known(case: Case, ids: dict[str, str]) -> None:
    """In place of made-up ids, some that exist: a path's first by its subject, others by their own name."""
    subject = case.path.removeprefix("/api/v1/").split("/")[0].rstrip("s")
    for name in case.path_parameters or {}:
        word = subject if name == "id" else name.removesuffix("_id")
        case.path_parameters[name] = ids.get(word, case.path_parameters[name])
    if isinstance(case.body, dict):
        for field in case.body:
            case.body[field] = ids.get(field.removesuffix("_id"), case.body[field])


def test_every_route_is_fuzzed():
    routes = [route for route in urlpatterns if hasattr(route.callback, "actions")]
    assert len({path for path, _ in OPERATIONS}) == len({str(route.pattern) for route in routes})
