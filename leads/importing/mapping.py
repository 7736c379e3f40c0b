"""Which column is which field: the names that spreadsheets and other CRMs give them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.core.text import fold

ROW_HEADER, ERROR_HEADER = "import_row", "import_error"  # of the file of refused rows: left out when it comes back
CUSTOM = "custom"  # kept under its own header in `custom_fields`
SKIP = "skip"  # left out


@dataclass(frozen=True)
class Target:
    """A field that a column can fill."""

    name: str
    label: str
    headers: frozenset[str]


def _target(name: str, label: str, *headers: str) -> Target:
    return Target(name, label, frozenset(map(_key, (name, label, *headers))))


def _key(header: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", fold(header))


TARGETS = (
    _target("first_name", "First name", "given name", "forename", "vorname", "prenom", "nombre", "first"),
    _target("last_name", "Last name", "surname", "family name", "nachname", "nom", "apellido", "apellidos", "last"),
    _target("name", "Full name", "contact name", "contact", "lead name", "vollständiger name", "ansprechpartner"),
    _target(
        "phone",
        "Phone",
        *("phone number", "phone_e164", "primary phone", "telephone", "tel", "telefon", "telefonnummer", "telefono"),
        *("mobile", "mobile phone", "mobile phone number", "cell", "cell phone", "handy", "mobil", "movil"),
    ),
    _target("email", "E-mail", "email address", "e-mail address", "mail", "e-mail-adresse", "correo", "primary email"),
    _target("source", "Source", "lead source", "original source", "quelle", "herkunft"),
    _target("schedule_at", "Call at", "scheduled at", "appointment", "termin", "follow up at"),
    _target("priority", "Priority", "priorität", "lead priority"),
    _target("tags", "Tags", "labels", "schlagworte"),
    _target("deal_value", "Deal value", "value", "amount", "deal amount", "wert", "betrag", "opportunity amount"),
)
# Offered on the page beside the fields above; without a mapping these columns go into `custom_fields` (S3).
MORE_TARGETS = (
    _target(
        "organization",
        "Employer",
        *("company", "company name", "account name", "organisation", "firma", "unternehmen"),
    ),
    _target("title", "Job title", "position", "role", "funktion"),
    _target("country", "Country code"),
    _target("region", "State or region", "state", "province", "bundesland"),
    _target("city", "City", "town", "stadt", "ort"),
)
FIELDS = frozenset(target.name for target in (*TARGETS, *MORE_TARGETS))
CHOICES = [
    (CUSTOM, "Keep as a custom field"),
    (SKIP, "Leave out"),
    *((target.name, target.label) for target in (*TARGETS, *MORE_TARGETS)),
]


def suggest(headers: Sequence[str], *, rich: bool = False) -> dict[str, str]:
    """Header → field, `custom` for those that no field is known for; each field is taken by its first column only.

    `rich` also recognises the employer, job title and address, as the page offers them; the API keeps to S3's columns.
    """
    known = (*TARGETS, *MORE_TARGETS) if rich else TARGETS
    mapping: dict[str, str] = {}
    for header in headers:
        taken = set(mapping.values())
        if header in (ROW_HEADER, ERROR_HEADER):
            mapping[header] = SKIP
            continue
        found = (t.name for t in known if _key(header) in t.headers and t.name not in taken)
        mapping[header] = next(found, CUSTOM)
    return mapping


def signature(headers: Sequence[str]) -> str:
    """The same for files whose columns have the same names, in whatever order and spelling of case."""
    return "\n".join(sorted(_key(header) for header in headers))


def problems(mapping: Mapping[str, str]) -> list[str]:
    """What is wrong with a mapping, each as a sentence; nothing if it will do."""
    columns: dict[str, list[str]] = {}
    for header, field in mapping.items():
        columns.setdefault(field, []).append(header)
    labels = dict(CHOICES)
    twice = [
        f"{' and '.join(f'“{h}”' for h in headers)} are both mapped to {labels[field]}. Choose one."
        for field, headers in columns.items()
        if field in FIELDS and len(headers) > 1
    ]
    missing = []
    if not {"first_name", "name"} & columns.keys():
        missing.append("No column is mapped to the first name.")
    if not {"phone", "email"} & columns.keys():
        missing.append("No column is mapped to the phone number or the e-mail address.")
    return [*twice, *missing]
