"""REDCap's syntax bundles: a CSV without a header, and the SPSS, SAS, Stata or R file that names its columns.

The syntax file is read for names, labels and codes; nothing in it is ever executed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from milkqc.model import Source
from milkqc.readers.delimited import take_apart
from milkqc.readers.encodings import decode
from milkqc.readers.files import File
from milkqc.readers.options import ReadOptions
from milkqc.readers.redcap import explanation, origin_of
from milkqc.readers.redcap_dictionary import Dictionary, Field
from milkqc.readers.redcap_export import STATUS, SYSTEM, Export, Structure
from milkqc.readers.redcap_lines import lines_of
from milkqc.readers.redcap_source import source_of
from milkqc.readers.registry import Format

# SAS and Stata take 32 characters: a longer name is cut to its first 20, numbered from 0 through the export.
_SHORT = re.compile(r"^(.{20})_v_[0-9]+$")
_LONG = 31
_REST = "all_fields"


@dataclass(frozen=True)
class Described:
    """What a syntax file says: the columns in order (none where the CSV has a header), labels, codes, kinds.

    `kinds` are `number`, `date` or `text` where the file tells.
    """

    names: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)


def read(file: File, options: ReadOptions) -> Source:
    """A Source as from the raw CSV of the same project, as far as the syntax file tells.

    With `dictionary`, the dictionary explains the columns and gives shortened names back their length. Without,
    forms are told by their `_complete` columns, and nobody knows which fields are identifiers: a note says so.
    SourceError, with the line, for any statement that REDCap does not write.
    """
    return source_of(export(file, options), options)


def export(file: File, options: ReadOptions) -> Export:
    """The bundle's CSV as an Export."""
    if options.syntax is None:
        raise file.error(
            "is read as a syntax bundle without its syntax file.", "Say `syntax:` in the mapping."
        )
    syntax = File.of(options.syntax)
    said = describe(syntax)
    headed = not said.names
    asked = options if headed else replace(options, names=said.names)
    table = take_apart(file, replace(asked, delimiter=options.delimiter or ","), find=False)
    strangers = sorted({*said.labels, *said.choices} - set(table.frame.columns))
    if strangers:
        raise syntax.error(
            f"speaks of columns that {file.name} has not: {', '.join(strangers[:5])}.",
            "Take the CSV and the syntax file of one and the same export.",
        )
    structure, codes, explained = Structure(), dict[str, str](), None
    frame = table.frame
    notes = [f"syntax file: {syntax.name}, sha256 {syntax.sha256}"]
    if options.dictionary is not None:
        explained, dictionary, structure, codes = explanation(file, options)
        longer = _longer(syntax, frame.columns, dictionary)
        frame = frame.rename(longer)
        notes += [f"{len(longer)} shortened names were given back their length"] if longer else []
    else:
        dictionary = _dictionary(frame.columns, said)
        notes.append("a syntax file does not flag identifiers: without a dictionary none could be dropped")
    names = table.frame.columns if headed else None
    origin = origin_of(file, table, "redcap_syntax", explained)
    return Export(
        file,
        frame,
        dictionary,
        replace(origin, notes=(*notes, *origin.notes)),
        lambda rows: lines_of(file, names, rows, encoding=options.encoding),
        structure,
        codes,
    )


def describe(syntax: File) -> Described:
    """What the syntax file says, in the language of its ending. SourceError, with the line, for anything else."""
    from milkqc.readers import redcap_syntax_r, redcap_syntax_sas, redcap_syntax_spss, redcap_syntax_stata

    languages: dict[str, Callable[[File, str], Described]] = {
        ".sps": redcap_syntax_spss.described,
        ".sas": redcap_syntax_sas.described,
        ".do": redcap_syntax_stata.described,
        ".r": redcap_syntax_r.described,
    }
    ending = syntax.path.suffix.lower()
    if ending not in languages:
        raise syntax.error(
            f"the ending {ending!r} names no language of syntax files.",
            f"Give the {', '.join(languages)} file of the export.",
        )
    text, _, _ = decode(syntax, None)
    found = languages[ending](syntax, text.replace("\r\n", "\n").replace("\r", "\n"))
    if not found.names and not found.labels:
        raise syntax.error("names no columns.", "Give the syntax file that REDCap wrote with the data.")
    twice = sorted({name for name in found.names if found.names.count(name) > 1})
    if twice:
        raise syntax.error(f"names a column twice: {', '.join(twice[:5])}.", "Export it again.")
    return found


def _longer(syntax: File, names: Sequence[str], dictionary: Dictionary) -> dict[str, str]:
    """Shortened name -> the name of 31 characters or more that it stands for, by order among those alike."""
    expected = []
    for form in dictionary.forms:
        expected += [c for one in dictionary.fields.values() if one.form == form for c in one.columns]
        expected += [f"{form}_timestamp", f"{form}_complete"]
    known = set(expected)
    short: dict[str, list[str]] = {}
    for name in names:
        match = _SHORT.match(name)
        if match and name not in known:
            short.setdefault(match.group(1), []).append(name)
    found: dict[str, str] = {}
    for stem, mine in short.items():
        long = [name for name in expected if len(name) >= _LONG and name.startswith(stem)]
        if len(long) > len(mine):
            long = [name for name in long if not name.endswith("_timestamp")]
        if len(long) != len(mine):
            raise syntax.error(
                f"the shortened names {', '.join(mine)} stand for {len(mine)} of the dictionary's "
                f"{len(long)} names that begin so.",
                "Export all fields of these forms, or read the headed CSV as `format: redcap`.",
            )
        found |= dict(zip(mine, long, strict=True))
    return found


def _dictionary(names: Sequence[str], said: Described) -> Dictionary:
    """The fields as far as the syntax tells: each form ends with its `_complete`."""
    fields: dict[str, Field] = {}
    waiting: list[Field] = []
    boxes: dict[str, dict[str, str]] = {}

    def close(form: str) -> None:
        for one in waiting:
            choices = boxes.get(one.name, one.choices)
            fields[one.name] = replace(one, form=form, choices=choices)
        waiting.clear()

    for name in names:
        choices = dict(said.choices.get(name, {}))
        stem, mark, code = name.partition("___")
        if name in SYSTEM or name.endswith("_timestamp"):
            continue
        if name.endswith("_complete") and choices == STATUS:
            close(name.removesuffix("_complete"))
        elif mark and list(choices.values()) == ["Unchecked", "Checked"]:
            label, _, choice = said.labels.get(name, "").rpartition(" (choice=")
            if stem not in boxes:
                waiting.append(Field(stem, "", "checkbox", label))
            boxes.setdefault(stem, {})[code] = choice.removesuffix(")")
        else:
            waiting.append(_field(name, said, choices))
            if _SHORT.match(name) and choices == STATUS:
                close(name)
    close(_REST)
    return Dictionary(fields)


def _field(name: str, said: Described, choices: Mapping[str, str]) -> Field:
    kind = said.kinds.get(name, "text")
    if choices == {"1": "Yes", "0": "No"}:
        return Field(name, "", "yesno", said.labels.get(name, ""), choices)
    validation = {"number": "number", "date": "date_ymd"}.get(kind, "") if not choices else ""
    return Field(
        name,
        "",
        "radio" if choices else "text",
        said.labels.get(name, ""),
        choices,
        validation=validation,
    )


FORMAT = Format("redcap_syntax", (), read)
