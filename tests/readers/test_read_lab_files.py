"""Every file of fixtures/lab, and the growth CSVs: what each must give (MILKQC_SHARED/fixtures/SOURCES.csv)."""

import hashlib
from dataclasses import dataclass, field

import polars as pl
import pytest

from milkqc.cells import numbers
from milkqc.errors import SourceError
from milkqc.model import Source
from milkqc.readers import ReadOptions, read
from milkqc.readers.options import Plate

CEDEX = (
    *("kind", "at", "sample", "batch", "type", "position", "test", "lot", "unit"),
    *("flag", "result", "absorbance", "mode"),
)


@dataclass(frozen=True)
class Expected:
    """What a file must give: its shape, some cells by column and 0-based row, units, encoding and notes."""

    file: str
    shape: tuple[int, int]
    cells: dict[str, dict[int, object]]
    units: dict[str, str] = field(default_factory=dict)
    encoding: tuple[str, str] = ("utf-8", "assumed")
    notes: tuple[str, ...] = ()
    options: ReadOptions = field(default_factory=ReadOptions)
    in_file: tuple[int, int] | None = None


EXCEL = ("", "none")
CUT = "the last line has no line end: a file that was cut off looks so"
PERCENT = ("Viability (%)", "Viable spot brightness (%)", "Viable spot area (%)")
MICRO = (
    *("Average diameter ({})", "Average viable diameter ({})"),
    *("Minimum Diameter ({})", "Maximum Diameter ({})"),
)
TIMES = ("Total (x10^6) cells/mL", "Viable (x10^6) cells/mL")


def vi_cell(micro: str) -> dict[str, str]:
    return (
        dict.fromkeys(PERCENT, "%")
        | {name.format(micro): micro for name in MICRO}
        | dict.fromkeys(TIMES, "x10^6 cells/mL")
    )


FILES = (
    Expected(
        "lab/*different_mu*.csv",
        (1, 33),
        {"Sample ID": {0: "CLB001"}, "Average diameter (\u00b5m)": {0: "18.51"}, "Tag": {0: None}},
        vi_cell("\u00b5m"),
    ),
    Expected(
        "lab/*utf16.csv",
        (10, 33),
        {"Sample ID": {0: "CLB001", 9: "CLB011"}, "Average diameter (\u03bcm)": {0: "18.51"}},
        vi_cell("\u03bcm"),
        ("utf-16-be", "declared"),
    ),
    Expected(
        "lab/*xPONENT*.csv",
        (96, 6),
        {
            "Location": {0: "1(1,A1)", 95: "96(1,H12)"},
            "analyte1": {0: "NaN"},
            "analyte3": {0: None, 1: "NaN"},
            "Total Events": {0: "0"},
        },
        notes=(
            "11 columns without a name or any value were left out",
            "601 filled lines below the table asked for are no rows of it",
        ),
        options=ReadOptions(section="DataType: Median"),
        in_file=(96, 17),
    ),
    Expected(
        "lab/*xPONENT*.csv",
        (96, 6),
        {"analyte3": {0: "2", 1: None}},
        notes=(
            "11 columns without a name or any value were left out",
            "503 filled lines below the table asked for are no rows of it",
        ),
        options=ReadOptions(header_row=152, last_row=248),
        in_file=(96, 17),
    ),
    Expected(
        "lab/*xPONENT*.csv",
        (2, 4),
        {"Analyte:": {0: "BeadID:", 1: "Units:"}, "analyte2": {0: "27", 1: None}},
        notes=(
            "13 columns without a name or any value were left out",
            "303 filled lines below the table asked for are no rows of it",
        ),
        options=ReadOptions(header_row=449, until="blank"),
        in_file=(2, 17),
    ),
    Expected(
        "lab/*msd_workbench*.csv",
        (4, 17),
        {"Sample": {0: "S001"}, "Detection Range": {0: "Above Detection Range"}, "% Recovery": {3: "NaN"}},
        notes=("the header is row 2: the 1 filled rows above it are no rows of data", CUT),
    ),
    Expected(
        "lab/*cedex*.txt",
        (26, 13),
        {
            "sample": {0: "SMPL1"},
            "flag": {0: " ", 8: "< TEST RNG"},
            "result": {0: "  2.45", 8: "< 20.00"},
            "test": {8: "LDH2B"},
        },
        options=ReadOptions(names=CEDEX, first_row=2),
    ),
    Expected(
        "lab/*luciferase*.xlsx",
        (96, 6),
        {
            "plate": {0: "Plate 1"},
            "title": {0: "Wavelength: 0 nm"},
            "well": {0: "A1", 12: "B1", 95: "H12"},
            "row": {95: "H"},
            "column": {95: 12},
            "value": {0: 105.4, 17: 58370.0, 95: 1043.0},
        },
        encoding=EXCEL,
        notes=("sheet: Luminescence 1_01", "1 plate grid of 8 x 12 wells became a list"),
        options=ReadOptions(plate=Plate(start=("B11",))),
        in_file=(18, 13),
    ),
    Expected(
        "lab/*multi-plate*.xlsx",
        (960, 7),
        {
            "plate": {0: "Plate 1", 959: "Plate 5"},
            "title": {0: "Wavelength: 214 nm", 96: "Wavelength: 280 nm"},
            "value": {0: None, 1: 1.0, 97: 0.5},
            "sample": {0: None, 1: "Blank1", 97: "Blank1", 864 + 12 * 3 + 5: "Un0068"},
        },
        encoding=EXCEL,
        notes=("sheet: Absorbance 1_01", "10 plate grids of 8 x 12 wells became a list"),
        options=ReadOptions(
            sheet="Absorbance 1_01", plate=Plate(corner="Abs", beside=(("sample", "Sample"),))
        ),
        in_file=(200, 13),
    ),
    Expected(
        "lab/brinda_biomarkers.csv",
        (76, 8),
        {"id": {0: "3"}, "sr": {0: "1.16723905048212", 37: "0.967658467522839"}, "sf": {37: "NA"}},
    ),
    Expected(
        "lab/brinda_biomarkers.xlsx",
        (76, 8),
        {"id": {0: 3}, "sr": {0: 1.16723905048212}, "sf": {37: None}},
        encoding=EXCEL,
        notes=("sheet: Sheet1",),
    ),
    Expected(
        "growth/smart_raw_anthro1.csv",
        (651, 16),
        {
            "KEY": {0: "uuid:00561cac-fde4-47aa-a743-534d89bbdc8d"},
            "age": {0: "50"},
            "edema_confirm": {0: "NA"},
        },
    ),
    Expected(
        "growth/syngrowth_u5.csv",
        (13_425, 6),
        {"subjid": {0: "001aa16d-bf0e-a077-3b3d-5ab8b58545ad"}, "measurement": {0: "102.6"}},
    ),
)


