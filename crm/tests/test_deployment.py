"""What a production installation is made of: the compose file, the image, the settings' example, Django's checks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.core import checks
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse

from crm.beat import SCHEDULES
from crm.celery import app
from crm.core.proxy import ProxyAddressMiddleware

HERE = Path(__file__).resolve().parents[2]
QUEUES = {"periodic", "interactive", "bulk"}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((HERE / "docker-compose.yml").read_text())


def test_compose_runs_every_part_after_the_migrations(compose):
    services = compose["services"]
    assert services.keys() == {"database", "redis", "migrate", "web", "worker", "bulk", "beat"}
    for name in ("web", "worker", "bulk", "beat"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert services[name]["restart"] == "unless-stopped"
        assert services[name]["environment"]["DEBUG"] == "false"
    assert services["migrate"]["command"][1:3] == ["manage.py", "migrate"]
    assert all("healthcheck" in services[name] for name in ("database", "redis", "web", "worker", "bulk"))
    mounted = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert mounted == compose["volumes"].keys()


def test_every_queue_has_a_worker(compose):
    commands = [service["command"] for service in compose["services"].values() if "-Q" in service.get("command", [])]
    served = {queue for command in commands for queue in command[command.index("-Q") + 1].split(",")}
    routed = {route["queue"] for route in (app.conf.task_routes or {}).values()}
    assert served == QUEUES
    assert {schedule.queue for schedule in SCHEDULES} | routed | {app.conf.task_default_queue} <= QUEUES


def test_the_image_is_made_of_what_exists_and_runs_as_nobody_special():
    image = (HERE / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (\S+) ", image, re.MULTILINE)
    let_in = {line[1:] for line in (HERE / ".dockerignore").read_text().split() if line.startswith("!")}
    assert {*copied} == let_in
    assert all((HERE / name).exists() for name in copied)
    assert image.index("USER crm") < image.index("CMD")


def test_the_example_lists_every_setting_and_no_other():
    read = set(re.findall(r'env\.[a-z_]+\("([A-Z_]+)"', (HERE / "crm/settings.py").read_text()))
    listed = set(re.findall(r"^#([A-Z_]+)=", (HERE / ".env.example").read_text(), re.MULTILINE))
    assert read == listed


def test_the_check_of_a_production_installation_is_clean():
    command = [sys.executable, "-m", "crm.core.testing.deploy_check"]
    result = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_files_for_mails_and_a_local_address_are_warned_of(settings):
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    ids = {message.id for message in checks.run_checks(tags=["security"], include_deployment_checks=True)}
    assert {"crm.W001", "crm.W002"} <= ids


@pytest.mark.parametrize(
    ("told", "address"),
    [("", "10.0.0.1"), ("203.0.113.9", "203.0.113.9"), ("1.2.3.4, 203.0.113.9", "203.0.113.9")],
)
def test_behind_a_proxy_the_last_forwarded_address_counts(rf, settings, told, address):
    settings.BEHIND_PROXY = True
    middleware = ProxyAddressMiddleware(lambda request: HttpResponse(request.META["REMOTE_ADDR"]))
    assert middleware(rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=told)).content.decode() == address


def test_without_a_proxy_the_header_is_not_read(settings):
    settings.BEHIND_PROXY = False
    with pytest.raises(MiddlewareNotUsed):
        ProxyAddressMiddleware(lambda request: HttpResponse())
