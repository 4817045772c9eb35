"""Every place of a mapping that names a source column: what `against` checks and what counts as used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from milkqc.mapping import comparisons, targets
from milkqc.mapping import formula as formulas
from milkqc.mapping.language import Analyte, Block, Column, Comparison, Defaults, LimitOf, Mapping, UnitOf
from milkqc.yamlfile import Path_


@dataclass(frozen=True)
class Use:
    """One source column named at one place. `kind` is the target's type, empty where cells are only looked at."""

    table: str
    column: str
    path: Path_
    optional: bool = False
    kind: str = ""
    spec: Column | None = None


def uses(mapping: Mapping) -> Iterator[Use]:
    """All uses, block by block, wide visits written out."""
    for table, place, block in mapping.blocks():
        yield from _block(table, (table, place), block)


def _block(table: str, path: Path_, block: Block) -> Iterator[Use]:
    known = targets.mappable(table)
    suffixes = tuple((block.visits or {"": ""}).values())
    for column in block.where:
        yield Use(block.from_, column, (*path, "where", column))
    if block.controls is not None:
        for key in ("from_", "level", "of", "order"):
            named = getattr(block.controls, key)
            if named is not None:
                yield Use(block.from_, named, (*path, "controls", key.rstrip("_")))
    if block.repeats is not None and block.repeats.latest is not None:
        yield _at(block, block.repeats.latest, (*path, "repeats", "latest"))
    for name, link in block.with_.items():
        for mine, theirs in link.on.items():
            yield _at(block, mine, (*path, "with", name, "on", mine))
            yield Use(name, theirs.to, (*path, "with", name, "on", mine))
    if block.long is not None:
        for key in ("variable", "analyte", "value", "unit", "limit"):
            column = getattr(block.long, key)
            if column is not None:
                yield _at(block, column, (*path, "long", key))
    sections: list[tuple[str, dict[str, Column]]] = [
        ("key", dict(block.key)),
        ("let", dict(block.let)),
        ("columns", dict(block.columns)),
        ("extra", dict(block.extra)),
        ("analytes", dict(block.analytes)),
        # A comparison's formula is over what the block makes, never over source columns.
        ("compare", {n: _of_file(block, spec) for n, spec in block.compare.items()}),
    ]
    for section, specs in sections:
        for name, spec in specs.items():
            kind = (
                "text" if section == "key" else "number" if section in {"let", "analytes", "compare"} else ""
            )
            if section == "columns":
                kind = known[name].type if name in known else ""
            if section == "extra":
                kind = getattr(spec, "type", "text")
            # Inside a let a name means an earlier let, else a source column: `W: {from: W, unit: kg}` reads column W.
            lets = list(block.let)[: list(block.let).index(name)] if section == "let" else list(block.let)
            yield from _spec(block, spec, (*path, section, name), suffixes, kind, lets)
    yield from _limit(block, block.every.limit, (*path, "every", "limit"), suffixes)
    yield from _unit(block, block.every.unit, (*path, "every", "unit"), suffixes)
    yield from _contents(block, block.every, (*path, "every"), suffixes)


def _of_file(block: Block, spec: Comparison) -> Column:
    """What a comparison reads of the file: not its formula, and no column where the total is one of the analytes."""
    update: dict[str, object] = {"formula": None}
    if comparisons.total_of(block, spec) is not None:
        update["from_"] = None
    return spec.model_copy(update=update)


def _spec(
    block: Block, spec: Column, path: Path_, suffixes: tuple[str, ...], kind: str, lets: list[str]
) -> Iterator[Use]:
    if spec.match == "not_collected":
        return
    if spec.match == "undecided":
        # The candidates are spoken for, and nothing of them is judged.
        for name in spec.from_ or ():
            for suffix in suffixes:
                yield _at(block, name.replace("{visit}", suffix), (*path, "from"), True)
        return
    for place, name in enumerate(spec.from_ or ()):
        if name in lets:
            continue
        for suffix in suffixes:
            where = (
                (*path, "from", place) if spec.from_ is not None and len(spec.from_) > 1 else (*path, "from")
            )
            yield _at(block, name.replace("{visit}", suffix), where, spec.optional, kind, spec)
    if spec.formula is not None:
        try:
            reads = list(formulas.reads(formulas.parse(spec.formula)))
        except formulas.FormulaError:
            reads = []
        for one in reads:
            if one.name not in lets:
                read = Column.model_validate({"from": one.name, "format": one.format})
                own = read if one.kind == "date" else None
                yield _at(block, one.name, (*path, "formula"), spec.optional, one.kind, own)
    yield from _unit(block, spec.unit, (*path, "unit"), suffixes, spec.optional)
    if isinstance(spec, Analyte):
        yield from _limit(block, spec.limit, (*path, "limit"), suffixes)
        yield from _contents(block, spec, path, suffixes)


def _unit(
    block: Block, unit: UnitOf | None, path: Path_, suffixes: tuple[str, ...], optional: bool = False
) -> Iterator[Use]:
    for column in (unit.from_, unit.by) if unit is not None else ():
        if column is not None:
            for suffix in suffixes:
                yield _at(block, column.replace("{visit}", suffix), path, optional)


def _contents(
    block: Block, spec: Analyte | Defaults, path: Path_, suffixes: tuple[str, ...]
) -> Iterator[Use]:
    """The columns of a sample's own density and fat, and of the comment on its zeros."""
    for name in ("density", "fat"):
        content = getattr(spec, name)
        if content is not None:
            yield from _unit(block, content.unit, (*path, name, "unit"), suffixes)
            if content.from_ is not None:
                for suffix in suffixes:
                    column = content.from_.replace("{visit}", suffix)
                    yield _at(block, column, (*path, name, "from"), kind="number")
    if spec.zero is not None and spec.zero.from_ is not None:
        for suffix in suffixes:
            yield _at(block, spec.zero.from_.replace("{visit}", suffix), (*path, "zero", "from"))


def _limit(block: Block, limit: LimitOf | None, path: Path_, suffixes: tuple[str, ...]) -> Iterator[Use]:
    if limit is None:
        return
    for key, column in (("from", limit.from_), ("by", limit.by)):
        if column is not None:
            for suffix in suffixes:
                yield _at(block, column.replace("{visit}", suffix), (*path, key))


def _at(
    block: Block,
    column: str,
    path: Path_,
    optional: bool = False,
    kind: str = "",
    spec: Column | None = None,
) -> Use:
    """`tubes.PID` is column PID of the linked table tubes, whatever the block's own table has."""
    link, _, name = column.partition(".")
    if name and link in block.with_:
        return Use(link, name, path, optional, kind, spec)
    return Use(block.from_, column, path, optional, kind, spec)
