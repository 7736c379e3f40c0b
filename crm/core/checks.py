"""What `check --deploy` asks beside Django's own questions."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def mails_leave(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        return [Warning("EMAIL_URL is not set: mails are written to files and reach nobody.", id="crm.W001")]
    return []


@register(Tags.security, deploy=True)
def links_work_from_outside(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not settings.PUBLIC_URL.startswith("https://"):
        message = f"PUBLIC_URL is {settings.PUBLIC_URL}: links in mails need the product's https:// address."
        return [Warning(message, id="crm.W002")]
    return []
