"""The WSGI entry point for gunicorn."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
django_application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - once Django is set up

from crm.core.chunked import ChunkedBodies  # noqa: E402

application = ChunkedBodies(django_application, limit=settings.IMPORT_MAX_BYTES)
# What is loaded by now stays: collections need not look at it, and forked workers share its pages.
gc.collect()
gc.freeze()
