"""Pages."""

from __future__ import annotations

from django.urls import path

from crm.sla import views

app_name = "sla"
urlpatterns = [path("", views.board, name="board")]
