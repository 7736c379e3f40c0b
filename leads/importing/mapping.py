"""Which column is which field: the names that spreadsheets and other CRMs give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crm.core.text import fold

ROW_HEADER, ERROR_HEADER = "import_row", "import_error"  # of the file of refused rows: left out when it comes back
CUSTOM = "custom"  # kept under its own header in `custom_fields`
SKIP = "skip"  # left out


@dataclass(frozen=True)
class Target:
    """A field that a column can fill; by the `vague` headers only where no column says it better."""

    name: str
    label: str
    headers: frozenset[str]
    vague: frozenset[str] = frozenset()


def _target(name: str, label: str, *headers: str, vague: Iterable[str] = ()) -> Target:
    return Target(name, label, frozenset(map(_key, (name, label, *headers))), frozenset(map(_key, vague)))


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
        *("sukunimi", "nazwisko", "prijmeni", "vezeteknev", "person last name", "primer apellido", "apellido paterno"),
    ),
    _target(
        "name",
        "Full name",
        *("name", "contact name", "contact", "person", "person name", "customer name", "primary contact name"),
        *("lead contact person", "contact person"),
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
        vague=("lead name", "display name"),
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
            "office phone",
            "contact phone",
        ),
        *("telefon", "telefonnummer", "rufnummer", "telefon geschäftlich", "téléphone", "numéro de téléphone"),
        *("téléphone professionnel", "teléfono", "número de teléfono", "telefono", "numero di telefono", "telefone"),
        *("telefoon", "telefoonnummer", "puhelin", "puhelinnumero", "numer telefonu", "mobile", "mobile phone"),
        *("mobile phone number", "mobile number", "cell", "cell phone", "phone mobile", "whatsapp", "handy"),
        *("handynummer", "mobil", "mobilnummer", "mobiltelefon", "portable", "téléphone portable", "téléphone mobile"),
        *("móvil", "celular", "cellulare", "mobiel", "mobiel nummer", "phone 2 value", "phone 3 value", "home phone"),
        *("phone home", "private phone", "telefon privat", "primary phone number", "business phone 2", "user phone"),
        *("phone no", "work number", "direct phone", "work direct phone", "direct dial", "contact number", "tél fixe"),
        *("cell number", "cell phone number", "mobile no", "tél portable", "tél", "téléphone fixe", "tél mobile"),
        *("telefon geschäftl", "tel geschäftl", "festnetz", "telefon mobil", "tel mobil", "teléfono fijo"),
        *("teléfono móvil", "telefono fisso", "phones", "telefono cellulare", "telefone celular", "telemóvel"),
        vague=("other phone", "other phones", "corporate phone", "company phone", "company phone number"),
    ),
    _target(
        "email",
        "E-mail",
        *("email address", "e-mail address", "mail", "primary email", "work email", "email work", "person email"),
        *(
            "e-mail 1 value",
            "email 1",
            "contact email",
            "user email",
            "emails",
            "e-mail-adresse",
            "e-mail adresse",
            "emailadresse",
            "courriel",
        ),
        *("adresse e-mail", "adresse mail", "adresse électronique", "correo", "correo electrónico", "email principal"),
        *("indirizzo email", "posta elettronica", "e-mailadres", "e-post", "epost", "sähköposti", "adres e-mail"),
        *(
            "e-mail 2 value",
            "email 2",
            "e-mail 2 address",
            "email home",
            "home email",
        ),
        vague=("secondary email", "other email", "other emails", "personal email", "private email"),
    ),
    _target(
        "source",
        "Source",
        *("lead source", "original source", "quelle", "leadquelle", "herkunft", "origine", "origen", "bron"),
        *("original traffic source", "origine du lead", "origine du prospect", "origen del lead", "origem"),
    ),
    _target(
        "schedule_at",
        "Call at",
        *("scheduled at", "appointment", "follow up at", "termin", "rendez-vous", "cita", "appuntamento"),
        *("follow-up date", "next follow-up", "call back at", "callback date", "next call", "next call date"),
        *("wiedervorlage", "rückruf am", "date de rappel", "fecha de llamada", "data de retorno", "terugbellen op"),
    ),
    _target("priority", "Priority", "lead priority", "priorität", "priorité", "prioridad", "priorità", "prioriteit"),
    _target(
        "tags",
        "Tags",
        *("labels", "tag", "label", "lead label", "lead labels", "schlagworte", "schlagwörter", "stichwörter"),
        *("étiquettes", "mots-clés", "etiquetas", "palabras clave", "etichette"),
    ),
    _target(
        "deal_value",
        "Deal value",
        *("value", "amount", "deal amount", "opportunity amount", "expected revenue", "wert", "betrag", "auftragswert"),
        *("montant", "valeur", "importe", "valor", "importo", "valore", "bedrag", "waarde", "lead value"),
        *("est. value", "est. revenue", "estimated value", "estimated revenue", "opportunity value", "montant ht"),
        "primary opportunity value",
    ),
    _target(
        "do_not_contact",
        "Do not contact",
        *("do not call", "dnc", "do not disturb", "do not allow phone calls", "opted out", "call opted out"),
        *("nicht anrufen", "nicht kontaktieren", "kontaktsperre", "werbesperre", "ne pas appeler", "ne pas contacter"),
        *("no llamar", "no contactar", "non chiamare", "niet bellen"),
    ),
)
# Offered on the page beside the fields above; without a mapping these columns go into `custom_fields` (S3).
MORE_TARGETS = (
    _target(
        "organization",
        "Employer",
        *("company", "company name", "account name", "organization name", "organisation", "employer", "firma"),
        *("firmenname", "unternehmen", "entreprise", "société", "empresa", "azienda", "società", "bedrijf"),
        *("bedrijfsnaam", "företag", "yritys", "associated company", "person organization", "lead organization"),
        *("company / account", "raison sociale", "razón social", "ragione sociale"),
        vague=("account",),
    ),
    _target(
        "title",
        "Job title",
        *("position", "role", "organization title", "designation", "funktion", "stelle", "poste", "fonction"),
        *("cargo", "puesto", "ruolo", "funzione", "functie", "titel"),
    ),
    _target(
        "country",
        "Country",
        *("country/region", "land", "pays", "país", "paese", "address 1 country", "primary address country"),
        vague=("country code", "cc"),
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
    *("record id", "lead id", "contact id", "person id", "deal id", "customer id", "crm id", "prospect id"),
    *("leadid", "(do not modify) lead", "(do not modify) contact", "apollo contact id"),
    vague=("id",),
)
FIELDS = frozenset(target.name for target in (*TARGETS, *MORE_TARGETS)) | {EXTERNAL_ID}
CHOICES = [
    (CUSTOM, "Keep as a custom field"),
    (SKIP, "Leave out"),
    *((target.name, target.label) for target in (*TARGETS, *MORE_TARGETS, _external)),
    ("other_phone", "Another phone"),
    ("other_email", "Another e-mail"),
]
KNOWN = (*TARGETS, *MORE_TARGETS, _external)
# Header → its field, and whether it says so only vaguely.
KEYS = {
    key: (target.name, is_vague)
    for target in reversed(KNOWN)
    for keys, is_vague in ((target.vague, True), (target.headers, False))
    for key in keys
}
# What stands around a name: (EUR), “Person - ”, “ - Work”; the last one tells of phones and addresses alone.
IN_BRACKETS = re.compile(r"(?<=\S)\s*[(\[][^)\]]*[)\]]\s*$")
LONGEST_NAME = 100  # a question of a form, in its own words
OF_PERSON = re.compile(r"^(?:primary[\W_]contact|person|contact|customer|custom|kontakt)[\W_]+")
KIND = re.compile(r"[\W_]+(?:work|home|mobile|other|business|personal|private)$")


def suggest(headers: Sequence[str], *, rich: bool = False) -> dict[str, str]:
    """Header → field, `custom` for those that no field is known for; each field is taken by one column only:
    the first that says it clearly, else the first that says it vaguely.

    Further columns of phones and e-mails stand in for the first. `rich` also recognises the employer, job title,
    address and the id of another system, as the page offers them; the API keeps to S3's columns.
    """
    known = KNOWN if rich else TARGETS
    meant = {header: _meant(header, known) for header in headers}
    best: dict[str, str] = {}
    for header, (field, _) in sorted(meant.items(), key=lambda item: item[1][1]):
        best.setdefault(field, header)
    mapping = {header: _taken(header, field, best) for header, (field, _) in meant.items()}
    if {"first_name", "name"} <= best.keys() and "last_name" not in best:  # “Name; Vorname”
        return {header: "last_name" if field == "name" else field for header, field in mapping.items()}
    return mapping


def _taken(header: str, field: str, best: Mapping[str, str]) -> str:
    """The field, if no other column has taken it; of phones and e-mails then another one."""
    if field not in FIELDS or best[field] == header:
        return field
    return next((other for other, first in OTHERS.items() if first == field), CUSTOM)


def _meant(header: str, known: Sequence[Target] = KNOWN) -> tuple[str, bool]:
    """The field, and whether the header says so only vaguely."""
    if header in (ROW_HEADER, ERROR_HEADER):
        return SKIP, False
    names = {target.name for target in known}
    if len(header) > LONGEST_NAME:
        return CUSTOM, True
    if (found := KEYS.get(_key(header))) and found[0] in names:
        return found
    bare = OF_PERSON.sub("", IN_BRACKETS.sub("", fold(header)))
    for text, fields in ((bare, names), (KIND.sub("", bare), names & {*OTHERS.values()})):
        if (found := KEYS.get(_key(text))) and found[0] in fields:
            return found[0], True
    return CUSTOM, True


def recognised(record: Sequence[str]) -> int:
    """How many of these cells are names of fields."""
    return len(_fields_named(record))


def names_people(record: Sequence[str]) -> bool:
    """Whether these cells head a table of people who can be reached."""
    fields = _fields_named(record)
    return bool(fields & {"first_name", "last_name", "name"}) and bool(fields & {"phone", "email"})


def _fields_named(record: Sequence[str]) -> set[str]:
    return {_meant(cell)[0] for cell in record if cell} - {CUSTOM, SKIP}


def signature(headers: Sequence[str]) -> str:
    """The same for files whose columns have the same names, in whatever order and spelling of case."""
    return "\n".join(sorted(_key(header) for header in headers))


def with_external_id(mapping: Mapping[str, str]) -> dict[str, str]:
    """The same, with the column that its name tells to be another system's id; none is left as it is."""
    ids = {header: _meant(header, [_external]) for header, field in mapping.items() if field == CUSTOM}
    named = [header for header, (field, _) in ids.items() if field == EXTERNAL_ID]
    found = min(named, key=lambda header: ids[header][1], default=None)
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
    if not {"first_name", "last_name", "name"} & columns.keys():
        missing.append("No column is mapped to the first name.")
    if not {"phone", "email"} & columns.keys():
        missing.append("No column is mapped to the phone number or the e-mail address.")
    if match_by in FIELDS and match_by not in columns:
        missing.append(f"Rows are to be matched by {labels[match_by]}, and no column is mapped to it.")
    return [*twice, *dict.fromkeys(missing)]
