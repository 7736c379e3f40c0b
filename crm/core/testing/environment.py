"""A pytest plugin, loaded before Django: tests get a place, a database and a broker of their own.

`TEST_DATABASE_URL` and `TEST_REDIS_URL` choose PostgreSQL and Redis; without them SQLite and the embedded broker.
Each worker of pytest-xdist has its own of all three: pytest-django names the databases, here the rest is told apart.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

REDIS_DATABASES = 16

PLACE = Path(tempfile.mkdtemp(prefix="crm-tests-"))
atexit.register(shutil.rmtree, PLACE, ignore_errors=True)


def redis_of_worker(url: str, worker: str) -> str:
    """`gw0` has the database that was named, `gw1` the next."""
    parts = urlsplit(url)
    number = int(parts.path.strip("/") or 0) + int(worker.removeprefix("gw") or 0)
    return urlunsplit(parts._replace(path=f"/{number % REDIS_DATABASES}"))


os.environ["VAR_DIR"] = str(PLACE)
os.environ["DEBUG"] = "true"
PLAIN = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "PORT", "HOST", "PUBLIC_URL", "DEMO", "REGISTRATION")
for setting in [*PLAIN, *(name for name in os.environ if name.startswith(("CALL_", "SIMULATOR_", "TWILIO_")))]:
    os.environ.pop(setting, None)
if database := os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = database
if server := os.environ.get("TEST_REDIS_URL"):
    os.environ["REDIS_URL"] = redis_of_worker(server, os.environ.get("PYTEST_XDIST_WORKER", ""))
