from django.apps import AppConfig


class CallsConfig(AppConfig):
    name = "calls"

    def ready(self) -> None:
        from agents import performance
        from calls import attempts, bulk, lists, metrics, receivers, why, words  # noqa: F401 - registers the list
        from leads import happenings
        from leads.duplicates.moves import numbered, whole

        receivers.connect()
        why.register()
        attempts.register()
        bulk.register()
        performance.register("contact_rate", metrics.reached_by_agent)
        happenings.register(words.TOLD, "phone")
        happenings.FOR_AGENTS["calls"] = "The telephone"
        numbered("calls.Call.lead", "attempt")
        whole("calls.Call.lead", "Both are in a call right now; merge them when one of the calls is over")
