"""The API, mounted at /api/v1/ and /api/: every app's routes."""

from __future__ import annotations

from agents.api.urls import urlpatterns as agents
from crm.accounts.api.urls import urlpatterns as accounts
from crm.audit.api.urls import urlpatterns as audit
from leads.api.urls import urlpatterns as leads

urlpatterns = [*accounts, *agents, *leads, *audit]
