"""One's own notifications: bell, list, settings and API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import now

from crm.accounts.models import User
from crm.core.tenancy import company_active
from crm.notifications.actions import purge_old
from crm.notifications.models import Notification
from crm.notifications.tasks import purge

pytestmark = pytest.mark.django_db
LIST = "/api/v1/notifications"


def page_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def note(user, **fields) -> Notification:
    with company_active(user.company_id):
        return Notification.objects.create(**{"user": user, "kind": "job", "title": "Import is done", **fields})


def fresh(row: Notification) -> Notification:
    with company_active(row.company_id):
        return Notification.objects.get(pk=row.pk)


def kept(user) -> dict:
    with company_active(user.company_id):
        return User.objects.get(pk=user.pk).notification_choices


def test_the_api_lists_ones_own_newest_first_with_the_number_of_unread(manager, agent, api):
    first = note(manager, created_at=now() - timedelta(hours=1), read_at=now())
    second = note(manager, kind="sla_breached", title="Late", url="/leads/x/", text="It is with Priya.")
    note(agent.user)
    answer = api(manager).get(LIST).json()
    assert [row["id"] for row in answer["notifications"]] == [str(second.pk), str(first.pk)]
    assert (answer["total"], answer["page"], answer["per_page"], answer["unread_count"]) == (2, 1, 10, 1)
    row = answer["notifications"][0]
    assert (row["kind"], row["title"], row["text"], row["url"]) == (
        "sla_breached",
        "Late",
        "It is with Priya.",
        "/leads/x/",
    )
    assert (row["read_at"], row["is_read"]) == (None, False)


@pytest.mark.parametrize(("query", "count"), [("unread=true", 2), ("unread=false", 1), ("kind=job,taken", 2), ("", 3)])
def test_the_list_can_be_narrowed(query, count, manager, api):
    note(manager)
    note(manager, kind="assigned")
    note(manager, read_at=now())
    assert api(manager).get(f"{LIST}?{query}").json()["total"] == count
    assert len(page_of(manager).get(f"/notifications/?{query}").context["rows"]) == count


@pytest.mark.parametrize("query", ["unread=maybe", "kind=gossip", "colour=red"])
def test_what_is_no_filter_is_refused(query, manager, api):
    refused = api(manager).get(f"{LIST}?{query}")
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["query", query.split("=")[0]])
    response = page_of(manager).get(f"/notifications/?{query}")
    assert (response.context["rows"], b'role="alert"' in response.content) == ([], True)


def test_reading_one_leaves_the_others_and_reading_it_again_changes_nothing(manager, api):
    one, other = note(manager), note(manager)
    answer = api(manager).post(f"{LIST}/{one.pk}/read")
    assert (answer.status_code, answer.json()["is_read"]) == (200, True)
    at = fresh(one).read_at
    assert at is not None
    assert fresh(other).read_at is None
    assert api(manager).post(f"{LIST}/{one.pk}/read").status_code == 200
    assert fresh(one).read_at == at


def test_reading_all_reads_ones_own_alone(manager, agent, api):
    note(manager)
    note(manager)
    others = note(agent.user)
    assert api(manager).post(f"{LIST}/read-all").json() == {"success": True, "updated_count": 2}
    assert fresh(others).read_at is None
    assert api(manager).post(f"{LIST}/read-all").json()["updated_count"] == 0


def test_a_colleagues_and_a_strangers_are_403_and_an_unknown_one_404(manager, agent, stranger, api):
    for row in (note(agent.user), note(stranger)):
        assert api(manager).post(f"{LIST}/{row.pk}/read").status_code == 403
        assert page_of(manager).post(f"/notifications/{row.pk}/").status_code == 403
        assert fresh(row).read_at is None
    assert api(manager).post(f"{LIST}/01981c5e-a111-7abc-8def-0123456789ab/read").status_code == 404
    assert api(manager).post(f"{LIST}/nonsense/read").status_code == 404


def test_the_bell_counts_and_answers_304_while_nothing_has_changed(manager):
    client = page_of(manager)
    none = client.get("/notifications/bell/")
    assert (none.status_code, b"unread" in none.content) == (200, False)
    assert client.get("/notifications/bell/", headers={"If-None-Match": none["ETag"]}).status_code == 304
    row = note(manager)
    some = client.get("/notifications/bell/", headers={"If-None-Match": none["ETag"]})
    assert (some.status_code, b">1<" in some.content) == (200, True)
    client.post(f"/notifications/{row.pk}/", {"stay": "1"})
    assert b"unread" not in client.get("/notifications/bell/", headers={"If-None-Match": some["ETag"]}).content
    for _ in range(101):
        note(manager)
    assert b"99+" in client.get("/notifications/bell/").content


@pytest.mark.parametrize("number", [1, 30])
def test_the_bell_and_the_lists_cost_the_same_for_one_and_for_thirty(number, manager, api, django_assert_num_queries):
    for _ in range(number):
        note(manager)
    client, caller = page_of(manager), api(manager)
    for address, statements in (("/notifications/bell/", 3), ("/notifications/latest/", 3), ("/notifications/", 4)):
        with django_assert_num_queries(statements):
            assert client.get(address).status_code == 200
    caller.get(LIST)
    with django_assert_num_queries(3):
        assert caller.get(f"{LIST}?per_page=50").json()["total"] == number


def test_every_page_has_the_bell_also_without_script(manager):
    page = page_of(manager).get("/").content.decode()
    assert 'hx-get="/notifications/bell/"' in page and "every 30s" in page
    assert '<a class="btn btn-icon quiet unscripted" href="/notifications/"' in page


def test_opening_one_reads_it_and_goes_where_it_leads(manager):
    row = note(manager, url="/jobs/")
    response = page_of(manager).post(f"/notifications/{row.pk}/")
    assert (response.status_code, response["Location"]) == (302, "/jobs/")
    assert fresh(row).read_at is not None
    nowhere = note(manager)
    assert page_of(manager).post(f"/notifications/{nowhere.pk}/")["Location"] == "/notifications/"


def test_marking_one_keeps_to_the_list_and_no_other_site(manager):
    row = note(manager, url="/jobs/")
    data = {"stay": "1", "next": "/notifications/?unread=true"}
    assert page_of(manager).post(f"/notifications/{row.pk}/", data)["Location"] == "/notifications/?unread=true"
    data["next"] = "https://elsewhere.example/"
    assert page_of(manager).post(f"/notifications/{row.pk}/", data)["Location"] == "/notifications/"


def test_the_page_says_what_is_unread_and_reads_all(manager):
    note(manager, title="Import <b>is</b> done")
    client = page_of(manager)
    shown = client.get("/notifications/").content.decode()
    assert "Import &lt;b&gt;is&lt;/b&gt; done" in shown and "1 unread" in shown and "not read yet" in shown
    client.post("/notifications/read-all/")
    assert "all read" in client.get("/notifications/").content.decode()
    assert client.get("/notifications/read-all/").status_code == 405


def test_an_empty_list_says_what_will_stand_there(manager):
    assert b"Nothing yet" in page_of(manager).get("/notifications/").content
    assert b"Nothing yet" in page_of(manager).get("/notifications/latest/").content


def test_choices_are_made_on_the_page_and_an_unticked_box_is_a_no(manager):
    client = page_of(manager)
    assert client.get("/notifications/settings/").status_code == 200
    client.post("/notifications/settings/", {"job.email": "on", "assigned.in_app": "on"})
    choices = kept(manager)
    assert choices["job"] == {"in_app": False, "email": True}
    assert choices["assigned"] == {"in_app": True, "email": False}
    assert choices["call_back"] == {"in_app": False, "email": False}


def test_choices_are_made_by_the_api_for_what_is_named_alone(manager, api):
    caller = api(manager)
    before = caller.get(f"{LIST}/preferences").json()["preferences"]
    assert before["assigned"] == {"in_app": True, "email": True}
    assert before["job"] == before["call_back"] == {"in_app": True, "email": False}
    after = caller.put(f"{LIST}/preferences", {"preferences": {"job": {"email": True}}}, format="json").json()
    assert after["preferences"] == {**before, "job": {"in_app": True, "email": True}}
    assert caller.get(f"{LIST}/preferences").json() == after


@pytest.mark.parametrize(
    "wrong",
    [{"gossip": {"email": True}}, {"job": {"pigeon": True}}, {"job": True}, {"job": {"email": "yes"}}],
)
def test_a_choice_that_is_none_is_refused_and_nothing_is_kept(wrong, manager, api):
    refused = api(manager).put(
        f"{LIST}/preferences", {"preferences": {"assigned": {"email": False}, **wrong}}, format="json"
    )
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["body", "preferences"])
    assert kept(manager) == {}


def test_what_was_read_long_ago_is_forgotten(manager, agent):
    at = now()
    note(manager, read_at=at - timedelta(days=31), created_at=at - timedelta(days=40))
    note(agent.user, created_at=at - timedelta(days=181))
    kept = [note(manager, read_at=at - timedelta(days=29)), note(manager, created_at=at - timedelta(days=90))]
    with company_active(manager.company_id):
        assert purge_old(at) == 2
        assert {row.pk for row in Notification.objects.all()} == {row.pk for row in kept}


def test_the_purge_sends_one_task_for_each_company_that_has_some(manager, stranger, django_capture_on_commit_callbacks):
    old = note(stranger, created_at=now() - timedelta(days=200))
    note(manager)
    with django_capture_on_commit_callbacks(execute=True) as sent:
        purge()
    assert len(sent) == 1
    with company_active(old.company_id):
        assert not Notification.objects.exists()
