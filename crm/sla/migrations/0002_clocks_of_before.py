"""Leads that are held already get the clock that runs, or ran, on them. Of deadlines that passed long ago nobody is told."""

from django.db import migrations

LATE = """(first_response_at > deadline OR (first_response_at IS NULL AND
deadline < COALESCE(closed_at, deleted_at, CURRENT_TIMESTAMP)))"""
HELD = "agent_id IS NOT NULL AND assigned_at IS NOT NULL AND deadline IS NOT NULL"


class Migration(migrations.Migration):

    dependencies = [
        ('sla', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(
            f"""INSERT INTO sla_timer (id, company_id, lead_id, agent_id, priority, started_at, due_at, answered_at,
            ended_at, breached_at)
            SELECT id, company_id, id, agent_id, priority, assigned_at, deadline, first_response_at,
            COALESCE(first_response_at, closed_at, deleted_at), CASE WHEN {LATE} THEN deadline END
            FROM leads_lead WHERE {HELD}""",
            "DELETE FROM sla_timer",
        ),
        migrations.RunSQL(
            f"UPDATE leads_lead SET breached_at = deadline WHERE {HELD} AND breached_at IS NULL AND {LATE}",
            migrations.RunSQL.noop,
        ),
    ]
