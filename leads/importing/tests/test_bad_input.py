"""What goes wrong with files, tried by the page and by the API: one sentence each, and nothing half-written."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from crm.accounts.models import User
from crm.audit.models import AuditEntry
from crm.core.tenancy import company_active
from leads.importing import values
from leads.importing.errors import UnreadableFile
from leads.importing.reading import open_source
from leads.importing.spreadsheets import DAMAGED
from leads.importing.tests.real_files import PLAIN, archive, comma, workbook
from leads.importing.tests.test_real_files import BAD
from leads.models import Contact, ImportFile, Lead

HEADER = "first_name,phone,notes"
LINES = [f"P{n},+1415555{2000 + n % 7000},note {n}" for n in range(10_000)]
BY_HAND = "A quotation mark is opened in row {} and not closed there."
TABLE = "<table><tr><td>first_name</td><td>phone</td></tr><tr><td>Ann</td><td>+14155552671</td></tr></table>"


def lines(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def with_quote_in(place: int, rows: list[str]) -> bytes:
    broken = [f'{row.rpartition(",")[0]},"not closed' if n == place else row for n, row in enumerate(rows, 2)]
    return lines(*broken)


def sheet(rows: str, prolog: str = "") -> bytes:
    """A workbook whose only sheet holds these rows of XML."""
    book = io.BytesIO(workbook(PLAIN))
    parts: dict[str, str | bytes] = {}
    with zipfile.ZipFile(book) as packed:
        parts |= {name: packed.read(name) for name in packed.namelist()}
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts["xl/worksheets/sheet1.xml"] = f'{prolog}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'
    return archive(parts)


def row_of(number: str, *cells: str) -> str:
    written = "".join(f'<c t="str"><v>{cell}</v></c>' for cell in cells)
    return f'<row r="{number}">{written}</row>'


HEAD = row_of("1", "first_name", "phone")
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(10))
WORSE: dict[str, tuple[bytes, str]] = {
    "a quotation mark not closed in row 2 of 10,000": (with_quote_in(2, LINES), BY_HAND.format(2)),
    "one in the last row": (with_quote_in(10_001, LINES), BY_HAND.format(10_001)),
    "one in a file that is longer than any cell": (with_quote_in(5, LINES * 2), BY_HAND.format(5)),
    "one that a later one closes": (
        with_quote_in(2, [*LINES[:50], 'Z,+14155552671,"closed"', *LINES[50:90]]),
        BY_HAND.format(2),
    ),
    "one in the header": (b'first_name,"phone\nAnn,+14155552671\n', BY_HAND.format(1)),
    "an HTML table named .xls": (f"<html><body>{TABLE}</body></html>".encode(), "This is a web page or XML."),
    "one that begins with its table": (TABLE.encode("utf-16"), "This is a web page or XML."),
    "one behind a comment": (f"<!-- report -->\n{TABLE}".encode("utf-8-sig"), "This is a web page or XML."),
    "a web archive named .xls": (
        f"MIME-Version: 1.0\nContent-Type: text/html\n\n{TABLE}".encode(),
        "This is a web page or XML.",
    ),
    "XML of Excel 2003": (b'<?xml version="1.0"?><Workbook><Worksheet/></Workbook>', "This is a web page or XML."),
    "a row beyond the end of any sheet": (sheet(HEAD + row_of("99999999999", "Ann", "+14155552671")), DAMAGED),
    "a row before the first": (sheet(HEAD + row_of("-5", "Ann", "+14155552671")), DAMAGED),
    "a row without a number": (sheet(HEAD + row_of("x", "Ann", "+14155552671")), DAMAGED),
    "a billion laughs": (
        sheet(HEAD + row_of("2", "&a9;", "+14155552671"), f"<!DOCTYPE x [{LAUGHS}]>"),
        DAMAGED,
    ),
}
ALL = {**BAD, **WORSE}
NO_COLUMN = "no phone, no e-mail"  # the page lets one choose the columns


def nothing_is_left(user: User) -> bool:
    with company_active(user.company_id):
        rows = [model.objects.exists() for model in (ImportFile, Lead, Contact)]
        return not any(rows) and not AuditEntry.objects.filter(action__startswith="lead").exists()


@pytest.mark.parametrize("kind", WORSE)
def test_by_the_api_it_is_refused_with_a_sentence(api: Any, manager: User, kind: str) -> None:
    content, sentence = WORSE[kind]
    body = {"file": SimpleUploadedFile("leads.xls", content)}
    response = api(manager).post("/api/v1/leads/csv-import", body, format="multipart")
    assert response.status_code in (400, 413) and response.json()["detail"].startswith(sentence), response.content
    assert nothing_is_left(manager)


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind != NO_COLUMN])
def test_by_the_page_it_is_refused_beside_the_field(client: Client, manager: User, kind: str) -> None:
    content, sentence = ALL[kind]
    client.force_login(manager)
    response = client.post(reverse("leads:import"), {"file": SimpleUploadedFile("leads.xlsx", content)})
    assert response.status_code == 422 and response.context["error"].startswith(sentence)
    assert nothing_is_left(manager)


def test_many_parts_that_are_no_bomb_alone_are_one_together(
    api: Any, client: Client, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.spreadsheets.MAX_UNPACKED", 5_000_000)
    content = archive({f"xl/part{n}.xml": b" " * 1_900_000 for n in range(3)})
    body = {"file": SimpleUploadedFile("leads.xlsx", content)}
    answer = api(manager).post("/api/v1/leads/csv-import", body, format="multipart")
    assert (answer.status_code, answer.json()["detail"]) == (413, "The file unpacks to more than 5 MB.")
    client.force_login(manager)
    page = client.post(reverse("leads:import"), {"file": SimpleUploadedFile("leads.xlsx", content)})
    assert page.status_code == 422 and page.context["error"] == "The file unpacks to more than 5 MB."
    assert nothing_is_left(manager)


@pytest.mark.parametrize("closed", [LINES[:50], [f'"{line.replace(",", chr(34) + "," + chr(34))}"' for line in LINES]])
def test_marks_that_are_closed_break_nothing(closed: list[str]) -> None:
    sloppy = ['Ann,+14155552671,5" pipe', 'Bo,+14155552672,said "no"', 'Cy,+14155552673,"a ""b"" c\nd"']
    rows = list(open_source(io.BytesIO(lines(*sloppy, *closed))).rows)
    assert len(rows) == len(sloppy) + len(closed)
    assert [cells[2] for _, cells in rows[:3]] == ['5" pipe', 'said "no"', 'a "b" c\nd']


def test_a_long_note_is_no_swallowed_row() -> None:
    note = "\n".join(f"{n} Main Street, Springfield, first call on Monday, asked for a quote" for n in range(40))
    [(_, cells)] = open_source(io.BytesIO(lines(f'Ann,+14155552671,"{note}"'))).rows
    assert cells[2] == note


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_the_last_row_may_end_in_any_way(end: str) -> None:
    for last in ("Ann,+14155552671,x", 'Ann,+14155552671,"x"'):
        [(_, cells)] = open_source(io.BytesIO(f"{HEADER}\n{last}{end}".encode())).rows
        assert cells == ["Ann", "+14155552671", "x"]


def test_more_than_fifty_megabytes_are_refused_by_both_doors_before_they_are_read(
    api: Any, client: Client, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.storing.open_source", lambda stream: pytest.fail("it was read"))
    sentence = "The file is larger than 50 MB."

    def large() -> io.BytesIO:
        file = io.BytesIO(b"first_name,phone\n" + b"Ann,+14155552671\n" * 3_000_000)
        file.name = "leads.csv"
        return file

    answer = api(manager).post("/api/v1/leads/csv-import", {"file": large()}, format="multipart")
    assert (answer.status_code, answer.json()["detail"]) == (413, sentence)
    client.force_login(manager)
    page = client.post(reverse("leads:import"), {"file": large()})
    assert page.status_code == 422 and page.context["error"] == sentence
    assert nothing_is_left(manager)


# --- columns -------------------------------------------------------------------------------------------------------


def test_two_columns_of_one_field_are_refused_on_the_page_and_parted_by_the_api(
    api: Any, client: Client, manager: User
) -> None:
    content = b"Vorname,First name,Telefon,Mobile\nAnn,Anna,+14155552671,+14155552672\n"
    client.force_login(manager)
    client.post(reverse("leads:import"), {"file": SimpleUploadedFile("l.csv", content)})
    with company_active(manager.company_id):
        here = reverse("leads:import_file", args=[ImportFile.objects.get().pk])
    columns = {f"column-{n}": field for n, field in enumerate(["first_name", "first_name", "phone", "phone"])}
    response = client.post(here, {**columns, "do": "import"})
    assert response.status_code == 422
    assert response.context["problems"] == [
        "“Vorname” and “First name” are both mapped to First name. Choose one.",
        "“Telefon” and “Mobile” are both mapped to Phone. Choose one.",
    ]
    with company_active(manager.company_id):
        assert not Lead.objects.exists()
    body = {"file": SimpleUploadedFile("l.csv", content)}
    assert api(manager).post("/api/v1/leads/csv-import", body, format="multipart").json()["success_count"] == 1
    with company_active(manager.company_id):
        lead = Lead.objects.select_related("contact").get()
        assert (lead.contact.first_name, lead.contact.phone_e164) == ("Ann", "+14155552671")
        assert lead.custom_fields == {"First name": "Anna", "Mobile": "+14155552672"}


# --- cells ---------------------------------------------------------------------------------------------------------


def test_what_excel_has_cut_is_named_row_by_row(api: Any, client: Client, manager: User) -> None:
    rows = ["A,4.15555E+09,", "B,4.155552671E+09,", "C,9E+99,", "D,1E+05,", "E,4.155552672e9,", "F,NaN,", "G,1e400,"]
    content = lines(*rows)
    answer = api(manager).post(
        "/api/v1/leads/csv-import", {"file": SimpleUploadedFile("l.csv", content)}, format="multipart"
    )
    assert answer.status_code == 200, answer.content
    cut = "Excel has cut this phone number short: {}"
    assert {error["row"]: error["error"] for error in answer.json()["errors"]} == {
        2: cut.format("4.15555E+09"),
        4: cut.format("9E+99"),
        5: cut.format("1E+05"),
        7: "Invalid phone number format: NaN",
        8: "Invalid phone number format: 1e400",
    }
    with company_active(manager.company_id):
        phones = Contact.objects.order_by("first_name").values_list("phone_e164", flat=True)
        assert list(phones) == ["+14155552671", "+14155552672"]
    client.force_login(manager)
    there = client.post(reverse("leads:import"), {"file": SimpleUploadedFile("l.csv", content)}).headers["Location"]
    assert "Excel has cut this phone number short: 4.15555E+09" in client.get(there).content.decode()


@pytest.mark.timeout(20)
def test_cells_of_nothing_but_spaces_and_marks_hold_nobody_up(api: Any, manager: User) -> None:
    odd = ["1" + " " * 9000 + "x(", "1" + "\u2003" * 9000 + "x", "(" * 9000, "1" + "," * 9000, "1" + "a" * 9000]
    content = lines(*(f'A,"{cell}",' for cell in odd * 4)) + f"\nB,+14155552671,{odd[0]}".encode()
    body = {"file": SimpleUploadedFile("l.csv", content)}
    answer = api(manager).post("/api/v1/leads/csv-import", body, format="multipart").json()
    assert (answer["success_count"], answer["error_count"]) == (1, 20)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5E+06", "1500000.00"), ("1,5E+06", "1500000.00"), ("1.23456E+02", "123.46"), ("EUR 1.500,00", "1500.00"),
     ("1500 USD", "1500.00"), ("kr 99", "99.00"), ("999999999999.99", "999999999999.99"), ("1.5k", "1500.00"),
     ("2 Mio. €", "2000000.00"), ("$1.2M", "1200000.00"), ("1234.5678", "1234.57"), ("0,125", "0.12"),
     ("12,34,567.50", "1234567.50"), ("1,50,000", "150000.00"), ("1'500.00", "1500.00"), ("1.234.567", "1234567.00"),
     ("1,234.567", "1234.57"), ("1500 MXN", "1500.00")],
)  # fmt: skip
def test_money_as_excel_and_people_write_it(text: str, value: str) -> None:
    assert str(values.money(text)) == value


@pytest.mark.parametrize(
    "text",
    [
        "1e400",
        "9E+99",
        "1500 or 2000",
        "NaN",
        "Infinity",
        "12 to 15",
        "1" * 40,
        "999999999999.995",
        "9" * 13,
        "1.500.0000",
        "1500 up to 2000",
    ],
)
def test_what_is_no_amount_is_refused_and_never_read_as_another(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        values.money(text)


def test_nul_bytes_are_left_out_wherever_they_stand() -> None:
    [(number, cells)] = open_source(io.BytesIO(b"\x00first_name,ph\x00one\nA\x00nn,+14155552671\x00\n")).rows
    assert (number, cells) == (2, ["Ann", "+14155552671"])


def test_a_file_of_utf_16_without_its_mark_is_read() -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        source = open_source(io.BytesIO(comma(PLAIN).decode().encode(encoding)))
        assert source.headers == PLAIN[0] and len(list(source.rows)) == 2
    with pytest.raises(UnreadableFile):
        list(open_source(io.BytesIO(comma(PLAIN).decode().encode("utf-16-le")[:-1])).rows)


def most_held(rows: int) -> int:
    """Bytes, beyond the workbook itself, while all of its rows are read."""
    cells = [f"text {n}" for n in range(6)]
    stream = io.BytesIO(sheet(HEAD + "".join(row_of(str(n), f"P{n}", "+14155552671", *cells) for n in range(2, rows))))
    tracemalloc.start()
    try:
        assert sum(1 for _ in open_source(stream).rows) == rows - 2
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_flat_however_long_a_workbook_is() -> None:
    most_held(500)
    assert most_held(16_000) < 1.3 * most_held(8_000)
