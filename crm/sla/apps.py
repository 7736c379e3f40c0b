from django.apps import AppConfig


class SlaConfig(AppConfig):
    name = "crm.sla"
    label = "sla"
    verbose_name = "Deadlines"

    def ready(self) -> None:
        from agents import performance
        from crm.sla import rates, receivers
        from leads.duplicates.moves import stays

        receivers.connect()
        performance.register("sla_met", rates.met_by_agent)
        stays("sla.Timer.lead", "a clock ends with the lead that was merged away, and starts anew with it")
