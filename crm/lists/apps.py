from django.apps import AppConfig


class ListsConfig(AppConfig):
    name = "crm.lists"
    label = "lists"

    def ready(self) -> None:
        from crm.lists import job_kinds, lower_lists  # noqa: F401
