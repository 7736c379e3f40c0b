"""Addresses that providers call."""

from __future__ import annotations

from django.urls import path

from crm.compliance import hooks

app_name = "text_hooks"
urlpatterns = [path("<slug:provider>/sms", hooks.text, name="text")]
