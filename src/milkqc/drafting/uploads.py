"""The uploads behind a draft: files opened, sheets and plates found, files of one shape put together."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from milkqc.drafting.grids import grids_of
from milkqc.drafting.words import fold
from milkqc.errors import MilkqcError, SourceError
from milkqc.inspection import Inspection, look_into
from milkqc.model import Source
from milkqc.readers import ReadOptions, read
from milkqc.readers.listing import sheets

_DICTIONARY = ({"variable / field name", "form name"}, {"field_name", "form_name"})
# Files that explain others, or that no reader opens: passed over in a folder.
_BESIDE = (
    ".sas7bcat",
    ".sps",
    ".do",
    ".r",
    ".sas",
    ".pdf",
    ".docx",
    ".md",
    ".html",
    ".yaml",
    ".yml",
    ".json",
    ".toml",
    ".zip",
)


class DraftError(MilkqcError):
    """No draft can be made: files that cannot be read, or nothing in them. The message has a line for each."""


@dataclass(frozen=True)
class Upload:
    """One source table of the draft: its name, what `tables:` says of it, and what is in it.

    `files` are the paths behind it (several where they have one shape); `remarks` are lines for a person.
    """

    name: str
    files: tuple[Path, ...]
    table: Mapping[str, Any]
    source: Source
    found: Inspection
    remarks: tuple[str, ...] = ()
    plate: bool = False
    records: Mapping[str, str] = field(default_factory=dict)


def gather(paths: Sequence[Path]) -> tuple[list[Upload], Path, list[str]]:
    """The source tables of all files (and of all files in a folder), the folder they lie in, and what was passed over.

    Raises DraftError with every file named on purpose that cannot be read.
    """
    named, listed, wrong = [], [], []
    for path in paths:
        if path.is_dir():
            listed += sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
        elif path.is_file():
            named.append(path)
        else:
            wrong.append(f"{path}: there is no such file.")
    files = list(dict.fromkeys([*named, *listed]))
    root = _root(files)
    dictionaries = {one: fields for one in files if (fields := _dictionary(one))}
    uploads, passed = [], []
    for file in files:
        if file in dictionaries:
            continue
        if file in listed and file.suffix.lower() in _BESIDE:
            passed.append(f"{file.name}: not a table")
            continue
        try:
            uploads += _open(file, root, dictionaries)
        except SourceError as error:
            if file in named:
                wrong.append(str(error))
            else:
                passed.append(str(error))
    if wrong:
        raise DraftError("\n".join(wrong))
    if not uploads:
        raise DraftError(
            "\n".join([*passed, "There is no table to draft a mapping from. Name the files of the study."])
        )
    return _named(_stacked(uploads, root)), root, passed


def _root(files: Sequence[Path]) -> Path:
    parents = [file.resolve().parent for file in files]
    root = parents[0] if parents else Path()
    while any(not parent.is_relative_to(root) for parent in parents):
        root = root.parent
    return root


def _open(file: Path, root: Path, dictionaries: Mapping[Path, tuple[str, ...]]) -> list[Upload]:
    shown = file.resolve().relative_to(root).as_posix()
    listed = [one for one in sheets(file) if one.rows > 1 and not one.hidden]
    # A sheet of one column is a note about the others.
    tables = [one for one in listed if one.columns > 1] or listed
    if len(listed) > 1:
        found = []
        for sheet in tables:
            name = file.stem if len(tables) == 1 else f"{file.stem}_{sheet.name}"
            beside = tuple(
                f"sheet {one.name!r} is left out: one column" for one in listed if one not in tables
            )
            found += _table(
                file, name, {"file": shown, "sheet": sheet.name}, ReadOptions(sheet=sheet.name), beside
            )
        return found
    table: dict[str, Any] = {"file": shown}
    options = ReadOptions()
    if file.suffix.lower() == ".csv":
        header = _header(file)
        dictionary = next((one for one, fields in dictionaries.items() if fields[0] in header), None)
        if dictionary is not None:
            options = ReadOptions(format="redcap", dictionary=dictionary)
            table |= {"format": "redcap", "dictionary": dictionary.resolve().relative_to(root).as_posix()}
    return _table(file, file.stem, table, options)


def _table(
    file: Path, name: str, table: Mapping[str, Any], options: ReadOptions, remarks: tuple[str, ...] = ()
) -> list[Upload]:
    try:
        source = read(file, options)
    except SourceError:
        plates = grids_of(file)
        if plates is None:
            raise
        source = read(file, replace(options, plate=plates.option))
        table = {**table, "plate": plates.written}
    found = look_into(source)
    commas = [one for one in found.remarks if one.kind == "decimal_comma"]
    if commas:
        table = {**table, "decimal": ","}
    return [Upload(name, (file,), table, source, found, remarks, plate="plate" in table)]


def _header(file: Path) -> tuple[str, ...]:
    try:
        line = file.read_bytes()[:100_000].decode("utf-8-sig", errors="replace").splitlines()[0]
    except (OSError, IndexError):
        return ()
    return tuple(cell.strip().strip('"') for cell in re.split("[,;\t|^]", line))


def _dictionary(file: Path) -> tuple[str, ...]:
    """The fields of a REDCap data dictionary; none when the file is something else."""
    if file.suffix.lower() != ".csv" or not any(
        names <= {name.lower() for name in _header(file)} for names in _DICTIONARY
    ):
        return ()
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    delimiter = max(",;\t", key=text.splitlines()[0].count)
    rows = list(csv.reader(text.splitlines(), delimiter=delimiter))
    return tuple(row[0].strip() for row in rows[1:] if row and row[0].strip())


def _stacked(uploads: list[Upload], root: Path) -> list[Upload]:
    """Files of one shape (names, types, units, labels) in one folder become one table with a glob."""
    groups: dict[Any, list[Upload]] = {}
    for upload in uploads:
        shape = (
            upload.files[0].parent, upload.files[0].suffix, tuple(upload.source.table.columns),
            tuple(str(kind) for kind in upload.source.table.dtypes), tuple(one.unit for one in upload.found.columns),
            tuple(one.label for one in upload.found.columns), tuple(sorted((k, str(v)) for k, v in upload.table.items() if k != "file")),
        )  # fmt: skip
        groups.setdefault(shape, []).append(upload)
    found = []
    for group in groups.values():
        pattern = _glob([one.files[0] for one in group]) if len(group) > 1 else ""
        if not pattern:
            found += group
            continue
        parent = group[0].files[0].resolve().parent.relative_to(root).as_posix()
        file = pattern if parent == "." else f"{parent}/{pattern}"
        source = _together([one.source for one in group])
        found.append(
            replace(
                group[0],
                name=re.sub(r"[\W_]*\*.*", "", pattern) or group[0].name,
                files=tuple(one.files[0] for one in group),
                table={**group[0].table, "file": file},
                source=source,
                found=look_into(source),
                remarks=(
                    f"{len(group)} files of one shape: {', '.join(one.files[0].name for one in group)}",
                ),
            )
        )
    return found


def _glob(files: Sequence[Path]) -> str:
    """A pattern for these files of a folder and no other; "" when there is none."""
    names = [file.name for file in files]
    start = 0
    while all(len(name) > start and name[start] == names[0][start] for name in names):
        start += 1
    end = 0
    while all(len(name) - start > end and name[-1 - end] == names[0][-1 - end] for name in names):
        end += 1
    pattern = f"{names[0][:start]}*{names[0][len(names[0]) - end :]}"
    same = start > 1 and {one.name for one in files[0].parent.glob(pattern)} == set(names)
    return pattern if same else ""


def _together(sources: Sequence[Source]) -> Source:
    """The rows of all, for looking at; provenance is the run's business."""
    first = sources[0]

    def beside(name: str) -> pl.DataFrame:
        frames = [getattr(one, name) for one in sources]
        names = sorted({column for frame in frames for column in frame.columns})
        return pl.concat(
            pl.DataFrame(
                {
                    column: frame[column]
                    if column in frame.columns
                    else pl.Series([None] * one.table.height, dtype=pl.String)
                    for column in names
                }
            )
            for one, frame in zip(sources, frames, strict=True)
        )

    return replace(
        first,
        table=pl.concat([one.table for one in sources]),
        reasons=beside("reasons"),
        codes=beside("codes"),
        faults=(),
        rows=None,
    )


def _named(uploads: list[Upload]) -> list[Upload]:
    """Each with a name that YAML and people like, and that no other has."""
    taken: set[str] = set()
    found = []
    for upload in uploads:
        name = re.sub("_+", "_", fold(upload.name).replace(" ", "_"))[:40] or "table"
        if name[0].isdigit():
            name = f"t_{name}"
        unique, number = name, 1
        while unique in taken:
            number += 1
            unique = f"{name}_{number}"
        taken.add(unique)
        found.append(replace(upload, name=unique))
    return found
