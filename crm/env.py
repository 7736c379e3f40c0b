"""The environment, read in one place; what is set and wrong stops the start with one clear sentence."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA temp_store=MEMORY;PRAGMA mmap_size=134217728;"
    "PRAGMA journal_size_limit=67108864;PRAGMA cache_size=-20000;PRAGMA recursive_triggers=ON;"
)
SOCKET_PATH_LIMIT = 100  # AF_UNIX allows 107 bytes


def wrong(sentence: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(sentence)


@dataclass(frozen=True)
class RedisAddresses:
    """One server, as each of its users wants it written. `embedded` tells that `manage.py up` starts it."""

    broker: str
    cache: str
    limits: str
    embedded: bool
    socket: Path | None


class Environment:
    """Typed reads; each raises `ImproperlyConfigured` naming the setting."""

    def __init__(self) -> None:
        self._env = environ.Env()
        if (file := Path(__file__).resolve().parent.parent / ".env").exists() and "PYTEST_VERSION" not in os.environ:
            self._env.read_env(str(file))

    def str(self, name: str, default: str) -> str:
        return os.environ.get(name, "").strip() or default

    def int(self, name: str, default: int) -> int:
        value = self.str(name, str(default))
        if not value.isdigit():
            raise wrong(f"{name} must be a whole number, not {value!r}.")
        return int(value)

    def bool(self, name: str, default: bool) -> bool:
        value = self.str(name, "true" if default else "false").lower()
        if value in ("1", "true", "yes", "on"):
            return True
        if value in ("0", "false", "no", "off"):
            return False
        raise wrong(f"{name} must be true or false, not {value!r}.")

    def list(self, name: str, default: Sequence[str]) -> list[str]:
        value = self.str(name, "")
        return [part.strip() for part in value.split(",") if part.strip()] if value else [*default]

    def choice(self, name: str, default: str, choices: Sequence[str]) -> str:
        value = self.str(name, default)
        if value not in choices:
            raise wrong(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
        return value

    def database(self, name: str, var: Path) -> dict[str, Any]:
        url = self.str(name, f"sqlite:///{var / 'db.sqlite3'}")
        try:
            config: dict[str, Any] = dict(self._env.db_url_config(url))
        except Exception as error:
            raise wrong(f"{name} is not a database address: {error}") from None
        if "sqlite" in config["ENGINE"]:
            config |= {
                "CONN_MAX_AGE": None,
                "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": SQLITE_PRAGMAS},
            }
        elif "postgresql" in config["ENGINE"]:
            config |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
        else:
            raise wrong(f"{name} must begin with sqlite:// or postgres://.")
        if suffix := os.environ.get("TEST_DATABASE_SUFFIX"):
            config["TEST"] = {"NAME": f"test_crm_{suffix}"} if "postgresql" in config["ENGINE"] else {}
        return config

    def redis(self, name: str, var: Path) -> RedisAddresses:
        url = self.str(name, "")
        if not url:
            socket = embedded_socket(var)
            return RedisAddresses(
                broker=f"redis+socket://{socket}?virtual_host=0",
                cache=f"unix://{socket}?db=1",
                limits=f"redis+unix://{socket}?db=2",
                embedded=True,
                socket=socket,
            )
        if not url.startswith(("redis://", "rediss://")):
            raise wrong(f"{name} must begin with redis:// or rediss://.")
        return RedisAddresses(broker=url, cache=url, limits=url, embedded=False, socket=None)

    def email(self, name: str, var: Path) -> dict[str, Any]:
        url = self.str(name, "")
        if not url:
            return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": var / "mail"}
        if urlsplit(url).scheme not in ("smtp", "smtp+tls", "smtp+ssl", "consolemail", "filemail"):
            raise wrong(f"{name} must begin with smtp://, smtp+tls://, smtp+ssl://, consolemail:// or filemail://.")
        return {key: value for key, value in self._env.email_url_config(url).items() if key != "OPTIONS"}


env = Environment()


def embedded_socket(var: Path) -> Path:
    """The embedded broker's socket; a deep folder would pass the limit of a socket's path, so that one goes to /tmp."""
    socket = var / "broker.sock"
    if len(str(socket)) <= SOCKET_PATH_LIMIT:
        return socket
    folder = Path("/tmp") / f"crm-{os.getuid()}-{hashlib.sha256(str(var).encode()).hexdigest()[:12]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / "broker.sock"


def development_secret(name: str, var: Path, debug: bool, kind: str = "text") -> str:
    """A secret from the environment; for development one is made once under `var/secrets/`."""
    if value := os.environ.get(name, "").strip():
        return value.replace("\\n", "\n")
    if not debug:
        raise wrong(f"{name} must be set when DEBUG is false.")
    file = var / "secrets" / name.lower()
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = {"text": lambda: secrets.token_urlsafe(48), "fernet": _fernet_key, "ed25519": _signing_key}[kind]()
        try:
            with open(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
                out.write(made)
        except FileExistsError:  # another process of the first start was quicker
            pass
    return file.read_text()


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _signing_key() -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
