"""A study's uploads together: which file feeds which section, what is missing by code, what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from milkqc.drafting import field, keys, results
from milkqc.drafting.columns import Guess, guesses
from milkqc.drafting.plan import Block, Draft, Entry, Table
from milkqc.drafting.synonyms import code_of
from milkqc.drafting.tiebreaks import settle
from milkqc.drafting.uploads import Upload
from milkqc.drafting.visits import planned_day
from milkqc.drafting.wide import draft_wide, visits_beside
from milkqc.drafting.words import fold
from milkqc.inspection import Column

# A column that tells who somebody is has a place in a mapping only as one of these.
_ALLOWED = frozenset(
    {"participant_id", "infant_id", "mother_id", "household_id", "infant_birth_date", "mother_birth_date"}
)


def assemble(study: str, uploads: Sequence[Upload]) -> Draft:
    """The draft of a study."""
    draft = Draft(
        study,
        [
            Table(upload, {column.name: _guesses(upload, column) for column in upload.found.columns})
            for upload in uploads
        ],
    )
    for table in draft.tables:
        settle(table)
        _apart(table)
        _adults(table)
    wide = {}
    for table in draft.tables:
        beside = visits_beside(table)
        if beside is not None:
            wide[table.name] = beside
            table.guesses |= dict.fromkeys(
                (column for columns in beside.stems.values() for column in columns.values()), ()
            )
    laboratory = [table for table in draft.tables if results.is_laboratory(table)]
    sections = {
        table.name: field.sections_of(table)
        for table in draft.tables
        if table not in laboratory or field.sections_of(table)
    }
    manifests = [table for table in draft.tables if table not in laboratory and _lists_tubes(table)]
    for table in draft.tables:
        if table.name in wide:
            draft_wide(
                table, wide[table.name], {one: field.variables(one) for one in ("visits", "growth")}, draft
            )
    _field(draft, sections, set(wide))
    for table in laboratory:
        results.draft_results(table, [one for one in manifests if one is not table], draft)
    draft.blocks = [block for block in draft.blocks if _worth(block, draft)]
    if not draft.blocks:
        # A mapping needs a block; this one says nothing but that there are rows, and asks whose they are.
        whose = "unsure: nothing of these files is known; a block is needed, and this one counts their rows"
        draft.blocks.append(
            Block(
                "participants", draft.tables[0].upload, [Entry("participant_id", {"do": "row_number"}, whose)]
            )
        )
    settled = {block.upload.name for block in draft.blocks if not _only_questions(block)}
    for block in draft.blocks:
        if block.upload.name not in settled:
            block.keys = [replace(one, comment=_doubted(one.comment)) for one in block.keys]
    named = {source for block in draft.blocks for source in block.sources()}
    for table in draft.tables:
        table.used = {column for column in table.guesses if (table.name, column) in named}
    _missing(draft)
    _candidates(draft)
    draft.schedule = {name: day for name in draft.schedule if (day := planned_day(name)) is not None}
    draft.schedule = dict(sorted(draft.schedule.items(), key=lambda one: one[1]))
    for table in draft.tables:
        _leftover(table, draft)
    draft.blocks.sort(
        key=lambda one: ("participants", "visits", "growth", "milk", "biomarkers").index(one.section)
    )
    return draft


def _only_questions(block: Block) -> bool:
    return not (block.extra or block.analytes or "long" in block.parts) and all(
        one.open for one in block.columns
    )


def _doubted(comment: str) -> str:
    grade, _, evidence = comment.partition(": ")
    return (
        comment if grade == "unsure" else f"unsure: {evidence}; but every column of the block is a question"
    )


def _worth(block: Block, draft: Draft) -> bool:
    """Whether a block says something of somebody. Questions alone do not make a section, but for the sex and birth
    date of children whose growth is there, and for measures that lack their unit only.
    """
    if not _only_questions(block):
        return True
    if block.section == "participants":
        return bool(block.columns) and any(
            other.section == "growth" and other.upload is block.upload for other in draft.blocks
        )
    return block.section == "growth" and any(
        one.key in field.MEASURES and one.value["note"].startswith("no unit is said:")
        for one in block.columns
    )


def _guesses(upload: Upload, column: Column) -> tuple[Guess, ...]:
    found = guesses(upload, column)
    return tuple(one for one in found if one.variable in _ALLOWED) if column.identifier else found


def _field(draft: Draft, sections: dict[str, tuple[str, ...]], wide: set[str]) -> None:
    feeding = [table for table in draft.tables if sections.get(table.name)]
    people = [table for table in feeding if "participants" in sections[table.name]]
    # One row a participant, and the most facts: where sex and birth date are taken from.
    people.sort(key=lambda one: (not field.one_row_each(one), -field.facts_of_people(one)))
    if not people:
        growing = [
            table for table in draft.tables if "growth" in sections.get(table.name, ()) or table.name in wide
        ]
        people = [table for table in growing if field.facts_of_people(table)][:1]
        for table in people:
            sections[table.name] = ("participants", *sections.get(table.name, ()))
        feeding += [table for table in people if table not in feeding]
    # The file that facts of participants are taken from first: the others give what it does not.
    feeding.sort(key=lambda one: one is not people[0] if people else False)
    for table in feeding:
        field.draft_field(
            table, sections[table.name], draft, own_people=table is people[0] if people else False
        )


def _lists_tubes(table: Table) -> bool:
    return keys.sample_of(table) is not None and keys.record_of(table) is not None


def _apart(table: Table) -> None:
    """Columns that no words decide: REDCap's own, constants, what may identify people."""
    repeating = (
        keys.ids(table, "redcap_repeat_instrument") if "redcap_repeat_instrument" in table.guesses else set()
    )
    forms = {one.name: one for one in table.upload.source.variables}
    for column in table.upload.found.columns:
        variable = forms[column.name]
        if variable.details.get("record") == "y" or column.name == "redcap_event_name":
            continue
        if variable.details.get("form") in repeating:
            table.leave(
                column.name, "likely", f"of the repeating form {variable.details['form']}, which is no visit"
            )
        elif variable.source_type in {"status", "system"} or column.name.startswith("redcap_"):
            table.leave(column.name, "likely", "REDCap's own")
        elif column.identifier and not table.guesses[column.name]:
            table.leave(column.name, "likely", f"may identify people: {column.identifier}")
        elif column.holds == "nothing" and not table.guesses[column.name]:
            table.leave(column.name, "likely", "has no value at all")
        elif column.distinct == 1 and not column.missing and not table.guesses[column.name]:
            table.leave(column.name, "likely", "has one value only")
        else:
            continue
        if column.name != "redcap_repeat_instrument":
            table.guesses[column.name] = ()


