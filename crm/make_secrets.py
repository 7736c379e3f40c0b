"""`python -m crm.make_secrets >> .env`: the secrets that an installation with `DEBUG=false` must have."""

from __future__ import annotations

from crm.env import MAKERS


def lines() -> list[str]:
    """`NAME=value`, as `.env` and Docker read them: line breaks are written as `\\n`."""
    return [f"{name}={make().strip().replace(chr(10), chr(92) + 'n')}" for name, make in MAKERS.items()]


if __name__ == "__main__":
    print("\n".join(lines()))  # noqa: T201
