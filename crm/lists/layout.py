"""`python -m crm.lists.layout`: HTML in, PDF out, in a process of its own that fetches nothing from anywhere.

Laying out a page takes memory that a web worker would keep; here it goes when the page is done.
"""

from __future__ import annotations

import sys

NO_LIBRARIES = 3  # the exit code


def main() -> int:
    try:
        from weasyprint import HTML, URLFetcher
    except OSError:  # pango is not there
        return NO_LIBRARIES
    page = HTML(string=sys.stdin.read(), url_fetcher=URLFetcher(allowed_protocols=("data",)))
    page.write_pdf(sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
