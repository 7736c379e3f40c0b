"""Addresses that providers call."""

from __future__ import annotations

from django.urls import path

from calls import hooks

app_name = "call_hooks"
urlpatterns = [
    path("<slug:provider>/calls/<uuid:pk>/status", hooks.status, name="status"),
    path("<slug:provider>/calls/<uuid:pk>/voice", hooks.voice, name="voice"),
]
