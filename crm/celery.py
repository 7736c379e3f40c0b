"""The Celery application; every task runs in the company of its message's header (`crm/core/tasks.py`)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

app = Celery("crm", task_cls="crm.core.tasks:TenantTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Ticks (`periodic`), what a person waits for (`interactive`, the default) and long work (`bulk`) never wait for each
# other. Schedules name their queue in `crm/beat.py`; here are the tasks that ticks send on.
app.conf.task_routes = {
    "audit.seal_company": {"queue": "periodic"},
    "mail.send_left": {"queue": "periodic"},
    "notifications.call_backs_of": {"queue": "periodic"},
    "notifications.purge_company": {"queue": "bulk"},
    "sla.watch": {"queue": "periodic"},
    "leads.purge_company_imports": {"queue": "bulk"},
    "leads.look_for_duplicates": {"queue": "bulk"},
    "simulator.play_company": {"queue": "periodic"},
    "jobs.run": {"queue": "bulk"},
    "calls.call_due": {"queue": "periodic"},
    "calls.look_after": {"queue": "periodic"},
}
