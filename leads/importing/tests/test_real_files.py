"""What people really send: each file becomes the same two leads, or is refused with one clear sentence."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.core.tenancy import company_active
from leads.importing import moments, people
from leads.importing.actions import keep_file, keep_mapped, start_import
from leads.importing.mapping import problems, suggest, with_external_id
from leads.importing.running import answer_of
from leads.importing.tests import real_files
from leads.importing.tests.real_files import ANN, GOOD, PLAIN, ZOE, archive, comma, text_of, workbook
from leads.models import Contact, ImportFile, Lead, Priority

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


def brought_in(
    content: bytes, by: Any, name: str = "leads.csv", *, rich: bool = True, **options: Any
) -> dict[str, Any]:
    """As the page does it, with the fields that it offers."""
    file = keep_file(SimpleUploadedFile(name, content), by=by)
    mapping = suggest(file.headers, rich=rich)
    assert problems(mapping) == []
    return answer_of(start_import(file, mapping, by=by, at_once=True, **options))


def people_there() -> list[dict[str, str]]:
    return list(Contact.objects.order_by("first_name").values("first_name", "last_name", "phone_e164", "email"))


@pytest.mark.parametrize("rich", [True, False], ids=["page", "API"])
@pytest.mark.parametrize("kind", GOOD)
def test_a_file_of_any_system_becomes_the_same_people(in_company, manager, kind, rich):
    name, content = GOOD[kind]
    if not rich and kind == "Salesforce":
        pytest.skip("a national number is read by its country column on the page alone")
    in_company.default_country = "DE" if kind in ("a German Outlook",) else "US"
    in_company.save()
    answer = brought_in(content, manager, name, rich=rich)
    assert answer["errors"] == []
    assert answer["success_count"] == 2
    assert people_there() == [ANN, ZOE]


def lead_of(first_name: str) -> Lead:
    return Lead.objects.select_related("contact").get(contact__first_name=first_name)


def test_what_no_field_is_for_is_kept_under_its_own_header(in_company, manager):
    brought_in(GOOD["Salesforce"][1], manager)
    ann, zoe = lead_of("Ann"), lead_of("Zoé")
    assert (ann.contact.country, ann.contact.title, ann.contact.organization) == ("US", "CFO", "Acme, Inc.")
    assert (zoe.contact.country, zoe.source) == ("DE", "Fair")
    assert ann.custom_fields == {"external_id": "00Q1"}


def test_what_other_systems_say_of_a_lead_beside_its_person_is_read(in_company, manager):
    brought_in(GOOD["leads of Pipedrive"][1], manager)
    ann = lead_of("Ann")
    assert (ann.contact.organization, ann.deal_value, ann.tags, ann.source) == ("Acme", 1500, ["Warm"], "Webforms")
    assert ann.custom_fields == {"Lead - Title": "Big", "Lead - Currency of Value": "USD", "external_id": "9f1c"}


@pytest.mark.parametrize("kind", ["Dynamics 365", "leads of Close"])
def test_a_lead_of_another_system_keeps_its_id_employer_and_worth(in_company, manager, kind):
    brought_in(GOOD[kind][1], manager)
    ann = lead_of("Ann")
    assert ann.custom_fields["external_id"] in ("0a1b-77", "lead_1")
    assert ann.deal_value in (Decimal("1500.50"), Decimal(1500)) and ann.source in ("Advertisement", "Web")


def test_a_column_that_says_it_clearly_goes_before_one_that_does_so_vaguely():
    assert suggest(["Secondary Email", "Email", "Company Phone", "Mobile"]) == {
        "Secondary Email": "other_email", "Email": "email", "Company Phone": "other_phone", "Mobile": "phone",
    }  # fmt: skip
    assert suggest(["id", "External ID"], rich=True) == {"id": "custom", "External ID": "external_id"}
    assert with_external_id({"id": "custom", "External ID": "custom"})["External ID"] == "external_id"
    assert suggest(["Person - Work", "Company - Mobile", "Deal - Title", "Contact owner"]) == dict.fromkeys(
        ["Person - Work", "Company - Mobile", "Deal - Title", "Contact owner"], "custom"
    )


def test_further_numbers_and_addresses_of_a_cell_are_kept(in_company, manager):
    brought_in(GOOD["Pipedrive"][1], manager)
    ann = lead_of("Ann")
    assert ann.custom_fields == {
        "Person - Email": "ann@example.org, ann.lee@example.com",
        "Person - Phone": "+1 415 555 2671, +1 415 555 2672",
        "Deal - Title": "Big",
    }
    assert ann.deal_value == 1500


def test_a_second_phone_column_stands_in_for_the_first_and_else_is_kept(in_company, manager):
    text = (
        "Name,Phone,Home Phone,Mobile\n"
        "Ann,,12,415-555-2671\n"  # what is no number does not stand in
        "Ben,415-555-2672,415-555-2673,\n"
        "Cleo,13,415-555-2674,\n"  # a bad first one is said, not passed over
    )
    answer = brought_in(text.encode(), manager)
    assert answer["errors"] == [{"row": 4, "error": "Invalid phone number format: 13"}]
    ann, ben = lead_of("Ann"), lead_of("Ben")
    assert (ann.contact.phone_e164, ann.custom_fields) == ("+14155552671", {"Home Phone": "12"})
    assert (ben.contact.phone_e164, ben.custom_fields) == ("+14155552672", {"Home Phone": "415-555-2673"})


def test_an_extension_is_kept_and_the_kind_of_a_phone_left_out(in_company, manager):
    text = (
        "Name,Phone,Email\n"
        "Ann,(415) 555-2671 ext. 33,\n"
        "Ben,415-555-2672 (work),\n"
        "Cleo,415.555.2673x208,\n"
        "Dan,+49 30 901820 Durchwahl 12,\n"
    )
    assert brought_in(text.encode(), manager)["errors"] == []
    read = [(lead_of(name).contact.phone_e164, lead_of(name).custom_fields) for name in ("Ann", "Ben", "Cleo", "Dan")]
    assert read == [
        ("+14155552671", {"Phone": "(415) 555-2671 ext. 33"}),
        ("+14155552672", {}),
        ("+14155552673", {"Phone": "415.555.2673x208"}),
        ("+4930901820", {"Phone": "+49 30 901820 Durchwahl 12"}),
    ]


def test_words_for_nothing_are_no_values_and_a_surname_is_no_such_word(in_company, manager):
    text = (
        "First name,Last name,Phone,Mobile,Email,Call at,Priority,Value\n"
        "Ann,Null,N/A,unknown,ann@example.org,0000-00-00,-,n/a\n"
        "Ben,None,415-555-2672,0,none,0,—,0\n"
    )
    assert brought_in(text.encode(), manager)["errors"] == []
    ann, ben = lead_of("Ann"), lead_of("Ben")
    assert (ann.contact.last_name, ann.contact.phone_e164, ann.schedule_at, ann.deal_value) == ("Null", "", None, None)
    assert (ben.contact.last_name, ben.contact.email, ben.schedule_at, ben.deal_value) == ("None", "", None, 0)
    assert ann.custom_fields == ben.custom_fields == {}


def test_priorities_and_tags_are_read_as_other_systems_write_them(in_company, manager):
    text = 'Name,Phone,Priority,Tags\nAnn,415-555-2671,Medium,"""VIP"",""Fair; Bonn"""\nBen,415-555-2672,Hoch,a|b\n'
    assert brought_in(text.encode(), manager)["errors"] == []
    ann, ben = lead_of("Ann"), lead_of("Ben")
    assert (ann.priority, ann.tags) == (Priority.NORMAL, ["VIP", "Fair", "Bonn"])
    assert (ben.priority, ben.tags) == (Priority.HIGH, ["a", "b"])


@pytest.mark.parametrize(
    ("header", "cell", "kept"),
    [
        ("Value", "€ 1.500", {"Value": "€ 1.500"}),
        ("Wert (EUR)", "1500", {"Wert (EUR)": "1500"}),
        ("Amount", "GBP 1,500.00", {"Amount": "GBP 1,500.00"}),
        ("Amount (USD)", "$1.5k", {}),
    ],
)
def test_an_amount_in_another_currency_is_kept_as_it_was_written(in_company, manager, header, cell, kept):
    rows = [["Name", "Phone", header], ["Ann", "415-555-2671", cell]]
    assert brought_in(comma(rows), manager)["errors"] == []
    assert (lead_of("Ann").deal_value, lead_of("Ann").custom_fields) == (1500, kept)


def test_a_number_cell_is_never_read_a_thousand_times_too_large(in_company, manager):
    rows = [["Name", "Phone", "Value"]]
    rows += [[f"N{n}", f"415-555-267{n}", value] for n, value in enumerate([1234.567, 12.345, 0.125, 1500.0, 1e6])]
    assert brought_in(workbook(rows), manager, "leads.xlsx")["errors"] == []
    values = [str(lead_of(f"N{n}").deal_value) for n in range(5)]
    assert values == ["1234.57", "12.34", "0.12", "1500.00", "1000000.00"]


def test_an_unknown_country_is_kept_and_the_row_taken(in_company, manager):
    brought_in(b"Name,Phone,Country\nAnn,415-555-2671,Utopia\nZo,030 901820,Deutschland\n", manager)
    assert lead_of("Ann").custom_fields == {"Country": "Utopia"}
    assert lead_of("Zo").contact.phone_e164 == "+4930901820"


def test_rows_are_numbered_as_the_spreadsheet_shows_them(in_company, manager):
    text = text_of([["Fair 2026"], [], ["Name", "Phone"], ["Ann", "12"], [], ["Ben", "+14155552672"], ["Cleo", "13"]])
    assert [error["row"] for error in brought_in(text.encode(), manager)["errors"]] == [4, 7]


@pytest.mark.parametrize("is_1904", [False, True])
def test_dates_of_a_spreadsheet_are_the_days_that_it_shows(in_company, manager, is_1904):
    rows = [
        ["Name", "Phone", "Termin", "Seen"],
        ["Ann", "+14155552671", datetime(2026, 6, 1, 14, 30), date(2026, 5, 2)],
    ]
    brought_in(workbook(rows, is_1904=is_1904), manager, "leads.xlsx")
    ann = lead_of("Ann")
    zone = ZoneInfo(in_company.timezone)
    assert ann.schedule_at.astimezone(zone).replace(tzinfo=None) == datetime(2026, 6, 1, 14, 30)
    assert ann.custom_fields["Seen"].startswith("2026-05-02")


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600
WIDE = [[f"column {n}" for n in range(300)], ["x"] * 300]
BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "The file is empty."),
    "blank lines": (b"\xef\xbb\xbf\r\n\r\n", "The file has no header row."),
    "only a header": (comma(PLAIN[:1]), "The file has a header and no rows below it."),
    "300 columns": (comma(WIDE), "The file has 300 columns; at most 200 are read."),
    "300 columns in XLSX": (workbook(WIDE), "The file has 300 columns; at most 200 are read."),
    "PDF": (b"%PDF-1.7\n1 0 obj", "This is not a table."),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "This is not a table."),
    "JPEG": (b"\xff\xd8\xff\xe0" + bytes(range(256)), "This is not a table."),
    "GZIP": (b"\x1f\x8b\x08" + bytes(100), "This is not a table."),
    "noise": (bytes(range(256)) * 40, "This is not a table."),
    "old Excel": (OLE, "This is an old Excel file (.xls)."),
    "password": (OLE + "EncryptedPackage".encode("utf-16-le"), "The Excel file is protected by a password."),
    "a web page": (b"<html><table><tr><td>Name</td></tr></table>", "This is a web page or XML."),
    "vCard": (b"BEGIN:VCARD\r\nFN:Ann\r\nEND:VCARD\r\n", "These are address cards (vCard)."),
    "JSON": (b'[{"first_name": "Ann"}]', "This is JSON, not a table."),
    "OpenDocument": (
        archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}),
        "This spreadsheet is of another kind.",
    ),
    "another archive": (archive({"leads.csv": "first_name,phone"}), "This archive is no Excel file."),
    "a formula that nobody has reckoned": (
        workbook([PLAIN[0], ["Ann", "Lee", "+14155552671", '=LOWER("ANN@EXAMPLE.ORG")']]),
        "Row 2 holds a formula without its result. Open the file in a spreadsheet, save it there, and try again.",
    ),
    "half an archive": (workbook(PLAIN)[:2000], "The Excel file is damaged or is not a workbook."),
    "a bomb": (archive({"xl/workbook.xml": b" " * 30_000_000}), "The file unpacks to two hundred times its size."),
    "UTF-16 by half": (b"\xff\xfe" + text_of(PLAIN).encode("utf-16-le")[:-1], "The file says it is UTF-16"),
    "no phone, no e-mail": (b"Name,City\nAnn,Bonn\n", "No column is mapped to the phone number or the e-mail address."),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_read_is_refused_with_a_sentence_and_leaves_nothing(api, manager, kind):
    content, sentence = BAD[kind]
    body = {"file": SimpleUploadedFile("leads.csv", content)}
    response = api(manager).post("/api/v1/leads/csv-import", body, format="multipart")
    assert response.status_code in (400, 413)
    said = response.json()["detail"]
    said = said if isinstance(said, str) else said[0]["msg"]
    assert said.startswith(sentence)
    with company_active(manager.company_id):
        assert not ImportFile.objects.exists() and not Lead.objects.exists() and not Contact.objects.exists()


def test_a_file_of_fifty_megabytes_is_refused_before_it_is_read(api, manager, settings):
    settings.IMPORT_MAX_BYTES = 1_000_000
    body = {"file": io.BytesIO(comma(PLAIN) + b"x" * 1_000_000)}
    body["file"].name = "leads.csv"
    response = api(manager).post("/api/v1/leads/csv-import", body, format="multipart")
    assert response.status_code == 413 and "larger than 1 MB" in response.content.decode()


@pytest.mark.parametrize("name", ["plain.csv", "excel-de.csv", "hubspot.csv", "crm-contacts-export.csv"])
def test_the_shared_sets_are_read(in_company, manager, name):
    if not (SHARED / name).exists():
        pytest.skip("the shared data sets are not here")
    content = (SHARED / name).read_bytes()
    head = (
        b"\n".join(content.replace(b"\r\n", b"\n").split(b"\n")[:200]) if name != "crm-contacts-export.csv" else content
    )
    answer = brought_in(head, manager, name)
    reasons = {error["error"].split(":")[0] for error in answer["errors"]}
    assert reasons <= {"Invalid phone number format", "Lead with this phone number already exists"}
    invalid = sum("Invalid" in error["error"] for error in answer["errors"])
    assert answer["success_count"] == Lead.objects.count() > 0
    assert name == "crm-contacts-export.csv" or invalid <= answer["total_processed"] // 20


def test_a_set_without_people_is_refused_with_its_columns_named(in_company, manager):
    path = SHARED / "online-course-leads.csv"
    if not path.exists():
        pytest.skip("the shared data sets are not here")
    from leads.importing.errors import UnreadableFile

    with pytest.raises(UnreadableFile, match=r"first name.*phone number or the e-mail.*Prospect ID"):
        keep_mapped(SimpleUploadedFile(path.name, path.read_bytes()), by=manager)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-06-05 14:30", datetime(2026, 6, 5, 14, 30)),
        ("05.06.2026 14:30", datetime(2026, 6, 5, 14, 30)),
        ("6/5/2026 2:30 PM", datetime(2026, 6, 5, 14, 30)),
        ("46178.604166666664", datetime(2026, 6, 5, 14, 30)),
        ("Jun 5, 2026 02:30 PM", datetime(2026, 6, 5, 14, 30)),
        ("5 June 2026", datetime(2026, 6, 5)),
        ("5. Juni 2026 14:30", datetime(2026, 6, 5, 14, 30)),
        ("5 août 2026 à 14:30", datetime(2026, 8, 5, 14, 30)),
        ("5 de junio de 2026", datetime(2026, 6, 5)),
        ("Fri, 5 Jun 2026 14:30", datetime(2026, 6, 5, 14, 30)),
        ("05-Jun-2026", datetime(2026, 6, 5)),
        ("2026-06-05T14:30:00.000Z", datetime(2026, 6, 5, 14, 30)),
        ("2026/06/05 14:30", datetime(2026, 6, 5, 14, 30)),
        ("2026-06-05 2:30 PM", datetime(2026, 6, 5, 14, 30)),
        ("2026-06-05 14:30:00 UTC", datetime(2026, 6, 5, 14, 30)),
        ("6/5/26, 2:30 p.m.", datetime(2026, 6, 5, 14, 30)),
        ("05.06.2026, 14:30 Uhr", datetime(2026, 6, 5, 14, 30)),
        ("05.06.2026 14.30", datetime(2026, 6, 5, 14, 30)),
        ("05/06/2026 14h30", datetime(2026, 5, 6, 14, 30)),
        ("06-15-2026", datetime(2026, 6, 15)),
        ("5-Jun-26", datetime(2026, 6, 5)),
        ("5 juin 2026 à 14h30", datetime(2026, 6, 5, 14, 30)),
        ("46178,5", datetime(2026, 6, 5, 12)),
    ],
)
def test_dates_are_read_in_the_forms_of_other_systems(text, day):
    assert moments.moment(text, ZoneInfo("UTC"), "US") == day.replace(tzinfo=UTC)


def test_a_moment_that_names_utc_is_read_in_it_wherever_the_company_is():
    paris = ZoneInfo("Europe/Paris")
    assert moments.moment("2026-06-05 14:30:00 UTC", paris, "FR") == datetime(2026, 6, 5, 14, 30, tzinfo=UTC)
    assert moments.moment("2026-06-05 14:30:00", paris, "FR") == datetime(2026, 6, 5, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Ann Lee", ("Ann", "Lee")),
        ("Lee, Ann", ("Ann", "Lee")),
        ("Mr. Ann Lee", ("Ann", "Lee")),
        ("Dr. Prof. Ann van der Lee", ("Ann", "van der Lee")),
        ("Ann Lee, PhD", ("Ann", "Lee, PhD")),
        ("Dr. Lee", ("Dr.", "Lee")),
        ("Cher", ("Cher", "")),
        (" ", ("", "")),
    ],
)
def test_one_name_becomes_two(text, parts):
    assert people.name_parts(text) == parts


def test_every_case_of_the_generator_is_another_file():
    assert len({content for _, content in GOOD.values()}) == len(GOOD) and real_files.ZOE == ZOE
