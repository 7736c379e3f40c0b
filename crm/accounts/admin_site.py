"""The admin's site: managers and administrators of one company, behind the product's own sign-in."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class ProductAdminConfig(AdminConfig):
    default_site = "crm.accounts.admin_site.ProductAdminSite"


def __getattr__(name: str) -> object:
    if name == "ProductAdminSite":
        from unfold.sites import UnfoldAdminSite

        return UnfoldAdminSite
    raise AttributeError(name)
