"""The permanent codes of mapping faults, and the list that gathers them while a mapping is looked through."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from milkqc.errors import Fault, MappingFaults
from milkqc.yamlfile import Document, Path_

# Never reused, never renumbered; docs/faults.md explains each (a test compares the two).
CODES = {
    "M101": "The file cannot be opened",
    "M102": "Not YAML, or not UTF-8",
    "M103": "Key written twice",
    "M104": "Anchor, alias, tag or merge key",
    "M105": "Too large or nested too deeply",
    "M106": "Not keys and values",
    "M107": "Unknown format version",
    "M110": "Unknown key",
    "M111": "Key missing",
    "M112": "Not one of the allowed words",
    "M113": "Value of the wrong kind",
    "M120": "Unknown source table",
    "M121": "Unknown target variable",
    "M122": "Key part missing or not a key part",
    "M123": "Options that do not go together",
    "M124": "Code that the dictionary does not know",
    "M125": "Visit names and wide columns do not go together",
    "M126": "Unmapped source column",
    "M127": "Source column both used and listed as unmapped",
    "M128": "Undecided",
    "M129": "Match without a note",
    "M130": "Path leaves its folder",
    "M131": "Date or gestation format not known",
    "M140": "Adequacy estimates not known",
    "M150": "Formula cannot be read",
    "M160": "Golden row fails",
    "M161": "Golden row without its source",
    "M170": "Decisions cannot be read",
    "M171": "Decisions lack a column",
    "M172": "Unknown decision",
    "M173": "Finding decided twice",
    "M174": "Date of a decision unreadable",
    "M175": "No finding id",
    "M176": "Decision not filled in",
    "M177": "Decision with too many cells",
    "M201": "Unknown unit",
    "M202": "Unit missing",
    "M203": "Unit where none belongs",
    "M204": "Unknown analyte",
    "M205": "Unknown substance",
    "M206": "Molar unit without a substance",
    "M207": "Unit cannot be converted",
    "M208": "Header without a unit",
    "M209": "Unit per mass of milk or fat without its content",
    "M210": "Header without a limit",
    "M301": "Source file missing",
    "M302": "Source file cannot be read",
    "M303": "Unknown source column",
    "M304": "Format for a column that is already a date",
    "M305": "Date column without a format",
    "M306": "Source code not in the mapping",
    "M307": "Source files of one table differ",
    "M308": "Missing-data codes not declared",
    "M401": "Code in the data that the mapping does not know",
    "M402": "Code of the mapping that the data never hold",
    "M403": "Dates that cannot be read",
    "M404": "Numbers that cannot be read",
    "M405": "Values that do not fit their unit",
    "M406": "Key that is not unique",
    "M407": "Column that is new since last time",
    "M408": "Column that is gone since last time",
    "M409": "Visit that is nearly one of the schedule",
    "M501": "Not a workbook of a mapping",
    "M502": "Workbook of another mapping",
    "M503": "Workbook of an older state of the mapping",
    "M504": "Cell of a workbook that cannot be used",
}

# Codes that nothing raises any more; never given to another fault.
RETIRED = {"M190": "Not yet"}


class FaultList:
    """Collects faults against one document; `check` raises them all together."""

    def __init__(self, document: Document):
        self.document = document
        self.faults: list[Fault] = []

    def add(self, path: Path_, code: str, what: str, todo: str = "") -> None:
        """Note one fault at a key path of the document."""
        path = self._written(path)
        where = ".".join(str(part) for part in path)
        line, column = self.document.line(path), self.document.column(path)
        self.faults.append(Fault(self.document.name, line, code, where, what, todo, column=column))

    def check(self) -> None:
        """Raise MappingFaults if there is any."""
        if self.faults:
            raise MappingFaults(self.faults)

    def _written(self, path: Path_) -> Path_:
        """The path as the file has it: a single block is written without a list, a bare word without `from`."""
        node, kept = self.document.data, []
        for part in path:
            if isinstance(part, int) and not isinstance(node, list):
                continue
            kept.append(part)
            if isinstance(node, dict):
                node = node.get(str(part))
            elif isinstance(node, list) and isinstance(part, int) and part < len(node):
                node = node[part]
            else:
                node = None
        return tuple(kept)


def nearest(word: str, known: Iterable[str]) -> str:
    """`Did you mean weight_kg?` for a word that is nearly one of the known ones, else an empty text."""
    known = list(known)
    lowered = {entry.lower(): entry for entry in reversed(known)}
    close = difflib.get_close_matches(word.lower(), lowered, n=2, cutoff=0.6)
    return f"Did you mean {' or '.join(lowered[entry] for entry in close)}?" if close else ""
