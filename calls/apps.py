from django.apps import AppConfig


class CallsConfig(AppConfig):
    name = "calls"

    def ready(self) -> None:
        from calls import attempts, lists, receivers, why, words  # noqa: F401 - registers the list
        from leads import happenings
        from leads.duplicates.moves import numbered

        receivers.connect()
        why.register()
        attempts.register()
        happenings.register(words.TOLD, "phone")
        numbered("calls.Call.lead", "attempt")
