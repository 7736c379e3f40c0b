from django.apps import AppConfig


class SlaConfig(AppConfig):
    name = "crm.sla"
    label = "sla"
    verbose_name = "Deadlines"

    def ready(self) -> None:
        from crm.sla import receivers
        from leads.duplicates.moves import stays

        receivers.connect()
        stays("sla.Timer.lead", "a clock ends with the lead that was merged away, and starts anew with it")
