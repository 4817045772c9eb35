"""The words milkqc thinks in. Frozen, and dependent on nothing else of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
Status = Literal["ran", "not_applicable", "skipped", "broken", "nothing_to_look_at"]
Engine = Literal["reading", "pandera", "gx", "rules", "expressions"]
TABLES = ("participants", "visits", "growth", "milk", "biomarkers")


@dataclass(frozen=True)
class Variable:
    """What a source file says of one of its columns; nothing of it is applied to the values.

    `value_labels` and `missing_codes` map canonical code text ("99", ".a") to the file's label ("" if none);
    `missing_ranges` are inclusive pairs. `unit_text` is what the file wrote, unread. `details` is whatever else the
    file says of the column, by a word of ours: `form`, `section`, `note`, `validation`, `minimum`, `maximum`,
    `required`, `branching`, `calculation`, `annotation`, `field_type`, `matrix`, and of a checkbox's column its
    `field` and `choice`, `record` (`y` at the record id; REDCap), `set` (SPSS multiple response), `measure` ...
    """

    name: str
    label: str = ""
    value_labels: Mapping[str, str] = field(default_factory=dict)
    missing_codes: Mapping[str, str] = field(default_factory=dict)
    missing_ranges: tuple[tuple[float, float], ...] = ()
    unit_text: str = ""
    source_type: str = "text"
    source_format: str = ""
    identifier: bool = False
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """Where a table came from, as it goes into the manifest. `rows` and `columns` as the file holds them."""

    file: str
    sha256: str
    format: str
    encoding: str
    encoding_basis: Literal["declared", "assumed", "option", "none"]
    rows: int
    columns: int
    reader: str
    reader_version: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellFault:
    """A cell that the format itself could not give: an impossible date, say. `row` is the 1-based data row."""

    row: int
    column: str
    raw: str
    why: str


@dataclass(frozen=True)
class Candidate:
    """A text in `count` cells of a typed column that may be a missing-data code nobody declared (REDCap).

    `as_data`: it would be read as a value (-999), unlike a word (`UNK`), which does not parse.
    """

    column: str
    text: str
    count: int
    as_data: bool


@dataclass(frozen=True)
class Source:
    """One source table, read without loss and without decisions.

    `table` has the file's columns in the file's order and names: numbers as Int64/Float64, dates as
    Date/Datetime, everything from text formats as String, exactly as written (never NaN; null is missing).
    `reasons` and `codes` are as long as `table` and hold only those columns that have something to say:
    `codes` the raw code of a cell missing by code ("99", ".a"), `reasons` why it is missing (the code's label,
    or `system`, `empty`, `structural`). `dropped` are identifier columns left out on purpose. `rows` holds each
    row's 1-based number in the file (Int64) where a reader chose among the file's rows; null when it took all.
    `event_forms` are the forms of each event of a REDCap project, where the file says so.
    `candidates` are perhaps missing-data codes, to be asked for before anybody reads them as data.
    """

    table: pl.DataFrame
    variables: tuple[Variable, ...]
    reasons: pl.DataFrame
    codes: pl.DataFrame
    origin: Origin
    faults: tuple[CellFault, ...] = ()
    dropped: tuple[str, ...] = ()
    rows: pl.Series | None = None
    candidates: tuple[Candidate, ...] = ()
    event_forms: Mapping[str, frozenset[str]] | None = None

    def variable(self, name: str) -> Variable:
        """The variable called `name`; KeyError when the file has none."""
        for variable in self.variables:
            if variable.name == name:
                return variable
        raise KeyError(name)


@dataclass(frozen=True)
class Rule:
    """One check, from wherever it was declared: a suite file, the data dictionary or a decorated function.

    `when` maps columns to a value or a tuple of values that must hold for a row to be judged.
    `level` is `row` (a finding for each failing row) or `dataset` (one finding for the table or a group).
    `arguments` holds what the kind needs (`min`, `max`, `values`, `share`, `by` ...). `says` is the sentence
    for a data manager; `site` what the site should do about a finding and `analyst` what an analyst should, empty
    where nobody has said. `examples` holds `pass` and `fail` lists that run as tests.
    """

    id: str
    table: str
    expect: str
    columns: tuple[str, ...]
    severity: Severity
    says: str
    source: str
    when: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    level: Literal["row", "dataset"] = "row"
    examples: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    line: int = 0
    site: str = ""
    analyst: str = ""


@dataclass(frozen=True)
class LedgerRow:
    """What became of one check: the counts are of values (rows for row rules, groups for dataset rules).

    looked_at = judged values; failed <= looked_at; not_judged = values that were there to judge but could not
    be (censored, null in the rule's other column, `when` unknown). `findings` counts findings raised.
    """

    rule_id: str
    engine: Engine
    table: str
    variable: str
    severity: Severity
    status: Status
    looked_at: int = 0
    failed: int = 0
    not_judged: int = 0
    findings: int = 0
    why: str = ""
    says: str = ""
    source: str = ""


@dataclass(frozen=True)
class Compared:
    """A value that a study computed itself (`compare:`): of which table and name, and how far from ours it may be.

    `tolerance` is in the unit of what is compared, or a percentage of ours (`relative`). With a `formula` ours is
    that, over the block's own columns; without, the derived column of the name.
    """

    table: str
    name: str
    tolerance: float
    relative: bool
    formula: str | None = None


@dataclass(frozen=True)
class Checked:
    """What a home of checks gives back: draft findings (findings.DRAFT_SCHEMA) and its part of the ledger.

    `seconds` are those that each rule took, for `--timings`; rules that are judged together share them.
    """

    drafts: pl.DataFrame
    ledger: tuple[LedgerRow, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Reconciled:
    """The account of one block of the mapping: read = used + set_aside + rejected; `rows_out` beside it."""

    block: str
    table: str
    source: str
    read: int
    used: int
    set_aside: int
    rejected: int
    rows_out: int


@dataclass(frozen=True)
class Result:
    """Everything a run knows, without files. All tables are polars frames (`.to_pandas()` is one call away).

    `lineage` holds, by table and row_id, source file, row, raw texts, reasons, raw units and factors.
    `analytes` are the study's own (reference.Analyte by key). `trace` is what `milkqc explain` needs besides the
    lineage: how the mapping makes each column, the estimates of adequacy, what each rule looks at.
    `suites` are the rules of rule files, as the study changed them.
    `verdict` is `pass`, `fail` or `incomplete`, with the sentence that decided it in `verdict_reason`.
    """

    study: str
    title: str
    participants: pl.DataFrame
    visits: pl.DataFrame
    growth: pl.DataFrame
    milk: pl.DataFrame
    biomarkers: pl.DataFrame
    analysis: pl.DataFrame
    mae_reference: pl.DataFrame
    findings: pl.DataFrame
    checks: pl.DataFrame
    rejected: pl.DataFrame
    codebook: pl.DataFrame
    lineage: Mapping[str, pl.DataFrame]
    origins: tuple[Origin, ...]
    reconciliation: tuple[Reconciled, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    statistics: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    analytes: Mapping[str, Any] = field(default_factory=dict)
    trace: Mapping[str, Any] = field(default_factory=dict)
    suites: tuple[Rule, ...] = ()

    def table(self, name: str) -> pl.DataFrame:
        """One of the harmonised tables by its name."""
        if name not in TABLES:
            raise KeyError(name)
        return getattr(self, name)  # type: ignore[no-any-return]
