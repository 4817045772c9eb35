"""A study's own analytes (oligosaccharides, hormones, macronutrients ...), from a csv file that a person wrote."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from io import StringIO
from pathlib import Path
from types import MappingProxyType

from milkqc.errors import Fault, Faults, UnitError
from milkqc.reference.analytes import Analyte, shipped
from milkqc.reference.headers import header_faults
from milkqc.reference.wide import LONGEST_SHORT
from milkqc.units import canonical

NONE: Mapping[str, Analyte] = MappingProxyType({})
_REQUIRED = ("key", "unit")
_OPTIONAL = ("name", "short", "molar_mass", "valence", "family", "aliases", "source")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
# Takes the code, the column, what is wrong and what to do.
Note = Callable[[str, str, str, str], None]
_NUMBER = re.compile(r"[0-9]{1,7}(\.[0-9]{1,9})?", re.ASCII)


class AnalyteFaults(Faults):
    """The file of a study's own analytes cannot be used: its codes start with A."""

    prefix = "A"


def read_analytes(path: Path) -> Mapping[str, Analyte]:
    """The analytes of a file by key, in file order.

    Columns: `key` (a word of a-z, 0-9 and _), `unit` (the canonical unit that results reach, any allowed spelling),
    and if wanted `name`, `short` (at most 17 letters; names the column of the analysis table; needed where the key
    is longer), `molar_mass` (g/mol; without it only mass, or only molar, units convert), `valence` (for mEq),
    `family` (the nutrient whose forms belong together; default the key), `aliases` (by spaces) and `source`.
    Raises AnalyteFaults with every fault of the file: A101 unreadable, A102 columns, A103 key, A104 unit,
    A105 molar mass, A106 short, A107 valence, A108 alias.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        raise AnalyteFaults(
            [Fault(path.name, 0, "A101", "", f"{why}.", "Check the path of `analytes_file:`.")]
        ) from error
    reader = csv.DictReader(StringIO(text))
    _check_columns(path.name, reader.fieldnames or ())
    file = _File(path.name)
    for cells in reader:
        file.add(
            reader.line_num, {name: (cells.get(name) or "").strip() for name in (*_REQUIRED, *_OPTIONAL)}
        )
    if file.faults:
        raise AnalyteFaults(file.faults)
    return MappingProxyType(file.found)


def _check_columns(file: str, names: Sequence[str]) -> None:
    faults = header_faults(file, names, required=_REQUIRED, optional=_OPTIONAL, code="A102", what="analytes")
    if faults:
        raise AnalyteFaults(faults)


@dataclass
class _File:
    """The file as read so far: its analytes, the names that are taken, its faults."""

    name: str
    found: dict[str, Analyte] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    shorts: dict[str, str] = field(default_factory=lambda: {one.short: one.key for one in shipped().values()})
    words: dict[str, str] = field(
        default_factory=lambda: {
            word: one.key for one in shipped().values() for word in (one.key, *one.aliases)
        }
    )

    def add(self, line: int, text: Mapping[str, str]) -> None:
        """Note one line's analyte, or its faults."""
        before = len(self.faults)

        def fault(code: str, column: str, what: str, todo: str) -> None:
            self.faults.append(Fault(self.name, line, code, column, what, todo))

        key = text["key"]
        if not _KEY.fullmatch(key):
            fault("A103", "key", f"{key!r} cannot be a key.", "Use a-z, 0-9 and _, a letter first.")
        elif key in self.words:
            own = "" if self.words[key] in shipped() else " of this file"
            fault(
                "A103", "key", f"{key!r} is already a name of {self.words[key]}{own}.", "Choose another key."
            )
        unit = self._unit(text["unit"], fault)
        mass = Fraction(text["molar_mass"]) if _NUMBER.fullmatch(text["molar_mass"]) else None
        if text["molar_mass"] and not mass:
            fault(
                "A105",
                "molar_mass",
                "the molar mass is not a number above 0.",
                "Write g/mol, or leave it out.",
            )
        valence = int(text["valence"]) if text["valence"] in set("123456") else None
        if text["valence"] and valence is None:
            fault(
                "A107", "valence", "the valence is not a whole number of 1 to 6.", "Leave it out for no ion."
            )
        short = text["short"] or key
        if text["short"] or _KEY.fullmatch(key):
            self._short(short, key, fault)
        aliases = tuple(text["aliases"].split())
        for alias in aliases:
            if alias in self.words or alias == key:
                owner = self.words.get(alias, key)
                fault("A108", "aliases", f"{alias!r} is already a name of {owner}.", "Take it out.")
        if len(self.faults) > before:
            return
        self.shorts[short] = key
        self.words |= dict.fromkeys((key, *aliases), key)
        self.found[key] = Analyte(
            key=key,
            name=text["name"] or key.replace("_", " "),
            short=short,
            family=text["family"] or key,
            unit=unit,
            molar_mass=mass,
            aliases=aliases,
            valence=valence,
            status="given by the study",
            source=text["source"] or self.name,
        )

    def _unit(self, text: str, note: Note) -> str:
        try:
            return canonical(text)
        except UnitError as error:
            note("A104", "unit", error.what if text else "the unit is missing.", error.todo)
            return ""

    def _short(self, short: str, key: str, note: Note) -> None:
        if not _KEY.fullmatch(short) or len(short) > LONGEST_SHORT:
            note(
                "A106",
                "short",
                f"{short!r} is no short name of at most {LONGEST_SHORT} characters.",
                "Give one in the column `short`: a-z, 0-9 and _.",
            )
        elif self.shorts.get(short, key) != key:
            note("A106", "short", f"{short!r} is the short name of {self.shorts[short]}.", "Choose another.")
