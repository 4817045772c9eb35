"""OUT as a whole: which files, what they say of each other, the same bytes for the same input."""

import csv
import hashlib
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pyreadstat
import pytest

import milkqc
from milkqc import emit
from milkqc.errors import OutputError
from milkqc.findings import FINDINGS_SCHEMA
from milkqc.model import TABLES, Result
from milkqc.summarise.codebook import codebook

MANIFEST = {"milkqc": "0.1.0", "created": "2024-05-01T12:00:00Z", "inputs": []}
FILES = [
    "analysis.csv",
    "analysis.parquet",
    "checks.csv",
    "codebook.csv",
    "datapackage.json",
    "findings.csv",
    "findings_by_site/karachi.csv",
    "findings_by_site/no_site.csv",
    *(f"harmonized/{name}.{ending}" for name in sorted(TABLES) for ending in ("csv", "parquet")),
    *(f"lineage/{name}.parquet" for name in sorted(TABLES)),
    "mae_reference.csv",
    "manifest.json",
    "rejected.csv",
    "report.html",
    "report.json",
]


def internal() -> dict[str, pl.DataFrame]:
    key = {"participant_id": ["P1"], "visit": ["month_3"]}
    milk = {
        "row_id": ["P1|month_3|S1|iodine"],
        **key,
        "analyte": ["iodine"],
        "missing_reason": ["broken_tube"],
        "reported": [True],
        "unit": ["ug/L"],
    }
    growth = {
        "row_id": ["P1|month_3"],
        **key,
        "infant_id": ["P1"],
        "visit_date": [date(2024, 2, 1)],
        "weight_kg": [None],
        "weight_kg__missing": ["refused"],
        "observer": ["=1+1"],
    }
    frames = {
        "participants": {
            "row_id": ["P1"],
            "participant_id": ["P1"],
            "infant_id": ["P1"],
            "site": ["Karachi"],
        },
        "visits": {"row_id": ["P1|month_3"], **key},
        "growth": growth,
        "milk": milk,
        "biomarkers": {name: [] for name in milk},
    }
    return {name: pl.DataFrame(columns, strict=False) for name, columns in frames.items()}


def result() -> Result:
    clean, lineage = {}, {}
    for name, frame in internal().items():
        clean[name], lineage[name] = emit.split(name, frame)
    analysis = pl.DataFrame(
        {
            "participant_id": ["P1"],
            "infant_id": ["P1"],
            "visit": ["month_3"],
            "visit_date": [date(2024, 2, 1)],
            "season": ["dec_feb"],
            "weight_kg": pl.Series([None], dtype=pl.Float64),
            "observer": ["=1+1"],
            "milk_iodine_ug_l": pl.Series([None], dtype=pl.Float64),
            "milk_iodine_cens": pl.Series([None], dtype=pl.String),
        }
    )
    finding = dict.fromkeys(FINDINGS_SCHEMA) | {"finding_id": "f1", "severity": "info", "n_rows": 1}
    findings = pl.DataFrame(
        [finding | {"site": "Karachi", "value": "=cmd()"}, finding | {"finding_id": "f2", "value": "-3.2"}],
        schema=FINDINGS_SCHEMA,
    )
    tables = {
        **clean,
        "analysis": analysis,
        "mae_reference": pl.DataFrame({"analyte": ["iodine"], "mae": [146.0]}),
        "findings": findings,
        "checks": pl.DataFrame({"rule_id": ["growth.weight_kg.impossible"], "looked_at": [0]}),
        "rejected": pl.DataFrame({"table": ["growth"], "why": ["@no key"]}),
    }
    return Result(
        study="Demo study",
        title="Demo",
        codebook=codebook(tables, lineage=lineage),
        lineage=lineage,
        origins=(),
        reconciliation=(),
        **tables,
    )


def write(out: Path, **how) -> None:
    emit.write(
        result(), out, rendered={"report.html": b"<p>", "report.json": b"{}"}, manifest=MANIFEST, **how
    )


def files(out: Path) -> list[str]:
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("emit") / "out"
    write(folder)
    return folder


def test_every_promised_file_is_there_and_no_other(out):
    assert files(out) == sorted(FILES)


