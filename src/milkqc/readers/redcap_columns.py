"""Which field and form each column of an export belongs to, and the Variable that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from milkqc.model import Variable
from milkqc.readers.redcap_dictionary import Dictionary, Field, checkbox_column
from milkqc.readers.redcap_export import STATUS, SURVEY, SYSTEM
from milkqc.readers.redcap_lines import Named


@dataclass(frozen=True)
class Column:
    """A column of the export: its variable, the form it belongs to ("" for those of every form), its field.

    `field` is None for what REDCap adds; `choice` is the code of a checkbox's column, and `unlisted` one that the
    dictionary does not list: a missing-data code of the project.
    """

    variable: Variable
    form: str = ""
    field: Field | None = None
    choice: str = ""
    unlisted: bool = False

    @property
    def checkbox(self) -> bool:
        """Whether it is one choice of a checkbox."""
        return self.choice != ""


def described(
    file: Named, names: Sequence[str], dictionary: Dictionary, *, line: int = 1
) -> dict[str, Column]:
    """Each column of the export as the dictionary explains it; SourceError for columns it does not know."""
    known = {
        column: Column(variable(one, column, code), one.form, one, code)
        for one in dictionary.fields.values()
        for column, code in one.columns.items()
    }
    columns: dict[str, Column] = {}
    unknown = []
    for name in names:
        found = known.get(name) or _added(name, dictionary)
        if found is None:
            unknown.append(name)
        else:
            columns[name] = found
    if dictionary.record_id in columns:
        # The record id is listed under the first form but stands in every row, whatever form it is of.
        own = columns[dictionary.record_id]
        marked = replace(own.variable, details={**own.variable.details, "record": "y"})
        columns[dictionary.record_id] = Column(marked, field=own.field)
    if unknown:
        shown = ", ".join(unknown[:5]) + (" ..." if len(unknown) > 5 else "")
        count = "1 column is" if len(unknown) == 1 else f"{len(unknown)} columns are"
        other = " The two are probably of different projects." if 2 * len(unknown) > len(names) else ""
        raise file.error(
            f"line {line}: {count} not in the data dictionary: {shown}.{other}",
            "Export the data raw (codes, not labels), and download the dictionary at the same time.",
        )
    return columns


def _added(name: str, dictionary: Dictionary) -> Column | None:
    """A column that no field of the dictionary has: one that REDCap adds, or a checkbox's missing-data code."""
    if name in SYSTEM:
        return Column(Variable(name, SYSTEM[name], source_type="system", identifier=name == SURVEY))
    form = name.removesuffix("_complete")
    if form != name and form in dictionary.forms:
        return Column(Variable(name, "Complete?", STATUS, source_type="status", details={"form": form}), form)
    form = name.removesuffix("_timestamp")
    if form != name and form in dictionary.forms:
        said = Variable(name, "Survey timestamp", source_type="timestamp", details={"form": form})
        return Column(said, form)
    stem, mark, code = name.partition("___")
    one = dictionary.fields.get(stem)
    if mark and one is not None and one.type == "checkbox":
        return Column(variable(one, name, code), one.form, one, code, unlisted=True)
    return None


def variable(one: Field, column: str, code: str) -> Variable:
    """The Variable of one column of a field; `code` is a checkbox's choice, else empty."""
    if one.type == "checkbox":
        return Variable(
            name=column,
            label=f"{one.label}: {one.choices.get(code, code)}",
            value_labels={"0": "Unchecked", "1": "Checked"},
            unit_text=one.note,
            source_type="checkbox",
            identifier=one.identifier,
            details={**one.details, "field": one.name, "choice": code},
        )
    return Variable(
        name=column,
        label=one.label,
        value_labels=one.choices,
        unit_text=one.note,
        source_type=one.type,
        source_format=one.validation,
        identifier=one.identifier,
        details=one.details,
    )


def missing_column(one: Field, code: str) -> str:
    """The column that a checkbox has for a missing-data code of the project."""
    return checkbox_column(one.name, code)
