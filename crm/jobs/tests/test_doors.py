"""Jobs by API and page: who sees which, how far they are, stopping, results, taking back."""

import pytest
from django.urls import reverse
from django.utils.timezone import now

from crm.accounts.permissions_table import Role
from crm.accounts.tests.factories import UserFactory
from crm.core.tenancy import company_active
from crm.jobs import kinds
from crm.jobs.actions import start_job
from crm.jobs.kinds import Batch, Kind, ResultFile, RowProblem
from crm.jobs.models import Job, JobState
from crm.jobs.running import claim, run_job, run_next


def count_to(job):
    start = job.cursor or 0
    end = min(start + 10, job.params["to"])
    problems = [RowProblem("seven", row=n) for n in range(start, end) if n % 7 == 6]
    return Batch(end if end < job.params["to"] else None, end - start - len(problems), problems)


def refused(job):
    return ResultFile("refused.csv", "text/csv", iter([b"row\r\n", b"6\r\n"]))


@pytest.fixture(autouse=True)
def _kinds(monkeypatch):
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))
    kinds.register(Kind("test.count", "Counting", "leads.bulk", count_to, undo_kind="test.uncount", refused=refused))
    kinds.register(Kind("test.uncount", "Counting back", "leads.bulk", lambda job: Batch(None, 1)))


@pytest.fixture
def start(company):
    def make(by, to=25, run=False):
        with company_active(company.pk):
            job = start_job("test.count", {"to": to}, by=by, title="Count", total=to)
            if run:
                run_job(job.pk)
                job.refresh_from_db()
        return job

    return make


def half_done(job):
    with company_active(job.company_id):
        run_next(job.pk, claim(job.pk))


def test_a_job_is_told_as_documented(api, manager, start):
    job = start(manager, run=True)
    answer = api(manager).get(f"/api/v1/jobs/{job.pk}").json()
    wanted = {"id", "kind", "state", "total", "processed", "succeeded", "failed", "errors", "result_url"}
    assert wanted | {"created_at", "finished_at"} <= answer.keys()
    assert (answer["state"], answer["total"], answer["processed"], answer["succeeded"]) == ("succeeded", 25, 25, 22)
    assert answer["errors"] == [{"row": n, "error": "seven"} for n in (6, 13, 20)]
    assert answer["result_url"] == f"/api/v1/jobs/{job.pk}/result" and answer["finished_at"].endswith("Z")


def test_progress_is_answered_with_304_until_it_moves(api, manager, start):
    job = start(manager)
    client, here = api(manager), f"/api/v1/jobs/{job.pk}"
    tag = client.get(here).headers["ETag"]
    assert client.get(here, headers={"If-None-Match": tag}).status_code == 304
    half_done(job)
    moved = client.get(here, headers={"If-None-Match": tag})
    assert moved.status_code == 200 and moved.json()["processed"] == 10 and moved.json()["state"] == "running"


def test_the_list_has_three_forms_and_filters(api, manager, start, django_assert_max_num_queries):
    for _ in range(3):
        start(manager, run=True)
    start(manager)
    client = api(manager)
    first = client.get("/api/v1/jobs?per_page=2").json()
    assert (len(first["jobs"]), first["total"], first["page"]) == (2, 4, 1)
    assert client.get("/api/v1/jobs?skip=3&limit=5").json()["skip"] == 3
    begun = client.get("/api/v1/jobs?cursor=&per_page=3").json()
    assert len(client.get("/api/v1/jobs", {"cursor": begun["next"], "per_page": 3}).json()["jobs"]) == 1
    assert client.get("/api/v1/jobs?state=queued").json()["total"] == 1
    assert client.get("/api/v1/jobs?kind=test.count,other").json()["total"] == 4
    assert client.get("/api/v1/jobs?state=asleep").status_code == 422
    assert client.get("/api/v1/jobs?colour=red").status_code == 422


def test_an_agent_sees_its_own_and_managers_all(api, client, manager, admin, agent, stranger, start):
    theirs, own = start(manager), start(agent.user)
    assert [job["id"] for job in api(agent.user).get("/api/v1/jobs").json()["jobs"]] == [str(own.pk)]
    assert api(agent.user).get(f"/api/v1/jobs/{theirs.pk}").status_code == 403
    assert api(agent.user).post(f"/api/v1/jobs/{theirs.pk}/cancel").status_code == 403
    assert api(admin).get("/api/v1/jobs").json()["total"] == 2
    assert api(stranger).get("/api/v1/jobs").json()["total"] == 0
    for verb in ("cancel", "undo"):
        assert api(stranger).post(f"/api/v1/jobs/{own.pk}/{verb}").status_code == 403
    assert api(stranger).get(f"/api/v1/jobs/{own.pk}/result").status_code == 403
    client.force_login(agent.user)
    assert client.get(reverse("jobs:detail", args=[theirs.pk])).status_code == 403


