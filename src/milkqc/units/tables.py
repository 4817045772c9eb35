"""How the tables of reference/data are read: every cell as text, because figures are exact until used."""

from __future__ import annotations

import csv
from importlib import resources


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one csv file of reference/data (empty text where there is nothing), in file order."""
    text = (resources.files("milkqc") / "reference" / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
