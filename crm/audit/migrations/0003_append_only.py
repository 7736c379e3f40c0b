from django.db import migrations

from crm.audit import guard


def put_up(apps, schema_editor):
    guard.put_up(schema_editor.connection)


def take_down(apps, schema_editor):
    guard.take_down(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_entry_mac")]

    operations = [migrations.RunPython(put_up, take_down)]
