"""The import's API route and pages."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from agents.models import Agent
from crm.audit.models import AuditEntry
from crm.compliance.models import ConsentEvent
from crm.core.tenancy import company_active
from leads.models import Contact, ImportFile, Lead
from leads.tests.factories import ContactFactory, LeadFactory

S3 = b"""first_name,phone,company,position,notes,schedule_at
John,+14155552671,Acme Corp,Manager,Interested in premium,2025-06-24T14:00:00Z
Jane,415-555-2672,TechCo,Director,Follow up next week,
Bob,(415) 555-invalid,StartupInc,CEO,High priority,
"""


def upload(content=S3, name="leads.csv"):
    return SimpleUploadedFile(name, content)


def post(client, content=S3, query="", **fields):
    return client.post(f"/api/v1/leads/csv-import{query}", {"file": upload(content), **fields}, format="multipart")


def test_the_documented_request_gets_the_documented_answer(api, manager, agent):
    response = post(api(manager), query=f"?agent_id={agent.pk}")
    assert response.status_code == 200
    answer = response.json()
    assert answer["success_count"] == 2 and answer["error_count"] == 1 and answer["total_processed"] == 3
    assert answer["errors"] == [{"row": 4, "error": "Invalid phone number format: (415) 555-invalid"}]
    with company_active(manager.company_id):
        assert Lead.objects.filter(agent=agent).count() == 2


def test_a_dry_run_writes_nothing(api, manager):
    answer = post(api(manager), query="?dry_run=true").json()
    assert answer["success_count"] == 2
    with company_active(manager.company_id):
        assert Lead.objects.count() == ImportFile.objects.count() == 0
        assert not AuditEntry.objects.filter(object_type="importfile").exists()


@pytest.mark.parametrize(
    ("content", "query", "status", "words"),
    [
        (b"", "", 400, "empty"),
        (b"first_name,city\nAnn,Bonn\n", "", 400, "phone number or the e-mail"),
        (b"PK\x03\x04broken", "", 400, "damaged"),
        (S3, "?agent_id=00000000-0000-7000-8000-000000000000", 422, "No such agent"),
        (S3, "?agent_id=%00", 422, "No such agent"),
        (S3, "?agent_id=%ED%A0%80", 422, "No such agent"),
        (S3, "?dry_run=perhaps", 422, "true or false"),
        (S3, "?colour=red", 422, "Unknown"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(api, manager, content, query, status, words):
    response = post(api(manager), content, query)
    assert response.status_code == status and words in response.content.decode()
    with company_active(manager.company_id):
        assert Lead.objects.count() == 0


def test_many_rows_are_accepted_as_a_job(api, manager, settings, django_capture_on_commit_callbacks):
    settings.IMPORT_MAX_ROWS_IN_REQUEST = 2
    with django_capture_on_commit_callbacks(execute=True):
        response = post(api(manager))
    answer = response.json()
    assert response.status_code == 202 and answer["job"]["state"] == "queued" and answer["job"]["total"] == 3
    job = api(manager).get(f"/api/v1/jobs/{answer['job_id']}").json()
    assert (job["state"], job["succeeded"], job["failed"]) == ("succeeded", 2, 1)
    assert job["errors"] == [{"row": 4, "error": "Invalid phone number format: (415) 555-invalid"}]
    refused = b"".join(api(manager).get(job["result_url"]).streaming_content).decode("utf-8-sig").splitlines()
    assert refused[0] == "first_name,phone,company,position,notes,schedule_at,import_row,import_error"
    assert refused[1].startswith("Bob,(415) 555-invalid,StartupInc,CEO,High priority,,4,Invalid phone")


def test_a_large_dry_run_is_a_job_that_writes_nothing(api, manager, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = post(api(manager), query="?dry_run=true&async=true").json()
    job = api(manager).get(f"/api/v1/jobs/{answer['job_id']}").json()
    assert (job["kind"], job["succeeded"], job["failed"]) == ("leads.import_check", 2, 1)
    with company_active(manager.company_id):
        assert Lead.objects.count() == 0


def test_without_a_file_and_as_json_it_is_refused(api, manager):
    assert api(manager).post("/api/v1/leads/csv-import", {}, format="multipart").status_code == 400
    assert api(manager).post("/api/v1/leads/csv-import", {"file": "x"}, format="json").status_code == 415


def test_agents_and_strangers_may_not(api, agent, other_agent, stranger, manager):
    assert post(api(agent.user)).status_code == 403
    assert post(api(stranger), query=f"?agent_id={agent.pk}").status_code == 422
    with company_active(manager.company_id):
        assert Lead.objects.count() == 0


def test_an_inactive_agent_is_a_conflict(api, manager, agent):
    with company_active(manager.company_id):
        Agent.objects.update(is_active=False)
    assert post(api(manager), query=f"?agent_id={agent.pk}").status_code == 409


def test_the_pages_lead_from_file_to_result(client, manager):
    client.force_login(manager)
    response = client.post(reverse("leads:import"), {"file": upload()})
    with company_active(manager.company_id):
        file = ImportFile.objects.get()
    here = reverse("leads:import_file", args=[file.pk])
    assert response.headers["Location"] == here
    page = client.get(here).content.decode()
    assert "Import 2 leads" in page and "Invalid phone number format" in page
    assert '<td class="o" data-l="company">Acme Corp</td>' in page  # on a phone each value says what it is
    assert page.index(">Result</th>") < page.index('<th scope="col">phone</th>')  # in sight however wide the table
    chosen = {
        f"column-{n}": field
        for n, field in enumerate(["first_name", "phone", "organization", "title", "skip", "custom"])
    }
    assert client.post(here, {**chosen, "do": "import"}).status_code == 302
    result = client.get(here).content.decode()
    assert "Share out the new leads" in result
    assert result.index("What came of it") < result.index("What was not done")
    shared = client.get(f"{reverse('leads:share')}?unassigned=true&import_id={file.pk}").content.decode()
    assert "Share out 2 leads" in shared
    with company_active(manager.company_id):
        file = ImportFile.objects.get()
    refused = b"".join(client.get(reverse("jobs:result", args=[file.job_id])).streaming_content)
    assert b",4,Invalid phone number format" in refused
    with company_active(manager.company_id):
        lead = Lead.objects.select_related("contact").get(contact__first_name="John")
        assert (lead.contact.organization, lead.contact.title) == ("Acme Corp", "Manager")
        assert lead.custom_fields == {"schedule_at": "2025-06-24T14:00:00Z"}
        assert not ImportFile.objects.get().rows, "what the file held is wiped"
    client.post(here, {**chosen, "do": "import"})
    with company_active(manager.company_id):
        assert Lead.objects.count() == 2


def test_a_wrong_mapping_is_explained(client, manager):
    client.force_login(manager)
    client.post(reverse("leads:import"), {"file": upload()})
    with company_active(manager.company_id):
        here = reverse("leads:import_file", args=[ImportFile.objects.get().pk])
    response = client.post(here, {"column-0": "phone", "column-1": "phone", "do": "import"})
    assert response.status_code == 422 and "both mapped to Phone" in response.content.decode()


def test_a_bad_file_is_refused_beside_its_field(client, manager):
    client.force_login(manager)
    response = client.post(reverse("leads:import"), {"file": upload(b"%PDF-1.7", "a.csv")})
    assert response.status_code == 422 and "not a table" in response.content.decode()


def test_a_file_can_be_thrown_away(client, manager):
    client.force_login(manager)
    client.post(reverse("leads:import"), {"file": upload()})
    with company_active(manager.company_id):
        file = ImportFile.objects.get()
    client.post(reverse("leads:import_discard", args=[file.pk]))
    with company_active(manager.company_id):
        assert not ImportFile.objects.exists()


def test_a_strangers_file_is_out_of_reach(client, manager, stranger):
    client.force_login(manager)
    client.post(reverse("leads:import"), {"file": upload()})
    with company_active(manager.company_id):
        file = ImportFile.objects.get()
    client.force_login(stranger)
    assert client.get(reverse("leads:import_file", args=[file.pk])).status_code == 403


BARRED = b"""First Name,Last Name,Phone,Do Not Call
Ann,Lee,415-555-2671,1
Ben,Ray,415-555-2672,0
Cleo,Day,415-555-2673,
Dan,Orr,415-555-2674,perhaps
"""


@pytest.mark.parametrize("mode", ["new", "fill", "update"])
def test_whoever_asked_the_other_system_not_to_be_called_is_not_called_here(api, manager, mode):
    with company_active(manager.company_id):
        known = LeadFactory(
            contact=ContactFactory(first_name="Ann", last_name="Lee", phone_e164="+14155552671")
        ).contact
    answer = post(api(manager), BARRED, f"?mode={mode}").json()
    assert answer["errors"][-1] == {
        "row": 5,
        "error": "Say yes or no, whether the person may not be contacted: perhaps",
    }
    with company_active(manager.company_id):
        barred = dict(Contact.objects.values_list("first_name", "do_not_contact"))
        assert barred == {"Ann": True, "Ben": False, "Cleo": False}
        assert Lead.objects.get(contact__first_name="Ben").custom_fields == {"Do Not Call": "0"}
    decision = api(manager).get(f"/api/v1/contacts/{known.pk}/decision?channel=voice").json()
    rules = {rule["code"]: rule["outcome"] for rule in decision["rules"]}
    assert (decision["allowed"], rules["do_not_contact"]) == (False, "deny")
    with company_active(manager.company_id):
        assert ConsentEvent.objects.filter(contact=known, state="revoked").exists()


LAST_NAMES = b"Last Name,Email,Phone\nEk,bo@example.org,415-555-2671\n"


def test_a_last_name_alone_is_a_name(api, manager):
    assert post(api(manager), LAST_NAMES).json()["success_count"] == 1
    with company_active(manager.company_id):
        assert Contact.objects.values_list("first_name", "last_name").get() == ("Ek", "")


@pytest.mark.parametrize(("before", "after"), [(("Bo", "Ek"), ("Bo", "Ek")), (("Bo", "Ray"), ("Ek", ""))])
def test_half_of_the_name_that_is_there_renames_nobody(api, manager, before, after):
    with company_active(manager.company_id):
        LeadFactory(contact=ContactFactory(first_name=before[0], last_name=before[1], phone_e164="+14155552671"))
    assert post(api(manager), LAST_NAMES, "?mode=update").json()["updated_count"] == 1
    with company_active(manager.company_id):
        assert Contact.objects.values_list("first_name", "last_name", "email").get() == (*after, "bo@example.org")
