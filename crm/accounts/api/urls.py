"""API routes; mounted twice by `crm/api.py`."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
