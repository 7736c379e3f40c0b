from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    """Trigram indexes for search; on SQLite nothing is needed."""

    initial = True
    dependencies = []
    operations = [TrigramExtension()]
