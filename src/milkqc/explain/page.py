"""An explanation for people: the cell, how it was made, its source cells, its inputs, findings and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from milkqc.explain.model import Cell, SourceCell, shown

if TYPE_CHECKING:
    from milkqc.explain.explainer import Explained


def page(explained: Explained) -> str:
    """The text that `milkqc explain` prints."""
    lines = [*_cell(explained.cell, "", set(), top=True)]
    lines += ["", "Findings"] if explained.findings else ["", "Findings: none."]
    for one in explained.findings:
        lines.append(f"  {one['severity']} {one['rule_id']} ({one['status']}, {one['finding_id']})")
        lines.append(f"    {one['message']}")
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
    lines += [f"{indent}  cell     {_source(one)}" for one in cell.sources]
    figures = {
        name: one for name, one in cell.numbers.items() if name not in {"number", "raw_unit", "factor"}
    }
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
    digest = f" (sha256 {one.sha256[:12]}...)" if one.sha256 else ""
    text = "blank" if one.text is None else repr(one.text)
    read = ""
    if one.number is not None and shown(one.number) != one.text:
        read = f", read as {shown(one.number)}"
    if one.missing and one.text is not None:
        read = f", missing: {one.missing}"
    if one.file is None:
        return f"{one.column}: no row was found"
    return f"{one.file}{digest}{sheet}, row {one.row}, column {one.column}: {text}{read}"
