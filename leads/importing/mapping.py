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
    _target(
        "first_name",
        "First name",
        *("given name", "forename", "first", "vorname", "prenom", "nombre", "nombres", "nome", "primeiro nome"),
        *("voornaam", "fornamn", "fornavn", "etunimi", "imie", "jmeno", "keresztnev", "person first name"),
    ),
    _target(
        "last_name",
        "Last name",
        *("surname", "family name", "last", "nachname", "familienname", "nom", "nom de famille", "apellido"),
        *("apellidos", "cognome", "sobrenome", "apelido", "achternaam", "efternamn", "etternavn", "efternavn"),
        *("sukunimi", "nazwisko", "prijmeni", "vezeteknev", "person last name"),
    ),
    _target(
        "name",
        "Full name",
        *("name", "contact name", "contact", "lead name", "person", "person name", "display name", "customer name"),
        *("vollständiger name", "ansprechpartner", "kontakt", "nom complet", "nom et prénom", "nombre completo"),
        *(
            "nombre y apellidos",
            "nome completo",
            "naam",
            "volledige naam",
            "namn",
            "navn",
            "imie i nazwisko",
            "contacto",
        ),
    ),
    _target(
        "phone",
        "Phone",
        *("phone number", "phone_e164", "primary phone", "phone 1 value", "telephone", "telephone number", "tel"),
        *(
            "business phone",
            "work phone",
            "phone work",
            "person phone",
            "company phone",
            "office phone",
            "contact phone",
        ),
        *("telefon", "telefonnummer", "rufnummer", "telefon geschäftlich", "téléphone", "numéro de téléphone"),
        *("téléphone professionnel", "teléfono", "número de teléfono", "telefono", "numero di telefono", "telefone"),
        *("telefoon", "telefoonnummer", "puhelin", "puhelinnumero", "numer telefonu", "mobile", "mobile phone"),
        *("mobile phone number", "mobile number", "cell", "cell phone", "phone mobile", "whatsapp", "handy"),
        *("handynummer", "mobil", "mobilnummer", "mobiltelefon", "portable", "téléphone portable", "téléphone mobile"),
        *("móvil", "celular", "cellulare", "mobiel", "mobiel nummer", "phone 2 value", "phone 3 value", "home phone"),
        *("phone home", "private phone", "telefon privat", "other phone", "primary phone number", "business phone 2"),
    ),
    _target(
        "email",
        "E-mail",
        *("email address", "e-mail address", "mail", "primary email", "work email", "email work", "person email"),
        *("e-mail 1 value", "email 1", "contact email", "e-mail-adresse", "e-mail adresse", "emailadresse", "courriel"),
        *("adresse e-mail", "adresse mail", "adresse électronique", "correo", "correo electrónico", "email principal"),
        *("indirizzo email", "posta elettronica", "e-mailadres", "e-post", "epost", "sähköposti", "adres e-mail"),
        *(
            "e-mail 2 value",
            "email 2",
            "e-mail 2 address",
            "secondary email",
            "other email",
            "email home",
            "home email",
        ),
    ),
    _target(
        "source",
        "Source",
        *("lead source", "original source", "quelle", "leadquelle", "herkunft", "origine", "origen", "bron"),
    ),
    _target(
        "schedule_at",
        "Call at",
        *("scheduled at", "appointment", "follow up at", "termin", "rendez-vous", "cita", "appuntamento"),
    ),
    _target("priority", "Priority", "lead priority", "priorität", "priorité", "prioridad", "priorità", "prioriteit"),
    _target("tags", "Tags", "labels", "tag", "schlagworte", "étiquettes", "etiquetas", "etichette"),
    _target(
        "deal_value",
        "Deal value",
        *("value", "amount", "deal amount", "opportunity amount", "expected revenue", "wert", "betrag", "auftragswert"),
        *("montant", "valeur", "importe", "valor", "importo", "valore", "bedrag", "waarde"),
    ),
)
# Offered on the page beside the fields above; without a mapping these columns go into `custom_fields` (S3).
MORE_TARGETS = (
    _target(
        "organization",
        "Employer",
        *("company", "company name", "account name", "organization name", "organisation", "employer", "firma"),
        *("firmenname", "unternehmen", "entreprise", "société", "empresa", "azienda", "società", "bedrijf"),
        *("bedrijfsnaam", "företag", "yritys", "associated company", "person organization"),
    ),
    _target(
        "title",
        "Job title",
        *("position", "role", "organization title", "designation", "funktion", "stelle", "poste", "fonction"),
        *("cargo", "puesto", "ruolo", "funzione", "functie", "titel"),
    ),
    _target(
        "country", "Country", "country code", "country/region", "land", "pays", "país", "paese", "address 1 country"
    ),
    _target(
        "region",
        "State or region",
        *("state", "province", "state/region", "state/province", "region", "bundesland", "région", "provincia"),
        *("address 1 region", "business state", "mailing state"),
    ),
    _target(
        "city",
        "City",
        *("town", "stadt", "ort", "wohnort", "ville", "ciudad", "città", "cidade", "plaats", "woonplaats"),
        *("address 1 city", "business city", "mailing city"),
    ),
)
# The first of these columns that holds something is taken where the field's own one is empty; else it is kept.
OTHERS = {"other_phone": "phone", "other_email": "email"}
EXTERNAL_ID = "external_id"  # its key among the custom fields, by which a later import finds the lead again
_external = _target(
    EXTERNAL_ID,
    "Id in the other system",
    *("record id", "lead id", "contact id", "person id", "deal id", "customer id", "crm id", "prospect id", "leadid"),
)
FIELDS = frozenset(target.name for target in (*TARGETS, *MORE_TARGETS)) | {EXTERNAL_ID}
CHOICES = [
    (CUSTOM, "Keep as a custom field"),
    (SKIP, "Leave out"),
    *((target.name, target.label) for target in (*TARGETS, *MORE_TARGETS, _external)),
    ("other_phone", "Another phone"),
    ("other_email", "Another e-mail"),
]
HEADERS = {
    header: target.name for target in reversed((*TARGETS, *MORE_TARGETS, _external)) for header in target.headers
}


