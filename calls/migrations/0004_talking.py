from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("calls", "0003_price_due"),
    ]

    operations = [
        migrations.AddField(
            model_name="call",
            name="is_muted",
            field=models.BooleanField(default=False, help_text="The contact does not hear our person"),
        ),
        migrations.AddField(
            model_name="call",
            name="is_held",
            field=models.BooleanField(default=False, help_text="The contact waits on the line"),
        ),
    ]
