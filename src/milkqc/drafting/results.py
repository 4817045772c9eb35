"""Laboratory files: wide, long or plates; the laboratory's own rows; and the list of tubes that says whose they are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from milkqc import reference
from milkqc.cells import source_text
from milkqc.drafting import keys
from milkqc.drafting.columns import Guess, best
from milkqc.drafting.plan import Block, Draft, Entry, Table, entry, undecided
from milkqc.drafting.synonyms import code_of, meetings
from milkqc.errors import UnitError
from milkqc.units import unit_factor

SAMPLE = tuple(
    one.column
    for one in reference.columns("milk")
    if one.origin == "mapped"
    and one.column not in {"substance", "raw", "raw_unit", "missing_reason", "mother_id"}
)
PARTS = (
    "long.name",
    "long.value",
    "long.unit",
    "long.limit",
    "controls.from",
    "controls.level",
    "controls.order",
)
# A word in a column of tests is an analyte when it meets one so well; so many of them make a column of tests.
_MEETS, _MOST = 90.0, 0.5
_NEARLY = 0.8
_NUMBERS = frozenset({"number", "whole number", "date", "date and time", "nothing"})
_SPECIMENS = ("serum", "plasma", "urine", "dried_blood_spot", "whole_blood")


@dataclass(frozen=True)
class Tests:
    """A column of tests or parameters: the code of each word that is one of milkqc's, and those that are none."""

    guess: Guess
    codes: Mapping[str, str]
    others: tuple[str, ...]


def tests(table: Table, known: frozenset[str]) -> Tests | None:
    """The column that says what each row measures, if most of its words are in `known`."""
    for guesses in table.guesses.values():
        guess = best(guesses, {"long.name", "method"})
        if guess is None or guess.variable != "long.name":
            continue
        words = sorted(keys.ids(table, guess.column))
        if not words or len(words) > 100:
            continue
        found = {word: _of_word(word, known) for word in words}
        codes = {word: variable for word, variable in found.items() if variable}
        if len(codes) >= _MOST * len(words):
            return Tests(guess, codes, tuple(word for word in words if word not in codes))
    return _by_cells(table, known)


def _by_cells(table: Table, known: frozenset[str]) -> Tests | None:
    """A column of tests by what its cells say, whatever it is called: two words or more, nearly all of them known."""
    for column in table.upload.found.columns:
        if column.holds in _NUMBERS or column.identifier or not 2 <= column.distinct <= 60:
            continue
        found = {word: _of_word(word, known) for word in sorted(keys.ids(table, column.name))}
        codes = {word: variable for word, variable in found.items() if variable}
        if len(set(codes.values())) >= 2 and len(codes) >= _NEARLY * len(found):
            said = f'name "{column.name}"; its cells name {", ".join(dict.fromkeys(codes.values()))}'[:120]
            guess = Guess(column.name, "long.name", 90, "likely", evidence=(said,))
            return Tests(guess, codes, tuple(word for word in found if word not in codes))
    return None


def _of_word(word: str, known: frozenset[str]) -> str:
    met = [
        one for one in meetings(word, label=True).values() if one.variable in known and one.score >= _MEETS
    ]
    met.sort(key=lambda one: -one.score)
    return met[0].variable if met and (len(met) == 1 or met[0].score > met[1].score) else ""


def analyte_columns(table: Table) -> dict[str, Guess]:
    """The columns of a wide file that are results of an analyte, by column; with the unit unsaid they are unsure."""
    known = frozenset(reference.shipped())
    found: dict[str, Guess] = {}
    for column, guesses in table.guesses.items():
        guess = guesses[0] if guesses else None
        if guess is not None and guess.variable in known:
            found[column] = guess
    return found


def is_laboratory(table: Table) -> bool:
    """Whether the table holds results of analytes."""
    if table.upload.plate or tests(table, frozenset(reference.shipped())) is not None:
        return True
    return any(guess.grade != "unsure" for guess in analyte_columns(table).values())


