"""What a column's `do` does: the closed list of actions over one or several source columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import polars as pl

from milkqc import units
from milkqc.errors import UnitError
from milkqc.mapping import formula as formulas
from milkqc.mapping import values, zeros
from milkqc.mapping.language import Analyte, Column, Extra
from milkqc.mapping.readings import readings
from milkqc.mapping.replicates import NUMBERS, REPLICATES, columns_of, combined, raw_of
from milkqc.mapping.rows import Rows
from milkqc.mapping.values import Mapped, Reading
from milkqc.model import Variable


@dataclass(frozen=True)
class Place:
    """Where a column is made: the block's rows, one wide visit's suffix, and the lets made so far."""

    rows: Rows
    missing: Mapping[str, str]
    visit: str | None = None
    suffix: str = ""
    lets: Mapping[str, Mapped] = field(default_factory=dict)

    def named(self, column: str) -> str:
        """The source column that `Weight{visit}` means at this visit."""
        return column.replace("{visit}", self.suffix)

    def has(self, column: str) -> bool:
        """Whether a let or a source column of this name is there."""
        return column in self.lets or self.rows.has(self.named(column))


def action_of(spec: Column, kind: str) -> str:
    """The action a column asks for, said or implied by what else it has."""
    if spec.do is not None:
        return spec.do
    if spec.formula is not None:
        return "formula"
    if spec.from_ is None:
        return "constant"
    if spec.codes is not None:
        return "recode"
    if kind == "date":
        return "date"
    return "convert" if spec.unit is not None else "copy"


def make(
    spec: Column,
    kind: str,
    place: Place,
    *,
    allowed: tuple[str, ...] = (),
    result: bool = False,
    assay: pl.Series | None = None,
) -> Mapped:
    """The target column that `spec` describes. `kind` is the dictionary's type; `allowed` an enumeration's codes.

    `result` reads censored values as such; `assay` is then the declared limit of each row. The mapping has been linted: every column it names is there,
    or optional (then missing with reason `not_in_file`).
    """
    action = action_of(spec, kind)
    if spec.match in {"not_collected", "undecided"}:
        return _nothing(place, spec.match, None)
    if spec.optional and not _all_there(spec, place):
        return _nothing(place, "not_in_file", spec)
    if action == "constant":
        return _constant(spec, kind, place)
    if action == "row_number":
        return _row_number(place)
    if action == "from_schedule":
        return _nothing(place, "", None)
    if action == "formula":
        return _formula(spec, place, result=result)
    names = spec.from_ or ()
    if spec.optional and not all(place.has(name) for name in names):
        names = tuple(name for name in names if place.has(name))
        if not names:
            return _nothing(place, "not_in_file", spec)
    parts = [_read(name, spec, kind, place, allowed, result=result) for name in names]
    if action == "join":
        return _join(parts, spec.separator)
    if len(parts) == 1 and action not in REPLICATES:
        return parts[0]
    if result:
        return readings(parts, action, spec, assay=assay)
    return combined(parts, action, spec, kind)


def own(spec: Extra, place: Place) -> Mapped:
    """A column of the study's own. The dictionary's integers are judged by the contract; these only here."""
    made = make(spec, spec.type, place)
    return values.whole(made) if spec.type == "integer" else made


def _all_there(spec: Column, place: Place) -> bool:
    """Whether an optional column has what it cannot do without: its formula's names and its unit's column."""
    needed = list(formulas.names(formulas.parse(spec.formula))) if spec.formula is not None else []
    if spec.unit is not None:
        needed += [column for column in (spec.unit.from_, spec.unit.by) if column is not None]
    return all(place.has(name) for name in needed)


def _read(
    name: str, spec: Column, kind: str, place: Place, allowed: tuple[str, ...], *, result: bool
) -> Mapped:
    if name in place.lets:
        return _told(place.lets[name])
    cells = place.rows.cells(place.named(name))
    decimal, thousands = place.rows.separators(place.named(name))
    reading = Reading(
        missing=place.missing if spec.missing is None else spec.missing,
        codes=spec.codes,
        format=spec.format,
        decimal=decimal,
        thousands=thousands,
        allowed=allowed,
    )
    if result:
        zero = spec.zero if isinstance(spec, Analyte) else None
        comments = place.rows.cells(place.named(zero.from_)).text if zero is not None and zero.from_ else None
        mapped = zeros.read(values.result(cells, reading), zero, comments)
    elif kind in NUMBERS and spec.format in {"weeks+days", "weeks.days"}:
        mapped = values.gestation(cells, reading)
    elif kind in NUMBERS:
        mapped = values.number(cells, reading)
    elif kind == "date":
        mapped = values.date(cells, reading)
    elif kind == "boolean":
        mapped = values.boolean(cells, reading)
    else:
        mapped = values.words(cells, reading)
    return replace(mapped, unit=unit_texts(spec, name, place))


def _told(let: Mapped) -> Mapped:
    """A let used elsewhere: its cells' problems have been told under its own name."""
    return replace(let, problems=let.problems.clear(), judged={})


def unit_texts(spec: Column, name: str, place: Place) -> pl.Series:
    """The raw unit of each row: declared, from the header, or from a column; null where there is none."""
    height = place.rows.height
    if spec.format in {"weeks+days", "weeks.days"}:
        return pl.repeat("d", height, dtype=pl.String, eager=True)
    if spec.unit is None:
        return pl.repeat(None, height, dtype=pl.String, eager=True)
    if spec.unit.from_ is not None:
        text = place.rows.cells(place.named(spec.unit.from_)).text.str.strip_chars()
        return pl.select(pl.when(text != "").then(text)).to_series()
    if spec.unit.by is not None:
        return values.recode(place.rows.cells(place.named(spec.unit.by)).text, spec.unit.values or {})
    variable = place.rows.cells(place.named(name)).variable
    written = header_unit(variable) if spec.unit.header else spec.unit.text
    return pl.repeat(written, height, dtype=pl.String, eager=True)


