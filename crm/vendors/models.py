"""Outside parties that send leads in."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from crm.core.tenancy import TenantModel


class Vendor(TenantModel):
    """An outside party that posts leads, named by its code."""

    code = models.CharField(max_length=50)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["company", "code"], name="vendor_code_once")]

    def __str__(self) -> str:
        return self.code
