from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "crm.core"
    label = "core"

    def ready(self) -> None:
        from crm.core import checks, composite_keys, lookups, schedules  # noqa: F401 - checks register themselves

        composite_keys.connect(self)
        schedules.connect()
        lookups.register()
