"""What is wrong with a mapping before any data is read: names, units, options that do not go together."""

from __future__ import annotations

from pathlib import PurePosixPath

from milkqc import reference
from milkqc.mapping import lint_columns, lint_study, lint_tables, targets
from milkqc.mapping.faults import FaultList, nearest
from milkqc.mapping.language import Block, Expectation, Mapping
from milkqc.mapping.lint_compare import compare
from milkqc.mapping.lint_options import same_codes
from milkqc.mapping.load import Loaded
from milkqc.mapping.repeats import policy_of
from milkqc.yamlfile import Path_


def lint(loaded: Loaded) -> FaultList:
    """All faults of meaning that the mapping alone shows. Nothing is raised; call `check` on the list."""
    faults, mapping = loaded.faults(), loaded.mapping
    _tables(mapping, faults)
    _mae(mapping, faults)
    _expectations(mapping, faults)
    lint_study.study(mapping, faults)
    for name, file in (("analytes_file", mapping.analytes_file), ("decisions", mapping.decisions)):
        if file is not None and leaves(file):
            faults.add(
                (name,),
                "M130",
                f"the path {file!r} leaves the mapping's folder.",
                "Keep it beside the mapping.",
            )
    same_codes(("missing",), mapping.missing, faults)
    if not mapping.blocks():
        faults.add((), "M111", "no target table is mapped.", "Add `participants:`, `growth:` or `milk:`.")
    for table, place, block in mapping.blocks():
        _block(table, (table, place), block, mapping, faults)
    compare(mapping, faults)
    return faults


def _tables(mapping: Mapping, faults: FaultList) -> None:
    for name, table in mapping.tables.items():
        for key in ("file", "dictionary", "syntax", "event_forms", "catalog"):
            text = getattr(table, key)
            if text is not None and leaves(text):
                faults.add(
                    ("tables", name, key),
                    "M130",
                    f"the path {text!r} leaves the data folder.",
                    "Name a file inside the folder given by --data.",
                )
        lint_tables.table(name, table, faults)
    for name in mapping.unmapped:
        if name not in mapping.tables:
            faults.add(
                ("unmapped", name), "M120", f"there is no table {name!r}.", nearest(name, mapping.tables)
            )


