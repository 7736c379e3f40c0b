from django.apps import AppConfig


class SlaConfig(AppConfig):
    name = "crm.sla"
    label = "sla"
    verbose_name = "Deadlines"

    def ready(self) -> None:
        from crm.sla import receivers

        receivers.connect()
