"""The words that a mapping lists and the data hold, compared: codes that are known, and codes that are seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from milkqc import cells as text_cells
from milkqc import reference
from milkqc.mapping.faults import FaultList
from milkqc.mapping.uses import Use, uses
from milkqc.mapping.values import canonical_words
from milkqc.study import Study
from milkqc.yamlfile import Path_


def never(study: Study, faults: FaultList) -> None:
    """Codes that are declared and that no file of the table holds: a code misspelt, or a form of another version.

    The words of `where`, `controls` and `long` are such codes too.
    """
    seen_at: dict[Path_, set[str]] = {}
    declared: dict[Path_, Use] = {}
    for use in uses(study.loaded.mapping):
        source = study.tables.get(use.table)
        if use.spec is None or not use.spec.codes or source is None or use.column not in source.columns:
            continue
        path = use.path[: next(n for n, part in enumerate(use.path) if part == "from")]
        declared[path] = use
        text = text_cells.canonical(source.cells(use.column).text.unique())
        seen_at.setdefault(path, set()).update(text.drop_nulls().to_list())
    for path, use in declared.items():
        codes = (use.spec.codes if use.spec is not None else None) or {}
        unused = [code for code in codes if not canonical_words([code]) & seen_at[path]]
        if unused:
            told = ", ".join(repr(code) for code in unused[:10])
            faults.add(
                (*path, "codes"),
                "M402",
                f"{use.column} never holds {told}.",
                "Check how the file writes it; a code that may still come can stay.",
            )
    for path, column, declared_words, cells in _words(study):
        absent = [word for word in declared_words if word and not canonical_words([word]) & cells]
        if absent:
            told = ", ".join(repr(word) for word in absent[:10])
            faults.add(
                path,
                "M402",
                f"{column} never holds {told}.",
                "Check how the file writes it; a word that may still come can stay.",
            )


def _words(study: Study) -> Iterator[tuple[Path_, str, Iterable[str], set[str]]]:
    """The words that a block looks for in a column: their place, the column, the words, and what the files hold."""
    for table, place, block in study.loaded.mapping.blocks():
        source, path = study.tables[block.from_], (table, place)
        wanted: list[tuple[Path_, str, Iterable[str]]] = [
            ((*path, "where", column), column, words) for column, words in block.where.items()
        ]
        if (own := block.controls) is not None:
            kinds = ("blank", "control", "duplicate")
            wanted += [((*path, "controls", key), own.from_, getattr(own, key)) for key in kinds]
        if (long := block.long) is not None:
            wanted.append(((*path, "long", "codes"), long.analyte or long.variable or "", long.codes))
        for at, column, words in wanted:
            if column in source.columns and words:
                yield (
                    at,
                    column,
                    words,
                    canonical_words(source.cells(column).text.unique().drop_nulls().to_list()),
                )


def unknown(study: Study, faults: FaultList) -> None:
    """What a long file measures and the mapping does not name, in rows that `where` keeps: they come to nothing."""
    for table, place, block in study.loaded.mapping.blocks():
        long, source = block.long, study.tables[block.from_]
        column = (long.analyte or long.variable) if long is not None else None
        if long is None or column is None or column not in source.columns:
            continue
        text = text_cells.canonical(source.cells(column).text)
        keep = text.is_not_null()
        for other, words in block.where.items():
            cells = text_cells.canonical(source.cells(other).text.fill_null(""))
            keep = keep & cells.is_in(list(canonical_words(words) | ({""} if "" in words else set())))
        known = (
            canonical_words(long.codes)
            | set(reference.analytes() if long.analyte else ())
            | set(block.analytes)
        )
        lost = text.filter(keep & ~text.is_in(list(known)))
        if lost.len():
            files = ", ".join(dict.fromkeys(one.origin.file for one in source.sources[:3]))
            faults.add(
                (table, place, "long", "codes"),
                "M401",
                f"{files} holds {lost.len()} row{'s' * (lost.len() > 1)} that no code of `long` names: {counted(lost)}.",
                "Add them to `codes`, or set them aside by `where`.",
            )


def counted(values: pl.Series) -> str:
    """The values with how often each stands there, the most frequent first."""
    counts = (
        values.alias("value").value_counts(sort=True, name="n").sort(["n", "value"], descending=[True, False])
    )
    shown = [f"{value!r} ({n})" for value, n in counts.head(10).iter_rows()]
    return f"{', '.join(shown)}{' ...' if counts.height > 10 else ''}"
