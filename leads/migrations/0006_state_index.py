from django.db import migrations, models


class Migration(migrations.Migration):
    """How many leads a filter by status and stage finds: counted from the index alone."""

    dependencies = [
        ("leads", "0005_lead_import_file"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                fields=["company", "status", "stage"],
                condition=models.Q(("deleted_at__isnull", True)),
                name="lead_by_state",
            ),
        ),
    ]
