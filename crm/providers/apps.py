from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    name = "crm.providers"
    label = "providers"
