"""Pages."""

from __future__ import annotations

from leads.importing.urls import urlpatterns as importing

app_name = "leads"
urlpatterns = [*importing]
