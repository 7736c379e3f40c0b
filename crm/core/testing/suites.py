"""Behind `make test`: the whole suite on the embedded default, and again on PostgreSQL and Redis where they answer."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

import psycopg
import redis

LOCAL_DATABASE = "postgres://postgres@127.0.0.1:5432/postgres"
LOCAL_REDIS = "redis://127.0.0.1:6379/8"
PATIENCE_SECONDS = 2


@dataclass(frozen=True)
class Server:
    """A real server for the second run; `problem` says why there is none."""

    url: str
    problem: str = ""


def main(arguments: list[str]) -> int:
    """Pytest's exit code; the last line printed is pytest's own. A run that failed is the last one."""
    database, broker = find_database(), find_redis()
    runs: list[tuple[str, dict[str, str]]] = [("SQLite and the embedded broker", {})]
    if not database.problem and not broker.problem:
        runs.append(("PostgreSQL and Redis", {"TEST_DATABASE_URL": database.url, "TEST_REDIS_URL": broker.url}))
    for server in (database, broker):
        if server.problem:
            _say(f"NOT RUN on PostgreSQL and Redis: {server.problem}")
    for name, environ in runs:
        _say(f"The suite on {name}")
        if code := _pytest(arguments, environ):
            return code
    return 0


def find_database() -> Server:
    url = os.environ.get("TEST_DATABASE_URL") or LOCAL_DATABASE
    try:
        psycopg.connect(url, connect_timeout=PATIENCE_SECONDS).close()
    except psycopg.Error as error:
        named = "TEST_DATABASE_URL" if os.environ.get("TEST_DATABASE_URL") else "127.0.0.1:5432 (set TEST_DATABASE_URL)"
        return Server(url, f"no PostgreSQL answers at {named}: {str(error).strip().splitlines()[0]}")
    return Server(url)


def find_redis() -> Server:
    url = os.environ.get("TEST_REDIS_URL") or LOCAL_REDIS
    try:
        redis.Redis.from_url(url, socket_connect_timeout=PATIENCE_SECONDS).ping()
    except (redis.RedisError, ValueError) as error:
        named = "TEST_REDIS_URL" if os.environ.get("TEST_REDIS_URL") else "127.0.0.1:6379 (set TEST_REDIS_URL)"
        return Server(url, f"no Redis answers at {named}: {error}")
    return Server(url)


def _pytest(arguments: list[str], environ: dict[str, str]) -> int:
    clean = {name: value for name, value in os.environ.items() if name not in ("TEST_DATABASE_URL", "TEST_REDIS_URL")}
    workers = os.environ.get("TEST_WORKERS", "2")
    parallel = ["-n", workers, "--dist", "loadfile"] if workers not in ("0", "1") else []
    command = [sys.executable, "-m", "pytest", "-m", "not e2e", *parallel, *arguments]
    return subprocess.run(command, env={**clean, **environ}, check=False).returncode  # noqa: S603 - our own command


def _say(line: str) -> None:
    print(f"== {line}", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
