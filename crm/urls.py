"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView

from crm.core.api.documentation import openapi
from crm.core.error_pages import page_not_found
from crm.core.health import health, ready

urlpatterns = [
    path("health", health, name="health"),
    path("health/", health),
    path("ready", ready, name="ready"),
    path("ready/", ready),
    path("", include("crm.dashboard.urls")),
    path("", include("crm.accounts.urls")),
    path("leads/", include("leads.urls")),
    path("contacts/", include("leads.contacts.urls")),
    path("routing/", include("leads.routing.urls")),
    path("duplicates/", include("leads.duplicates.urls")),
    path("agents/", include("agents.urls")),
    path("cockpit/", include("calls.cockpit.urls")),
    path("calls/", include("calls.urls")),
    path("providers/", include("calls.hook_urls")),
    path("providers/", include("crm.compliance.hook_urls")),
    path("connections/", include("crm.providers.urls")),
    path("vendors/", include("crm.vendors.urls")),
    path("compliance/", include("crm.compliance.urls")),
    path("audit/", include("crm.audit.urls")),
    path("jobs/", include("crm.jobs.urls")),
    path("lists/", include("crm.lists.urls")),
    path("sla/", include("crm.sla.urls")),
    path("", include("crm.notifications.urls")),
    path("dev/mail/", include("crm.mail.urls")),
    path("accounts/", include("crm.accounts.door_urls")),
    path("admin/", admin.site.urls),
    re_path(r"^api/(?:v1/)?schema/?$", openapi, name="schema"),
    path("openapi.json", openapi),
    re_path(r"^docs/?$", SpectacularSwaggerSplitView.as_view(url="/openapi.json"), name="docs"),
    re_path(r"^redoc/?$", SpectacularRedocView.as_view(url="/openapi.json"), name="redoc"),
    path("api/v1/", include("crm.api")),
    path("api/", include("crm.api")),
    re_path(r"", csrf_exempt(page_not_found), name="unknown"),
]

handler400 = "crm.core.error_pages.bad_request"
handler403 = "crm.core.error_pages.permission_denied"
handler404 = "crm.core.error_pages.page_not_found"
handler500 = "crm.core.error_pages.server_error"
