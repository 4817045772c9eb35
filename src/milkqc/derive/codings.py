"""What may stand in the columns of sex, position and oedema: milkqc's words, or the codes of WHO's own software."""

from __future__ import annotations

from collections.abc import Mapping

# What stands in the word columns of milkqc's own tables, in the order of their codes.
WORDS: Mapping[str, tuple[str, ...]] = {"infant_sex": ("male", "female"), "measured": ("lying", "standing")}
BOOLEANS = ("oedema",)
# Of a frame from elsewhere WHO Anthro's codes are understood besides: text to place in WORDS, or to false and true.
# Its `1` and `2` may be numbers as well.
WHO_CODES: Mapping[str, Mapping[str, int]] = {
    "infant_sex": {"m": 0, "M": 0, "1": 0, "f": 1, "F": 1, "2": 1},
    "measured": {"l": 0, "L": 0, "h": 1, "H": 1},
    "oedema": {"n": 0, "N": 0, "2": 0, "y": 1, "Y": 1, "1": 1},
}


def own_words(name: str) -> Mapping[str, int]:
    """milkqc's own words of a column, each with its code."""
    return {word: place for place, word in enumerate(WORDS.get(name, ()))}


def codes_of(name: str) -> Mapping[str, int]:
    """Everything that is understood in a column: its own words first, and WHO's codes."""
    return {**own_words(name), **WHO_CODES[name]}


def whole_codes(name: str) -> Mapping[int, int]:
    """What is understood as a whole number; empty for position, which has none."""
    return {int(text): code for text, code in WHO_CODES[name].items() if text.isdecimal()}


def wanted(name: str) -> str:
    """What a column takes, in words for a message."""
    if name == "infant_sex":
        return "'male' and 'female', WHO's codes 1, m, M and 2, f, F, or nothing"
    if name == "measured":
        return "'lying' and 'standing', WHO's codes l, L and h, H, or nothing"
    return "booleans, WHO's codes y, Y, 1 and n, N, 2, or nothing"