def _adults(table: Table) -> None:
    """Where weights or lengths are no infants', sex and birth date may be somebody else's."""
    big = [
        guess.column
        for found in table.guesses.values()
        for guess in found[:1]
        if guess.variable in {*field.MEASURES, "age_days"}
        and guess.score >= 90
        and any("middle value" in doubt for doubt in guess.doubts)
    ]
    if not big:
        return
    for column, found in table.guesses.items():
        table.guesses[column] = tuple(
            one.unsure(f"whose? {big[0]} is no infant's")
            if one.variable in {"infant_sex", "infant_birth_date"}
            else one
            for one in found
        )


def _leftover(table: Table, draft: Draft) -> None:
    """Every column that is not used is listed, with what it might be."""
    fed = {block.section for block in draft.blocks if block.upload is table.upload}
    for column in table.upload.found.columns:
        if column.name in table.used:
            table.left.pop(column.name, None)
            continue
        found = table.guesses[column.name]
        if column.name in table.left:
            continue
        label = f' (label "{column.label[:60]}")' if column.label and not column.identifier else ""
        if not found:
            table.leave(column.name, "unsure", f"no word of it is known{label}")
        elif not fed:
            table.leave(column.name, "unsure", f"{found[0].variable}? this table feeds no section")
        else:
            table.leave(
                column.name, "unsure", f"{' or '.join(one.variable for one in found[:3])}? {found[0].said()}"
            )


def _candidates(draft: Draft) -> None:
    """Beside each mapped column the values that may be codes for missing and that nobody declared."""
    for table in draft.tables:
        for remark in table.upload.found.remarks:
            if remark.kind != "missing_code_candidate" or remark.column not in table.used:
                continue
            column = keys.facts(table, remark.column)
            if column.apart and set(column.apart) <= set(draft.missing):
                continue
            if (table.name, remark.column) in {
                source for block in draft.blocks for one in block.keys for source in block.sources_of(one)
            }:
                continue
            for block in draft.blocks:
                for entries in (block.columns, block.extra, block.analytes):
                    entries[:] = [
                        replace(one, comment=f"{one.comment}; unsure: {remark.text} (`missing` says so)")
                        if (table.name, remark.column) in block.sources_of(one)
                        else one
                        for one in entries
                    ]


def _missing(draft: Draft) -> None:
    """Codes that files declare as missing, where they cannot be values: with a minus, or letters."""
    for table in draft.tables:
        for column in table.upload.found.columns:
            for code, label in sorted(column.missing_codes.items()):
                if not label or not (code.startswith(("-", ".")) and len(code) > 1):
                    continue
                word = code_of("missing", label) or fold(label).replace(" ", "_")
                if draft.missing.setdefault(code, word) != word:
                    draft.notes.append(
                        f"{code} means {draft.missing[code]} in one file and {word} in {table.name}: give the column its own `missing`"
                    )
