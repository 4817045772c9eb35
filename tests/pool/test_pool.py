"""Studies pooled: stacked with their names, refused where they cannot mean the same, compared as they are."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

import milkqc
from milkqc.cli.pool import command
from milkqc.deliver import deliver
from milkqc.errors import OutputError
from milkqc.pool import PoolError, pool, read_run, write
from milkqc.pool.ranks import rank_sum
from milkqc.pool.samples import Sample

MAPPING = """\
milkqc: 1
study: NAME
mae: {authority: IOM, basis: milk_concentration, set: [iodine]}
tables: {p: {file: p.csv}, g: {file: g.csv}, lab: {file: lab.csv}}
participants:
  from: p
  key: {participant_id: ID}
  columns: {infant_sex: {from: SEX, codes: {m: male}}, infant_birth_date: {from: DOB, format: "%Y-%m-%d"}}
growth:
  from: g
  key: {participant_id: ID, visit: V}
  columns: {visit_date: {from: D, format: "%Y-%m-%d"}, weight_kg: {from: W, unit: kg}}
milk:
  from: lab
  key: {participant_id: ID, visit: V, sample_id: S}
  analytes: {iodine: {from: I, unit: UNIT, method: METHOD, limit: LIMIT}}
"""


def make_run(
    folder: Path,
    name: str,
    *,
    unit: str = "ug/L",
    method: str = "ICP-MS",
    scale: float = 1.0,
    born: str = "2024-01-01",
) -> Path:
    """The OUT of a study of forty children whose iodine is `scale` times 40 to 118 ug/L; the three least are censored."""
    data = folder / f"{name}_data"
    data.mkdir(parents=True)
    ids = range(1, 41)
    factor = {"ug/L": 1.0, "mg/L": 0.001}[unit]
    limit = 45 * scale
    (data / "p.csv").write_text("ID,SEX,DOB\n" + "".join(f"{i},m,{born}\n" for i in ids))
    (data / "g.csv").write_text(
        "ID,V,D,W\n" + "".join(f"{i},m3,2024-04-{born[-2:]},{5.5 + i / 40:.2f}\n" for i in ids)
    )
    iodine = {i: (38 + 2 * i) * scale for i in ids}
    cells = {i: "<LOD" if value < limit else f"{value * factor:.6g}" for i, value in iodine.items()}
    (data / "lab.csv").write_text("ID,V,S,I\n" + "".join(f"{i},m3,s{i},{cells[i]}\n" for i in ids))
    text = MAPPING.replace("NAME", name).replace("UNIT", unit).replace("METHOD", method)
    (data / "m.yaml").write_text(text.replace("LIMIT", f"{limit * factor:.6g}"))
    deliver(milkqc.run(data / "m.yaml", data=data), folder / name)
    return folder / name


@pytest.fixture(scope="module")
def outs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {
        "north": make_run(folder, "north"),
        "south": make_run(
            folder, "south", unit="mg/L", method="Sandell-Kolthoff", scale=2.0, born="2024-01-02"
        ),
    }


@pytest.fixture(scope="module")
def pooled(outs):
    return pool([read_run(outs["south"]), read_run(outs["north"])])


def test_tables_are_stacked_by_study_and_row_ids_are_unique(pooled, outs):
    for frame in {**pooled.tables, "analysis": pooled.analysis}.values():
        assert frame.columns[0] == "study"
        if frame.height:
            assert sorted(frame["study"].unique()) == ["north", "south"]
    growth = pooled.tables["growth"]
    assert growth["row_id"].n_unique() == growth.height == 80
    assert growth["row_id"][0] == "north|10|m3"
    alone = pl.read_parquet(outs["south"] / "harmonized/growth.parquet")
    assert growth.filter(pl.col("study") == "south").drop("study", "row_id").equals(alone.drop("row_id"))


def test_distributions_count_the_censored_and_pairs_name_both(pooled):
    iodine = {
        row["study"]: row
        for row in pooled.distributions.filter(pl.col("variable") == "iodine").iter_rows(named=True)
    }
    assert (iodine["north"]["n"], iodine["north"]["censored"], iodine["north"]["unit"]) == (40, 3, "ug/L")
    # 40 values 40, 42 ... 118: the median is midway between the 20th and the 21st, censoring below changes nothing.
    assert iodine["north"]["median"] == pytest.approx(79)
    assert iodine["south"]["median"] == pytest.approx(158)
    assert iodine["north"]["estimator"] == "kaplan_meier"
    pair = pooled.comparisons.filter(pl.col("variable") == "iodine").row(0, named=True)
    assert (pair["study_a"], pair["study_b"]) == ("north", "south")
    assert pair["median_ratio"] == pytest.approx(0.5)
    assert pair["superiority"] < 0.15
    assert pair["p"] < 1e-6
    weight = pooled.comparisons.filter(pl.col("variable") == "waz").row(0, named=True)
    assert (weight["superiority"], weight["median_difference"], weight["median_ratio"]) == (0.5, 0, None)
    assert weight["p"] == pytest.approx(1)


def test_what_differs_is_told_with_both_names(pooled):
    told = pooled.agreement.filter(pl.col("check") == "milk.method").row(0, named=True)
    assert told["message"] == (
        "The method of iodine in milk: ICP-MS in north; Sandell-Kolthoff in south. "
        "Methods are never pooled without a look: see the distributions."
    )
    assert told["answers"] == "ICP-MS: north; Sandell-Kolthoff: south"
    assert pooled.agreement["check"].to_list() == ["milk.method"]


def with_manifest(run, **changes):
    return replace(run, manifest={**run.manifest, **changes})


def test_another_basis_of_the_estimates_is_a_warning_and_none_at_all_an_info(outs):
    north, south = read_run(outs["north"]), read_run(outs["south"])
    other = with_manifest(
        south, mae={"authority": "IOM", "basis": "ai_per_volume"}, censored="limit/2", simulated=True
    )
    found = pool([north, other]).agreement
    assert {"mae.basis", "analysis.censored", "simulated"} <= set(
        found.filter(pl.col("severity") == "warning")["check"]
    )
    silent = pool([north, with_manifest(south, mae=None)]).agreement.filter(check="mae.basis")
    assert silent.row(0, named=True)["severity"] == "info"
    assert "not said in south" in silent.row(0, named=True)["message"]


def test_one_difference_of_many_studies_is_one_row(outs):
    north, south = read_run(outs["north"]), read_run(outs["south"])
    third = replace(north, study="third")
    row = pool([north, south, third]).agreement.filter(check="milk.method").row(0, named=True)
    assert row["answers"] == "ICP-MS: north, third; Sandell-Kolthoff: south"


def test_the_same_upload_and_the_same_children_under_two_names_are_told(outs):
    north = read_run(outs["north"])
    told = {row["check"]: row for row in pool([north, replace(north, study="west")]).agreement.to_dicts()}
    assert told["source.file"]["message"] == (
        "g.csv, lab.csv, p.csv were read for both north and west: their rows may count twice."
    )
    assert told["participants.shared"]["answers"] == "40 infants"


def test_a_visit_of_one_name_and_two_days_is_told(outs):
    north, south = read_run(outs["north"]), read_run(outs["south"])
    runs = [replace(north, trace={"schedule": {"m3": 91.0}}), replace(south, trace={"schedule": {"m3": 120}})]
    row = pool(runs).agreement.filter(check="schedule").row(0, named=True)
    assert row["message"].startswith("The day of the visit m3: day 120 in south; day 91 in north.")


def test_own_columns_of_one_name_and_two_units_or_types_are_told(outs):
    def own(run, kind, unit):
        block = {"table": "growth", "extra": {"wealth": {"type": kind, "unit": {"text": unit}}}}
        growth = run.tables["growth"].with_columns(x_wealth=pl.lit("1") if kind == "text" else pl.lit(1.0))
        row = {"file": "harmonized/growth", "column": "x_wealth", "type": kind}
        described = pl.concat([run.codebook, pl.DataFrame([row])], how="diagonal")
        return replace(
            run,
            tables={**run.tables, "growth": growth},
            codebook=described,
            trace={"blocks": {"growth": block}},
        )

    found = pool([own(read_run(outs["north"]), "number", "USD"), own(read_run(outs["south"]), "text", "XAF")])
    told = {row["check"]: row["answers"] for row in found.agreement.to_dicts()}
    assert told["extra.unit"] == "USD: north; XAF: south"
    assert told["extra.type"] == "number: north; text: south"


def test_methods_of_one_study_stand_apart_and_replicates_are_one_result(outs):
    north, south = read_run(outs["north"]), read_run(outs["south"])
    milk = north.tables["milk"]
    half = milk.with_columns(
        method=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("AAS")).otherwise("method")
    )
    twice = pl.concat(
        [half, half.with_columns(row_id=pl.col("row_id") + "#1", replicate=pl.lit(2, dtype=pl.Int64))]
    )
    found = pool([replace(north, tables={**north.tables, "milk": twice}), south])
    rows = found.distributions.filter(variable="iodine").select("study", "method", "n").rows()
    assert rows == [("north", "AAS", 20), ("north", "ICP-MS", 20), ("south", "Sandell-Kolthoff", 40)]
    assert found.comparisons.filter(variable="iodine").height == 3


def test_few_results_are_shown_and_not_compared(outs):
    north, south = read_run(outs["north"]), read_run(outs["south"])
    few = replace(north, tables={**north.tables, "milk": north.tables["milk"].tail(9)})
    found = pool([few, south])
    assert found.distributions.filter(variable="iodine", study="north")["n"].item() == 9
    assert found.comparisons.filter(variable="iodine").is_empty()


def test_a_limit_nobody_gave_leaves_one_result_out_and_many_leave_no_estimate(outs):
    north, south = read_run(outs["north"]), read_run(outs["south"])

    def without(times):
        unknown = pl.int_range(pl.len()) < times
        milk = north.tables["milk"].with_columns(
            value=pl.when(~unknown).then("value"),
            censored=pl.when(unknown).then(pl.lit("<")).otherwise("censored"),
            limit=pl.when(~unknown).then("limit"),
        )
        run = replace(north, tables={**north.tables, "milk": milk})
        return pool([run, south]).distributions.filter(variable="iodine", study="north").row(0, named=True)

    assert (without(1)["without_limit"], without(1)["n"]) == (1, 40)
    assert without(1)["median"] is not None
    assert (without(10)["median"], without(10)["estimator"]) == (
        None,
        "not_estimable: censored without a limit",
    )


def test_children_of_no_common_visit_are_compared_by_age(pooled):
    rows = pooled.distributions.filter(variable="waz").select("visit", "ages", "study", "n").rows()
    assert rows == [
        (None, "0-2 months", "north", 40),
        (None, "0-2 months", "south", 40),
        ("m3", None, "north", 40),
        ("m3", None, "south", 40),
    ]


def test_findings_and_ledger_are_stacked_and_find_their_rows(outs):
    north, south = read_run(outs["north"]), read_run(outs["south"])
    found = {name: pool([north, south]).lists[name] for name in ("findings", "checks")}
    for name, frame in found.items():
        assert frame["study"].unique().sort().to_list() == ["north", "south"]
        assert frame.height == north.lists[name].height + south.lists[name].height
    assert found["findings"]["row_id"].str.contains(r"^(?:north|south)\|").all()
    assert found["findings"]["finding_id"].is_unique().all()
    assert found["checks"].schema["looked_at"] == pl.Int64


def test_the_harmonisation_table_has_a_column_for_each_study(pooled):
    rows = {row["variable"]: row for row in pooled.harmonisation.iter_rows(named=True)}
    assert (rows["iodine"]["status_north"], rows["iodine"]["status_south"], rows["iodine"]["poolable"]) == (
        "exact",
        "converted",
        2,
    )
    assert rows["muac_cm"]["poolable"] == 0


def test_the_same_study_twice_and_blinded_beside_unblinded_are_refused(outs):
    north = read_run(outs["north"])
    open_ = with_manifest(replace(north, study="open"), unblinded="analysis")
    with pytest.raises(PoolError) as raised:
        pool([north, replace(north, folder="again/north"), open_])
    said = "\n".join(raised.value.faults)
    assert "are the same study, north" in said
    assert said.count("open is unblinded and north is blinded") == 2


def test_other_units_and_another_schema_are_refused(outs):
    north, south = read_run(outs["north"]), read_run(outs["south"])
    milk = south.tables["milk"].with_columns(unit=pl.lit("mg/L"))
    other = replace(south, tables={**south.tables, "milk": milk}, schema_version="2.0")
    with pytest.raises(PoolError) as raised:
        pool([north, other])
    assert raised.value.faults == (
        "north and south have tables of schema 1.0 and 2.0. Run both with one milkqc.",
        "north and south have milk.iodine in ug/L and mg/L. Run both with one milkqc.",
    )


def test_one_run_is_no_pool(outs):
    with pytest.raises(PoolError, match="two runs or more"):
        pool([read_run(outs["north"])])


def spoilt(folder: Path, to: Path, **changes) -> Path:
    """A copy of a run whose manifest says something else."""
    shutil.copytree(folder, to)
    manifest = json.loads((to / "manifest.json").read_bytes())
    (to / "manifest.json").write_text(json.dumps({**manifest, **changes}))
    return to


def test_what_is_no_run_or_was_changed_is_refused(outs, tmp_path):
    with pytest.raises(PoolError, match=r"nowhere: does not exist\. Name the --out folder"):
        read_run(tmp_path / "nowhere")
    with pytest.raises(PoolError, match="is no run of milkqc"):
        read_run(tmp_path)
    changed = spoilt(outs["north"], tmp_path / "changed")
    for name in ("mae_reference.csv", "findings.csv", "harmonized/growth.csv"):
        (changed / name).write_text("analyte\n")
    (changed / "analysis.parquet").unlink()
    with pytest.raises(PoolError) as raised:
        read_run(changed)
    assert [fault.partition(": ")[2] for fault in raised.value.faults] == [
        "has no analysis.parquet. Run the study again with this milkqc.",
        "findings.csv is not what the run wrote. Run the study again.",
        "mae_reference.csv is not what the run wrote. Run the study again.",
        "harmonized/growth.csv is not what the run wrote. Run the study again.",
    ]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"privacy": {"level": "public"}}, "is a run for public eyes and holds no rows"),
        ({"privacy": {"level": "site"}}, "is a run for site eyes and holds one site only"),
        ({"pool": []}, "is pooled already. Name the runs that it was made of"),
        ({"versions": None, "outputs": {}}, "its manifest.json lacks versions and outputs"),
        ({"outputs": [1, {}, {"path": "analysis.csv"}]}, "its manifest knows no analysis.parquet"),
    ],
)
def test_a_manifest_that_is_not_of_a_whole_internal_run_is_refused(outs, tmp_path, changes, why):
    with pytest.raises(PoolError, match=re.escape(why)):
        read_run(spoilt(outs["north"], tmp_path / "run", **changes))


def test_a_pool_and_a_run_never_lie_in_each_other(outs, tmp_path, pooled):
    for out in (outs["north"], outs["north"].parent, outs["north"] / "pool"):
        with pytest.raises(OutputError, match="cannot lie in each other"):
            write(pooled, out)
    assert (outs["north"] / "manifest.json").is_file()


def test_the_command_writes_the_same_bytes_in_any_order(outs, tmp_path):
    def files(folder: Path) -> dict[str, bytes]:
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    def run(*names: str) -> str:
        arguments = [*(str(outs[name]) for name in names), "--out", str(tmp_path / "pool")]
        return CliRunner().invoke(command, arguments, catch_exceptions=False).output

    assert run("north", "south").startswith("2 studies pooled; 1 warning of what")
    first = files(tmp_path / "pool")
    run("south", "north")
    assert files(tmp_path / "pool") == first
    manifest = json.loads(first["manifest.json"])
    assert [each["study"] for each in manifest["pool"]] == ["north", "south"]
    assert {each["path"] for each in manifest["outputs"]} == first.keys() - {"manifest.json"}
    described = list(csv.DictReader(first["codebook.csv"].decode().splitlines()))
    assert {row["file"] for row in described} == {
        each["path"].rpartition(".")[0] for each in manifest["outputs"] if each["path"].endswith(".csv")
    }
    # Every column has words; the iodine column of the analysis table those of its analyte.
    assert [row for row in described if row["label"] in {"", row["column"]}] == []
    labels = {(row["file"], row["column"]): row["label"] for row in described}
    assert labels["analysis", "milk_iodine_ug_l"] == "Iodine (total, as I), concentration in milk"
    package = json.loads(first["datapackage.json"])
    tables = [each for each in package["resources"] if "schema" in each]
    assert all("title" in field for each in tables for field in each["schema"]["fields"])
    keys = {each["path"]: each["schema"].get("primaryKey") for each in tables}
    assert keys["analysis.csv"] == ["study", "infant_id", "visit"]
    page = first["pool.html"].decode()
    assert page.count('class="one"') >= 4
    assert not re.search(r"https?://|<script|src=", page)
    with pytest.raises(PoolError, match="is pooled already"):
        read_run(tmp_path / "pool")


def test_a_folder_of_somebody_else_is_not_replaced(outs, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    arguments = [str(outs["north"]), str(outs["south"]), "--out", str(tmp_path / "mine")]
    with pytest.raises(OutputError):
        CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "x"


def sample(values, below=(), above=()):
    return Sample(*(np.array(part, dtype=np.float64) for part in (values, below, above)), "ug/L")


def test_the_rank_sum_is_scipys():
    from scipy.stats import mannwhitneyu

    generator = np.random.default_rng(1)
    a, b = generator.normal(0, 1, 40).round(1), generator.normal(0.4, 1, 30).round(1)
    theirs = mannwhitneyu(a, b, method="asymptotic", alternative="two-sided")
    superiority, p = rank_sum(sample(a), sample(b))
    assert superiority == pytest.approx(theirs.statistic / (40 * 30))
    assert p == pytest.approx(theirs.pvalue)


def test_below_the_highest_limit_of_either_everything_is_one_tie():
    # 3 of a lies under b's limit of 5, so it ties with b's censored result, as b's own 4 does.
    assert rank_sum(sample([3, 10]), sample([4, 8], below=[5])) == rank_sum(
        sample([1, 10]), sample([1, 8, 1])
    )
    assert rank_sum(sample([3.0]), sample([4.0], below=[float("nan")])) == (None, None)
    assert rank_sum(sample([3.0], above=[2]), sample([4.0], below=[5])) == (None, None)


def test_the_outputs_in_the_documentation_are_these(pooled, tmp_path):
    write(pooled, tmp_path / "pool")
    page = (Path(__file__).parents[2] / "docs" / "pool.md").read_text()
    for name, wanted in {
        "agreement": "",
        "distributions": ",iodine,|^table",
        "comparisons": ",iodine,|^table",
        "harmonisation": ",iodine,|,weight_kg,|^table",
    }.items():
        lines = (tmp_path / "pool" / f"{name}.csv").read_text().splitlines()
        shown = "\n".join(line for line in lines if re.search(wanted, line))
        assert f"```\n{shown}\n```" in page, shown
