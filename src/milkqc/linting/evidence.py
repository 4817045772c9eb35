"""What the uploads say of a mapping that a run would accept: codes, dates, numbers, units, keys."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from milkqc.errors import Fault
from milkqc.linting import listed, unfit
from milkqc.mapping.apply import Applied, apply
from milkqc.mapping.faults import FaultList
from milkqc.mapping.language import Block
from milkqc.study import Study
from milkqc.yamlfile import Path_

# Rules of reading that a mapping may be the cause of, and the code of each.
READING = {
    "reading.code.unknown": ("M401", "codes that it does not know", "Add them to `codes`, or to `missing`."),
    "reading.date.unreadable": ("M403", "dates that cannot be read", "Compare `format` with the file."),
    "reading.number.unreadable": ("M404", "numbers that cannot be read", "Declare their codes in `missing`, or `decimal` at the table."),
}  # fmt: skip
REPEATED = r"(?<keep>[^\\])#[0-9a-f]{6}"  # what row_id has behind a key that stands in several rows


def seen(study: Study) -> Iterator[Fault]:
    """A fault for each thing that the data make doubtful, at the line of the mapping that it concerns."""
    from milkqc import normalise

    faults = study.loaded.faults()
    applied = apply(study.loaded.mapping, study.tables)
    _reading(study, applied, faults)
    listed.never(study, faults)
    listed.unknown(study, faults)
    for name, frame in applied.tables.items():
        found = normalise.normalise(name, frame)[0]
        judged = unfit.results(found) if name in {"milk", "biomarkers"} else unfit.measures(name, found)
        for one in judged:
            faults.add((*_place(study, name, one.name, one.file), "unit"), "M405", one.what, one.todo)
        _keys(study, name, frame, faults)
    yield from faults.faults


def _place(study: Study, table: str, variable: str, file: str | None) -> Path_:
    """Where the mapping makes a variable: in the block whose source the file is, else in the first that does."""
    found: list[tuple[Path_, Block]] = []
    plain = variable.removeprefix("x_")
    for name, place, block in study.loaded.mapping.blocks():
        sections = ("columns", "key", "extra", "analytes", "let", "compare") if name == table else ()
        found += [((name, place, one, plain), block) for one in sections if plain in getattr(block, one)]
        if name == table and block.long is not None and plain in block.long.codes.values():
            found.append(((name, place, "long"), block))
    for path, block in found:
        source = study.tables.get(block.from_)
        if source is not None and any(one.origin.file == file for one in source.sources):
            return path
    return found[0][0] if found else (table,)


def _reading(study: Study, applied: Applied, faults: FaultList) -> None:
    places = pl.concat(
        [
            frame.select("row_id", pl.lit(name).alias("table"), "source_file")
            for name, frame in applied.tables.items()
        ]
    ).unique(["row_id", "table"], keep="first")
    drafts = applied.drafts.filter(pl.col("rule_id").is_in(list(READING))).drop("source_file")
    drafts = drafts.join(places, on=["row_id", "table"], how="left")
    groups = drafts.group_by("rule_id", "table", "variable", "source_file", maintain_order=True)
    for (rule, table, variable, file), group in groups:
        code, what, todo = READING[str(rule)]
        where = _place(study, str(table), str(variable), None if file is None else str(file))
        more = f": {listed.counted(group['value'])}" if code == "M401" else ""
        file_name = "" if file is None else f"{file} holds "
        count = f"{group.height} cell{'s' * (group.height > 1)} with "
        faults.add(where, code, f"{file_name}{count}{what}{more}.", todo)


def _keys(study: Study, table: str, frame: pl.DataFrame, faults: FaultList) -> None:
    """Keys that stand in several rows where nothing says how repeats are read."""
    repeated = frame.filter(pl.col("row_id").str.contains(REPEATED))
    if "repeat_allowed" in frame.columns:
        repeated = repeated.filter(~pl.col("repeat_allowed").fill_null(False))
    # The mark of a repeated key off, rows under one key have one name again.
    repeated = repeated.with_columns(key=pl.col("row_id").str.replace(REPEATED + r"(\.\d+)?$", "$keep"))
    for (file,), group in repeated.group_by("source_file", maintain_order=True):
        path = next(
            (
                (name, place, "key")
                for name, place, block in study.loaded.mapping.blocks()
                if name == table and any(one.origin.file == file for one in study.tables[block.from_].sources)
            ),
            (table,),
        )
        same = repeated.filter(pl.col("key").is_in(group["key"].implode()))
        others = [one for one in same["source_file"].unique().sort().to_list() if one != file]
        alone = group.filter(pl.col("key").is_duplicated()).height
        if others and not alone:
            what = f"{group.height} rows of {file} share their key with rows of {', '.join(others[:3])}."
            todo = (
                "Blocks of one target are stacked, not joined: give each file its own visits, map one of them "
                "under another target, or say by `repeats:` how such rows are read."
            )
        else:
            what = f"{group.height} rows of {file} share their key with another row."
            todo = "Add the missing key part, or say by `repeats:` how such rows are read."
        faults.add(path, "M406", what, todo)
