from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"

    def ready(self) -> None:
        from leads import bulk_jobs, lists  # noqa: F401 - registers them
        from leads.assignment import receivers
        from leads.duplicates import job_kinds as duplicate_jobs  # noqa: F401 - registers them
        from leads.duplicates import receivers as duplicates
        from leads.importing import job_kinds  # noqa: F401 - registers them
        from leads.routing import receivers as routing_receivers
        from leads.routing.explaining import accept_section, routing_section
        from leads.why import register
        from leads.why.placement import placement_section

        receivers.connect()
        routing_receivers.connect()
        duplicates.connect()
        register("assignment", placement_section, order=10)
        register("routing", routing_section, order=11)
        register("accept_time", accept_section, order=12)
