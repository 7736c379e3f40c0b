"""Lists as files, by the API: the same rows as the list, in its order, with nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from agents.models import Agent
from crm.accounts.models import Company, User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from crm.lists import engine
from crm.lists.models import SavedSearch
from leads.models import Lead, Priority
from leads.tests.factories import ContactFactory, LeadFactory

URL = "/api/v1/leads/export"
AT = datetime(2026, 3, 1, 9, 30, 15, 999_000, tzinfo=UTC)
EVIL = ["=1+1", "@SUM(A1)", "-2+3", "\t=1", " =1", "+1+2", "＝1", "\r=x", "=cmd|' /C calc'!A0"]


def content(response: Any) -> bytes:
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


def rows_of(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(response).decode(), newline="")))


@pytest.fixture
def leads(company: Company, agent: Agent) -> list[Lead]:
    """Three leads, of which the agent holds the second."""
    with company_active(company.pk):
        return [
            LeadFactory(
                contact=ContactFactory(first_name="Zoë", last_name="Abel", organization='Abel, "Sons"\nLtd'),
                score=10, deal_value=Decimal("1234.50"), priority=Priority.URGENT, source="web", created_at=AT,
                tags=["vip", "new"], custom_fields={"budget": 5000, "note": "=1+1", "ok": True},
            ),
            LeadFactory(contact=ContactFactory(first_name="Ben"), score=80, agent=agent, source="fair"),
            LeadFactory(contact=ContactFactory(first_name="Cy"), score=50, source="fair"),
        ]  # fmt: skip


def test_a_csv_holds_every_column_of_every_lead_that_the_list_shows(api: Any, admin: User, leads: Any) -> None:
    response = api(admin).get(URL)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="leads-20')
    rows = rows_of(response)
    assert [row["first_name"] for row in rows] == ["Cy", "Ben", "Zoë"]
    assert {name: rows[2][name] for name in (
        "id", "first_name", "organization", "phone_e164", "status", "priority", "score", "deal_value", "sla_status",
        "agent_name", "tags", "is_duplicate", "custom_fields", "created_at", "closed_at",
    )} == {
        "id": str(leads[0].pk), "first_name": "Zoë", "organization": 'Abel, "Sons"\nLtd',
        "phone_e164": leads[0].contact.phone_e164, "status": "new", "priority": "urgent", "score": "10",
        "deal_value": "1234.50", "sla_status": "none", "agent_name": "", "tags": "vip, new", "is_duplicate": "false",
        "custom_fields": rows[2]["custom_fields"], "created_at": "2026-03-01T09:30:15Z", "closed_at": "",
    }  # fmt: skip
    assert '"budget": 5000' in rows[2]["custom_fields"]
    assert rows[1]["agent_email"] == "priya@copperline.example"


def test_columns_are_chosen_and_ordered_by_name(api: Any, admin: User, leads: Any) -> None:
    text = content(api(admin).get(URL, {"columns": "score, first_name,custom.budget,custom.ok", "ordering": "score"}))
    assert text.decode() == "score,first_name,custom.budget,custom.ok\r\n10,Zoë,5000,true\r\n50,Cy,,\r\n80,Ben,,\r\n"


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"columns": "first_name,shoe_size"}, "columns"),
        ({"columns": "custom."}, "columns"),
        ({"format": "docx"}, "format"),
        ({"ordering": "shoe_size"}, "ordering"),
        ({"stage": "nowhere"}, "stage"),
        ({"shoe_size": "9"}, "shoe_size"),
        ({"page": "1"}, "page"),
        ({"async": "perhaps"}, "async"),
    ],
)
def test_what_is_not_understood_is_422_and_no_export(query: Any, place: str, api: Any, admin: User, leads: Any) -> None:
    response = api(admin).get(URL, query)
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["query", place])
    with company_active(admin.company_id):
        assert not AuditEntry.objects.filter(action="list.exported").exists()


@pytest.mark.parametrize(
    "query",
    [
        {}, {"source": "fair"}, {"min_score": "20", "ordering": "-score"}, {"search": "ben"}, {"stage": "customer"},
        {"unassigned": "true", "ordering": "last_name"}, {"custom.budget": "5000"}, {"ordering": "-deal_value"},
        {"created_before": "2026-03-01"}, {"tags": "vip,none"}, {"sla_status": "none", "ordering": "deadline"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("who", ["admin", "agent"])
def test_the_file_holds_what_the_list_holds_in_its_order(
    query: Any, who: str, api: Any, admin: User, agent: Agent, leads: Any
) -> None:
    client = api(admin if who == "admin" else agent.user)
    listed = [lead["id"] for lead in client.get("/api/v1/leads", query).json()["leads"]]
    assert [row["id"] for row in rows_of(client.get(URL, query))] == listed
    assert who == "admin" or len(listed) <= 1


def test_a_saved_search_is_exported_with_its_columns_and_order(api: Any, admin: User, leads: Any) -> None:
    with company_active(admin.company_id):
        kept = SavedSearch.objects.create(
            name="x", object="leads", owner=admin, filters={"source": "fair"}, columns=["score"], ordering="score"
        )
    client = api(admin)
    assert content(client.get(URL, {"saved_search": kept.pk})) == b"score\r\n50\r\n80\r\n"
    assert (
        content(client.get(URL, {"saved_search": kept.pk, "min_score": 60, "columns": "stage"})) == b"stage\r\nlead\r\n"
    )


def test_a_formula_is_shown_and_not_run(api: Any, admin: User, company: Company) -> None:
    with company_active(company.pk):
        for number, text in enumerate([*EVIL, "-5", "plain", "a=b"]):
            LeadFactory(source=text, score=number, custom_fields={"x": text}, tags=[text])
    query = {"columns": "source,custom.x,tags,custom_fields", "ordering": "score"}
    rows = rows_of(api(admin).get(URL, query))
    shown = [f"'{text}" for text in EVIL] + ["-5", "plain", "a=b"]
    assert (
        [row["source"] for row in rows] == [row["custom.x"] for row in rows] == [row["tags"] for row in rows] == shown
    )
    book = openpyxl.load_workbook(io.BytesIO(content(api(admin).get(URL, {**query, "format": "xlsx"}))))
    cells = [cell for row in book.active.iter_rows(min_row=2) for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert book.active["A2"].value == "=1+1"
    assert book.active["A2"].quotePrefix


def test_a_workbook_has_numbers_and_times_as_such(api: Any, admin: User, company: Company, leads: Any) -> None:
    company.timezone = "America/Phoenix"
    company.save()
    response = api(admin).get(
        URL,
        {"format": "xlsx", "columns": "first_name,score,deal_value,created_at,is_duplicate,tags", "ordering": "score"},
    )
    assert response["Content-Type"].endswith("spreadsheetml.sheet")
    sheet = openpyxl.load_workbook(io.BytesIO(content(response))).active
    assert sheet.title == "Leads"
    assert [cell.value for cell in sheet[1]] == [
        "First name", "Score", "Value", "Created (America/Phoenix)", "Duplicate", "Tags",
    ]  # fmt: skip
    assert [cell.value for cell in sheet[2]] == [
        "Zoë", 10, 1234.5, datetime(2026, 3, 1, 2, 30, 15, 999_000), False, "vip, new",
    ]  # fmt: skip
    assert sheet.freeze_panes == "A2"


def test_a_pdf_is_a_page_to_hand_on(api: Any, admin: User, leads: Any) -> None:
    response = api(admin).get(URL, {"format": "pdf", "source": "fair", "ordering": "-score"})
    assert response["Content-Type"] == "application/pdf"
    reader = PdfReader(io.BytesIO(content(response)))
    text = reader.pages[0].extract_text()
    for words in ("Copperline", "Leads", "2 rows", "Filter: Source is fair", "sorted by score", "Page 1 of 1", "Ben"):
        assert words in text
    assert text.index("Ben") < text.index("Cy")
    assert "Zoë" not in text


def test_markup_in_a_value_stays_text_on_paper(api: Any, admin: User, company: Company) -> None:
    with company_active(company.pk):
        LeadFactory(source='<img src="file:///etc/passwd"><b>bold</b>')
    pages = PdfReader(io.BytesIO(content(api(admin).get(URL, {"format": "pdf", "columns": "source"})))).pages
    assert "<b>bold</b>" in pages[0].extract_text().replace("\n", "")


def test_missing_libraries_are_named(api: Any, admin: User, leads: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setattr("crm.lists.pages.NO_LIBRARIES", 1)
    monkeypatch.setattr("crm.lists.pages.sys.executable", "/bin/false")
    response = api(admin).get(URL, {"format": "pdf"})
    assert response.status_code == 503
    assert "apt-get install libpango-1.0-0 libpangoft2-1.0-0" in response.json()["detail"]


@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
def test_an_export_of_nothing_is_a_file_with_a_head(form: str, api: Any, admin: User) -> None:
    assert len(content(api(admin).get(URL, {"format": form, "columns": "first_name"}))) > 10


def test_another_companys_rows_are_in_no_file(api: Any, stranger: User, leads: Any) -> None:
    client = api(stranger)
    assert rows_of(client.get(URL)) == []
    assert rows_of(client.get("/api/v1/contacts/export")) == []
    assert rows_of(client.get("/api/v1/agents/export")) == []
    assert rows_of(client.get(URL, {"agent_id": str(leads[1].agent_id)})) == []


def test_the_company_of_the_request_is_still_active_while_the_file_is_sent(api: Any, admin: User, leads: Any) -> None:
    """The body is read after the middleware has left."""
    response = api(admin).get(URL)
    assert isinstance(response.streaming_content, Iterator | map) or response.streaming
    assert len(rows_of(response)) == 3


def test_an_export_is_on_record_without_the_words_that_were_sought(api: Any, admin: User, leads: Any) -> None:
    content(api(admin).get(URL, {"search": "ben", "stage": "lead", "min_score": "20", "columns": "score"}))
    with company_active(admin.company_id):
        entry = AuditEntry.objects.get(action="list.exported")
    assert (entry.user_id, entry.object_type, entry.object_id) == (admin.pk, "company", admin.company_id)
    word = entry.data["filters"].pop("search")
    assert word.startswith("hash:")
    assert "ben" not in word
    assert entry.data == {
        "list": "leads", "format": "csv", "rows": 1, "columns": 1, "filters": {"stage": "lead", "min_score": "20"},
    }  # fmt: skip


def test_contacts_agents_and_the_audit_log_have_files_too(api: Any, admin: User, agent: Agent, leads: Any) -> None:
    client = api(admin)
    people = rows_of(client.get("/api/v1/contacts/export", {"search": "ben", "columns": "first_name,email"}))
    assert [row["first_name"] for row in people] == ["Ben"]
    [priya] = rows_of(client.get("/api/v1/agents/export", {"kind": "human"}))
    assert (priya["name"], priya["current"], priya["max"], priya["percentage"]) == ("Priya Rao", "1", "25", "4")
    logged = rows_of(client.get("/api/v1/audit-logs/export", {"action": "list.exported"}))
    assert {(row["action"], row["label"], row["actor"]) for row in logged} == {
        ("list.exported", "List exported", admin.name)
    }


def test_the_audit_log_is_for_administrators(api: Any, manager: User, agent: Agent) -> None:
    assert [api(who).get("/api/v1/audit-logs/export").status_code for who in (manager, agent.user)] == [403, 403]


def test_the_number_of_statements_does_not_grow_with_the_rows(api: Any, admin: User, company: Company) -> None:
    counts = []
    client = api(admin)
    for _ in range(2):
        with company_active(company.pk):
            for _ in range(15):
                LeadFactory()
        with CaptureQueriesContext(connection) as queries:
            content(client.get(URL))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def test_csv_really_streams(in_company: Company, admin: User, monkeypatch: Any) -> None:
    """The head comes before any row is read, and rows are read as they are asked for."""
    read = []

    def rows(*args: Any) -> Iterator[Any]:
        for number in range(1_000):
            read.append(number)
            yield (number,)

    monkeypatch.setattr(engine, "read_cells", rows)
    monkeypatch.setattr(engine.connection, "vendor", "sqlite")
    column = engine.Column("score", "Score", "score", engine.Kind.NUMBER)
    parts = engine.csv_stream(Lead.objects.all(), [column])
    assert (next(parts), read) == (b"score\r\n", [])
    assert next(parts).startswith(b"0\r\n1\r\n")
    assert len(read) == 200


def test_a_filter_that_nothing_passes_gives_the_head_alone(api, manager):
    unknown = "00000000-0000-7000-8000-000000000000"
    response = api(manager).get(f"/api/v1/leads/export?format=csv&campaign_id={unknown}")
    assert response.status_code == 200
    assert len(b"".join(response).decode("utf-8-sig").splitlines()) == 1


def test_the_documentation_says_how_many_rows_each_form_holds(api: Any, admin: User) -> None:
    parameters = api(admin).get("/openapi.json").json()["paths"]["/api/v1/leads/export"]["get"]["parameters"]
    [form] = [one for one in parameters if one["name"] == "format"]
    assert form["description"].endswith("before anything is made: Excel 1,048,575, PDF 5,000.")
