"""Keeps the parts of the product running: starts them, restarts what dies, stops all of them together.

Each part runs in a session of its own, so that a terminal's Ctrl-C reaches the supervisor alone, and is told by the
kernel to end when the supervisor dies. Their output goes to files; only errors are shown on the console as well.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.2
STOP_SECONDS = 10
QUICK_DEATH_SECONDS = 5
QUICK_DEATHS_ALLOWED = 5
LOG_BYTES = 20_000_000
WORTH_SHOWING = re.compile(r"\b(ERROR|CRITICAL)\b|^Traceback ")

Say = Callable[[str], None]


class KeepsDying(Exception):
    """A part ended at once, time and again; the sentence says which, and where its output is."""


@dataclass(frozen=True)
class Part:
    """One process of the product. Parts with a higher `layer` are stopped before those below (the broker last)."""

    name: str
    command: Sequence[str]
    layer: int = 1


@dataclass
class _Running:
    part: Part
    process: subprocess.Popen[bytes]
    started_at: float
    quick_deaths: int = 0


@dataclass
class _Log:
    """A part's file, and how far the console has followed it."""

    path: Path
    read_to: int = 0


@dataclass
class Supervisor:
    """`folder` of the logs; `environ` of the parts; `say` prints one line on the console."""

    folder: Path
    environ: dict[str, str]
    say: Say
    _parts: dict[str, _Running] = field(default_factory=dict)
    _logs: dict[str, _Log] = field(default_factory=dict)
    _stop_asked: bool = False

    def start(self, part: Part) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self._logs.setdefault(part.name, _Log(self.folder / f"{part.name}.log"))
        with open(log.path, "ab") as output:
            log.read_to = output.tell()
            process = _spawn(part, output, self.environ)
        self._parts[part.name] = _Running(part, process, time.monotonic())

    def run(self) -> None:
        """Watch until `ask_to_stop`; raises `KeepsDying`. The caller stops the parts in either case."""
        while not self._stop_asked:
            time.sleep(POLL_SECONDS)
            for running in [*self._parts.values()]:
                if running.process.poll() is not None and not self._stop_asked:
                    self._restart(running)
            self._follow_logs()

    def ask_to_stop(self) -> None:
        """For a signal's handler; asked again, the parts are killed."""
        if self._stop_asked:
            self._kill_all()
        self._stop_asked = True

    def alive(self, name: str) -> bool:
        return name in self._parts and self._parts[name].process.poll() is None

    def stop(self) -> None:
        """Ask all to end, layer by layer, and kill what does not within seconds."""
        self._stop_asked = True
        for layer in sorted({running.part.layer for running in self._parts.values()}, reverse=True):
            ending = [running for running in self._parts.values() if running.part.layer == layer]
            for running in ending:
                if running.process.poll() is None:
                    running.process.terminate()
            deadline = time.monotonic() + STOP_SECONDS
            for running in ending:
                _end(running.process, deadline)

    def _restart(self, dead: _Running) -> None:
        quick = time.monotonic() - dead.started_at < QUICK_DEATH_SECONDS
        deaths = dead.quick_deaths + 1 if quick else 0
        if deaths > QUICK_DEATHS_ALLOWED:
            log = self._logs[dead.part.name].path
            raise KeepsDying(f"{dead.part.name} keeps ending as soon as it starts; what it said is in {log}")
        self.say(f"{dead.part.name} ended ({_manner(dead.process.returncode)}), starting it again")
        time.sleep(min(0.2 * deaths, 1))
        self.start(dead.part)
        self._parts[dead.part.name].quick_deaths = deaths

    def _kill_all(self) -> None:
        for running in self._parts.values():
            if running.process.poll() is None:
                running.process.kill()

    def _follow_logs(self) -> None:
        for name, log in self._logs.items():
            for line in _new_lines(log):
                if WORTH_SHOWING.search(line):
                    self.say(f"{name}: {line[:300]}")


def _spawn(part: Part, output: BinaryIO, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def in_child() -> None:
        os.setsid()
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it died before it could be told of
                os._exit(1)

    return subprocess.Popen(  # noqa: S603 - our own commands
        part.command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environ,
        preexec_fn=in_child,  # safe: the supervisor has no threads
    )


def _end(process: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        process.wait(max(deadline - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _manner(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _new_lines(log: _Log) -> list[str]:
    """What was written since the last look; a file grown too long is put aside and begun anew."""
    if (size := log.path.stat().st_size) <= log.read_to:
        return []
    with open(log.path, "rb") as text:
        text.seek(log.read_to)
        new = text.read(1_000_000)
    log.read_to += len(new)
    if size > LOG_BYTES:
        log.path.with_suffix(".log.1").write_bytes(log.path.read_bytes())
        os.truncate(log.path, 0)  # the part writes in append mode, so its next line is the first
        log.read_to = 0
    return new.decode(errors="replace").splitlines()
