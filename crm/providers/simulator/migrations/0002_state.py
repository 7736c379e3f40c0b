from django.db import migrations

import crm.core.encrypted


class Migration(migrations.Migration):
    dependencies = [
        ("simulator", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="simulatedcall",
            name="state",
            field=crm.core.encrypted.EncryptedTextField(
                blank=True, default="", help_text="What was done in it, as JSON; emptied likewise"
            ),
        ),
    ]
