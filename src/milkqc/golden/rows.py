"""Every golden row of a mapping tried: made into its target's row, with its scores where they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Words
from dataclasses import dataclass, field

import polars as pl

from milkqc.golden.compare import TODO, compare
from milkqc.golden.derived import DERIVED, scored
from milkqc.golden.source import found, linked, typed
from milkqc.mapping.apply import apply
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Block, Golden, Mapping
from milkqc.mapping.load import Loaded
from milkqc.mapping.sources import SourceTable
from milkqc.model import TABLES
from milkqc.normalise import normalise
from milkqc.reference.mae import MaeChoice
from milkqc.yamlfile import Path_

Estimates = Callable[[], MaeChoice | None]


@dataclass
class _Trial:
    """What golden rows are tried with. The participants of the uploads are mapped when a score first needs them."""

    mapping: Mapping
    tables: Words[str, SourceTable]
    faults: FaultList
    estimates: Estimates
    _people: list[pl.DataFrame] = field(default_factory=list)

    def people(self) -> pl.DataFrame | None:
        """The participants of the uploads; None without uploads."""
        if not self.tables:
            return None
        if not self._people:
            alone = {name: () for name in TABLES if name != "participants"}
            applied = apply(self.mapping.model_copy(update=alone), self.tables)
            self._people.append(normalise("participants", applied.tables["participants"])[0])
        return self._people[0]


def golden(
    loaded: Loaded,
    tables: Words[str, SourceTable] | None = None,
    *,
    estimates: Estimates = lambda: None,
) -> FaultList:
    """Every golden row that does not give what it should, as faults M160; M161 where it has no source.

    The mapping has been linted. Each row goes alone through the blocks that read its source table into its target,
    with everything that a run does to a row up to its canonical units; where a score, an age or an estimate is
    expected, through that too, beside the participants of the uploads. With `tables` a row can be one of the uploads
    (`find`), links look into the real tables, and typed cells (`cells`) have the file's own types; without them `find`
    is passed over, and dates that no format describes are read as YYYY-MM-DD. `estimates` gives the study's estimates
    of adequacy, asked only where a row needs them.
    """
    trial = _Trial(loaded.mapping, tables or {}, loaded.faults(), estimates)
    for place, row in enumerate(loaded.mapping.golden):
        path: Path_ = ("golden", place)
        blocks = [
            block
            for table, _, block in loaded.mapping.blocks()
            if table == row.table and block.from_ == row.from_
        ]
        if not blocks:
            read = sorted({block.from_ for table, _, block in loaded.mapping.blocks() if table == row.table})
            todo = nearest(row.from_, read) or f"They read {', '.join(read) or 'nothing'}."
            trial.faults.add((*path, "from"), "M161", f"no block of {row.table} reads {row.from_}.", todo)
        elif (row.cells is None) == (row.find is None):
            trial.faults.add(
                path,
                "M123",
                "a golden row has its cells, or is one of the uploads.",
                "Write `cells` or `find`.",
            )
        elif row.find is None or tables is not None:
            _one(path, row, blocks, trial)
    return trial.faults


def _one(path: Path_, row: Golden, blocks: list[Block], trial: _Trial) -> None:
    frames = _made(path, row, blocks, trial)
    if frames is None:
        return
    if not frames:
        trial.faults.add(path, "M160", "the row gives nothing: its key is missing, or it is set aside.", TODO)
        return
    if DERIVED.get(row.table, frozenset()) & row.gives.keys():
        frames = [
            scored(row.table, frame, trial.people(), trial.mapping, trial.estimates) for frame in frames
        ]
    for name, expected in row.gives.items():
        compare((*path, "gives", name), name, expected, frames, trial.faults)


def _made(path: Path_, row: Golden, blocks: list[Block], trial: _Trial) -> list[pl.DataFrame] | None:
    """The rows that the golden row is made into, in canonical units; None where it has no source, which is told."""
    mapping, tables, faults = trial.mapping, trial.tables, trial.faults
    source = (
        found(path, row, tables, faults) if row.find else typed(path, row, row.from_, mapping, tables, faults)
    )
    if source is None:
        return None
    made = []
    for block in blocks:
        sources = {row.from_: source}
        for link in block.with_:
            sources[link] = linked(path, row, link, mapping, tables, faults)
        alone = {**dict.fromkeys(TABLES, ()), row.table: (block,)}
        applied = apply(mapping.model_copy(update=alone), sources)
        made += [normalise(name, applied.tables[name])[0] for name in TABLES]
    return [frame for frame in made if frame.height]
