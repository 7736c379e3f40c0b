from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "crm.compliance"
    label = "compliance"

    def ready(self) -> None:
        from crm.compliance import guard, receivers

        guard.connect(self)
        receivers.connect()
