"""A pytest plugin, loaded before Django: tests get a place, a database and a broker of their own.

`TEST_DATABASE_URL` and `TEST_REDIS_URL` choose PostgreSQL and Redis; without them SQLite and the embedded broker.
"""

import os
import tempfile
from pathlib import Path

PLACE = Path(tempfile.mkdtemp(prefix="crm-tests-"))

os.environ["VAR_DIR"] = str(PLACE)
os.environ["DEBUG"] = "true"
for setting in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL"):
    os.environ.pop(setting, None)
    if value := os.environ.get(f"TEST_{setting}"):
        os.environ[setting] = value
