from django.db import migrations


def drop_keys_to_it(apps, schema_editor):
    """What was sent had a foreign key to (decision, contact) for a while; a trigger of `guard.py` says the same now."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f' AND conname LIKE %s",
            [r"%\_decision\_contact\_id"],
        )
        for table, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(drop_keys_to_it, migrations.RunPython.noop),
        migrations.RemoveConstraint(
            model_name='contactdecision',
            name='decision_of_contact',
        ),
    ]
