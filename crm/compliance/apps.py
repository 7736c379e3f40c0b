from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    name = "crm.compliance"
    label = "compliance"

    def ready(self) -> None:
        from crm.compliance import guard, lists, receivers  # noqa: F401 - registers the list
        from crm.compliance.texts import ON_RECORD, TOLD, texts_of
        from crm.compliance.why import contact_section
        from leads import happenings
        from leads.why.registry import register

        guard.connect(self)
        receivers.connect()
        register("contact", contact_section, order=20)
        happenings.register(TOLD, "message-square", text_id=texts_of)
        happenings.register(ON_RECORD, "shield-check")
        self._say_what_merges_leave()

    def _say_what_merges_leave(self) -> None:
        from crm.compliance.guard import decided_models
        from leads.duplicates.moves import stays

        for key in ("contact", "lead"):
            stays(f"compliance.ConsentEvent.{key}", "the ledger only grows: the survivor's takes its words over")
            stays(
                f"compliance.ContactDecision.{key}", "a decision stays as it was taken, with the contact it was about"
            )
        for model in decided_models():
            if any(field.name == "contact" for field in model._meta.concrete_fields):
                stays(f"{model._meta.label}.contact", "what was sent is held to the contact of its decision")
