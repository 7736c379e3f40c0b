import io
import json

import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory

from crm.core.chunked import ChunkedBodies


def echo(environ, start_response):
    start_response("200 OK", [])
    return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]


def call(application, body, **extra):
    environ = {"wsgi.input": io.BytesIO(body), "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    return b"".join(application({**environ, **extra}, lambda *args: None))


@pytest.mark.parametrize("size", [0, 1, 70_000, 1_500_000])
def test_a_chunked_body_arrives_whole(size):
    assert call(ChunkedBodies(echo, limit=2_000_000), b"x" * size) == b"x" * size


def test_reading_stops_past_the_limit():
    assert 1000 < len(call(ChunkedBodies(echo, limit=1000), b"x" * 1_000_000)) <= 1000 + 64 * 1024


def test_without_an_end_or_with_a_length_it_is_left_alone():
    assert call(ChunkedBodies(echo, limit=9), b"abc", CONTENT_LENGTH="2") == b"ab"
    assert call(ChunkedBodies(echo, limit=9), b"abc", **{"wsgi.input_terminated": False}) == b""


@pytest.fixture
def one_connection():
    """A request by WSGI would close the test's connection at both its ends; the test client avoids it likewise."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_the_application_reads_chunked_json_and_refuses_too_much(db, one_connection):
    from crm.wsgi import application

    def post(body):
        told = []
        environ = RequestFactory().generic("POST", "/api/v1/auth/login").environ
        environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "wsgi.input": io.BytesIO(body)}
        environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": ""}
        answer = json.loads(b"".join(application(environ, lambda status, headers: told.append(status))))
        return told[0][:3], answer

    assert post(b'{"username": "x", "password": "wrong"}')[0] == "401"
    assert post(b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)) == ("413", {"detail": "The request is too large."})