def draft_results(table: Table, manifests: list[Table], draft: Draft) -> None:
    """The block of a laboratory file, with its link."""
    analytes = frozenset(reference.shipped())
    specimen = _specimen(table)
    block = Block("milk" if specimen == "milk" else "biomarkers", table.upload)
    if specimen != "milk":
        block.parts["specimen"] = Entry("specimen", specimen, f"likely: its name says {specimen}")
    _keys(table, manifests, block, draft)
    named = tests(table, analytes)
    if named is not None:
        _long(table, named, block)
    elif table.upload.plate:
        _plate(table, block)
    else:
        _wide(table, block)
    _controls(table, block)
    for guess in sample_columns(table):
        table.used.add(guess.column)
        table.chosen[guess.column] = guess
        if all(one.key != guess.variable for one in block.columns):
            block.columns.append(entry(guess))
    second = _repeats(table, block, named)
    draft.blocks += [block] if second is None else [block, second]


def sample_columns(table: Table) -> list[Guess]:
    """What describes the sample, one column for each variable; the others are left undecided."""
    found: dict[str, Guess] = {}
    for column, guesses in table.guesses.items():
        if column in table.used:
            continue
        guess = best(guesses, {*SAMPLE, *PARTS, "sample_id", "visit"})
        if guess is None or guess.variable not in SAMPLE:
            continue
        if guess.grade == "unsure":
            table.leave(column, "unsure", f"{guess.variable}? {guess.said()}")
            continue
        earlier = found.get(guess.variable)
        if earlier is not None and earlier.score >= guess.score:
            table.leave(column, "unsure", f"{guess.variable}, like {earlier.column}?")
            continue
        if earlier is not None:
            table.leave(earlier.column, "unsure", f"{guess.variable}, like {column}?")
        found[guess.variable] = guess
    return [found[name] for name in SAMPLE if name in found]


def _specimen(table: Table) -> str:
    texts = [
        table.name,
        *(column.label for column in table.upload.found.columns),
        *(column.name for column in table.upload.found.columns),
    ]
    words = {word for text in texts for word in re.split(r"[^a-z]+", text.lower())}
    said = [
        one for one in _SPECIMENS if any(code_of("specimen", word) == one for word in words if len(word) > 2)
    ]
    milk = any(code_of("specimen", word) == "milk" for word in words if len(word) > 2)
    return said[0] if said and not milk else "milk"


def _keys(table: Table, manifests: list[Table], block: Block, draft: Draft) -> None:
    sample, who = keys.sample_of(table), keys.record_of(table)
    if who is None and sample is not None:
        for other in manifests:
            beside = keys.sample_of(other)
            if beside is None:
                continue
            share = keys.shared(table, sample.column, other, beside.column)
            if share < _MOST:
                continue
            on = {sample.column: beside.column}
            block.parts["with"] = Entry(
                "with", {other.name: {"on": on}}, f"likely: {share:.0%} of its samples stand in {other.name}"
            )
            prefix = f"{other.name}."
            for one in keys.people(other, infants=False):
                block.keys.append(Entry(one.key, f"{prefix}{one.value}", one.comment))
            seen = keys.visit(other, draft, prefix=prefix)
            if seen is not None:
                block.keys.append(seen)
            other.used.add(beside.column)
            other.chosen[beside.column] = beside
            for guess in sample_columns(other):
                other.chosen[guess.column] = guess
                block.columns.append(entry(guess, source=f"{prefix}{guess.column}"))
            break
    if not block.keys:
        block.keys += keys.people(table, infants=False)
    if not any(one.key == "visit" for one in block.keys):
        block.keys.append(keys.visit(table, draft) or keys.visit_without_column(table, draft))
    if sample is not None:
        table.used.add(sample.column)
        table.chosen[sample.column] = sample
        block.keys.append(Entry("sample_id", sample.column, f"{sample.grade}: {sample.said()}"))


