from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "crm.compliance"
    label = "compliance"

    def ready(self) -> None:
        from crm.compliance import guard, lists, receivers  # noqa: F401 - registers the list
        from crm.compliance.why import contact_section
        from leads.why.registry import register

        guard.connect(self)
        receivers.connect()
        register("contact", contact_section, order=20)