def suggest(headers: Sequence[str], *, rich: bool = False) -> dict[str, str]:
    """Header → field, `custom` for those that no field is known for; each field is taken by its first column only.

    Further columns of phones and e-mails stand in for the first. `rich` also recognises the employer, job title,
    address and the id of another system, as the page offers them; the API keeps to S3's columns.
    """
    known = (*TARGETS, *MORE_TARGETS, _external) if rich else TARGETS
    mapping: dict[str, str] = {}
    taken: set[str] = set()
    for header in headers:
        field = SKIP if header in (ROW_HEADER, ERROR_HEADER) else _field_of(header, known)
        if field in FIELDS and field in taken:
            field = next((other for other, first in OTHERS.items() if first == field), CUSTOM)
        taken.add(field)
        mapping[header] = field
    if {"first_name", "name"} <= taken and "last_name" not in taken:  # “Name; Vorname”
        return {header: "last_name" if field == "name" else field for header, field in mapping.items()}
    return mapping


def _field_of(header: str, known: Sequence[Target]) -> str:
    key = _key(header)
    return next((target.name for target in known if key in target.headers), CUSTOM)


def recognised(record: Sequence[str]) -> int:
    """How many of these cells are names of fields."""
    return len({HEADERS[key] for cell in record if cell and (key := _key(cell)) in HEADERS})


def signature(headers: Sequence[str]) -> str:
    """The same for files whose columns have the same names, in whatever order and spelling of case."""
    return "\n".join(sorted(_key(header) for header in headers))


def with_external_id(mapping: Mapping[str, str]) -> dict[str, str]:
    """The same, with the column that its name tells to be another system's id; none is left as it is."""
    named = (header for header, field in mapping.items() if field == CUSTOM and _key(header) in _external.headers)
    found = next(named, None)
    return {header: EXTERNAL_ID if header == found else field for header, field in mapping.items()}


def problems(mapping: Mapping[str, str], match_by: str = "") -> list[str]:
    """What is wrong with a mapping, each as a sentence; nothing if it will do. `match_by`: the key it is to hold."""
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
    if match_by in FIELDS and match_by not in columns:
        missing.append(f"Rows are to be matched by {labels[match_by]}, and no column is mapped to it.")
    return [*twice, *dict.fromkeys(missing)]
