from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="mac",
            field=models.CharField(
                default="",
                editable=False,
                help_text="Keyed hash of all the above: written by the product, and unchanged",
                max_length=64,
            ),
        ),
    ]
