"""The product's own settings, with the floor's bare views beside its addresses."""

import os

os.environ.setdefault("RATE_LIMIT_PER_MINUTE", "100000000")

from crm.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
SESSION_RATE_LIMIT_PER_MINUTE = 100_000_000
LOGGING["root"]["level"] = "ERROR"  # type: ignore[index]  # noqa: F405
