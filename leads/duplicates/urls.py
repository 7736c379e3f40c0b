"""Pages, and the API's routes."""

from __future__ import annotations

from django.urls import URLPattern, path

from crm.core.api.routers import route
from leads.duplicates import merge_views, views
from leads.duplicates.api import DuplicateViewSet, MergeViewSet

app_name = "duplicates"
urlpatterns: list[URLPattern] = [
    path("", views.pair_list, name="list"),
    path("search/", views.search, name="search"),
    path("<uuid:pk>/dismiss/", views.dismiss, name="dismiss"),
    path("<uuid:pk>/reopen/", views.reopen, name="reopen"),
    path("leads/<uuid:pk>/keep/", views.keep, name="keep"),
    path("merge/", merge_views.choose_two, name="choose"),
    path("contacts/<uuid:pk>/<uuid:other>/", merge_views.contacts, name="contacts"),
    path("leads/<uuid:pk>/<uuid:other>/", merge_views.leads, name="leads"),
]
api_urlpatterns = [
    route("duplicates", DuplicateViewSet, {"get": "list"}, "duplicate-list"),
    route("duplicates/scan", DuplicateViewSet, {"post": "scan"}, "duplicate-scan"),
    route("duplicates/<pk>/dismiss", DuplicateViewSet, {"post": "dismiss"}, "duplicate-dismiss"),
    route("duplicates/<pk>/reopen", DuplicateViewSet, {"post": "reopen"}, "duplicate-reopen"),
    route("contacts/<pk>/merge", MergeViewSet, {"post": "contact"}, "contact-merge"),
    route("leads/<pk>/merge", MergeViewSet, {"post": "lead"}, "lead-merge"),
]
