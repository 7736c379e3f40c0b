import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections

from crm.core.api.kept_answers import purge
from crm.core.models import IdempotentAnswer
from crm.core.tenancy import company_active
from leads.models import Contact

pytestmark = pytest.mark.urls("crm.core.tests.desk")
URL = "/api/v1/desk"
KEY = {"idempotency-key": "order-1"}


def contacts(company):
    with company_active(company.pk):
        return Contact.objects.count()


def kept(company):
    with company_active(company.pk):
        return IdempotentAnswer.objects.count()


def test_the_same_key_and_body_does_the_work_once(api, admin, company):
    client = api(admin)
    first = client.post(URL, {"name": "Ada", "amount": 1}, headers=KEY)
    again = client.generic("POST", URL, b'{ "amount": 1, "name": "Ada" }', content_type="application/json", headers=KEY)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert (first.status_code, again["Content-Type"]) == (201, "application/json")
    assert (again["Idempotent-Replayed"], "Idempotent-Replayed" in first) == ("true", False)
    assert contacts(company) == kept(company) == 1


@pytest.mark.parametrize("address", ["/api/v1/desk", "/api/v1/desk/", "/api/desk", "/api/desk/"])
def test_mount_and_slash_make_no_other_route(address, api, admin, company):
    client = api(admin)
    client.post(URL, {"name": "Ada"}, headers=KEY)
    assert client.post(address, {"name": "Ada"}, headers=KEY)["Idempotent-Replayed"] == "true"
    assert contacts(company) == 1


def test_another_body_or_query_is_409(api, admin, company):
    client = api(admin)
    client.post(URL, {"name": "Ada"}, headers=KEY)
    for address, body in ((URL, {"name": "Eve"}), (f"{URL}?x=1", {"name": "Ada"})):
        response = client.post(address, body, headers=KEY)
        assert (response.status_code, list(response.json())) == (409, ["detail"])
    assert contacts(company) == 1


def test_another_route_user_or_company_is_another_scope(api, admin, agent, stranger, company):
    api(admin).post(URL, {"name": "Ada"}, headers=KEY)
    assert api(admin).post("/api/v1/desk/echo", {"name": "Ada"}, headers=KEY).status_code == 200
    assert "Idempotent-Replayed" not in api(agent.user).post(URL, {"name": "Ada"}, headers=KEY)
    assert "Idempotent-Replayed" not in api(stranger).post(URL, {"name": "Ada"}, headers=KEY)
    assert contacts(company) == 2


def test_a_refusal_is_kept_and_its_work_undone(api, admin, company):
    client = api(admin)
    for _ in range(2):
        response = client.post(URL, {"name": "Refuse"}, headers=KEY)
        assert (response.status_code, response.json()["detail"]) == (400, "Not this one.")
    assert response["Idempotent-Replayed"] == "true"
    assert (contacts(company), kept(company)) == (0, 1)


def test_a_malformed_field_is_kept_too(api, admin, company):
    first = api(admin).post(URL, {"name": 5}, headers=KEY)
    again = api(admin).post(URL, {"name": 5}, headers=KEY)
    assert first.status_code == again.status_code == 422
    assert first.content == again.content


def test_a_server_error_is_not_kept_and_leaves_nothing(api, admin, company):
    client = api(admin)
    client.raise_request_exception = False
    assert client.post(URL, {"name": "Boom"}, headers=KEY).status_code == 500
    assert (contacts(company), kept(company)) == (0, 0)
    assert client.post(URL, {"name": "Ada"}, headers=KEY).status_code == 201


def test_what_never_reached_the_work_is_not_kept(api, admin, agent, company):
    client = api(admin)
    assert client.generic("POST", URL, b"{", content_type="application/json", headers=KEY).status_code == 400
    assert client.post(URL, {"name": "Ada"}, headers=KEY).status_code == 201


def test_an_answer_is_forgotten_after_a_day(api, admin, company):
    api(admin).post(URL, {"name": "Ada"}, headers=KEY)
    with company_active(company.pk):
        row = IdempotentAnswer.objects.get()
        row.created_at -= dt.timedelta(hours=23, minutes=59)
        row.save(update_fields=["created_at"])
        purge.apply()
        assert api(admin).post(URL, {"name": "Ada"}, headers=KEY)["Idempotent-Replayed"] == "true"
        row.created_at -= dt.timedelta(minutes=2)
        row.save(update_fields=["created_at"])
    assert api(admin).post(URL, {"name": "Other"}, headers=KEY).status_code == 201
    assert (contacts(company), kept(company)) == (2, 1)


def test_the_purge_deletes_what_is_old_in_every_company(api, admin, stranger, company):
    for user in (admin, stranger):
        api(user).post(URL, {"name": "Ada"}, headers=KEY)
        with company_active(user.company_id):
            IdempotentAnswer.objects.update(created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    api(admin).post(URL, {"name": "New"}, headers={"idempotency-key": "order-2"})
    purge.apply()
    assert (kept(company), kept(stranger.company)) == (1, 0)


def test_the_answer_is_encrypted_at_rest(api, admin, company):
    api(admin).post("/api/v1/desk/echo", {"name": "Confidential"}, headers=KEY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM core_idempotentanswer")
        assert "Confidential" not in str(cursor.fetchall())
        assert "order-1" not in str(cursor.fetchall())


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é"])
def test_a_malformed_key_is_400(key, api, admin):
    assert api(admin).post(URL, {"name": "Ada"}, headers={"idempotency-key": key}).status_code == 400


def test_other_methods_and_public_routes_keep_nothing(api, admin, company):
    api(admin).get(URL, headers=KEY)
    assert kept(company) == 0


def test_an_upload_sent_again_with_another_boundary_is_the_same(api, admin, company):
    client = api(admin)
    for content, status in ((b"a,b", 201), (b"a,b", 201), (b"a,c", 409)):
        file = SimpleUploadedFile("x.csv", content)
        assert client.post("/api/v1/desk/upload", {"file": file}, format="multipart", headers=KEY).status_code == status
    assert contacts(company) == 1


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_callers_one_works_and_all_get_its_answer(api, admin, company):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time; shown on PostgreSQL")
    client, together = api(admin), Barrier(8)

    def call(number):
        together.wait()
        try:
            return client.post("/api/v1/desk/slow", {}, headers=KEY)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(call, range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert {json.loads(answer.content)["leads"] for answer in answers} == {1}
    assert sum("Idempotent-Replayed" not in answer for answer in answers) == 1
    assert kept(company) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_writers_with_one_etag_one_is_refused(api, admin, company):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time; shown on PostgreSQL")
    from leads.tests.factories import LeadFactory

    with company_active(company.pk):
        lead = LeadFactory()
    client, together = api(admin), Barrier(6)
    tag = client.get(f"{URL}/{lead.pk}")["ETag"]

    def call(number):
        together.wait()
        try:
            body = {"source": f"writer {number}"}
            return client.put(f"{URL}/{lead.pk}", body, headers={"if-match": tag}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(call, range(6))) == [200, 412, 412, 412, 412, 412]