def test_cancelling_by_the_api(api, manager, start):
    job = start(manager)
    assert api(manager).post(f"/api/v1/jobs/{job.pk}/cancel").json()["state"] == "cancelled"
    again = api(manager).post(f"/api/v1/jobs/{job.pk}/cancel")
    assert again.status_code == 409 and "over" in again.json()["detail"]


def test_the_errors_are_paged_and_the_result_is_an_attachment(api, manager, start):
    job, clean = start(manager, run=True), start(manager, to=5, run=True)
    answer = api(manager).get(f"/api/v1/jobs/{job.pk}/errors?per_page=2").json()
    assert answer["total"] == 3 and [row["row"] for row in answer["errors"]] == [6, 13]
    result = api(manager).get(f"/api/v1/jobs/{job.pk}/result")
    assert b"".join(result.streaming_content) == b"row\r\n6\r\n"
    assert result.headers["Content-Disposition"] == 'attachment; filename="refused.csv"'
    assert api(manager).get(f"/api/v1/jobs/{clean.pk}").json()["result_url"] is None
    assert api(manager).get(f"/api/v1/jobs/{clean.pk}/result").status_code == 404


def test_undo_answers_202_once_and_needs_the_right(api, manager, agent, start, django_capture_on_commit_callbacks):
    job = start(manager, run=True)
    with django_capture_on_commit_callbacks(execute=True):
        answer = api(manager).post(f"/api/v1/jobs/{job.pk}/undo")
    assert answer.status_code == 202 and answer.json()["job"]["undoes_id"] == str(job.pk)
    assert answer.headers["Location"] == f"/api/v1/jobs/{answer.json()['job_id']}"
    assert api(manager).get(f"/api/v1/jobs/{job.pk}").json()["state"] == "undone"
    assert api(manager).post(f"/api/v1/jobs/{job.pk}/undo").status_code == 409
    assert api(agent.user).post(f"/api/v1/jobs/{start(agent.user, run=True).pk}/undo").status_code == 403


def test_the_page_shows_a_bar_that_is_asked_again(client, manager, start):
    job = start(manager)
    half_done(job)
    client.force_login(manager)
    here = reverse("jobs:detail", args=[job.pk])
    page = client.get(here).content.decode()
    assert '<progress class="w" max="100" value="40"' in page and 'hx-trigger="every 2s"' in page
    part = client.get(here, headers={"HX-Request": "true"})
    assert b"<html" not in part.content
    again = client.get(here, headers={"HX-Request": "true", "If-None-Match": part.headers["ETag"]})
    assert again.status_code == 304 and not again.content
    with company_active(job.company_id):
        Job.objects.update(leased_until=now())
        run_job(job.pk)
    done = client.get(here, headers={"HX-Request": "true", "If-None-Match": part.headers["ETag"]}).content.decode()
    assert "every 2s" not in done and "seven" in done and "Take it back" in done


def test_the_side_bar_tells_of_running_jobs_and_stops_asking(client, manager, start):
    client.force_login(manager)
    where = reverse("jobs:running")
    assert client.get(where).status_code == 204
    job = start(manager)
    half_done(job)
    assert "40%" in client.get(where).content.decode()
    with company_active(job.company_id):
        Job.objects.update(state=JobState.SUCCEEDED)
    assert "every 2s" not in client.get(f"{where}?polled=1").content.decode()


def test_the_pages_cancel_and_undo(client, manager, start):
    client.force_login(manager)
    job, done = start(manager), start(manager, run=True)
    client.post(reverse("jobs:cancel", args=[job.pk]))
    response = client.post(reverse("jobs:undo", args=[done.pk]))
    with company_active(manager.company_id):
        assert Job.objects.get(pk=job.pk).state == JobState.CANCELLED
        undo = Job.objects.get(undoes=done)
    assert response.headers["Location"] == reverse("jobs:detail", args=[undo.pk])
    assert b"".join(client.get(reverse("jobs:result", args=[done.pk]))).startswith(b"row")


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_page_costs_the_same_at_any_size(client, manager, start, rows, django_assert_num_queries):
    for _ in range(rows):
        start(manager, to=5)
    client.force_login(manager)
    client.get(reverse("jobs:list"))
    with django_assert_num_queries(3):
        assert "Count" in client.get(reverse("jobs:list")).content.decode()


def test_an_empty_list_says_what_belongs_there(client, manager, company):
    client.force_login(manager)
    assert "No long work yet" in client.get(reverse("jobs:list")).content.decode()
    assert "No job matches" in client.get(reverse("jobs:list") + "?state=failed").content.decode()
    agent = UserFactory(company=company, role=Role.AGENT)
    client.force_login(agent)
    assert "Import leads" not in client.get(reverse("jobs:list")).content.decode()
