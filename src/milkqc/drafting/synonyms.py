"""The words that studies use for milkqc's variables and codes (reference/data/synonyms.csv), and how a text meets them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from milkqc import reference
from milkqc.drafting.words import FILLING, compact, fold, take_apart, without_brackets
from milkqc.units.tables import rows

# Whose, and of what: such a word in a text and not in the term makes it another variable.
_OTHERS = frozenset(
    [
        "mother",
        "mothers",
        "maternal",
        "mom",
        "mum",
        "woman",
        "womans",
        "madre",
        "materna",
        "materno",
        "mere",
        "maternel",
        "mae",
        "father",
        "fathers",
        "paternal",
        "padre",
        "pere",
        "pai",
        "husband",
        "partner",
        "spouse",
        "sibling",
        "brother",
        "sister",
        "grandmother",
        "caregiver",
        "caretaker",
        "household",
        "person",
        "birth",
        "delivery",
        "nacer",
        "naissance",
        "nascer",
        "nacimiento",
        "nascimento",
        "geburt",
        "z",
        "zscore",
        "score",
        "percentile",
        "centile",
        "sd",
        "flag",
        "flagged",
        "gain",
        "change",
        "loss",
        "velocity",
        "target",
        "ideal",
        "prepregnancy",
        "pregnancy",
        "previous",
        "bmi",
        "ratio",
        "method",
        "reason",
        "why",
        "known",
        "precision",
        "serum",
        "plasma",
        "urine",
        "blood",
        "suero",
        "soro",
        "sang",
        "sangre",
        "orina",
        "urina",
    ]
)
_GENERIC = frozenset(
    [
        "date",
        "time",
        "number",
        "id",
        "no",
        "code",
        "type",
        "name",
        "status",
        "day",
        "datum",
        "fecha",
        "data",
        "tarehe",
        "today",
        "vitamin",
    ]
)
_KEYS = frozenset({"participant_id", "infant_id", "mother_id", "household_id", "visit", "sample_id"})
# The least similarity of spellings (0 to 100, normalised Indel), the shortest text that is compared so, and what
# it counts for: `heigth`, `feding`.
_SIMILAR, _LONG_ENOUGH, _BY_SPELLING = 83.0, 6, 0.9
_PIECES = (",", ";", ":", " - ", "?", "/", "=")


@dataclass(frozen=True)
class Term:
    """One word for a variable (`code` is empty) or for a code of it."""

    variable: str
    code: str
    language: str
    term: str
    source: str
    compact: str
    words: frozenset[str]


@dataclass(frozen=True)
class Meeting:
    """How well a text meets a variable: 0 to 100, the term, and the unit that the name's ending would be."""

    variable: str
    score: float
    term: Term
    unit: str = ""


@cache
def terms() -> tuple[Term, ...]:
    """Every term: the table's, and the names and labels that milkqc itself gives its variables and analytes."""
    table = [
        (row["variable"], row["code"], row["language"], row["term"], row["source"])
        for row in rows("synonyms.csv")
    ]
    own: list[tuple[str, str, str, str, str]] = []
    for column in reference.dictionary().values():
        if column.origin in {"mapped", "key"} and column.column != "analyte":
            own += [
                (column.column, "", "en", word, "data dictionary") for word in (column.column, column.label)
            ]
            own += [(column.column, code, "en", code, "data dictionary") for code in column.codes]
    for analyte in reference.shipped().values():
        own += [(analyte.key, "", "en", word, "analytes") for word in (analyte.key, analyte.short)]
    found = {
        (variable, code, compact(term)): (language, term, source)
        for variable, code, language, term, source in reversed(table + own)
    }
    return tuple(
        Term(variable, code, language, term, source, folded, frozenset(_content(variable, term)))
        for (variable, code, folded), (language, term, source) in sorted(found.items())
    )


def _content(variable: str, term: str) -> Iterable[str]:
    """The words by which a term is found inside of a longer text; none where it only counts alone."""
    words = fold(without_brackets(term)).split()
    content = [word for word in words if word not in FILLING and not word.isdigit()]
    # `infant id` is not any id, `vitamin a` not any vitamin, `date measured` not any date.
    if variable in {"infant_id", "infant_ill"} or variable in reference.shipped() or set(content) <= _GENERIC:
        content = words
    # `Visit` names the visit; `visit weight` does not.
    alone = variable in _KEYS or set(content) <= FILLING | _GENERIC
    return () if alone and len(content) < 2 else content


