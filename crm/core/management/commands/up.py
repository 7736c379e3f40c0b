"""`manage.py up`: the whole product in one terminal, and one Ctrl-C to stop it."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connections

from crm.core import collected_static
from crm.core.embedded import broker_answers, broker_command, wait_for_broker
from crm.core.supervisor import KeepsDying, Part, Supervisor

PORT_PATIENCE_SECONDS = 3  # an earlier run may just be ending
WEB_PATIENCE_SECONDS = 60


class Command(BaseCommand):
    help = "Runs the whole product: broker (if no REDIS_URL is set), web, workers and scheduler."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        with _only_one(settings.VAR):
            _refuse_taken_port()
            supervisor = Supervisor(settings.VAR / "log", _environment(), self._say)
            with _signals(supervisor):
                try:
                    self._run(supervisor)
                except KeyboardInterrupt:
                    pass
                except (KeepsDying, TimeoutError) as error:
                    raise CommandError(str(error)) from None
                finally:
                    self._say("stopping")
                    supervisor.stop()
            self._say("stopped")

    def _run(self, supervisor: Supervisor) -> None:
        begun = time.monotonic()
        if settings.REDIS_URL.socket:
            _start_broker(supervisor, settings.REDIS_URL.socket)
        self._prepare()
        for part in parts():
            supervisor.start(part)
        _wait_for_web(supervisor)
        self._say(f"up after {time.monotonic() - begun:.0f} s at {settings.PUBLIC_URL}  (Ctrl-C stops it)")
        self._say(f"logs: {settings.VAR / 'log'}")
        if settings.DEMO:
            call_command("demo", sign_ins_only=True, stdout=self.stdout)
        supervisor.run()

    def _prepare(self) -> None:
        """Database, static files and, in an empty database, the demo company."""
        self._say("migrating the database")
        call_command("migrate", verbosity=0, interactive=False)
        if collected_static.are_stale():
            self._say("collecting static files")
            collected_static.collect()
        if settings.DEMO:
            call_command("demo", only_if_empty=True, stdout=self.stdout)
        connections.close_all()

    def _say(self, line: str) -> None:
        self.stdout.write(f"[up] {line}")
        self.stdout.flush()


def parts() -> list[Part]:
    """The processes above the broker. Two workers, so that bulk work never keeps a tick or a mail waiting."""
    python = sys.executable
    host = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
    worker = [python, "-m", "celery", "-A", "crm", "worker", "-l", "INFO", "-P", "threads"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    web = [
        python,
        "-m",
        "gunicorn",
        "crm.wsgi",
        "--bind",
        f"{host}:{settings.PORT}",
        "--preload",
        "--no-control-socket",
    ]
    serving = ["--workers", str(settings.WEB_WORKERS), "--threads", "8", "--graceful-timeout", "5"]
    return [
        Part("worker", [*worker, *quiet, "-n", "worker@%h", "-Q", "periodic,interactive", "-c", "4"]),
        Part("bulk", [*worker, *quiet, "-n", "bulk@%h", "-Q", "bulk", "-c", "2"]),
        Part("beat", [python, "-m", "celery", "-A", "crm", "beat", "-l", "INFO", "--pidfile=", "--max-interval", "5"]),
        Part("web", [*web, *serving, "--access-logfile", "-"]),
    ]


def _start_broker(supervisor: Supervisor, address: Path) -> None:
    folder = settings.VAR / "broker"
    folder.mkdir(mode=0o700, exist_ok=True)
    end = time.monotonic() + PORT_PATIENCE_SECONDS
    while broker_answers(address):
        if time.monotonic() > end:
            raise CommandError(f"A broker of an earlier run still answers on {address}; end it and try again.")
        time.sleep(0.1)
    supervisor.start(Part("broker", broker_command(address, folder), layer=0))
    wait_for_broker(address)


def _wait_for_web(supervisor: Supervisor) -> None:
    """Until it answers; a part that dies meanwhile is the supervisor's to restart, so that only time decides."""
    end = time.monotonic() + WEB_PATIENCE_SECONDS
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.HOST, settings.HOST)  # noqa: S104
    while supervisor.alive("web") and time.monotonic() < end:
        try:
            with urlopen(f"http://{host}:{settings.PORT}/health", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)


def _environment() -> dict[str, str]:
    return {**os.environ, "VAR_DIR": str(settings.VAR), "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(settings.BASE_DIR)}


@contextmanager
def _only_one(var: Path) -> Iterator[None]:
    """The lock is the kernel's: it ends with the process, however that ends."""
    with open(var / "up.lock", "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise CommandError(
                f"It is already running on {var} ({lock.read().strip()}). "
                "Stop it first, or give the second one its own VAR_DIR and PORT."
            ) from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}, {settings.PUBLIC_URL}")
        lock.flush()
        yield


def _refuse_taken_port() -> None:
    end = time.monotonic() + PORT_PATIENCE_SECONDS
    while (problem := _port_problem()) is not None:
        if problem.errno not in (None, 98, 48) or time.monotonic() > end:
            raise CommandError(
                f"Port {settings.PORT} on {settings.HOST} cannot be used ({problem.strerror}). "
                "Stop what uses it, or choose another: PORT=8001 make run"
            )
        time.sleep(0.2)


def _port_problem() -> OSError | None:
    family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.HOST, settings.PORT))
        except OSError as error:
            return error
    return None


@contextmanager
def _signals(supervisor: Supervisor) -> Iterator[None]:
    """While parts are being started a signal interrupts; once they run it asks the supervisor to stop."""
    asked = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        supervisor.ask_to_stop()
        if not asked:
            asked = True
            raise KeyboardInterrupt

    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(name, stop) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)
