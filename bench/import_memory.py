"""One import in a process of its own: `python -m bench.import_memory ROWS SALT COMPANY USER` prints its peak in MB."""

from __future__ import annotations

import resource
import sys

import django


def main(rows: int, salt: int, company: str, user: str) -> None:
    django.setup()
    from bench.imports import importing
    from crm.accounts.models import Company, User
    from crm.core.tenancy import unscoped

    with unscoped("who acts in the benchmark"):
        of, by = Company.objects.get(pk=company), User.objects.get(pk=user)
    importing(rows, salt, of, by)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:5])
