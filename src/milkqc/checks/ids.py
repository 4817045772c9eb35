"""Every permanent rule id that ships. An id is never reused or renamed; a retired one stays in the list."""

from __future__ import annotations

from importlib import resources


def listed() -> dict[str, bool]:
    """The ids of rule_ids.txt in their order; True for one in use, False for a retired one.

    `rulebook.permanent_ids` gives those that the code can emit; a test holds the two to each other.
    """
    text = (resources.files("milkqc.checks") / "rule_ids.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {name: not rest for name, *rest in lines}