@cache
def _variables() -> tuple[Mapping[str, tuple[Term, ...]], tuple[Term, ...]]:
    """The terms of variables by their compact text, and all of them."""
    by_text: dict[str, list[Term]] = defaultdict(list)
    named = tuple(term for term in terms() if not term.code)
    for term in named:
        by_text[term.compact].append(term)
    return {text: tuple(found) for text, found in by_text.items()}, named


@cache
def meetings(text: str, *, label: bool) -> Mapping[str, Meeting]:
    """The variables that `text`, a column's name or label, may stand for; the best meeting of each."""
    found: dict[str, Meeting] = {}

    def note(term: Term, score: float, unit: str = "") -> None:
        if term.variable not in found or found[term.variable].score < score:
            found[term.variable] = Meeting(term.variable, score, term, unit)

    if not text.strip():
        return found
    by_text, named = _variables()
    whole = take_apart(text)
    for place, (form, unit) in enumerate(whole.forms):
        for term in by_text.get(form, ()):
            note(term, 100 if place == 0 else 95 if unit else 90, unit)
    if label:
        for piece in _pieces(text):
            for form, unit in take_apart(piece).forms[:2]:
                for term in by_text.get(form, ()):
                    note(term, 94, unit)
    _contained(fold(without_brackets(text)).split(), named, note, label=label)
    if not found:
        _spelled(whole.forms, named, note)
    # `wtkg` is a term as it stands, and `wt` with a unit.
    for form, unit in whole.forms[1:]:
        for term in by_text.get(form, ()) if unit else ():
            if not found[term.variable].unit:
                found[term.variable] = replace(found[term.variable], unit=unit)
    return found


def _pieces(text: str) -> list[str]:
    plain = without_brackets(text)
    ends = [plain.find(mark) for mark in _PIECES if plain.find(mark) > 0]
    return [plain[: min(ends)]] if ends else []


def _contained(words: list[str], named: tuple[Term, ...], note: object, *, label: bool) -> None:
    """Terms all of whose words stand in the text; each further word of content costs."""
    there = set(words)
    content = {word for word in there if word not in FILLING and not word.isdigit()}
    if not label and len(words) < 2:
        return
    for term in named:
        if not term.words or not term.words <= there or all(len(word) < 3 for word in term.words):
            continue
        extra = content - term.words
        if extra & _OTHERS:
            continue
        score = 92 - 7 * len(extra) + 2 * (len(term.words) - 1)
        if score >= 60:
            note(term, float(min(score, 96)))  # type: ignore[operator]  # a function of meetings


def _spelled(forms: Iterable[tuple[str, str]], named: tuple[Term, ...], note: object) -> None:
    from rapidfuzz import fuzz, process

    choices = [term.compact for term in named]
    for form, unit in forms:
        if len(form) < _LONG_ENOUGH:
            continue
        for _, score, place in process.extract(
            form, choices, scorer=fuzz.ratio, score_cutoff=_SIMILAR, limit=3
        ):
            note(named[place], _BY_SPELLING * score, unit)  # type: ignore[operator]  # as above


@cache
def _codes(variable: str) -> Mapping[str, str]:
    """Compact text -> code, of one variable; a text of two codes is none."""
    found: dict[str, set[str]] = defaultdict(set)
    for term in terms():
        if term.variable == variable and term.code:
            found[term.compact].add(term.code)
    return {text: codes.pop() for text, codes in found.items() if len(codes) == 1}


@cache
def _longer_codes(variable: str) -> tuple[tuple[Term, frozenset[str]], ...]:
    return tuple(
        (term, frozenset(fold(term.term).split()))
        for term in terms()
        if term.variable == variable and term.code and len(term.compact) > 2
    )


@cache
def code_of(variable: str, text: str) -> str:
    """The code of `variable` that a label or a cell's text stands for; "" when none or several do."""
    known = _codes(variable)
    whole = compact(text)
    if whole in known:
        return known[whole]
    words = set(fold(without_brackets(text)).split())
    found = {
        term.code: max(len(term.words), 1) for term, needed in _longer_codes(variable) if needed <= words
    }
    if len(found) > 1:
        # `not breastfed` says more than `breastfed`.
        most = max(found.values())
        found = {code: length for code, length in found.items() if length == most}
    return next(iter(found)) if len(found) == 1 else ""
