"""API routes; mounted twice by `crm/api.py`. Fixed paths stand before `leads/<pk>`."""

from __future__ import annotations

from leads.importing.urls import api_urlpatterns as importing

urlpatterns = [*importing]
