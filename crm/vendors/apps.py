from django.apps import AppConfig


class VendorsConfig(AppConfig):
    name = "crm.vendors"
    label = "vendors"
