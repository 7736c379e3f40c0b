"""`manage.py up` for real: started, its parts killed, a second one refused, stopped, and killed itself."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from crm.core import collected_static

pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]
HERE = Path(__file__).resolve().parents[3]
PARTS = {"broker": "valkey-server", "worker": "worker@%h", "bulk": "bulk@%h", "beat": "crm beat", "web": "crm.wsgi"}
PATIENCE_SECONDS = 90  # on a busy machine


@dataclass
class Up:
    process: subprocess.Popen[str]
    port: int
    var: Path
    out: Path

    def said(self) -> str:
        return self.out.read_text()

    def parts(self) -> dict[str, int]:
        """Name → process id of each part that lives."""
        found = {}
        for pid in children_of(self.process.pid):
            with suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                found |= {name: pid for name, mark in PARTS.items() if mark in command}
        return found

    def ready(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=5) as answer:
                return json.load(answer)["status"] == "ok"
        except (URLError, HTTPError, OSError):
            return False


def children_of(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, _, rest = entry.read_text().partition(" (")
            state, its_parent = rest.rpartition(")")[2].split()[:2]
            found += [int(pid)] if int(its_parent) == parent and state != "Z" else []
    return found


def alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_until(true: Callable[[], object], what: str, up: Up | None = None) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end, f"{what} did not happen; it said:\n{up and up.said()}"
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(var: Path, port: int, out: str = "out") -> Up:
    """With static files said to be collected already: the pages are not what is tried here."""
    (var / "static").mkdir(parents=True, exist_ok=True)
    (var / "static" / collected_static.MARK).write_text(collected_static._sources())
    plain = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    environ = {**plain, "VAR_DIR": str(var), "PORT": str(port), "DEMO": "0", "WEB_WORKERS": "1"}
    with open(var / out, "w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=HERE, env=environ, stdout=output, stderr=output, text=True
        )
    return Up(process, port, var, var / out)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = start(tmp_path_factory.mktemp("up"), free_port())
    yield running
    for pid in [*running.parts().values(), running.process.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    running.process.wait()


def test_all_parts_start_and_tell_that_they_work(up):
    wait_until(lambda: "up after" in up.said(), "the start", up)
    wait_until(up.ready, "readiness", up)
    assert up.parts().keys() == PARTS.keys()
    assert {path.stem for path in (up.var / "log").glob("*.log")} == PARTS.keys()


def test_a_second_one_on_the_same_folder_is_refused(up):
    second = start(up.var, free_port(), "second")
    assert second.process.wait(60) == 1
    assert f"already running on {up.var} (process {up.process.pid}" in second.said()


def test_a_taken_port_is_named(up, tmp_path):
    second = start(tmp_path, up.port)
    assert second.process.wait(60) == 1
    assert f"Port {up.port} on 127.0.0.1 cannot be used" in second.said()
    assert "Traceback" not in second.said()


def test_each_part_comes_back_when_it_is_killed(up):
    before = up.parts()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: up.parts().keys() == before.keys(), "the restart of all parts", up)
    assert not {*before.values()} & {*up.parts().values()}
    wait_until(up.ready, "readiness after the kills", up)


def test_one_ctrl_c_stops_it_all(up):
    parts = up.parts()
    assert len(parts) == len(PARTS)
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    assert not [name for name, pid in parts.items() if alive(pid)]
    assert up.said().splitlines()[-1] == "[up] stopped"
    assert "Traceback" not in up.said()


def test_no_part_outlives_a_killed_supervisor(up):
    again = start(up.var, up.port, "again")
    wait_until(lambda: again.parts().keys() == PARTS.keys(), "the second start", again)
    parts = again.parts()
    again.process.kill()
    again.process.wait()
    wait_until(lambda: not [pid for pid in parts.values() if alive(pid)], "the end of the orphans", again)
