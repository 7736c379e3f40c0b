"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

from crm.core.health import health, ready

urlpatterns = [
    path("health", health, name="health"),
    path("health/", health),
    path("ready", ready, name="ready"),
    path("ready/", ready),
    path("", include("crm.dashboard.urls")),
    path("", include("crm.accounts.urls")),
    path("leads/", include("leads.urls")),
    path("agents/", include("agents.urls")),
    path("audit/", include("crm.audit.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("crm.api")),
    path("api/", include("crm.api")),
]
