"""`make bench`: every work of `operations.md` against its floor, in alternation, in one run, as ratios.

Needs PostgreSQL and Redis (`BENCH_DATABASE_URL`, `BENCH_REDIS_URL`; by default the local ones). `--leads 1000000` for
the large one. A ratio is the median of ours over the median of the floor's; `raw` is the same rows by psycopg and
orjson in this process.
"""

from __future__ import annotations

import argparse
import os
import sys


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    os.environ["DATABASE_URL"] = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    os.environ["REDIS_URL"] = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/15")
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    import django

    django.setup()
    from bench.run import run

    run(options.leads, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
