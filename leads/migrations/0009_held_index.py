from django.db import migrations, models


class Migration(migrations.Migration):
    """What an agent holds, counted at each placement and looked through for a contact: from the index alone."""

    dependencies = [
        ("leads", "0008_import_as_job"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="lead",
            name="lead_held",
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                fields=["agent", "company", "contact", "id"],
                condition=models.Q(
                    ("deleted_at__isnull", True),
                    ("stage__in", ("lead", "mql", "sql", "opportunity")),
                    ("status__in", ("new", "in_progress")),
                ),
                name="lead_held",
            ),
        ),
    ]
