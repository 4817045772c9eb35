"""An explanation for people: the cell, how it was made, its source cells, its inputs, findings and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from milkqc.explain.model import Cell, Hop, SourceCell, shown

if TYPE_CHECKING:
    from milkqc.explain.explainer import Explained


_AT_HAND = {
    "same": "the upload at hand",
    "changed": "NOT the upload at hand: it has changed since the run",
    "absent": "not at hand",
}
# Figures that the sentence of a cell has in it.
_SAID = {"number", "raw_unit", "factor", "results", "samples", "rows"}


def page(explained: Explained) -> str:
    """The text that `milkqc explain` prints."""
    lines = [*_cell(explained.cell, "", set(), top=True)]
    lines += ["", "Findings"] if explained.findings else ["", "Findings: none."]
    for one in explained.findings:
        lines.append(f"  {one['severity']} {one['rule_id']} ({one['status']}, {one['finding_id']})")
        lines.append(f"    {one['message']}")
        if decided := one.get("decision"):
            value = f" of {decided['raw_value']!r}" if decided["raw_value"] else ""
            lines.append(
                f"    decision {decided['decision']}{value} by {decided['who']} on {decided['when']}"
                f" ({decided['line']}): {decided['reason']}"
            )
    lines += ["", "Rules"] if explained.rules else ["", "Rules: none looks at it."]
    for rule in explained.rules:
        why = f": {rule['why']}" if rule.get("why") else ""
        lines.append(f"  {rule['verdict']:<18} {rule['rule_id']}{why}")
    return "\n".join(lines) + "\n"


def _cell(cell: Cell, indent: str, told: set[int], *, top: bool = False) -> list[str]:
    unit = f" {cell.unit}" if cell.unit and cell.value is not None else ""
    value = f"{shown(cell.value)}{unit}" if cell.value is not None else "missing"
    head = f"{indent}{cell.table}.{cell.variable} = {value}"
    if id(cell) in told:
        return [f"{head} (above)"]
    told.add(id(cell))
    lines = [head]
    if top and cell.row_id is not None:
        lines.append(f"{indent}  row      {cell.row_id}")
    for name, text in (("because", cell.because), ("made", cell.says), ("mapping", cell.mapping)):
        if text:
            lines.append(f"{indent}  {name:<8} {text}")
    for one in cell.sources:
        lines.append(f"{indent}  cell     {_source(one)}")
        lines += [f"{indent}           by link {_hop(hop)}" for hop in one.via]
    figures = {name: one for name, one in cell.numbers.items() if name not in _SAID}
    if figures:
        lines.append(
            f"{indent}  figures  {', '.join(f'{name} {_figure(one)}' for name, one in figures.items())}"
        )
    if cell.inputs:
        lines.append(f"{indent}  from")
        for inner in cell.inputs:
            lines += _cell(inner, indent + "    ", told)
    return lines


def _figure(value: object) -> str:
    # Figures are for working it out again: all their digits.
    return repr(value) if isinstance(value, float) else shown(value)


def _source(one: SourceCell) -> str:
    sheet = f", sheet {one.sheet}" if one.sheet else ""
    at_hand = f", {_AT_HAND[one.upload]}" if one.upload else ""
    digest = f" (sha256 {one.sha256[:12]}...{at_hand})" if one.sha256 else ""
    text = "blank" if one.text is None else repr(one.text)
    read = ""
    if one.number is not None and shown(one.number) != one.text:
        read = f", read as {shown(one.number)}"
    if one.missing and one.text is not None:
        read = f", missing: {one.missing}"
    if one.file is None:
        return f"{one.column}: no row was found"
    return f"{one.file}{digest}{sheet}, row {one.row}, column {one.column}: {text}{read}"


def _hop(hop: Hop) -> str:
    """`tubes (mapping.yaml:107): TUBE ' t 1' by no_spaces, upper is 'T1'; found as 'T1' in BARCODE of tubes.csv, row 1`."""
    asked = "blank" if hop.text is None else repr(hop.text)
    made = f" by {', '.join(hop.clean)} is {hop.cleaned!r}" if hop.clean and hop.text is not None else ""
    if hop.row is not None:
        found = f"found as {hop.found!r} in {hop.to} of {hop.file}, row {hop.row}"
    else:
        found = (
            "nothing to look up" if hop.text is None else f"no single row of {hop.link} has it in {hop.to}"
        )
    return f"{hop.link} ({hop.mapping}): {hop.asked} {asked}{made}; {found}"
