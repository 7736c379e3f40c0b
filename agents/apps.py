from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"

    def ready(self) -> None:
        from agents import lists, receivers  # noqa: F401 - registers the list

        receivers.connect()
