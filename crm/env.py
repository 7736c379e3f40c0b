"""The environment, read in one place; what is set and wrong stops the start with one clear sentence."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from django.core.exceptions import ImproperlyConfigured

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA temp_store=MEMORY;PRAGMA mmap_size=134217728;"
    "PRAGMA journal_size_limit=67108864;PRAGMA cache_size=-20000;PRAGMA recursive_triggers=ON;"
)
SOCKET_PATH_LIMIT = 100  # AF_UNIX allows 107 bytes
DATABASE_SCHEMES = ("sqlite://", "postgres://", "postgresql://")
MAIL_SCHEMES = ("smtp", "smtp+tls", "smtp+ssl", "consolemail", "filemail")
SHORTEST_SECRET = 32
NO_JIT = "-c jit=off"


class WrongSetting(ImproperlyConfigured):
    """One sentence for whoever starts the product; `manage.py` shows it without a traceback."""


def wrong(sentence: str) -> WrongSetting:
    return WrongSetting(sentence)


@dataclass(frozen=True)
class RedisAddresses:
    """One server, as each of its users wants it written. `embedded` tells that `manage.py up` starts it."""

    broker: str
    cache: str
    limits: str
    embedded: bool
    socket: Path | None


def postgresql_options(config: dict[str, Any]) -> dict[str, Any]:
    """What the address asks for, and no compiling of statements: it takes longer than those of a CRM run."""
    asked = config.get("OPTIONS", {})
    return {**asked, "options": " ".join(filter(None, (NO_JIT, asked.get("options", ""))))}


class Environment:
    """Typed reads; each raises `WrongSetting` naming the setting. A file `.env` fills in what is not set."""

    def __init__(self) -> None:
        self._env = environ.Env()
        file = Path(__file__).resolve().parent.parent / ".env"
        if file.exists() and "PYTEST_VERSION" not in os.environ:
            self._env.read_env(str(file))

    def text(self, name: str, default: str) -> str:
        return os.environ.get(name, "").strip() or default

    def number(self, name: str, default: int, low: int = 0, high: int = 2_147_483_647) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise wrong(f"{name} must be a whole number from {low} to {high}, not {value!r}.")
        return int(value)

    def share(self, name: str, default: float) -> float:
        """A part of one, such as 0.7."""
        text = self.text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= 1:
            raise wrong(f"{name} must be a number from 0 to 1, not {text!r}.")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name, "true" if default else "false").lower()
        if value in ("1", "true", "yes", "on"):
            return True
        if value in ("0", "false", "no", "off"):
            return False
        raise wrong(f"{name} must be true or false, not {value!r}.")

    def names(self, name: str, default: Sequence[str]) -> list[str]:
        value = self.text(name, "")
        return [part.strip() for part in value.split(",") if part.strip()] if value else [*default]

    def choice(self, name: str, default: str, choices: Sequence[str]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise wrong(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
        return value

    def folder(self, name: str, default: Path) -> Path:
        """An absolute path, whatever folder the next process starts in; made, readable by its owner alone."""
        path = Path(self.text(name, str(default))).expanduser().absolute()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise wrong(f"{name}: the folder {path} cannot be made ({error.strerror}).") from None
        if not os.access(path, os.W_OK | os.X_OK):
            raise wrong(f"{name}: the folder {path} cannot be written to.")
        return path

    def origin(self, name: str, default: str) -> str:
        """`https://crm.example.com`: scheme and host, no path."""
        return _origin(name, self.text(name, default))

    def origins(self, name: str) -> list[str]:
        return [_origin(name, value) for value in self.names(name, [])]

    def hosts(self, name: str, debug: bool) -> list[str]:
        hosts = self.names(name, ["127.0.0.1", "localhost", "[::1]"] if debug else [])
        if not hosts:
            raise wrong(f"{name} must list the names under which the product is served when DEBUG is false.")
        for host in hosts:
            if "/" in host or (":" in host and not host.startswith("[")):
                raise wrong(f"{name} lists host names alone, without scheme, port or path, not {host!r}.")
        return hosts

    def sender(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if "@" not in parseaddr(value)[1]:
            raise wrong(f"{name} must be an e-mail address or 'Name <address>', not {value!r}.")
        return value

    def database(self, name: str, var: Path) -> dict[str, Any]:
        url = self.text(name, f"sqlite:///{var / 'db.sqlite3'}")
        config: dict[str, Any] = {}
        if url.startswith(DATABASE_SCHEMES):
            with suppress(ValueError):
                config = dict(self._env.db_url_config(url))
        engine = config.get("ENGINE", "")
        if "sqlite" in engine:
            config |= {
                "CONN_MAX_AGE": None,
                "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": SQLITE_PRAGMAS},
            }
        elif "postgresql" in engine and config.get("NAME"):
            config |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True, "OPTIONS": postgresql_options(config)}
        else:
            raise wrong(f"{name} must be sqlite:///path or postgres://user:password@host:5432/name.")
        if (suffix := self.text("TEST_DATABASE_SUFFIX", "")) and "postgresql" in engine:
            config["TEST"] = {"NAME": f"test_crm_{suffix}"}  # several runs of the tests beside each other
        return config

    def redis(self, name: str, var: Path) -> RedisAddresses:
        url = self.text(name, "")
        if not url:
            socket = embedded_socket(var)
            return RedisAddresses(
                broker=f"redis+socket://{socket}?virtual_host=0",
                cache=f"unix://{socket}?db=1",
                limits=f"redis+unix://{socket}?db=2",
                embedded=True,
                socket=socket,
            )
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss") or not parts.hostname or parts.path.strip("/").strip("0123456789"):
            raise wrong(f"{name} must be redis://host:6379/0 or rediss://…, not {url!r}.")
        return RedisAddresses(broker=url, cache=url, limits=url, embedded=False, socket=None)

    def email(self, name: str, var: Path) -> dict[str, Any]:
        url = self.text(name, "")
        if not url:
            backend = "django.core.mail.backends.filebased.EmailBackend"
            return {"EMAIL_BACKEND": backend, "EMAIL_FILE_PATH": var / "mail"}
        if urlsplit(url).scheme not in MAIL_SCHEMES:
            raise wrong(f"{name} must begin with {', '.join(f'{scheme}://' for scheme in MAIL_SCHEMES)}.")
        try:
            return {key: value for key, value in self._env.email_url_config(url).items() if key != "OPTIONS"}
        except ValueError:
            raise wrong(f"{name} is not a mail server's address such as smtp+tls://user:password@host:587.") from None

    def secret(self, name: str, var: Path, debug: bool) -> str:
        value = self._secret(name, var, debug)
        if len(value) < SHORTEST_SECRET:
            raise wrong(f"{name} must have at least {SHORTEST_SECRET} characters.")
        return value

    def field_keys(self, name: str, var: Path, debug: bool) -> list[str]:
        """Newest first, separated by commas."""
        keys = [key.strip() for key in self._secret(name, var, debug).split(",") if key.strip()]
        try:
            [Fernet(key) for key in keys]
        except ValueError:
            keys = []
        if not keys:
            raise wrong(f"{name} must be one or more Fernet keys (32 bytes in URL-safe base64), separated by commas.")
        return keys

    def signing_key(self, name: str, var: Path, debug: bool) -> str:
        """An Ed25519 private key as PEM; `\\n` may stand for its line breaks."""
        pem = self._secret(name, var, debug).replace("\\n", "\n")
        try:
            right = isinstance(load_pem_private_key(pem.encode(), None), Ed25519PrivateKey)
        except (ValueError, TypeError):
            right = False
        if not right:
            raise wrong(f"{name} must be an Ed25519 private key in PEM form (openssl genpkey -algorithm ed25519).")
        return pem

    def _secret(self, name: str, var: Path, debug: bool) -> str:
        """From the environment; for development one is made once under `var/secrets/`."""
        if value := self.text(name, ""):
            return value
        if not debug:
            raise wrong(f"{name} must be set when DEBUG is false (python -m crm.make_secrets makes one).")
        file = var / "secrets" / name.lower()
        if not file.exists():
            _make_once(file, MAKERS[name]())
        return file.read_text()


env = Environment()


def embedded_socket(var: Path) -> Path:
    """The embedded broker's socket; a deep folder would pass the limit of a socket's path, so that one goes to /tmp."""
    socket = var / "broker.sock"
    if len(str(socket)) <= SOCKET_PATH_LIMIT:
        return socket
    folder = Path("/tmp") / f"crm-{os.getuid()}-{hashlib.sha256(str(var).encode()).hexdigest()[:12]}"  # noqa: S108
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise wrong(f"VAR_DIR: the folder {folder}, where its broker's socket goes, belongs to somebody else.")
    return folder / "broker.sock"


def _make_once(file: Path, text: str) -> None:
    """Whole or not at all: of processes that start together one makes it, and none reads half of it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
        out.write(text)
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()


def _origin(name: str, value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or parts.path.strip("/") or parts.query or parts.fragment:
        raise wrong(f"{name} must be an address such as https://crm.example.com, without a path, not {value!r}.")
    return value.rstrip("/")


def _text_key() -> str:
    return secrets.token_urlsafe(48)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _signing_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": _text_key,
    "AUDIT_KEY": _text_key,
    "FIELD_KEYS": _fernet_key,
    "JWT_PRIVATE_KEY": _signing_key,
}
