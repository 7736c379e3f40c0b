"""Addresses of the import: its pages and its API route, included by `leads/urls.py` and `leads/api/urls.py`."""

from django.urls import path

from crm.core.api.routers import route
from leads.importing import views
from leads.importing.api import ImportViewSet

urlpatterns = [
    path("import/", views.upload, name="import"),
    path("import/<uuid:pk>/", views.import_file, name="import_file"),
    path("import/<uuid:pk>/discard/", views.discard, name="import_discard"),
]
api_urlpatterns = [route("leads/csv-import", ImportViewSet, {"post": "create"}, "lead-csv-import")]