def header_unit(variable: Variable) -> str | None:
    """The unit that a column's unit text, header or label names (`Retinol (umol/L)`, a unit row's `mg/L`); else null.

    Raises UnitError where the unit row and the name disagree.
    """
    bare = units.header_unit(f"[{variable.unit_text}]") if variable.unit_text else None
    own = bare if bare == variable.unit_text else None
    texts = (text for text in (variable.unit_text, variable.name, variable.label) if text)
    found = next((unit for text in texts if (unit := units.header_unit(text))), None)
    if own is not None and found is not None and _meaning(own) != _meaning(found):
        raise UnitError(
            f"the column {variable.name!r} has two units: {own} and {found}.",
            "Write the unit in the mapping.",
        )
    return own or found


def _meaning(unit: str) -> str:
    try:
        return units.canonical(unit)
    except UnitError:
        return unit


def _nothing(place: Place, reason: str, spec: Column | None) -> Mapped:
    height = place.rows.height
    none = pl.repeat(None, height, dtype=pl.String, eager=True)
    missing = pl.repeat(reason or "from_schedule", height, dtype=pl.String, eager=True)
    columns = spec.from_ if spec is not None and spec.from_ else ()
    return Mapped(none, none, missing, columns, unit=none)


def _constant(spec: Column, kind: str, place: Place) -> Mapped:
    height = place.rows.height
    none = pl.repeat(None, height, dtype=pl.String, eager=True)
    text = pl.repeat(spec.value, height, dtype=pl.String, eager=True)
    value = text
    if kind in NUMBERS:
        value = text.cast(pl.Float64)
    elif kind == "boolean":
        value = text == "true"
    elif kind == "date":
        value = text.str.to_date("%Y-%m-%d")
    unit_text = spec.unit.text if spec.unit is not None else None
    return Mapped(value, text, none, unit=pl.repeat(unit_text, height, dtype=pl.String, eager=True))


def _row_number(place: Place) -> Mapped:
    """1-based, over the rows of the source table, so that `where` does not renumber."""
    number = (place.rows.take.cast(pl.Int64) + 1).cast(pl.String)
    none = pl.repeat(None, number.len(), dtype=pl.String, eager=True)
    return Mapped(number, number, none)


def _join(parts: list[Mapped], separator: str) -> Mapped:
    """Key parts joined; missing where one part is."""
    value = pl.select(pl.concat_str([part.value for part in parts], separator=separator)).to_series()
    missing = pl.select(pl.coalesce([part.missing for part in parts])).to_series()
    found, judged = values.together(parts)
    return Mapped(value, raw_of(parts), missing, columns_of(parts), problems=found, judged=judged)


def _formula(spec: Column, place: Place, *, result: bool) -> Mapped:
    """The formula's value; null where a part is, with its reason. Of results one below a limit is `censored`."""
    tree = formulas.parse(spec.formula or "")
    reads = list(formulas.reads(tree))
    bare = spec.model_copy(update={"formula": None, "do": None})
    parts = {
        (one.name, one.kind, one.format): with_censored(
            place.lets[one.name]
            if one.name in place.lets
            else _read(
                one.name, _as_read(bare, one), one.kind, place, (), result=result and one.kind == "number"
            )
        )
        for one in reads
    }

    def part(one: formulas.Name) -> formulas.Worked:
        mapped = parts[one.name, one.kind, one.format]
        value = mapped.value.cast(pl.Float64) if mapped.value.dtype.is_numeric() else mapped.value
        return formulas.Worked(value, mapped.missing)

    def of(one: formulas.Name) -> formulas.Type:
        return _type(parts[one.name, one.kind, one.format])

    height = place.rows.height
    made = formulas.evaluate(tree, part, of, height)
    found, judged = values.together(
        mapped for (name, _, _), mapped in parts.items() if name not in place.lets
    )
    missing = pl.select(
        pl.when(made.value.is_null()).then(pl.coalesce(made.missing, pl.lit("no_value")))
    ).to_series()
    text = formulas.type_of(tree, of).unit
    return Mapped(
        made.value,
        raw_of(list(parts.values())),
        missing,
        columns_of(list(parts.values())),
        unit=pl.repeat(text, height, dtype=pl.String, eager=True),
        problems=found,
        judged=judged,
    )


def with_censored(mapped: Mapped) -> Mapped:
    """Where a result is only known to lie beyond a limit, that is why it has no value."""
    if mapped.censored is None:
        return mapped
    reason = pl.when(mapped.censored.is_not_null()).then(pl.lit("censored"))
    return replace(mapped, missing=pl.select(pl.coalesce(mapped.missing, reason)).to_series())


def _as_read(bare: Column, one: formulas.Name) -> Column:
    """The options of a formula's column for one of its names: a date has a format and no unit, a text neither."""
    if one.kind == "number":
        return bare
    return bare.model_copy(update={"unit": None, "format": one.format, "codes": None})


def _type(mapped: Mapped) -> formulas.Type:
    """The kind of a part, and its unit: a formula's columns have one unit each (lint refuses units by row)."""
    kinds: dict[pl.DataType, Literal["date", "boolean", "text"]] = {
        pl.Date(): "date",
        pl.Boolean(): "boolean",
        pl.String(): "text",
    }
    if mapped.value.dtype in kinds:
        return formulas.Type(kinds[mapped.value.dtype])
    texts = mapped.unit
    return formulas.Type("number", None if texts is None or texts.len() == 0 else texts[0])
