import io
import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook

from leads.importing import moments, values
from leads.importing.errors import TooLarge, UnreadableFile
from leads.importing.mapping import problems, suggest
from leads.importing.reading import open_source, read_table

TEXT = 'first_name,phone,notes\nJosé,415-555-2672,"two\nlines"\n\nAnn,+14155552671,\n'


def read(content, max_rows=100):
    return read_table(content, max_rows=max_rows)


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t"), ("utf-16-le", ","), ("cp1252", "|"), ("latin-1", ";")],
)
def test_any_encoding_and_delimiter_is_read(encoding, delimiter):
    table = read(TEXT.replace(",", delimiter).encode(encoding))
    assert table.headers == ["first_name", "phone", "notes"]
    assert table.rows == [(2, ["José", "415-555-2672", "two\nlines"]), (4, ["Ann", "+14155552671"])]


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("first", ["", "sep=,", "sep=", 'sep="'])
def test_lines_may_end_in_any_way_and_name_their_delimiter_or_not(ending, first):
    lines = [*([first] if first else []), "first_name,phone", "Ann,+14155552671", "Bo,+14155552672", ""]
    source = read(ending.join(lines).encode())
    assert source.headers == ["first_name", "phone"]
    assert [cells for _, cells in source.rows] == [["Ann", "+14155552671"], ["Bo", "+14155552672"]]


def test_a_spreadsheet_is_known_by_its_content():
    book = Workbook()
    book.active.append(["First name", "Phone", "Termin"])
    book.active.append(["Ann", 14155552671.0, datetime(2026, 6, 1, 12)])
    out = io.BytesIO()
    book.save(out)
    assert read(out.getvalue()).rows == [(2, ["Ann", "14155552671", "2026-06-01T12:00:00"])]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"\n\n,,\n", "empty"),
        (b"PK\x03\x04 nonsense", "damaged"),
        (b"%PDF-1.7", "not a table"),
        (b"\xd0\xcf\x11\xe0old", "old Excel"),
        (b"\xff\xfea", "UTF-16"),
        (b"\x01\x02\x03\x04" * 50, "not a table"),
        (",".join(f"c{n}" for n in range(300)).encode(), "300 columns"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(content, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        read(content)


def test_more_rows_than_allowed_are_refused():
    with pytest.raises(TooLarge, match="more than 2 rows"):
        read(b"a,b\n1,2\n3,4\n5,6\n", max_rows=2)


def test_repeated_and_empty_headers_get_names():
    assert read(b"a,a,,b\n1,2,3,4\n").headers == ["a", "a (2)", "Column 3", "b"]


def test_headers_of_other_systems_are_recognised():
    hubspot = ["First Name", "Last Name", "Email", "Phone Number", "Company Name", "Lifecycle Stage"]
    assert list(suggest(hubspot).values()) == ["first_name", "last_name", "email", "phone", "custom", "custom"]
    assert suggest(hubspot, rich=True)["Company Name"] == "organization"
    german = ["Vorname", "Nachname", "Telefon", "E-Mail", "Firma", "Wert", "Termin"]
    assert list(suggest(german).values()) == [
        "first_name", "last_name", "phone", "email", "custom", "deal_value", "schedule_at",
    ]  # fmt: skip
    assert suggest(["company", "position", "notes"]) == dict.fromkeys(["company", "position", "notes"], "custom")


def test_two_columns_of_one_field_and_missing_ones_are_named():
    assert problems({"Tel": "phone", "Mobile": "phone", "Name": "name"}) == [
        "“Tel” and “Mobile” are both mapped to Phone. Choose one."
    ]
    assert len(problems({"a": "custom"})) == 2


@pytest.mark.parametrize(
    ("text", "country", "moment"),
    [
        ("2026-06-15T12:00:00Z", "US", datetime(2026, 6, 15, 12, tzinfo=UTC)),
        ("15.06.2026 12:00", "US", datetime(2026, 6, 15, 16, tzinfo=UTC)),
        ("06/15/2026 2:30 PM", "US", datetime(2026, 6, 15, 18, 30, tzinfo=UTC)),
        ("15/06/2026", "GB", datetime(2026, 6, 15, 4, tzinfo=UTC)),
        ("46188", "US", datetime(2026, 6, 15, 4, tzinfo=UTC)),
    ],
)
def test_dates_in_many_forms(text, country, moment):
    assert moments.moment(text, ZoneInfo("America/New_York"), country) == moment


@pytest.mark.parametrize("text", ["soon", "31.02.2026", "2026-13-01", "0001-01-01", "99/99/2026"])
def test_impossible_dates_are_refused(text):
    with pytest.raises(ValueError, match="date"):
        moments.moment(text, ZoneInfo("UTC"), "US")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1500", "1500"),
        ("1,500.00", "1500"),
        ("1.500,00", "1500"),
        ("999,90", "999.90"),
        ("$ 1 200", "1200"),
        ("1,500", "1500"),
        (".5", "0.5"),
    ],
)
def test_money_in_many_forms(text, value):
    assert values.money(text) == Decimal(value)


@pytest.mark.parametrize("text", ["-5", "abc", "", "9" * 30, "--1"])
def test_wrong_money_is_refused(text):
    with pytest.raises(ValueError, match="amount"):
        values.money(text)


def test_what_excel_does_to_phone_numbers_is_undone():
    assert values.phone_text("1.4155552671E+10") == "14155552671"
    assert values.phone_text("14155552671.0") == "14155552671"
    assert values.phone_text("442071838750") == "+442071838750"
    with pytest.raises(ValueError, match="cut"):
        values.phone_text("1.41556E+10")


def most_held(rows):
    """Bytes, beyond the file itself, while all of its rows are read."""
    stream = io.BytesIO(b"first_name,phone,notes\n" + b"Ann,+14155552671,a note of some length\n" * rows)
    tracemalloc.start()
    try:
        assert sum(1 for _ in open_source(stream).rows) == rows
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_flat_however_long_the_file_is():
    most_held(1000)
    assert most_held(120_000) < 1.2 * most_held(40_000)
