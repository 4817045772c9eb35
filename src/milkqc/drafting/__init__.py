"""A mapping proposed from what the files say, each line with its grade and evidence (docs/draft.md)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from milkqc.drafting.plan import Draft
from milkqc.drafting.study import assemble
from milkqc.drafting.uploads import DraftError, gather
from milkqc.drafting.write import text_of
from milkqc.mapping.form import formatted

__all__ = ["DraftError", "Drafted", "draft"]


@dataclass(frozen=True)
class Drafted:
    """The text of a drafted mapping, the folder that its files are relative to (`--data`), and what was passed over."""

    text: str
    data: Path
    passed: tuple[str, ...]
    plan: Draft

    def data_shown(self) -> str:
        """The folder as a person would type it: from here where it lies below, else whole."""
        here = Path.cwd()
        return (
            self.data.relative_to(here).as_posix() or "."
            if self.data.is_relative_to(here)
            else self.data.as_posix()
        )

    def counts(self) -> dict[str, int]:
        """How many columns are mapped exactly, likely, undecided and left out."""
        found = {"exact": 0, "likely": 0, "unsure": 0, "left out": 0}
        for table in self.plan.tables:
            for column in table.guesses:
                if column in table.used:
                    guess = table.chosen.get(column)
                    found[guess.grade if guess is not None else "likely"] += 1
                else:
                    found["left out" if table.left[column].startswith("likely") else "unsure"] += 1
        return found


def draft(paths: Sequence[Path], *, study: str | None = None) -> Drafted:
    """The mapping that the files propose, in canonical form. DraftError when a file cannot be read, or none holds a table."""
    uploads, root, passed = gather([Path(path) for path in paths])
    plan = assemble(study or _study(root), uploads)
    return Drafted(formatted(text_of(plan)), root, tuple(passed), plan)


def _study(root: Path) -> str:
    name = root.name if root.name.lower() not in {"uploads", "data", "raw", "files"} else root.parent.name
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_.-")[:64]
    return plain or "study"