def leaves(text: str) -> bool:
    """Whether a path points outside the folder it starts from."""
    path = PurePosixPath(text.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or (len(text) > 1 and text[1] == ":") or not path.parts


def _mae(mapping: Mapping, faults: FaultList) -> None:
    mae = mapping.mae
    if mae is None:
        return
    known = reference.analytes()
    for place, analyte in enumerate(mae.set):
        if analyte not in known:
            faults.add(
                ("mae", "set", place),
                "M204",
                f"the analyte {analyte!r} is not known.",
                nearest(analyte, known),
            )
    if mae.values is not None:
        if leaves(mae.values):
            faults.add(
                ("mae", "values"),
                "M130",
                f"the path {mae.values!r} leaves the mapping's folder.",
                "Keep it beside the mapping.",
            )
        return
    from milkqc.reference import mae as estimates

    for key, given, allowed in (
        ("authority", mae.authority, estimates.AUTHORITIES),
        ("basis", mae.basis, estimates.BASES),
    ):
        if given is None:
            faults.add(("mae",), "M111", f"the key `{key}` is missing.", f"Use one of: {', '.join(allowed)}.")
        elif given not in allowed:
            hint = nearest(given, allowed) or f"Use one of: {', '.join(allowed)}."
            faults.add(("mae", key), "M140", f"there are no adequacy estimates of {key} {given!r}.", hint)


# What an entry of `expectations` takes beside a rule file, and beside the id of a rule.
_OF_FILES = frozenset({"file", "visits"})
_OF_RULES = frozenset(Expectation.model_fields) - _OF_FILES


def _expectations(mapping: Mapping, faults: FaultList) -> None:
    for place, entry in enumerate(mapping.expectations):
        path: Path_ = ("expectations", place)
        if (entry.file is None) == (entry.rule is None):
            faults.add(
                path,
                "M123",
                "an entry names a rule file or one rule.",
                "Write a file, or `rule:` with a reason.",
            )
        elif beside := sorted(entry.model_fields_set - (_OF_FILES if entry.file is not None else _OF_RULES)):
            what = "a rule file" if entry.file is not None else "a changed rule"
            faults.add(
                path, "M123", f"{what} takes no {' and no '.join(beside)}.", "Write an entry of its own."
            )
        elif entry.rule is not None and entry.off is None and entry.reason is None:
            faults.add(path, "M111", "a changed rule needs a `reason`.", "Say why the limit is changed.")
        elif entry.file is not None and leaves(entry.file):
            faults.add(
                path,
                "M130",
                f"the path {entry.file!r} leaves the mapping's folder.",
                "Keep it beside the mapping.",
            )


def _block(table: str, path: Path_, block: Block, mapping: Mapping, faults: FaultList) -> None:
    if block.from_ not in mapping.tables:
        hint = nearest(block.from_, mapping.tables) or f"Known: {', '.join(mapping.tables)}."
        faults.add((*path, "from"), "M120", f"there is no table {block.from_!r}.", hint)
    _links(path, block, mapping, faults)
    _keys(table, path, block, faults)
    _visits(path, block, faults)
    _repeats(table, path, block, faults)
    lint_columns.block(table, path, block, faults)
    if table == "biomarkers" and block.specimen == "milk" and "specimen" not in block.columns:
        faults.add(
            path, "M111", "the key `specimen` is missing.", "Add `specimen: serum` (or plasma, urine ...)."
        )


def _links(path: Path_, block: Block, mapping: Mapping, faults: FaultList) -> None:
    order = list(block.with_)
    for place, (name, link) in enumerate(block.with_.items()):
        where = (*path, "with", name)
        if name not in mapping.tables:
            faults.add(where, "M120", f"there is no table {name!r}.", nearest(name, mapping.tables))
        if len(link.on) != 1:
            faults.add(
                (*where, "on"), "M113", "a link has one pair of columns.", "Write `on: {TUBE: BARCODE}`."
            )
        if name == block.from_:
            faults.add(where, "M123", f"{name} is linked to itself.", "Link another table.")
        for mine in link.on:
            # Links are followed from the top down, so that a chain cannot run in circles.
            later = [other for other in order[place:] if mine.startswith(f"{other}.")]
            if later:
                faults.add(
                    (*where, "on", mine),
                    "M123",
                    f"the link {later[0]} is not followed before this one.",
                    "Link from another column."
                    if _leads_to(later[0], name, block)
                    else f"Put {later[0]} above {name}.",
                )


def _leads_to(link: str, other: str, block: Block) -> bool:
    """Whether `link` is, or is looked up by a column of, `other`, at once or by further links."""
    seen: set[str] = set()
    ahead = [link]
    while ahead:
        here = ahead.pop()
        if here == other:
            return True
        if here not in seen and here in block.with_:
            seen.add(here)
            ahead += [mine.partition(".")[0] for mine in block.with_[here].on if "." in mine]
    return False


def _keys(table: str, path: Path_, block: Block, faults: FaultList) -> None:
    parts = targets.KEYS[table]
    for name in block.key:
        if name not in parts:
            hint = nearest(name, parts) or f"The key of {table} is {', '.join(parts)}."
            faults.add((*path, "key", name), "M122", f"{name!r} is not a key part of {table}.", hint)
    for name in parts:
        missing = name not in block.key and name not in targets.OPTIONAL_KEYS
        if missing and not (name == "visit" and block.visits is not None):
            faults.add((*path, "key"), "M122", f"the key part `{name}` is missing.", f"Add `{name}: COLUMN`.")
    if block.visits is not None and "visit" in block.key:
        faults.add(
            (*path, "key", "visit"),
            "M123",
            "`visits` already names the visit.",
            "Take `visit` out of the key.",
        )


def _visits(path: Path_, block: Block, faults: FaultList) -> None:
    used = False
    for section in ("let", "columns", "analytes", "extra"):
        for name, spec in getattr(block, section).items():
            named = [text for text in (*(spec.from_ or ()), spec.formula or "") if "{visit}" in text]
            used = used or bool(named)
            if named and block.visits is None:
                faults.add(
                    (*path, section, name),
                    "M125",
                    "{visit} stands in a column name but the block has no `visits`.",
                    "Add `visits: {birth: _birth, ...}`.",
                )
    if block.visits is not None and not used:
        faults.add(
            (*path, "visits"),
            "M125",
            "no column of the block uses {visit}.",
            'Write `from: "Weight{visit}"`.',
        )
    suffixes = list((block.visits or {}).values())
    for visit, suffix in (block.visits or {}).items():
        if suffixes.count(suffix) > 1 and suffixes.index(suffix) != list(block.visits or {}).index(visit):
            faults.add(
                (*path, "visits", visit),
                "M125",
                f"{visit} reads the same columns as another visit ({suffix!r}).",
                "Give each visit what its column names have.",
            )
    if block.long is not None and block.visits is not None:
        faults.add((*path, "long"), "M123", "`long` and `visits` do not go together.", "Use one of them.")


def _repeats(table: str, path: Path_, block: Block, faults: FaultList) -> None:
    given = policy_of(table, block.repeats)
    policy = given.policy
    if policy in {"latest", "agree"} and getattr(given, policy) is None:
        example = "{latest: RUN_DATE}" if policy == "latest" else "{agree: 0.05}"
        faults.add(
            (*path, "repeats"), "M113", f"`{policy}` needs to know what by.", f"Write `repeats: {example}`."
        )
    if policy == "latest" and table not in {"milk", "biomarkers"}:
        faults.add(
            (*path, "repeats"),
            "M123",
            f"`latest` is for results; a row of {table} has no `reported`.",
            "Use `same`, `keep`, `replicate` or `finding`.",
        )
    if policy == "same" and table in {"milk", "biomarkers"}:
        faults.add(
            (*path, "repeats"),
            "M123",
            "`same` is for facts that do not change.",
            "Use `{agree: 0}` for results.",
        )
