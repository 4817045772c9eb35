"""`milkqc zscores`: any file in, the same file with its scores out, and every doubt said once."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import milkqc
from milkqc.cli import commands
from milkqc.cli import zscores as command_module
from milkqc.zscores import ENDINGS, Choices, ZscoresError, score_source
from milkqc.zscores import score as score_module
from milkqc.zscores.fields import CODE_OPTIONS, FIELDS, UNIT_OPTIONS

KIDS = """ID,SEX,AGE,WT,LEN,POS,OED
a,1,246,7400,65.2,H,n
b,1,839,13070,81.2,L,n
c,2,1328,13830,89.8,H,n
"""
NAMED = (
    "--sex", "SEX", "--sex-codes", "1=male,2=female", "--age-days", "AGE", "--weight", "WT", "--weight-unit", "g",
    "--length", "LEN", "--length-unit", "cm", "--measured", "POS", "--measured-codes", "H=standing,L=lying",
    "--oedema", "OED", "--oedema-codes", "y=true,n=false",
)  # fmt: skip


@pytest.fixture
def kids(tmp_path: Path) -> Path:
    return written(tmp_path, KIDS)


def written(folder: Path, text: str, name: str = "kids.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def ran(*arguments: object):
    return CliRunner().invoke(commands, ["zscores", *map(str, arguments)])


def scored_csv(folder: Path, text: str, *arguments: object) -> tuple[pl.DataFrame, str, int]:
    done = ran(written(folder, text), "--out", folder / "out.csv", *arguments)
    assert done.exit_code in {0, 1}, done.exception
    return pl.read_csv(folder / "out.csv", infer_schema_length=None), done.output, done.exit_code


def refused(*arguments: object) -> str:
    done = ran(*arguments)
    assert isinstance(done.exception, milkqc.errors.MilkqcError), done.output
    return str(done.exception)


# --- scores ----------------------------------------------------------------------------------------------------


def test_named_columns_units_and_codes_give_the_scores_of_growth_scores(kids, tmp_path):
    done = ran(kids, "--out", tmp_path / "out.csv", *NAMED)
    assert done.exit_code == 0
    found = pl.read_csv(tmp_path / "out.csv")
    frame = pl.DataFrame(
        {
            "infant_sex": ["male", "male", "female"],
            "age_days": [246, 839, 1328],
            "weight_kg": [7.4, 13.07, 13.83],
            "length_cm": [65.2, 81.2, 89.8],
            "measured": ["standing", "lying", "standing"],
            "oedema": [False] * 3,
        }
    )
    expected = milkqc.growth_scores(frame).drop(frame.columns)
    assert found.drop("ID", "SEX", "AGE", "WT", "LEN", "POS", "OED").equals(expected)
    # WHO's own scores of these three children
    assert found["laz"].to_list() == [-2.5, -2.93, -2.49]
    assert found["wlz"].to_list() == [0.14, 2.36, 1.03]


def test_columns_with_milkqc_s_names_need_no_option(tmp_path):
    text = "infant_sex,age_months,weight_kg,muac_cm\nmale,12,9.6,14.5\nFemale,12.5,,13\n"
    found, said, code = scored_csv(tmp_path, text)
    assert code == 0
    assert found["waz"].to_list() == [-0.04, None]
    assert found["acz"].null_count() == 0
    assert "kids.csv: 2 rows, 2 with a score." in said


def test_the_file_s_own_cells_stay_as_they_were(tmp_path):
    text = "infant_sex,age_days,weight_kg,note\nmale,365,09.60,=1+1\n"
    written(tmp_path, text)
    ran(tmp_path / "kids.csv", "--out", tmp_path / "out.csv")
    header, row = (tmp_path / "out.csv").read_text("utf-8").splitlines()
    assert header.startswith("infant_sex,age_days,weight_kg,note,waz")
    assert row.startswith("male,365,09.60,=1+1,")


def test_ages_from_dates_are_added_as_a_column(tmp_path):
    text = "infant_sex,DOB,SEEN,weight_kg\nmale,01/02/2023,01/02/2024,9.6\nfemale,31/02/2023,01/02/2024,9\n"
    found, said, code = scored_csv(
        tmp_path, text, "--birth-date", "DOB", "--visit-date", "SEEN", "--date-format", "%d/%m/%Y"
    )
    assert found["age_days"].to_list() == [365, None]
    assert found["waz"].to_list() == [-0.04, None]
    assert "warning: Date of birth: 1 cell is no date in the format given (row 2): taken as missing." in said
    assert code == 0


def test_newborn_scores_come_with_a_gestation(tmp_path):
    text = "infant_sex,GA,BW\nmale,40,3300\nfemale,38.3,3000\n"
    found, said, _ = scored_csv(
        tmp_path, text, "--gestation", "GA", "--gestation-unit", "week", "--birth-weight", "BW", "--birth-weight-unit", "g"
    )  # fmt: skip
    frame = pl.DataFrame(
        {
            "infant_sex": ["male", "female"],
            "gestational_age_days": [40 * 7.0, 38.3 * 7],
            "birth_weight_kg": [3.3, 3.0],
        }
    )
    assert found["ig_waz"].to_list() == pytest.approx(milkqc.newborn_scores(frame)["ig_waz"].to_list())
    assert "ig_waz" in said


def test_a_prefix_keeps_the_study_s_own_scores_apart(tmp_path):
    text = "infant_sex,age_days,weight_kg,waz\nmale,365,9.6,-0.1\n"
    path = written(tmp_path, text)
    told = refused(path, "--out", tmp_path / "out.csv")
    assert told == "kids.csv: there are columns waz already, and nothing is overwritten. Choose a --prefix."
    assert ran(path, "--out", tmp_path / "out.csv", "--prefix", "who_").exit_code == 0
    assert pl.read_csv(tmp_path / "out.csv").columns[-3:] == ["waz", "who_waz", "who_waz_flag"]


def test_slices_change_nothing(tmp_path, monkeypatch):
    rows = "".join(f"male,{age},9.6,75\n" for age in range(0, 1800, 7))
    text = "infant_sex,age_days,weight_kg,length_cm\n" + rows
    whole, _, _ = scored_csv(tmp_path, text)
    monkeypatch.setattr(score_module, "SLICE", 10)
    sliced, _, _ = scored_csv(tmp_path, text)
    assert sliced.equals(whole)


# --- formats ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_out_reads_back_with_the_same_scores(kids, tmp_path, ending):
    out = tmp_path / f"out{ending}"
    assert ran(kids, "--out", out, *NAMED).exit_code == 0
    back = pl.read_parquet(out) if ending == ".parquet" else milkqc.read(out).table
    assert back["laz"].cast(pl.Float64).to_list() == [-2.5, -2.93, -2.49]
    assert back["ID"].to_list() == ["a", "b", "c"]
    assert [path.name for path in tmp_path.iterdir() if "milkqc" in path.name] == []


@pytest.mark.parametrize("ending", [".dta", ".sav", ".xlsx", ".parquet"])
def test_every_format_in_scores_the_same(kids, tmp_path, ending):
    stored = tmp_path / f"stored{ending}"
    ran(kids, "--out", stored, *NAMED, "--prefix", "old_")
    assert ran(stored, "--out", tmp_path / "again.csv", *NAMED).exit_code == 0
    found = pl.read_csv(tmp_path / "again.csv")
    assert found["laz"].to_list() == [-2.5, -2.93, -2.49]
    assert found["laz"].to_list() == found["old_laz"].to_list()


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".dta", ".sav", ".parquet"])
def test_the_same_file_gives_the_same_bytes(kids, tmp_path, ending):
    first, second = tmp_path / f"one{ending}", tmp_path / f"two{ending}"
    for out in (first, second):
        ran(kids, "--out", out, *NAMED)
    assert first.read_bytes() == second.read_bytes()


def test_labels_of_the_file_go_with_its_variables(kids, tmp_path):
    ran(kids, "--out", tmp_path / "out.dta", *NAMED)
    source = milkqc.read(tmp_path / "out.dta")
    assert source.variable("laz").label.startswith("Length/height-for-age z-score")


def test_a_text_is_never_a_formula_in_a_workbook(tmp_path):
    text = "infant_sex,age_days,weight_kg,note\nmale,365,9.6,=HYPERLINK(1)\n"
    ran(written(tmp_path, text), "--out", tmp_path / "out.xlsx")
    assert milkqc.read(tmp_path / "out.xlsx").table["note"].to_list() == ["=HYPERLINK(1)"]
    import zipfile

    sheet = zipfile.ZipFile(tmp_path / "out.xlsx").read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet


# --- what is wrong with the call: all of it, and nothing written -----------------------------------------------


def test_everything_missing_is_named_in_one_message(tmp_path):
    path = written(tmp_path, "ID,S\n1,2\n")
    told = refused(path, "--out", tmp_path / "out.csv", "--weight", "WT", "--age-days", "AGE")
    assert told.splitlines() == [
        "kids.csv: there is no column AGE (--age-days), WT (--weight). The file has ID, S.",
        "kids.csv: needed, and not there: the sex (--sex).",
        "kids.csv: the unit of column WT is not declared. Add --weight-unit kg, or what it is.",
    ]
    assert not (tmp_path / "out.csv").exists()


def test_of_a_file_of_which_nothing_is_said_the_columns_are_shown(tmp_path):
    path = written(tmp_path, "Kind;Geschlecht;Alter;Gewicht\na;M;246;7,4\n")
    assert refused(path, "--out", tmp_path / "out.csv") == (
        "kids.csv: needed, and not there: the sex (--sex); a measure (--weight, --length, --head, --muac ... or --birth-weight ...); "
        "an age (--age-days, --age-months, or --birth-date and --visit-date). The file has Kind, Geschlecht, Alter, Gewicht."
    )


def test_decimal_commas_are_recognised_and_what_to_do_is_said(tmp_path):
    said = ("--sex", "S", "--sex-codes", "M=male", "--age-days", "A", "--weight", "G", "--weight-unit", "kg")
    text = "S;A;G\nM;246;7,4\nM;246;8,25\nM;246;9\n"
    _, told, code = scored_csv(tmp_path, text, *said)
    assert (
        "Weight: 2 cells are no number (rows 1, 2): taken as missing. If the comma is the decimal mark, add --decimal ','."
        in told
    )
    assert code == 0
    found, told, _ = scored_csv(tmp_path, text, *said, "--decimal", ",")
    assert (found["waz"].null_count(), "warning" in told) == (0, False)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--sex", "SEX"), "column SEX (--sex) holds 1, 2, which mean different things in different studies. Say which is male and which female: --sex-codes 1=...,2=..."),
        (("--sex", "SEX", "--sex-codes", "1=boy,2=girl"), "--sex-codes: boy, girl is not known. Codes stand for male and female."),
        ((*NAMED[:4], "--measured", "POS"), "column POS (--measured) holds H, L, which mean"),
        ((*NAMED[:4], "--weight", "WT", "--weight-unit", "furlong"), "--weight-unit furlong: 'furlong' is not a unit that milkqc knows."),
        ((*NAMED[:4], "--weight", "WT", "--weight-unit", "cm"), "--weight-unit cm: cm and kg do not measure the same thing."),
        ((*NAMED[:4], "--birth-date", "ID", "--visit-date", "ID"), "column ID (--birth-date) is text. Say how dates are written, such as --date-format %d/%m/%Y."),
        ((*NAMED[:6], "--age-months", "AGE"), "there are an age in days and one in months. Name one of them, and rename the other."),
        ((*NAMED[:4],), "needed, and not there: a measure (--weight"),
        ((*NAMED[:4], "--head", "LEN", "--head-unit", "cm"), "needed, and not there: an age (--age-days"),
        ((*NAMED[:4], "--birth-weight", "WT", "--birth-weight-unit", "g"), "needed, and not there: the gestational age (--gestation)."),
    ],
)  # fmt: skip
def test_what_the_call_lacks_is_said(kids, tmp_path, arguments, sentence):
    told = refused(kids, "--out", tmp_path / "out.csv", *arguments)
    assert sentence in told
    assert not (tmp_path / "out.csv").exists()


def test_a_unit_against_the_column_s_name_is_refused(tmp_path):
    path = written(tmp_path, "infant_sex,age_days,weight_kg\nmale,365,9600\n")
    told = refused(path, "--out", tmp_path / "out.csv", "--weight-unit", "g")
    assert "column weight_kg is in kg by its name, and in g by --weight-unit." in told
    done = ran(path, "--out", tmp_path / "out.csv", "--weight", "weight_kg", "--weight-unit", "g")
    assert done.exit_code == 0
    assert pl.read_csv(tmp_path / "out.csv")["waz"].to_list() == [-0.04]


def test_the_labels_of_the_file_are_shown_beside_undeclared_codes(tmp_path):
    import pyreadstat

    frame = pl.DataFrame({"sex": [1.0, 2.0], "age_days": [365.0, 365.0], "weight_kg": [9.6, 9.0]}).to_pandas()
    path = tmp_path / "kids.dta"
    pyreadstat.write_dta(frame, str(path), variable_value_labels={"sex": {1: "Boy", 2: "Girl"}})
    told = refused(path, "--out", tmp_path / "out.csv", "--sex", "sex")
    assert "(the file's own labels: 1 is 'Boy'; 2 is 'Girl')" in told


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("out.ods", "out.ods: the ending names no format. Choose one of .csv, .parquet, .xlsx, .dta, .sav."),
        ("nowhere/out.csv", "there is no folder to write this file in."),
        ("kids.csv", "is the file to be read, which stays as it is."),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_read(kids, tmp_path, out, sentence):
    assert sentence in refused(kids, "--out", tmp_path / out, *NAMED)
    assert kids.read_text("utf-8") == KIDS


def test_the_exit_code_of_the_program_is_2_when_nothing_was_written(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "from milkqc.cli import main; main()", "zscores", "none.csv", "--out", "out.csv"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("none.csv: ")
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


# --- what is wrong with the data: said, and the rest is scored -------------------------------------------------

BAD = """infant_sex,age_days,weight_kg,length_cm,SX
male,365,9.6,75,1
male,-3,3.2,50,1
female,400,abc,75,2
male,500,<5,80,7
male,600,-9,80,
"""


def test_bad_cells_are_counted_with_their_rows_and_no_value(tmp_path):
    _, said, code = scored_csv(
        tmp_path, BAD.replace("infant_sex", "x"), "--sex", "SX", "--sex-codes", "1=male,2=female", "--missing", "-9"
    )  # fmt: skip
    assert code == 1
    assert (
        "critical: 1 age is below zero (row 2): no score. Correct the age or the dates.\n"
        "warning: Sex: 1 cell is a code that --sex-codes does not list (row 4): taken as missing. Correct it.\n"
        "warning: Weight: 2 cells are no number (rows 3, 4): taken as missing. Correct it.\n"
    ) in said
    assert "abc" not in said


def test_fail_on_decides_the_exit_code(tmp_path):
    path = written(tmp_path, BAD)
    codes = {
        level: ran(path, "--out", tmp_path / "out.csv", "--missing", "-9", "--fail-on", level).exit_code
        for level in ("critical", "warning", "never")
    }
    assert codes == {"critical": 1, "warning": 1, "never": 0}


def test_a_code_that_means_missing_gives_no_score(tmp_path):
    found, said, _ = scored_csv(tmp_path, BAD, "--missing", "-9.0")
    assert found["waz"].null_count() == 4
    assert "(rows 3, 4)" in said


def test_months_given_as_days_are_noticed(tmp_path):
    rows = "".join(f"male,{age},{5 + age / 6:.1f},{62 + age:.1f}\n" for age in range(6, 60, 3))
    _, said, code = scored_csv(tmp_path, "infant_sex,age_days,weight_kg,length_cm\n" + rows)
    assert "All ages are below 61, but most children are bigger than at two months: probably months." in said
    assert code == 0
    _, said, code = scored_csv(
        tmp_path, "infant_sex,age_days,weight_kg,length_cm\n" + rows + "male,-1,3,50\n"
    )
    assert "1 age is below zero (row 19): no score." in said
    assert "probably months" in said  # one impossible age hides nothing
    assert code == 1
    newborns = "".join(f"male,{age},{3.4 + age / 30:.1f},{50 + age / 8:.1f}\n" for age in range(0, 60, 3))
    _, said, _ = scored_csv(tmp_path, "infant_sex,age_days,weight_kg,length_cm\n" + newborns)
    assert "probably months" not in said


def test_a_file_without_any_score_says_so(tmp_path):
    _, said, _ = scored_csv(tmp_path, "infant_sex,age_days,weight_kg\nmale,2500,20\n")
    assert "warning: No row has waz: check sexes, ages (0 to 60 months) and units." in said


def test_a_file_without_rows_is_written_without_rows(tmp_path):
    _, said, code = scored_csv(tmp_path, "infant_sex,age_days,weight_kg\n")
    assert (tmp_path / "out.csv").read_text("utf-8") == "infant_sex,age_days,weight_kg,waz,waz_flag\n"
    assert "0 rows" in said
    assert code == 0


# --- progress and options --------------------------------------------------------------------------------------


def long_file(folder: Path, rows: int) -> Path:
    return written(folder, "infant_sex,age_days,weight_kg\n" + "male,365,9.6\n" * rows, "long.csv")


def on_a_terminal(folder: Path, *arguments: object) -> str:
    """What a person sees on stderr."""
    leader, follower = pty.openpty()
    program = (
        "from milkqc.cli import zscores; zscores.LONG = 50; from milkqc.zscores import score; score.SLICE = 40; "
        "from milkqc.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "zscores", *map(str, arguments)],
        stdout=subprocess.DEVNULL, stderr=follower, cwd=folder,
    )  # fmt: skip
    os.close(follower)
    seen = b""
    try:
        while part := os.read(leader, 4096):
            seen += part
    except OSError:  # Linux says EIO when the other end is closed
        pass
    finally:
        os.close(leader)
    assert process.wait() == 0
    return seen.decode()


def test_a_long_file_shows_a_bar_on_a_terminal_and_nowhere_else(tmp_path, monkeypatch):
    path = long_file(tmp_path, 200)
    assert "Scoring" in (seen := on_a_terminal(tmp_path, path, "--out", "out.csv"))
    assert "100%" in seen
    assert on_a_terminal(tmp_path, path, "--out", "out.csv", "--quiet") == ""
    short = written(tmp_path, "infant_sex,age_days,weight_kg\n" + "male,365,9.6\n" * 10, "short.csv")
    assert on_a_terminal(tmp_path, short, "--out", "out.csv") == ""
    monkeypatch.setattr(command_module, "LONG", 50)
    done = ran(path, "--out", tmp_path / "out.csv")
    assert done.stderr == ""


def test_every_column_unit_and_code_has_its_option():
    options = {name for option in command_module.command.params for name in option.opts}
    assert {f"--{one.option}" for one in FIELDS} <= options
    assert {f"--{one.option}-unit" for one in UNIT_OPTIONS} <= options
    assert {f"--{one.option}-codes" for one in CODE_OPTIONS} <= options


def test_the_python_room_says_the_same(kids):
    source = milkqc.read(kids)
    with pytest.raises(ZscoresError, match="there is no column NONE") as caught:
        score_source(source, Choices(columns={"infant_sex": "NONE"}))
    assert len(caught.value.faults) == 2


def test_every_code_of_a_sex_is_asked_for_not_the_first_two(tmp_path):
    text = "SEX,age_days,weight_kg\n" + "".join(f"{code},100,6\n" for code in ("f", "m", "F", "M"))
    (tmp_path / "in.csv").write_text(text, encoding="utf-8")
    result = ran(tmp_path / "in.csv", "--out", tmp_path / "out.csv", "--sex", "SEX")
    assert "--sex-codes F=...,M=...,f=...,m=..." in str(result.exception)
