"""Files as other systems and spreadsheets write them, each of the same two people, made here to be read again."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from openpyxl import Workbook

ANN = {"first_name": "Ann", "last_name": "Lee", "phone_e164": "+14155552671", "email": "ann@example.org"}
ZOE = {"first_name": "Zoé", "last_name": "Müller", "phone_e164": "+4930901820", "email": "zoe@example.org"}
Rows = Sequence[Sequence[Any]]


def text_of(rows: Rows, delimiter: str = ",", end: str = "\r\n", quoting: Any = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    return out.getvalue()


def comma(rows: Rows) -> bytes:
    return text_of(rows).encode()


HUBSPOT = [
    ["Record ID", "First Name", "Last Name", "Email", "Phone Number", "Contact owner", "Lead Status", "Create Date"],
    ["101", "Ann", "Lee", "Ann@Example.org", "(415) 555-2671", "", "New", "2026-06-15 12:15"],
    ["102", "Zoé", "Müller", "zoe@example.org", "+49 30 901820", "", "Open", "2026-06-16 09:00"],
]
SALESFORCE = [
    ["Lead ID", "First Name", "Last Name", "Title", "Company", "Phone", "Mobile", "Email", "Lead Source", "Country"],
    ["00Q1", "Ann", "Lee", "CFO", "Acme, Inc.", "", "415.555.2671", "ann@example.org", "Web", "United States"],
    ["00Q2", "Zoé", "Müller", "", "Café GmbH", "030 901820", "", "zoe@example.org", "Fair", "Germany"],
]
PIPEDRIVE = [
    ["Person - Name", "Person - Email", "Person - Phone", "Organization - Name", "Deal - Title", "Deal - Value"],
    ["Ann Lee", "ann@example.org, ann.lee@example.com", "+1 415 555 2671, +1 415 555 2672", "Acme", "Big", "1,500.00"],
    ["Zoé Müller", "zoe@example.org", "+4930901820", "Café", "Small", "900"],
]
ZOHO = [
    ["Record Id", "Lead Owner", "Full Name", "Email", "Mobile", "Lead Source", "Designation", "Tag", "Created Time"],
    ["zcrm_1", "Me", "Lee, Ann", "ann@example.org", "4155552671", "Chat", "CFO", "hot;big", "Jun 1, 2026 02:30 PM"],
    ["zcrm_2", "Me", "Dr. Zoé Müller", "zoe@example.org", "0049 30 901820", "Chat", "", "", "Jun 2, 2026 09:00 AM"],
]
GOOGLE = [
    ["First Name", "Middle Name", "Last Name", "Labels", "E-mail 1 - Label", "E-mail 1 - Value", "Phone 1 - Label",
     "Phone 1 - Value", "Phone 2 - Value"],
    ["Ann", "", "Lee", "* myContacts", "* Work", "ann@example.org", "Work", "+1 415-555-2671 ::: +1 415-555-2672", ""],
    ["Zoé", "", "Müller", "", "", "zoe@example.org", "", "", "+49 30 901820"],
]  # fmt: skip
GOOGLE_OLD = [
    ["Name", "Given Name", "Family Name", "E-mail 1 - Type", "E-mail 1 - Value", "Phone 1 - Type", "Phone 1 - Value"],
    ["Ann Lee", "Ann", "Lee", "Work", "ann@example.org", "Mobile", "(415) 555-2671"],
    ["Zoé Müller", "Zoé", "Müller", "Work", "zoe@example.org", "Home", "+49 30 901820"],
]
OUTLOOK = [
    [
        "First Name",
        "Last Name",
        "Company",
        "Business Fax",
        "Business Phone",
        "Home Phone",
        "Mobile Phone",
        "E-mail Address",
    ],
    ["Ann", "Lee", "Acme", "", "", "", "(415) 555-2671 ext. 12", "ann@example.org"],
    ["Zoé", "Müller", "Café", "", "+49 30 901820", "", "", "Zoé Müller <zoe@example.org>"],
]
OUTLOOK_DE = [
    ["Vorname", "Nachname", "Firma", "Telefon geschäftlich", "Mobiltelefon", "E-Mail-Adresse"],
    ["Ann", "Lee", "Acme", "001 415 555 2671", "", "ann@example.org"],
    ["Zoé", "Müller", "Café", "030/901820", "", "zoe@example.org"],
]
FRENCH = [
    ["Nom", "Prénom", "Société", "Numéro de téléphone", "Adresse e-mail", "Montant"],
    ["Lee", "Ann", "Acme", "+1 415 555 2671", "ann@example.org", "1 500,00 €"],
    ["Müller", "Zoé", "Café", "+49 30 90 18 20", "zoe@example.org", "999,90"],
]
SPANISH = [
    ["Nombre", "Apellidos", "Teléfono", "Correo electrónico", "Empresa", "Etiquetas"],
    ["Ann", "Lee", "+1 415 555 2671", "ann@example.org", "Acme", "uno; dos"],
    ["Zoé", "Müller", "+49 30 901820", "zoe@example.org", "Café", ""],
]
NAME_AND_FIRST = [
    ["Name", "Vorname", "Tel.", "E-Mail"],
    ["Lee", "Ann", "+1 (415) 555-2671", "ann@example.org"],
    ["Müller", "Zoé", "+49 30 901820", "zoe@example.org"],
]
ONE_NAME = [
    ["Name", "Phone", "Email"],
    ["Ann Lee", "415-555-2671 x208", "mailto:ann@example.org"],
    ["Müller, Zoé", "+49 30 901820 / +49 30 901821", "zoe@example.org; z@example.org"],
]
ITALIAN = [["Nome", "Cognome", "Cellulare", "Indirizzo email"], *([r[1], r[0], r[2], r[3]] for r in NAME_AND_FIRST[1:])]
DUTCH = [["Voornaam", "Achternaam", "Telefoonnummer", "E-mailadres"], *ITALIAN[1:]]
PLAIN = [["first_name", "last_name", "phone", "email"], *ITALIAN[1:]]
QUOTED = [
    ["first_name", "last_name", "phone", "email", "notes"],
    ["Ann", "Lee", "+14155552671", "ann@example.org", 'said "yes,\r\nplease"\n; later'],
    ["Zoé", "Müller", "+4930901820", "zoe@example.org", ""],
]
TITLED = [["Leads of the fair, June 2026"], [], ["", "Exported by", "Jo"], *PLAIN]
PADDED = [[*row, "", ""] for row in PLAIN] + [[""] * 6] * 3
APOSTROPHES = [PLAIN[0], *([row[0], row[1], f"'{row[2]}", row[3]] for row in PLAIN[1:])]


def workbook(rows: Iterable[Sequence[Any]], *, is_1904: bool = False) -> bytes:
    book = Workbook()
    if is_1904:
        from openpyxl.utils.datetime import CALENDAR_MAC_1904

        book.epoch = CALENDAR_MAC_1904
    for row in rows:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def cell(reference: str, value: str, kind: str = "inlineStr") -> str:
    if kind == "inlineStr":
        return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{value}</t></is></c>'
    if kind == "str":
        return f'<c r="{reference}" t="str"><f>CONCAT("x")</f><v>{value}</v></c>'
    return f'<c r="{reference}"><v>{value}</v></c>'


def libreoffice() -> bytes:
    """Inline strings, a formula with its cached value, a phone number as a number in scientific notation."""
    rows = (
        "".join(cell(f"{column}1", name) for column, name in zip("ABCD", PLAIN[0], strict=True)),
        cell("A2", "Ann", "str")
        + cell("B2", "Lee")
        + cell("C2", "1.4155552671E10", "n")
        + cell("D2", "ann@example.org"),
        cell("A3", "Zoé") + cell("B3", "Müller") + cell("C3", "+49 30 901820") + cell("D3", "zoe@example.org"),
    )
    sheet = "".join(f'<row r="{number}">{row}</row>' for number, row in enumerate(rows, 1))
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{links}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    return archive(parts)


def archive(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return out.getvalue()


def numbers_as_excel_has_them() -> bytes:
    """A number cell keeps no plus; twelve digits and more can be nothing but an international number."""
    return workbook([PLAIN[0], ["Ann", "Lee", 14155552671.0, "ann@example.org"], *PLAIN[2:]])


SALESFORCE_REPORT = [
    ["First Name", "Last Name", "Company / Account", "Email", "Phone", "Lead Status", "Lead Owner", "Lead Source"],
    ["Ann", "Lee", "Acme", "ann@example.org", "(415) 555-2671", "Open - Not Contacted", "Jo Doe", "Web"],
    ["Zoé", "Müller", "Café", "zoe@example.org", "+49 30 901820", "Working - Contacted", "Jo Doe", "Web"],
]
PIPEDRIVE_PEOPLE = [
    ["Person - Name", "Person - Label", "Person - Organization", "Person - Email - Work", "Person - Email - Home",
     "Person - Phone - Work", "Person - Phone - Mobile", "Person - Owner", "Person - ID"],
    ["Ann Lee", "Hot lead", "Acme", "ann@example.org", "", "", "+1 415-555-2671", "Jo", "12"],
    ["Zoé Müller", "", "Café", "", "zoe@example.org", "+49 30 901820", "", "Jo", "13"],
]  # fmt: skip
PIPEDRIVE_LEADS = [
    ["Lead - Title", "Lead - Value", "Lead - Currency of Value", "Lead - Label", "Lead - Source",
     "Lead - Contact person", "Lead - Organization", "Person - Email", "Person - Phone", "Lead - ID"],
    ["Big", "1500", "USD", "Warm", "Webforms", "Ann Lee", "Acme", "ann@example.org", "+14155552671", "9f1c"],
    ["Small", "900.50", "USD", "", "", "Zoé Müller", "Café", "zoe@example.org", "+4930901820", "9f1d"],
]  # fmt: skip
DYNAMICS = [
    ["(Do Not Modify) Lead", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On", "Full Name", "Topic",
     "Business Phone", "Mobile Phone", "Email", "Company Name", "Lead Source", "Est. Value", "Owner"],
    ["0a1b-77", "AbC==", datetime(2026, 6, 15, 12), "Ann Lee", "Lifts", "", "415-555-2671", "ann@example.org", "Acme",
     "Advertisement", 1500.5, "Jo Doe"],
    ["0a1b-78", "AbD==", datetime(2026, 6, 15, 12), "Zoé Müller", "Skid", "+49 30 901820", "", "zoe@example.org",
     "Café", "Web", None, "Jo Doe"],
]  # fmt: skip
CLOSE_LEADS = [
    ["id", "display_name", "status_label", "primary_contact_name", "primary_contact_title",
     "primary_contact_primary_phone", "primary_contact_primary_phone_type", "primary_contact_primary_email",
     "primary_opportunity_value", "primary_address_country", "custom.Lead Source"],
    ["lead_1", "Acme", "Potential", "Ann Lee", "CFO", "+14155552671", "office", "ann@example.org", "1500", "US", "Web"],
    ["lead_2", "Café", "Potential", "Zoé Müller", "", "+4930901820", "mobile", "zoe@example.org", "", "DE", ""],
]  # fmt: skip
CLOSE_CONTACTS = [
    ["id", "lead_id", "lead_name", "name", "title", "primary_phone", "primary_phone_type", "primary_email"],
    ["cont_1", "lead_1", "Acme", "Ann Lee", "CFO", "+14155552671", "office", "ann@example.org"],
    ["cont_2", "lead_2", "Café", "Zoé Müller", "", "+4930901820", "office", "zoe@example.org"],
]
FRESHSALES = [
    ["Id", "First name", "Last name", "Email", "Work number", "Mobile number", "Account name", "Sales owner", "Tags"],
    ["70001", "Ann", "Lee", "ann@example.org", "", "+1-415-555-2671", "Acme", "Jo Doe", "vip;hot"],
    ["70002", "Zoé", "Müller", "zoe@example.org", "+49 30 901820", "", "Café", "Jo Doe", ""],
]
FACEBOOK = [
    ["id", "created_time", "ad_name", "form_name", "platform", "what_is_your_budget?", "full_name", "phone_number",
     "email", "lead_status"],
    ["l:555100", "2026-06-15T10:12:03-05:00", "Ad", "Form", "fb", "1000", "Ann Lee", "p:+14155552671",
     "ann@example.org", "CREATED"],
    ["l:555101", "2026-06-15T10:12:03-05:00", "Ad", "Form", "ig", "", "Zoé Müller", "p:+4930901820",
     "zoe@example.org", "CREATED"],
]  # fmt: skip
LINKEDIN = [
    ["Lead Gen Form", "Campaign ID", "Lead Created At (UTC)", "First Name", "Last Name", "Email Address",
     "Work Email", "Phone Number", "Company Name", "Country/Region"],
    ["F1", "123", "06/15/2026 10:12", "Ann", "Lee", "ann@example.org", "", "(415) 555-2671", "Acme", "United States"],
    ["F1", "123", "06/15/2026 10:12", "Zoé", "Müller", "", "zoe@example.org", "+4930901820", "Café", "Germany"],
]  # fmt: skip
GOOGLE_ADS = [
    ["Lead Submit Time", "Lead ID", "Google Click ID", "FULL_NAME", "USER_EMAIL", "USER_PHONE", "COMPANY_NAME"],
    ["2026-06-15 10:12:03", "TeS6", "Cj0KC", "Ann Lee", "ann@example.org", "+14155552671", "Acme"],
    ["2026-06-15 10:12:03", "TeS7", "Cj0KC", "Zoé Müller", "zoe@example.org", "+4930901820", "Café"],
]
APOLLO = [
    ["First Name", "Last Name", "Company", "Email", "Email Status", "Work Direct Phone", "Home Phone", "Mobile Phone",
     "Corporate Phone", "Company Phone", "Apollo Contact Id", "Apollo Account Id", "Secondary Email"],
    ["Ann", "Lee", "Acme", "ann@example.org", "Verified", "'+1 415-555-2671", "", "", "'+1 650-253-0000",
     "'+1 650-253-0000", "66aa", "77bb", ""],
    ["Zoé", "Müller", "Café", "zoe@example.org", "", "", "", "", "'+49 30 901820", "", "66ab", "", ""],
]  # fmt: skip
OUTREACH = [
    ["ID", "First Name", "Last Name", "Account", "Work Email", "Personal Email", "Work Phone", "Mobile Phone", "Owner"],
    ["1", "Ann", "Lee", "Acme", "ann@example.org", "", "", "4155552671", "jo@example.org"],
    ["2", "Zoé", "Müller", "Café", "", "zoe@example.org", "+49 30 901820", "", ""],
]
MAILCHIMP = [
    ["Email Address", "First Name", "Last Name", "Phone Number", "MEMBER_RATING", "OPTIN_TIME", "CC", "REGION", "LEID"],
    ["ann@example.org", "Ann", "Lee", "(415) 555-2671", "2", "2026-06-15 12:15:00", "US", "CA", "12"],
    ["zoe@example.org", "Zoé", "Müller", "+49 30 901820", "2", "2026-06-15 12:15:00", "DE", "", "13"],
]
FRENCH_OFFICE = [
    ["Civilité", "Nom", "Prénom", "Raison sociale", "Tél. fixe", "Tél. portable", "Courriel", "Montant HT (€)"],
    ["Mme", "Lee", "Ann", "Acme", "", "+1 415 555 2671", "ann@example.org", "1 500,00"],
    ["M.", "Müller", "Zoé", "Café", "+49 30 90 18 20", "", "zoe@example.org", ""],
]
GERMAN_OFFICE = [
    ["Anrede", "Vorname", "Name", "Firma", "Tel. geschäftl.", "Mobil", "E-Mail 1", "Wert (EUR)", "Zuständig"],
    ["Frau", "Ann", "Lee", "Acme", "", "+1 415 555 2671", "ann@example.org", "1.500,75", "Jo"],
    ["Frau", "Zoé", "Müller", "Café", "+49 30 901820", "", "zoe@example.org", "", "Jo"],
]
GROUPED = [["Contact", "", "", "", "Deal"], [*PLAIN[0], "Value"], *([*row, "900"] for row in PLAIN[1:])]


def sheets(*named: tuple[str, Rows, str]) -> bytes:
    """A workbook of sheets, each with its name, rows and state."""
    book = Workbook()
    book.remove(book.active)
    for name, rows, state in named:
        sheet = book.create_sheet(name)
        sheet.sheet_state = state
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


LISTS = ("Lists", [["Name", "Email", "Source"], ["x", "y", "Web"]], "hidden")
HELP = ("Read me", [["How to fill this template"], ["Name", "Write the whole name"]], "visible")


# name → (the file's name, its content)
GOOD: dict[str, tuple[str, bytes]] = {
    "HubSpot": ("hubspot-crm-exports.csv", comma(HUBSPOT)),
    "Salesforce": ("report1718.csv", text_of(SALESFORCE, quoting=csv.QUOTE_ALL).encode()),
    "Pipedrive": ("deals.csv", comma(PIPEDRIVE)),
    "Zoho": ("Leads_2026.csv", comma(ZOHO)),
    "Google Contacts": ("contacts.csv", comma(GOOGLE)),
    "Google Contacts of old": ("google.csv", text_of(GOOGLE_OLD).encode("utf-16")),
    "Outlook": ("contacts.CSV", text_of(OUTLOOK).encode("utf-8-sig")),
    "a German Outlook": ("kontakte.csv", text_of(OUTLOOK_DE).encode("cp1252")),
    "a French Excel": ("prospects.csv", text_of(FRENCH, ";").encode("cp1252")),
    "a Spanish Excel": ("clientes.csv", text_of(SPANISH, ";").encode("utf-8-sig")),
    "an Italian list": ("lista.csv", text_of(ITALIAN, ";").encode()),
    "a Dutch list": ("lijst.csv", text_of(DUTCH, ";").encode("cp1252")),
    "a German list, last name first": ("liste.txt", text_of(NAME_AND_FIRST, ";").encode("cp1252")),
    "one name column": ("names.csv", comma(ONE_NAME)),
    "tabs": ("leads.tsv", text_of(PLAIN, "\t").encode()),
    "bars": ("leads.txt", text_of(PLAIN, "|", "\n").encode()),
    "Excel's Unicode text": ("leads.txt", text_of(PLAIN, "\t").encode("utf-16")),
    "UTF-16 the other way round": ("leads.txt", b"\xfe\xff" + text_of(PLAIN, "\t").encode("utf-16-be")),
    "UTF-16 without its mark": ("leads.txt", text_of(PLAIN, ",").encode("utf-16-le")),
    "UTF-16 the other way round without its mark": ("leads.txt", text_of(PLAIN, ",").encode("utf-16-be")),
    "an old Mac": ("leads.csv", text_of(PLAIN, ";", "\r").encode("mac_roman")),
    "Mac line ends": ("leads.csv", text_of(PLAIN, ",", "\r").encode()),
    "line breaks in quotes": ("leads.csv", comma(QUOTED)),
    "sep=;": ("leads.csv", ("sep=;\r\n" + text_of(PLAIN, ";")).encode("utf-8-sig")),
    "titles above the header": ("fair.csv", text_of(TITLED, ";").encode()),
    "empty columns and rows behind": ("padded.csv", comma(PADDED)),
    "apostrophes before numbers": ("leads.csv", comma(APOSTROPHES)),
    "NULs": ("leads.csv", text_of(PLAIN).replace("Ann", "A\x00nn").encode()),
    "a report of Salesforce": ("report.csv", text_of(SALESFORCE_REPORT, quoting=csv.QUOTE_ALL).encode()),
    "people of Pipedrive": ("people-123.csv", comma(PIPEDRIVE_PEOPLE)),
    "leads of Pipedrive": ("leads-123.csv", comma(PIPEDRIVE_LEADS)),
    "Dynamics 365": (
        "Open Leads.xlsx",
        sheets(("Open Leads", DYNAMICS, "visible"), ("hiddenSheet", [["x"]], "veryHidden")),
    ),
    "leads of Close": ("Close leads.csv", comma(CLOSE_LEADS)),
    "contacts of Close": ("Close contacts.csv", comma(CLOSE_CONTACTS)),
    "Freshsales": ("contacts.csv", comma(FRESHSALES)),
    "Facebook": ("Form_Leads_2026-06-15.csv", text_of(FACEBOOK, "\t").encode("utf-16")),
    "LinkedIn": ("leads.csv", text_of(LINKEDIN, "\t").encode("utf-16")),
    "a form of Google Ads": ("leads.csv", comma(GOOGLE_ADS)),
    "Apollo": ("apollo-contacts-export.csv", comma(APOLLO)),
    "Outreach": ("prospects.csv", comma(OUTREACH)),
    "Mailchimp": ("subscribed_members_export.csv", comma(MAILCHIMP)),
    "a French office": ("prospects.csv", text_of(FRENCH_OFFICE, ";").encode("cp1252")),
    "a German office": ("kunden.csv", text_of(GERMAN_OFFICE, ";").encode("cp1252")),
    "columns under group names": ("leads.csv", comma(GROUPED)),
    "Numbers, its table's name above": ("leads.csv", comma([["Table 1", "", "", ""], *PLAIN])),
    "XLSX": ("leads.xlsx", workbook(PLAIN)),
    "XLSX with columns under group names": ("leads.xlsx", workbook([["June"], *GROUPED])),
    "XLSX with a hidden sheet before": ("leads.xlsx", sheets(LISTS, ("Leads", PLAIN, "visible"))),
    "XLSX with help before": ("leads.xlsx", sheets(HELP, ("Leads", PLAIN, "visible"))),
    "XLSX with an empty sheet before": ("leads.xlsx", sheets(("Sheet1", [], "visible"), ("Leads", PLAIN, "visible"))),
    "XLSX with titles": ("leads.xlsx", workbook(TITLED)),
    "XLSX named .csv": ("leads.csv", workbook(OUTLOOK)),
    "CSV named .xlsx": ("leads.xlsx", comma(PLAIN)),
    "XLSX of LibreOffice": ("leads.xlsx", libreoffice()),
    "XLSX with numbers for phones": ("leads.xlsx", numbers_as_excel_has_them()),
}