def test_stata_and_spss_come_on_request_beside_the_rest(tmp_path):
    write(tmp_path / "out", formats=("dta", "sav"))
    stems = ["analysis", *(f"harmonized/{name}" for name in TABLES)]
    assert files(tmp_path / "out") == sorted(
        [*FILES, *(f"{stem}.{ending}" for stem in stems for ending in ("dta", "sav"))]
    )
    values, meta = pyreadstat.read_dta(
        tmp_path / "out" / "analysis.dta", user_missing=True, output_format="dict"
    )
    assert values["weight_kg"] == ["b"]
    assert values["milk_iodine_ug_l"] == ["a"]
    assert meta.variable_value_labels == {
        "season": {1: "dec_feb", 2: "mar_may", 3: "jun_aug", 4: "sep_nov"},
        "weight_kg": {"b": "refused"},
        "milk_iodine_ug_l": {"a": "broken_tube"},
        "milk_iodine_cens": {1: "<", 2: ">"},
    }
    assert meta.column_names_to_labels["weight_kg"] == "Weight (kg)"


def test_the_manifest_says_what_was_written(out):
    manifest = json.loads((out / "manifest.json").read_text())
    outputs = manifest.pop("outputs")
    assert manifest == MANIFEST
    assert [entry["path"] for entry in outputs] == [name for name in files(out) if name != "manifest.json"]
    for entry in outputs:
        content = (out / entry["path"]).read_bytes()
        assert (entry["sha256"], entry["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))


def test_the_data_package_describes_every_table_as_it_is(out):
    package = json.loads((out / "datapackage.json").read_text())
    assert (package["name"], package["title"], package["schema_version"]) == ("demo-study", "Demo", "1.0")
    resources = {resource["path"]: resource for resource in package["resources"]}
    assert set(resources) == set(files(out)) - {"datapackage.json", "manifest.json"}
    assert len({resource["name"] for resource in resources.values()}) == len(resources)
    for path, resource in resources.items():
        if path.endswith(".csv"):
            with (out / path).open(newline="", encoding="utf-8") as file:
                assert next(csv.reader(file)) == [field["name"] for field in resource["schema"]["fields"]]
    growth = resources["harmonized/growth.csv"]["schema"]
    assert growth["primaryKey"] == ["row_id"]
    assert next(field for field in growth["fields"] if field["name"] == "measured") == {
        "name": "measured",
        "type": "string",
        "title": "Position in which length was measured",
        "constraints": {"enum": ["lying", "standing"]},
    }


def test_parquet_and_csv_hold_the_same(out):
    for name in (*(f"harmonized/{name}" for name in TABLES), "analysis"):
        frame = pl.read_parquet(out / f"{name}.parquet")
        assert pl.read_csv(out / f"{name}.csv", schema=frame.schema).equals(frame)


def test_only_files_for_people_guard_their_text(out):
    assert pl.read_csv(out / "findings.csv")["value"].to_list() == ["'=cmd()", "-3.2"]
    assert pl.read_csv(out / "rejected.csv")["why"].to_list() == ["'@no key"]
    assert pl.read_csv(out / "harmonized" / "growth.csv")["observer"].to_list() == ["=1+1"]
    assert pl.read_csv(out / "analysis.csv")["observer"].to_list() == ["=1+1"]


def test_each_site_gets_its_own_findings(out):
    assert pl.read_csv(out / "findings_by_site" / "karachi.csv")["finding_id"].to_list() == ["f1"]
    assert pl.read_csv(out / "findings_by_site" / "no_site.csv")["finding_id"].to_list() == ["f2"]


def test_a_run_replaces_the_last_one(tmp_path):
    write(tmp_path / "out", formats=("dta",))
    write(tmp_path / "out")
    assert files(tmp_path / "out") == sorted(FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_same_result_gives_the_same_bytes_whatever_the_threads(tmp_path):
    script = (
        "import importlib.util, sys, pathlib\n"
        "spec = importlib.util.spec_from_file_location('made', sys.argv[1])\n"
        "made = importlib.util.module_from_spec(spec); spec.loader.exec_module(made)\n"
        "made.write(pathlib.Path(sys.argv[2]), formats=made.emit.FORMATS)\n"
    )
    contents = []
    for threads in ("1", "2"):
        folder = tmp_path / threads
        environment = {**os.environ, "POLARS_MAX_THREADS": threads}
        subprocess.run(
            [sys.executable, "-c", script, __file__, str(folder)], check=True, env=environment, timeout=60
        )
        contents.append({name: (folder / name).read_bytes() for name in files(folder)})
    assert contents[0] == contents[1]


FULL = (
    "import importlib.util, resource, signal, sys, pathlib\n"
    "spec = importlib.util.spec_from_file_location('made', sys.argv[1])\n"
    "made = importlib.util.module_from_spec(spec); spec.loader.exec_module(made)\n"
    "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)\n"
    "try:\n"
    "    made.write(pathlib.Path(sys.argv[2]), formats=made.emit.FORMATS)\n"
    "except made.OutputError as error:\n"
    "    print(error)\n"
)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit on file sizes is set as on Linux")
@pytest.mark.parametrize("limit", [10, 3000, 6000, 9000])
def test_a_disk_that_takes_no_more_leaves_the_last_run(tmp_path, limit):
    folder = tmp_path / "out"
    write(folder)
    before = {name: (folder / name).read_bytes() for name in files(folder)}
    ran = subprocess.run(
        [sys.executable, "-c", FULL, __file__, str(folder), str(limit)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = {
        f"{folder}: cannot be written (File too large). Free some space, or name a folder on another disk with --out. "
        "What was there before is unchanged.\n",
        "analysis.dta: cannot be written (Unable to write data). Free some space, or leave this format out of --format.\n",
        "analysis.sav: cannot be written (Unable to write data). Free some space, or leave this format out of --format.\n",
    }
    assert ran.stdout in said
    assert {name: (folder / name).read_bytes() for name in files(folder)} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_someone_else_is_refused_before_anything_is_written(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("x")
    with pytest.raises(OutputError):
        write(tmp_path / "out")
    assert files(tmp_path) == ["out/thesis.docx"]


def test_the_harmonised_tables_carry_the_reasons_of_their_own_lineage(tmp_path):
    write(tmp_path / "out", formats=("dta", "sav"))
    for ending in ("dta", "sav"):
        growth = milkqc.read(tmp_path / "out" / "harmonized" / f"growth.{ending}")
        assert growth.table["weight_kg"].to_list() == [None]
        assert growth.reasons["weight_kg"].to_list() == ["refused"]
        assert growth.variable("measured").value_labels == {"1": "lying", "2": "standing"}
        milk = milkqc.read(tmp_path / "out" / "harmonized" / f"milk.{ending}")
        assert "broken_tube" in milk.reasons["value"].to_list()


def test_what_stata_and_spss_cannot_say_stands_in_the_manifest(tmp_path):
    write(tmp_path / "csv")
    assert "format_losses" not in json.loads((tmp_path / "csv" / "manifest.json").read_text())
    write(tmp_path / "out", formats=("sav",))
    losses = json.loads((tmp_path / "out" / "manifest.json").read_text())["format_losses"]
    assert {tuple(loss) for loss in losses} <= {("file", "column", "what")}
    assert all(loss["file"].endswith(".sav") for loss in losses)


def test_formats_and_names_are_checked(tmp_path):
    with pytest.raises(
        ValueError, match=r"^not formats of milkqc: xlsx. Choose from csv, parquet, dta, sav.$"
    ):
        write(tmp_path / "out", formats=("csv", "xlsx"))
    for name in ("../report.html", "a/b", "manifest.json"):
        with pytest.raises(ValueError, match=r"^not a name for a rendered file: "):
            emit.write(result(), tmp_path / "out", rendered={name: b""}, manifest=MANIFEST)
    assert not (tmp_path / "out").exists()


def test_counts_narrower_than_64_bits_are_written(tmp_path):
    """Was an OverflowError: a study without `mae:` has Int32 counts, compared with a limit that they cannot hold."""
    from milkqc.emit.statistical import write_dta, write_sav

    frame = pl.DataFrame({"n": pl.Series([1, None, 3], dtype=pl.Int32)})
    for name, writer in (("a.dta", write_dta), ("a.sav", write_sav)):
        writer(frame, tmp_path / name, described={}, reasons={})
        assert (tmp_path / name).stat().st_size > 0


def test_one_letter_is_one_reason_in_all_files_of_a_run(tmp_path):
    write(tmp_path / "out", formats=("dta", "sav"))
    for ending, read, codes in (
        ("dta", pyreadstat.read_dta, {"broken_tube": "a", "refused": "b"}),
        ("sav", pyreadstat.read_sav, {"broken_tube": -9001, "refused": -9002}),
    ):
        told = {}
        for name in ("analysis", "harmonized/growth", "harmonized/milk"):
            _, meta = read(str(tmp_path / "out" / f"{name}.{ending}"), user_missing=True)
            told[name] = {
                (text, code)
                for labels in meta.variable_value_labels.values()
                for code, text in labels.items()
                if text in codes
            }
        assert told["harmonized/growth"] == {("refused", codes["refused"])}
        assert told["harmonized/milk"] == {("broken_tube", codes["broken_tube"])}
        assert told["analysis"] <= set(codes.items())
