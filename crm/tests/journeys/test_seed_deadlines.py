"""The routes and background jobs of the lead tool's document (S2): deadlines, notifications, dashboard, audit log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from agents.models import Agent
from crm.accounts.models import User
from crm.core.tenancy import company_active
from crm.mail.models import Mail
from crm.sla.tasks import tick
from leads.models import Lead

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEAD = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.com", "custom_fields": {"plan": "pro"}}


@pytest.mark.parametrize("mount", ["/api", "/api/v1"])
def test_a_lead_is_created_assigned_reminded_of_breached_and_counted(
    api: Any, mount: str, admin: User, manager: User, agent: Agent, django_capture_on_commit_callbacks: Any
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        caller = api(admin)
        created = caller.post(f"{mount}/leads", LEAD, format="json")
        assert created.status_code == 201
        pk = created.json()["id"]
        given = caller.post(f"{mount}/leads/{pk}/assign", {"assignee_id": str(agent.user_id)}, format="json")
        assert given.status_code == 200
        assert given.json()["lead"]["deadline"] == "2026-03-04T14:00:00Z"

        again = caller.post(f"{mount}/leads/{pk}/resend-email")
        assert (again.status_code, again.json()["message"]) == (200, "Email resent successfully")

        for minutes, status in ((95, "due_soon"), (125, "breached")):
            clock.move_to(NOON + minutes * MINUTE)
            with django_capture_on_commit_callbacks(execute=True):
                tick()  # every five minutes
            own = api(admin).get(f"{mount}/leads?sla_status={status}").json()["leads"]
            assert [lead["id"] for lead in own] == [pk]

        told = api(agent.user).get(f"{mount}/notifications").json()["notifications"]
        assert [note["kind"] for note in told] == ["sla_due_soon", "assigned"]
        for person in (manager, admin):  # the manager, and whoever created the lead
            assert api(person).get(f"{mount}/notifications").json()["notifications"][0]["kind"] == "sla_breached"

        metrics = api(admin).get(f"{mount}/dashboard/metrics").json()
        assert metrics["status_distribution"] == {"new": 1, "in_progress": 0, "done": 0}
        assert metrics["sla_performance"]["breached"] == 1
        assert metrics["sla_performance"]["last_30_days"] == {"met": 0, "owed": 1, "rate": 0.0}
        [assignee] = api(admin).get(f"{mount}/dashboard/leads-per-assignee").json()["assignees"]
        assert (assignee["assignee_id"], assignee["total_leads"]) == (str(agent.user_id), 1)

        actions = [entry["action"] for entry in api(admin).get(f"{mount}/audit-logs?per_page=50").json()["audit_logs"]]
        for action in ("lead.created", "lead.assigned", "lead.mail_resent", "lead.sla_due_soon", "lead.sla_breached"):
            assert action in actions
        assert api(manager).get(f"{mount}/audit-logs").status_code == 403

    with company_active(admin.company_id):  # type: ignore[arg-type]
        assert Lead.objects.get().breached_at == NOON + 120 * MINUTE
        mails = sorted(Mail.objects.values_list("to", "kind"))
    assert mails == sorted(
        [(agent.email, "lead_assigned"), (agent.email, "notice"), (manager.email, "notice"), (admin.email, "notice")]
    )
