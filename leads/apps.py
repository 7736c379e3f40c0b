from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        from leads import bulk_jobs, lists  # noqa: F401 - registers them
        from leads.assignment import receivers
        from leads.importing import job_kinds  # noqa: F401 - registers them
        from leads.why import register
        from leads.why.placement import placement_section

        receivers.connect()
        register("assignment", placement_section, order=10)
