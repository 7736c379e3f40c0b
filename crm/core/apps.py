from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "crm.core"
    label = "core"

    def ready(self) -> None:
        from crm.core import composite_keys, schedules

        composite_keys.connect(self)
        schedules.connect()