def _long(table: Table, named: Tests, block: Block) -> None:
    parts: dict[str, Any] = {"analyte": named.guess.column}
    evidence = [f"{named.guess.said()}"]
    table.used.add(named.guess.column)
    for part in ("value", "unit", "limit"):
        found = [one for guesses in table.guesses.values() if (one := best(guesses, {f"long.{part}"})) is not None and one.column not in table.used]  # fmt: skip
        if not found:
            continue
        guess = max(found, key=lambda one: one.score)
        parts[part] = guess.column
        table.used.add(guess.column)
        table.chosen[guess.column] = guess
        evidence.append(guess.said())
    parts["codes"] = dict(named.codes)
    block.parts["long"] = Entry("long", parts, f"likely: {'; '.join(evidence)}")
    if named.others:
        block.parts["where"] = Entry("where", {named.guess.column: list(named.codes)}, f"unsure: no analyte of milkqc: {', '.join(named.others[:6])}")  # fmt: skip
    if "unit" not in parts:
        return
    text = source_text(table.upload.source, parts["unit"]).str.strip_chars()
    words = source_text(table.upload.source, named.guess.column).str.strip_chars()
    for word, analyte in named.codes.items():
        units = text.filter((words == word).fill_null(value=False)).drop_nulls().unique().to_list()
        substance = next((name for unit in sorted(units) if (name := _substance(analyte, unit))), "")
        if substance and all(one.key != analyte for one in block.analytes):
            block.analytes.append(Entry(analyte, {"substance": substance}, "likely: its unit needs a substance; ask what the assay was calibrated with"))  # fmt: skip


def _substance(analyte: str, unit: str) -> str:
    known = reference.shipped()[analyte]
    try:
        unit_factor(unit, known.unit)
    except UnitError:
        substance = next(iter(known.aliases), analyte)
        try:
            unit_factor(unit, known.unit, substance=substance)
        except UnitError:
            return ""
        return substance
    return ""


def _wide(table: Table, block: Block) -> None:
    by_analyte: dict[str, Guess] = {}
    opened: dict[str, list[Guess]] = defaultdict(list)
    for column, guess in analyte_columns(table).items():
        if column in table.used:
            continue
        if guess.grade == "unsure":
            if guess.score >= _MEETS:
                opened[guess.variable].append(guess)
            else:
                table.leave(column, "unsure", f"{guess.variable}? {guess.said()}")
            continue
        if guess.variable in by_analyte:
            table.leave(column, "unsure", f"{guess.variable}, like {by_analyte[guess.variable].column}?")
            continue
        by_analyte[guess.variable] = guess
        table.used.add(column)
        table.chosen[column] = guess
        block.analytes.append(entry(guess))
    for analyte, several in opened.items():
        if analyte not in by_analyte:
            block.analytes.append(undecided(analyte, several))


def _plate(table: Table, block: Block) -> None:
    """Results of a plate have no header: the file's name, or the lines above the grid, say of what."""
    table.used.add("value")
    written = table.upload.table["plate"]
    file = table.upload.files[0].stem
    texts = [file, *(text for name in ("title", "plate") if name in table.upload.source.table.columns for text in sorted(keys.ids(table, name))[:20])]  # fmt: skip
    met: dict[str, str] = {}
    known = frozenset(reference.shipped())
    for text in texts:
        for word in re.split(r"[\W_]+", text):
            analyte = _of_word(word, known) if len(word) > 2 else ""
            if analyte:
                met.setdefault(analyte, text)
    for column in ("title", "well", "row", "column"):
        table.leave(column, "likely", "the place of a well")
    corner = str(written.get("corner", ""))
    if len(met) != 1:
        table.used.discard("value")
        table.leave(
            "value",
            "unsure",
            f"results of a plate, of which analyte? {', '.join(sorted(met)) or 'its file does not say'}",
        )
        return
    analyte, text = next(iter(met.items()))
    spec: dict[str, Any] = {"from": "value"}
    try:
        substance = _substance(analyte, corner)
        unit_factor(corner, reference.shipped()[analyte].unit, substance=substance or None)
    except UnitError:
        table.used.discard("value")
        table.leave("value", "unsure", f"{analyte}? its unit is not said")
        return
    spec |= {"unit": corner} | ({"substance": substance} if substance else {})
    block.analytes.append(
        Entry(analyte, spec, f'likely: "{text}" says {analyte}, the corner of the grid {corner}')
    )
    table.chosen["value"] = Guess(
        "value", analyte, 90, "likely", spec={key: one for key, one in spec.items() if key != "from"}
    )


