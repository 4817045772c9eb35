"""Who could be recognised: columns dropped because REDCap flags them, and columns that nobody flagged."""

from __future__ import annotations

import re
from collections.abc import Mapping

from milkqc.readers.redcap_columns import Column

# Words of a field's name or label that speak of a person, their place or how to reach them. Whole words only.
_WORDS = re.compile(
    r"\b(?:first|last|given|family|middle|maiden|full|mothers?|fathers?|childs?|infants?|patients?|babys?|caregivers?)"
    r" ?names?\b|\b(?:sur|nick|fore)names?\b|^names?$|\binitials\b|\baddress\b|\bstreet\b|\bpost ?code\b|\bzip\b"
    r"|\b(?:tele)?phone\b|\bmobile\b|\bcell ?phone\b|\be ?mail\b|\bfax\b|\bmrn\b|\bmedical record\b|\bpassport\b"
    r"|\bnational id\b|\bsocial security\b|\bssn\b|\bdate of birth\b|\bdob\b|\bgps\b|\blatitude\b|\blongitude\b"
    r"|\bsignature\b|\bphoto\b"
)
_VALIDATIONS = ("email", "phone", "mrn", "ssn", "vmrn", "zip", "postal")
# What a person writes or uploads freely may name somebody whatever the label says.
_FREE = ("notes", "file")


def dropped(columns: Mapping[str, Column], keep: tuple[str, ...]) -> tuple[str, ...]:
    """The identifier columns that the mapping does not keep: by its own name, a checkbox also by its field's."""
    return tuple(
        name
        for name, column in columns.items()
        if column.variable.identifier and name not in keep and name.partition("___")[0] not in keep
    )


def unflagged(columns: Mapping[str, Column]) -> list[str]:
    """Columns that perhaps identify a person and are not flagged: mail, telephone, free text, uploads, names."""
    return [
        name
        for name, column in columns.items()
        if not column.variable.identifier and column.field is not None and _speaks_of_people(column)
    ]


def _speaks_of_people(column: Column) -> bool:
    variable = column.variable
    if variable.source_type in _FREE or variable.source_format.startswith(_VALIDATIONS):
        return True
    if variable.source_type != "text":
        return False
    plain = re.sub("[-_/]+", " ", re.sub("<[^>]*>|['\u2019]", "", f"{variable.label}").lower())
    return any(_WORDS.search(text.strip()) for text in (plain, variable.name.lower().replace("_", " ")))
