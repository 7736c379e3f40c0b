"""Behind `make e2e`: finds (or, where it may, installs) Debian's Chromium and runs the browser tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main(arguments: list[str]) -> int:
    if not find_browser() and not _install():
        _say("The browser tests need Chromium, and none was found. On Debian or Ubuntu: sudo apt-get install chromium")
        return 1
    command = [sys.executable, "-m", "pytest", "-m", "e2e", *arguments]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own command


def find_browser() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def _install() -> bool:
    """Only as root on a system with apt; returns whether there is a browser now."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    _say("Installing Chromium ...")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ("apt-get update -qq", "apt-get install -y -qq --no-install-recommends chromium"):
        subprocess.run(command.split(), env=environ, check=False, stdout=subprocess.DEVNULL)  # noqa: S603 - fixed commands
    return find_browser() is not None


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
