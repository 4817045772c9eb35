"""What REDCap's exports bring besides: rows of repeating instruments, and checkboxes that no variable takes."""

from __future__ import annotations

from milkqc.drafting import keys
from milkqc.drafting.columns import Guess
from milkqc.drafting.plan import Block, Draft, Entry, Table
from milkqc.drafting.words import fold


def records(table: Table, block: Block) -> None:
    """REDCap's repeating instruments have rows of their own, which are no visits."""
    names = table.upload.source.table.columns
    if "redcap_repeat_instrument" in names and keys.ids(table, "redcap_repeat_instrument"):
        table.used.add("redcap_repeat_instrument")
        shown = ", ".join(sorted(keys.ids(table, "redcap_repeat_instrument"))[:3])
        block.parts["where"] = Entry(
            "where",
            {"redcap_repeat_instrument": [""]},
            f"likely: rows of the repeating form {shown} are no visits",
        )


def extras(table: Table, draft: Draft) -> None:
    """REDCap's checkboxes that no variable takes are kept as the study's own yes-or-no columns."""
    block = next(
        (one for one in reversed(draft.blocks) if one.upload is table.upload and one.section == "visits"),
        None,
    )
    if block is None:
        return
    for variable in table.upload.source.variables:
        if (
            variable.name in table.used
            or variable.details.get("field_type") != "checkbox"
            or variable.identifier
        ):
            continue
        if not keys.facts(table, variable.name).filled:
            continue
        text = fold(variable.label.rpartition(":")[2]) or fold(variable.name)
        name = (
            "_".join([fold(variable.details.get("field", "")).replace(" ", "_"), *text.split()[:3]])
            .strip("_")[:30]
            .rstrip("_")
        )
        if not name or not name[0].isalpha():
            name = f"x_{name}"[:30]
        if any(one.key == name for one in block.extra):
            name = fold(variable.name).replace(" ", "_")[:30]
        value = {"from": variable.name, "type": "boolean", "codes": {"0": "false", "1": "true"}}
        table.used.add(variable.name)
        table.left.pop(variable.name, None)
        table.chosen[variable.name] = Guess(
            variable.name, f"x_{name}", 90, "likely", spec={"codes": value["codes"]}
        )
        block.extra.append(Entry(name, value, f'likely: a checkbox, "{variable.label[:60]}"'))
