"""Columns that may tell who somebody is: by their name or label in several languages, or by the look of the cells.

A suspicion, never a proof: a column that is not listed may still identify, and a listed one may be harmless.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import polars as pl

# Whole words of names and labels, without accents: English, Spanish, French, Portuguese, German, Swahili, Hindi and
# Urdu in Latin letters, Indonesian. A phrase needs its words one after the other.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "a person's name": (
        "name", "firstname", "lastname", "fullname", "surname", "forename", "initials", "maiden name", "nickname",
        "nombre", "nombres", "apellido", "apellidos", "nom", "prenom", "prenoms", "nome", "sobrenome", "vorname",
        "nachname", "familienname", "jina", "majina", "naam", "nama", "mname", "fname", "lname", "childname",
        "mothername", "fathername", "husband", "guardian",
    ),
    "a date of birth": (
        "dob", "birthdate", "birth date", "date of birth", "dateofbirth", "birthday", "birthdt", "born on", "bdate",
        "fecha de nacimiento", "fecha nacimiento", "fecnac", "fechanac", "fdn", "date de naissance", "date naissance",
        "datenaiss", "ddn", "data de nascimento", "data nascimento", "datanasc", "geburtsdatum", "gebdat",
        "tarehe ya kuzaliwa", "tanggal lahir", "janam tithi",
    ),
    "a phone number": (
        "phone", "phonenumber", "telephone", "tel", "mobile", "cell", "cellphone", "whatsapp", "telefono", "celular",
        "movil", "telefone", "telemovel", "telefon", "handy", "simu", "portable", "gsm", "hp", "fax",
    ),
    "an e-mail address": ("email", "e mail", "mail", "correo", "courriel", "barua pepe"),
    "an address": (
        "address", "street", "house number", "house no", "postcode", "post code", "zip", "zipcode", "postal code",
        "direccion", "domicilio", "calle", "adresse", "rue", "code postal", "endereco", "rua", "cep", "strasse",
        "plz", "anwani", "alamat", "pata", "landmark",
    ),
    "a place on the map": (
        "gps", "latitude", "longitude", "lat", "lon", "lng", "long deg", "latitud", "longitud", "coordinates",
        "coordenadas", "geolocation", "geopoint", "altitude",
    ),
    "an official number": (
        "mrn", "medical record", "hospital number", "passport", "ssn", "social security", "nhs number", "national id",
        "nationalid", "nid", "cnic", "nic", "aadhaar", "aadhar", "nik", "dni", "curp", "cpf", "rg", "nif",
        "cedula", "carnet", "insurance number", "folder number", "licence", "license plate", "ip address",
    ),
    "a picture, voice or signature": ("photo", "picture", "signature", "voice", "audio", "fingerprint", "foto"),
}  # fmt: skip
# `drug name` names a drug; `age of mobile` nothing.
_NAMES_OF_THINGS = {
    "drug", "site", "country", "variable", "analyte", "test", "product", "brand", "study", "event", "form", "file",
    "instrument", "sample", "plate", "species", "medicine", "facility", "clinic", "hospital", "district", "province",
    "region", "assay", "protocol", "project", "column", "sheet", "unit", "user", "parameter", "kit", "food", "well",
    "dataset", "method", "batch", "calibrator", "lab", "laboratory", "vaccine", "supplement", "zone", "item", "group", "matrix",
}  # fmt: skip
# `cell count`, `mobile phase`, `tel` of telomere: laboratory words before people's.
_LABORATORY = {
    "count",
    "viability",
    "viable",
    "diameter",
    "culture",
    "phase",
    "density",
    "type",
    "line",
    "lines",
}
# Alone a date of birth; among other words anything (`infants born of this pregnancy`).
_ALONE = {"born", "naissance", "nacimiento", "nascimento", "geburt", "geboren"}
# A code of a fieldworker tells nobody who it is; a word of letters may be a name.
_STAFF = {
    "interviewer", "enumerator", "fieldworker", "surveyor", "observer", "collector", "encuestador", "entrevistador",
    "enqueteur", "entrevistadora", "supervisor",
}  # fmt: skip
# Spanish has one word for a place's longitude and a body's length.
_BODY = frozenset(
    {
        *("cm", "mm", "medida", "medicion", "talla", "corporal", "acostado", "acostada", "supina", "nacer"),
        *("nacimiento", "nino", "nina", "bebe", "lactante", "infante", "rn", "recien"),
    }
)
_EMAIL = r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"
_PHONE = r"^\+?[0-9(][0-9 ()./-]{6,18}[0-9]$"
_PLACE = r"^[-+]?[0-9]{1,2}\.[0-9]{3,}\s*[,;]\s*[-+]?[0-9]{1,3}\.[0-9]{3,}$"
_PERSON = r"^\p{Lu}[\p{Ll}'’.-]+(?:\s+(?:\p{Lu}[\p{Ll}'’.-]*|d[aeiou]s?|bin|binti|van|von)){1,4}$"
_DATE = r"^[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}"
# A pattern counts when most cells have it; one e-mail address is one too many.
_MOST = 0.8
_FEW = 5


def identify(name: str, label: str, values: pl.Series, *, flagged: bool = False) -> str:
    """Why the column may tell who somebody is, in a few words; "" when nothing speaks for it.

    `values` are its distinct filled cells. `flagged`: the file itself says so (REDCap's `Identifier?`).
    """
    if flagged:
        return "the file says that it identifies people"
    for text, source in ((name, "name"), (label, "label")):
        what = _by_words(text)
        if what:
            return f"its {source} says {what}"
        if (
            set(_words(text)) & _STAFF
            and values.dtype == pl.String
            and values.str.contains(r"\p{L}{3,}").any()
        ):
            return f"its {source} says a fieldworker, its cells hold words"
    return _by_look(values)


def _by_words(text: str) -> str:
    words = _words(text)
    if len(words) == 1 and words[0] in _ALONE:
        return "a date of birth"
    joined = f" {' '.join(words)} "
    for what, phrases in _WORDS.items():
        for phrase in phrases:
            if f" {phrase} " not in joined:
                continue
            others = set(words) - set(phrase.split())
            if what == "a person's name" and others & _NAMES_OF_THINGS:
                continue
            if what == "a date of birth" and others & {"known", "source", "precision", "verified"}:
                continue
            if phrase == "longitud" and others & _BODY:
                continue
            if phrase in ("cell", "mobile", "tel", "hp", "lat", "mail", "audio") and others & _LABORATORY:
                continue
            return what
    return ""


def _words(text: str) -> list[str]:
    """`MotherName_1` is mother, name; accents are left out."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain)
    return [word for word in re.split(r"[^A-Za-z]+", parted.lower()) if word]


def _by_look(values: pl.Series) -> str:
    if values.dtype != pl.String or values.is_empty():
        return ""
    mails = int(values.str.contains(_EMAIL).sum())
    if mails:
        return "some cells hold an e-mail address"
    if len(values) < _FEW:
        return ""
    digits = values.str.count_matches("[0-9]")
    shaped = values.str.contains(_PHONE) & digits.is_between(8, 15) & ~values.str.contains(_DATE)
    # A plain long number may be any id; a plus, blanks or a leading zero make it a phone's.
    dialled = shaped & values.str.contains(r"^\+|^0[1-9]|[ ()]|^\(")
    for mask, what in (
        (dialled, "its cells look like phone numbers"),
        (values.str.contains(_PLACE), "its cells look like places on the map"),
        (values.str.contains(_PERSON), "its cells look like people's names"),
    ):
        if mask.sum() >= _MOST * len(values):
            return what
    return ""