def _controls(table: Table, block: Block) -> None:
    found = [one for guesses in table.guesses.values() if (one := best(guesses, {"controls.from", "specimen"})) is not None and one.column not in table.used]  # fmt: skip
    for guess in sorted(found, key=lambda one: -one.score):
        words = sorted(keys.ids(table, guess.column))
        kinds = {word: code_of("controls.from", word) for word in words}
        if (
            guess.variable == "specimen"
            or len(words) > 30
            or not {"blank", "control", "duplicate"} & set(kinds.values())
        ):
            continue
        parts: dict[str, Any] = {"from": guess.column}
        for kind in ("blank", "control", "duplicate"):
            listed = [word for word in words if kinds[word] == kind]
            if listed:
                parts[kind] = listed
        table.used.add(guess.column)
        table.chosen[guess.column] = guess
        for part in ("level", "order"):
            beside = [one for guesses in table.guesses.values() if (one := best(guesses, {f"controls.{part}"})) is not None and one.column not in table.used]  # fmt: skip
            if beside:
                named = max(beside, key=lambda one: one.score)
                parts[part] = named.column
                table.used.add(named.column)
                table.chosen[named.column] = named
        block.parts["controls"] = Entry(
            "controls", parts, f"likely: {guess.said()}, values {', '.join(words[:6])}"
        )
        text = source_text(table.upload.source, guess.column)
        if table.upload.plate and text.is_null().any():
            block.parts.setdefault(
                "where", Entry("where", {guess.column: words}, "likely: wells without a kind are empty")
            )
        return


def _repeats(table: Table, block: Block, named: Tests | None) -> Block | None:
    """Several results of one sample: of another day, the later counts; of one day, they are replicates.

    Where some tests of a long file are read several times and others are not, the second block.
    """
    run = next((one for one in block.columns if one.key == "run_date"), None)
    sample = keys.sample_of(table)
    if run is None or sample is None:
        return None
    who = [sample.column, *([named.guess.column] if named else [])]
    frame = table.upload.source.table
    kind = table.chosen.get(str(block.parts["controls"].value["from"])) if "controls" in block.parts else None
    if kind is not None:
        own = [
            word
            for part in ("blank", "control", "duplicate")
            for word in block.parts["controls"].value.get(part, [])
        ]
        frame = frame.filter(~pl.col(kind.column).is_in(own).fill_null(value=False))
    counted = (
        frame.drop_nulls(who)
        .group_by(who)
        .agg(days=pl.col(run.value["from"]).n_unique(), rows=pl.len())
        .with_columns(test=pl.col(named.guess.column) if named else pl.lit(""))
    )
    again = set(counted.filter(pl.col("days") > 1)["test"].to_list())
    # Several rows of one day, in at least half of the samples: readings, and no slip.
    paired = counted.group_by("test").agg((pl.col("rows") > pl.col("days")).mean().alias("share"))
    twice = set(paired.filter(pl.col("share") >= _MOST)["test"].to_list())
    later = Entry("repeats", {"latest": run.value["from"]}, "likely: some samples were run on several days; the later run counts?")  # fmt: skip
    readings = Entry("repeats", "replicate", "likely: several rows of a sample on one day")
    if not twice:
        block.parts |= {"repeats": later} if again else {}
        return None
    others = {} if named is None else {word: one for word, one in named.codes.items() if word not in twice}
    if named is None or not others:
        block.parts["repeats"] = readings
        return None
    return _apart(block, named, others, later if again - twice else None, readings)


def _apart(
    block: Block, named: Tests, others: Mapping[str, str], later: Entry | None, readings: Entry
) -> Block:
    """The tests that were read several times in a block of their own; `block` keeps the others."""
    mine = {word: one for word, one in named.codes.items() if word not in others}
    second = replace(
        block,
        parts=dict(block.parts),
        keys=list(block.keys),
        columns=list(block.columns),
        analytes=[one for one in block.analytes if one.key in mine.values()],
    )
    block.analytes = [one for one in block.analytes if one.key in others.values()]
    comment = "likely: the tests that are repeated in the same way"
    if "where" in block.parts:
        comment = block.parts["where"].comment
    for one, codes, repeats in ((block, others, later), (second, mine, readings)):
        where = Entry("where", {named.guess.column: list(codes)}, comment)
        long = one.parts["long"]
        one.parts |= {"where": where, "long": replace(long, value={**long.value, "codes": dict(codes)})}
        one.parts |= {"repeats": repeats} if repeats is not None else {}
    return second
