from django.apps import AppConfig


class SimulatorConfig(AppConfig):
    name = "crm.providers.simulator"
    label = "simulator"