def one(shared, pattern):
    (path,) = (shared / "fixtures").glob(pattern)
    return path


@pytest.mark.parametrize("expected", FILES, ids=lambda expected: f"{expected.file} {expected.shape}")
def test_each_file_gives_what_stands_in_it(shared, expected):
    path = one(shared, expected.file)
    source = read(path, expected.options)
    assert source.table.shape == expected.shape
    for name, cells in expected.cells.items():
        assert {row: source.table[name][row] for row in cells} == cells
    assert {v.name: v.unit_text for v in source.variables if v.unit_text} == expected.units
    origin = source.origin
    assert origin.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (origin.encoding, origin.encoding_basis) == expected.encoding
    assert origin.notes == expected.notes
    assert (origin.rows, origin.columns) == (expected.in_file or expected.shape)
    assert every_null_has_a_reason(source)


def every_null_has_a_reason(source: Source) -> bool:
    faults = {(fault.row - 1, fault.column) for fault in source.faults}
    for name in source.table.columns:
        null = source.table[name].is_null()
        said = (
            source.reasons[name].is_not_null()
            if name in source.reasons.columns
            else pl.Series([False] * len(null))
        )
        if any(a != (b or (row, name) in faults) for row, (a, b) in enumerate(zip(null, said, strict=True))):
            return False
    return True


def test_every_file_of_the_laboratory_stands_in_the_table(shared):
    listed = {one(shared, expected.file).name for expected in FILES}
    assert {path.name for path in (shared / "fixtures" / "lab").iterdir()} <= listed
    assert {path.name for path in (shared / "fixtures" / "growth").glob("*.csv")} <= listed


@pytest.mark.parametrize(
    ("pattern", "options", "message"),
    [
        (
            "lab/*xPONENT*.csv",
            {},
            "row 1 does not name the columns, row 53 may. "
            "Say `header_row`: 53; add `last_row`, `until` or `section` if more follows.",
        ),
        (
            "lab/*xPONENT*.csv",
            {"section": "Warnings/Errors"},
            "no line reads 'Warnings/Errors'. "
            "Write `section` as the whole line above the table reads; row 565 contains the text.",
        ),
        (
            "lab/*cedex*.txt",
            {},
            "line 2 has 13 cells where the header has 10. "
            "Mend that line, or check `delimiter` and `header_row`; milkqc does not fill or cut rows.",
        ),
        (
            "lab/*luciferase*.xlsx",
            {},
            "sheet 'Luminescence 1_01': row 1 does not name the columns; a plate grid begins in row 10. "
            "Say `plate: {start: B11}`, or `header_row`.",
        ),
    ],
)
def test_what_nobody_described_is_refused_with_the_way_to_describe_it(shared, pattern, options, message):
    path = one(shared, pattern)
    with pytest.raises(SourceError) as error:
        read(path, ReadOptions(**options))
    assert str(error.value) == f"{path.name}: {message}"


def test_a_result_below_the_test_range_is_censored_and_keeps_its_flag(shared):
    source = read(one(shared, "lab/*cedex*.txt"), ReadOptions(names=CEDEX, first_row=2))
    judged = numbers(source.table["result"])
    below = judged.with_columns(source.table["flag"].str.strip_chars()).filter(pl.col("flag") == "< TEST RNG")
    assert set(below["censored"]) == {"<", None}
    assert judged[8, "censored"] == "<"
    assert judged[8, "limit"] == 20.0
    assert judged["status"].unique().sort().to_list() == ["censored", "number"]
