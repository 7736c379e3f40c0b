"""The API, mounted at /api/v1/ and /api/: every app's routes."""

from __future__ import annotations

from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from agents.api.urls import urlpatterns as agents
from calls.api.urls import urlpatterns as calls
from crm.accounts.api.urls import urlpatterns as accounts
from crm.audit.api.urls import urlpatterns as audit
from crm.compliance.api.urls import urlpatterns as compliance
from crm.core.error_pages import page_not_found
from crm.dashboard.api.urls import urlpatterns as dashboard
from crm.jobs.api.urls import urlpatterns as jobs
from crm.lists.api.urls import urlpatterns as lists
from crm.notifications.api.urls import urlpatterns as notifications
from crm.providers.api.urls import urlpatterns as providers
from crm.sla.api.urls import urlpatterns as sla
from crm.vendors.api.urls import urlpatterns as vendors
from leads.api.urls import urlpatterns as leads

urlpatterns = [
    *accounts,
    *agents,
    *leads,
    *calls,
    *compliance,
    *vendors,
    *providers,
    *jobs,
    *lists,
    *dashboard,
    *sla,
    *notifications,
    *audit,
    re_path(r"", csrf_exempt(page_not_found), name="api-unknown"),
]
