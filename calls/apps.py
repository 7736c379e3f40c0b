from django.apps import AppConfig


class CallsConfig(AppConfig):
    name = "calls"

    def ready(self) -> None:
        from calls import attempts, lists, receivers, why  # noqa: F401 - registers the list

        receivers.connect()
        why.register()
        attempts.register()
