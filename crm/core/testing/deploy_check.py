"""Behind `make deploy-check`: Django's own questions to a production installation, asked with production settings."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from crm.make_secrets import lines

PRODUCTION = {
    "DEBUG": "false",
    "ALLOWED_HOSTS": "crm.example.com",
    "PUBLIC_URL": "https://crm.example.com",
    "DATABASE_URL": "postgres://crm@127.0.0.1:5432/crm",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
}


def main() -> int:
    with tempfile.TemporaryDirectory() as place:
        secrets = dict(line.split("=", 1) for line in lines())
        environ = {**os.environ, **PRODUCTION, **secrets, "VAR_DIR": place}
        command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
        return subprocess.run(command, env=environ, check=False).returncode  # noqa: S603 - our own command


if __name__ == "__main__":
    sys.exit(main())
