import pytest
from django.db import connection

from crm.core.upkeep import refresh_statistics


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps its statistics itself")
def test_sqlite_gets_statistics(db):
    refresh_statistics()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sqlite_stat1")
        assert cursor.fetchone()[0] >= 0


def test_a_page_that_a_view_misses_is_ours_with_debug_on(client, manager, settings):
    settings.DEBUG = True
    client.force_login(manager)
    page = client.get("/leads/00000000-0000-7000-8000-000000000000/")
    assert page.status_code == 404 and "DEBUG" not in page.content.decode()
