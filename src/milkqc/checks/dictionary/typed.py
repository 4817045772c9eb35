"""What a field's type and validation let in, and its limits. Dates in exports are Y-M-D whatever the field shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from milkqc.checks.dictionary.fields import Field
from milkqc.checks.dictionary.logic.values import from_text

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
_REAL = "(?:[0-9]+{p}?[0-9]*|{p}[0-9]+)"
_PATTERNS = {
    "date": (_DATE, "a date as YYYY-MM-DD"),
    "datetime": (f"{_DATE} {_CLOCK}", "a date and time as YYYY-MM-DD HH:MM"),
    "datetime_seconds": (f"{_DATE} {_CLOCK}:[0-5][0-9]", "a date and time as YYYY-MM-DD HH:MM:SS"),
    "time": (_CLOCK, "a time as HH:MM"),
    "time_hh_mm_ss": (f"{_CLOCK}:[0-5][0-9]", "a time as HH:MM:SS"),
    "time_mm_ss": ("[0-5][0-9]:[0-5][0-9]", "a time as MM:SS"),
    "email": (r"[^\s@]+@[^\s@]+\.[^\s@]+", "an e-mail address"),
    "integer": ("[-+]?[0-9]+", "a whole number"),
    "alpha_only": (r"\p{L}+", "letters only"),
}
_SHOWN_DATES = re.compile(r"(date|datetime|datetime_seconds)_[a-z]{3}")
# The names that REDCap uses inside, and in a project's XML.
_ALSO = {"int": "integer", "float": "number"}
_NUMBERS = re.compile(r"number(?:_([1-9])dp)?(_comma_decimal)?")
# Validations that a person can be known by: their values stay out of findings even where nobody flagged the field.
PERSONAL = frozenset(
    {"email", "phone", "phone_australia", "phone_uk", "ssn", "mrn_10d", "mrn_generic", "vmrn"}
)
_PLACES = {"1": "1 decimal place", **{str(n): f"{n} decimal places" for n in range(2, 10)}}


@dataclass(frozen=True)
class Type:
    """What a value must look like: a whole-text pattern, in words, and how it is ordered (`number`, `text`, '')."""

    pattern: str
    words: str
    order: str
    dated: bool = False

    def fits(self, text: pl.Series) -> pl.Series:
        """True where the text is of the type; a date must exist."""
        fits = text.str.contains(f"^(?:{self.pattern})$")
        if self.dated:
            fits &= text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).is_not_null()
        return fits


def type_of(field: Field) -> Type | None:
    """The type of a field; null where it takes any text, or where its validation is none that milkqc knows."""
    if field.type in ("calc", "slider"):
        return _number(None, comma=False)
    if field.type != "text":
        return None
    word = _ALSO.get(field.validation, field.validation)
    shown = _SHOWN_DATES.fullmatch(word)
    word = shown[1] if shown else word
    if number := _NUMBERS.fullmatch(word):
        return _number(number[1], comma=number[2] is not None)
    if word not in _PATTERNS:
        return None
    pattern, words = _PATTERNS[word]
    order = "number" if word == "integer" else "" if word in ("email", "alpha_only") else "text"
    return Type(pattern, words, order, dated=word.startswith("date"))


def _number(places: str | None, *, comma: bool) -> Type:
    point = "," if comma else r"\."
    words = f"a number with a decimal {'comma' if comma else 'point'}"
    if places is None:
        return Type(f"[-+]?{_REAL.replace('{p}', point)}([eE][-+]?[0-9]+)?", words, "number")
    # Fewer places come from programs that drop a last zero; more were typed before the validation.
    pattern = f"[-+]?(?:[0-9]+(?:{point}[0-9]{{0,{places}}})?|{point}[0-9]{{1,{places}}})"
    return Type(pattern, f"{words} and at most {_PLACES[places]}", "number")


@dataclass(frozen=True)
class Limits:
    """Lowest and highest value, as numbers or as ISO texts; null where there is none. `why` not judged, if so."""

    low: float | str | None = None
    high: float | str | None = None
    why: str = ""


def limits_of(field: Field, kind: Type) -> Limits:
    """The soft limits of a field, both inclusive; `why` says which one cannot be read."""
    read: list[float | str | None] = []
    for name, text in (("minimum", field.minimum), ("maximum", field.maximum)):
        found = _limit(text.strip(), kind)
        if found is None and text.strip():
            return Limits(
                why=f"its {name} cannot be read as {kind.words}, or depends on the day or on other fields"
            )
        read.append(found)
    return Limits(read[0], read[1])


def _limit(text: str, kind: Type) -> float | str | None:
    if kind.order == "number":
        number = from_text(pl.Series([text], dtype=pl.String), comma=True).number[0]
        return None if number != number else float(number)  # NaN: no number
    return text if kind.order == "text" and kind.fits(pl.Series([text]))[0] else None


def outside(text: pl.Series, limits: Limits, kind: Type, *, comma: bool) -> pl.Series:
    """True where a value of the type is below the lowest or above the highest."""
    value = from_text(text, comma=comma).number if kind.order == "number" else text
    beyond = pl.repeat(False, text.len(), dtype=pl.Boolean, eager=True)
    if limits.low is not None:
        beyond |= value < limits.low
    if limits.high is not None:
        beyond |= value > limits.high
    return beyond


def limits_in_words(field: Field) -> str:
    """`130 to 215`, `at least 0`, `at most 10`."""
    low, high = field.minimum.strip(), field.maximum.strip()
    if low and high:
        return f"{low} to {high}"
    return f"at least {low}" if low else f"at most {high}"
