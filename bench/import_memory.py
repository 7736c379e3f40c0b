"""One import in a process of its own: `python -m bench.import_memory ROWS SALT COMPANY USER` prints its peak in MB."""

from __future__ import annotations

import sys
from pathlib import Path

import django


def main(rows: int, salt: int, company: str, user: str) -> None:
    django.setup()
    from bench.imports import importing
    from crm.accounts.models import Company, User
    from crm.core.tenancy import unscoped

    with unscoped("who acts in the benchmark"):
        of, by = Company.objects.get(pk=company), User.objects.get(pk=user)
    importing(rows, salt, of, by)
    print(peak() // 1024)


def peak() -> int:
    """Kilobytes; `getrusage` would count what the process had that started this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:5])
