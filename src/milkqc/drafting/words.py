"""Names and labels as words: without case, accents and punctuation, and what a name hides at its end."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# What a name may end in, and the unit that it then is: `WEIGHT_G`, `wtkg`, `agedays`.
UNIT_ENDINGS = {
    "kg": "kg", "kgs": "kg", "g": "g", "gm": "g", "gms": "g", "gr": "g", "grams": "g", "lb": "lb", "lbs": "lb", "oz": "oz",
    "cm": "cm", "cms": "cm", "mm": "mm", "inch": "inch", "inches": "inch", "ml": "mL",
    "days": "day", "day": "day", "dias": "day", "jours": "day", "tage": "day",
    "wk": "week", "wks": "week", "weeks": "week", "semanas": "week", "semaines": "week", "wochen": "week",
    "mo": "month", "mos": "month", "mon": "month", "mons": "month", "mth": "month", "mths": "month",
    "month": "month", "months": "month", "meses": "month", "mois": "month", "monate": "month",
    "yr": "year", "yrs": "year", "year": "year", "years": "year", "anos": "year", "ans": "year", "jahre": "year",
}  # fmt: skip
# Words that carry nothing here, in the languages of the table.
FILLING = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "in",
        "on",
        "at",
        "to",
        "is",
        "was",
        "were",
        "been",
        "are",
        "be",
        "do",
        "did",
        "does",
        "which",
        "what",
        "how",
        "has",
        "have",
        "for",
        "by",
        "and",
        "or",
        "s",
        "this",
        "that",
        "infant",
        "infants",
        "child",
        "children",
        "baby",
        "today",
        "now",
        "current",
        "currently",
        "taken",
        "recorded",
        "measured",
        "measurement",
        "reading",
        "first",
        "second",
        "third",
        "1st",
        "2nd",
        "3rd",
        "average",
        "mean",
        "final",
        "raw",
        "please",
        "enter",
        "value",
        "study",
        "last",
        "el",
        "la",
        "los",
        "las",
        "del",
        "de",
        "un",
        "una",
        "en",
        "y",
        "es",
        "al",
        "se",
        "por",
        "nino",
        "nina",
        "lactante",
        "bebe",
        "le",
        "les",
        "du",
        "des",
        "d",
        "l",
        "au",
        "aux",
        "et",
        "est",
        "dans",
        "sur",
        "enfant",
        "nourrisson",
        "o",
        "os",
        "as",
        "do",
        "da",
        "dos",
        "das",
        "em",
        "no",
        "na",
        "ao",
        "e",
        "crianca",
        "der",
        "die",
        "das",
        "des",
        "dem",
        "den",
        "im",
        "am",
        "ist",
        "kind",
        "saeugling",
        "ya",
        "wa",
        "la",
        "za",
        "cha",
        "mtoto",
    ]
)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


def fold(text: str) -> str:
    """Lower-case words with one space between them, without accents: `MotherName_1`, `Größe` are `mother name 1`, `groesse`."""
    for special, plain in (
        ("ß", "ss"),
        ("ä", "ae"),
        ("ö", "oe"),
        ("ü", "ue"),
        ("Ä", "Ae"),
        ("Ö", "Oe"),
        ("Ü", "Ue"),
    ):
        text = text.replace(special, plain)
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    plain = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", plain)
    plain = re.sub(r"['’]s\b", "", plain)
    return " ".join(re.findall(r"[^\W_]+", plain.lower()))


def without_brackets(text: str) -> str:
    """The text outside of brackets, which hold units and remarks."""
    return _BRACKETS.sub(" ", text)


def compact(text: str) -> str:
    """Folded, without spaces: what `birth_wt`, `BirthWt` and `birthwt` have in common."""
    return fold(text).replace(" ", "")


@dataclass(frozen=True)
class Name:
    """A column's name or label taken apart: the forms in which it may be a known term, the plainest first.

    `forms` pairs a compact text with the unit that its ending would be ("" where nothing was cut); `words` are the
    content words; `number` is the number at the end (`LEN2` has 2), or empty.
    """

    forms: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    number: str = ""


def take_apart(text: str) -> Name:
    """`WEIGHT_G` as weightg, and as weight with the unit g; `LEN1` as len1, and as len numbered 1."""
    words = fold(without_brackets(text)).split()
    whole = "".join(words)
    forms = [(whole, "")]
    for ending in sorted(UNIT_ENDINGS, key=len, reverse=True):
        if len(words) > 1 and words[-1] == ending:
            forms.append(("".join(words[:-1]), UNIT_ENDINGS[ending]))
            break
        if len(words) == 1 and whole.endswith(ending) and len(whole) > len(ending) + 1:
            forms.append((whole.removesuffix(ending), UNIT_ENDINGS[ending]))
    number = re.search(r"[0-9]{1,2}$", whole)
    if number and number.start() > 1:
        forms.append((whole[: number.start()], ""))
    content = tuple(word for word in words if word not in FILLING and not word.isdigit())
    return Name(tuple(dict.fromkeys(forms)), content, number[0] if number else "")
