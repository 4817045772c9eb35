"""Studies pooled: stacked with their names, refused where they cannot mean the same, compared as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

import milkqc
from milkqc.cli.pool import command
from milkqc.deliver import deliver
from milkqc.errors import OutputError
from milkqc.pool import PoolError, pool, read_run
from milkqc.pool.compare import Sample, rank_sum

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
    change: str = "",
) -> Path:
    """The OUT of a study of forty children whose iodine is `scale` times 40 to 118 ug/L; the three least are censored."""
    data = folder / f"{name}_data"
    data.mkdir(parents=True)
    ids = range(1, 41)
    factor = {"ug/L": 1.0, "mg/L": 0.001}[unit]
    limit = 45 * scale
    (data / "p.csv").write_text("ID,SEX,DOB\n" + "".join(f"{i},m,2024-01-01\n" for i in ids))
    (data / "g.csv").write_text(
        "ID,V,D,W\n" + "".join(f"{i},m3,2024-04-01,{5.5 + i / 40:.2f}\n" for i in ids)
    )
    iodine = {i: (38 + 2 * i) * scale for i in ids}
    cells = {i: "<LOD" if value < limit else f"{value * factor:.6g}" for i, value in iodine.items()}
    (data / "lab.csv").write_text("ID,V,S,I\n" + "".join(f"{i},m3,s{i},{cells[i]}\n" for i in ids))
    text = MAPPING.replace("NAME", name).replace("UNIT", unit).replace("METHOD", method)
    (data / "m.yaml").write_text(text.replace("LIMIT", f"{limit * factor:.6g}") + change)
    deliver(milkqc.run(data / "m.yaml", data=data), folder / name)
    return folder / name


@pytest.fixture(scope="module")
def outs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {
        "north": make_run(folder, "north"),
        "south": make_run(folder, "south", unit="mg/L", method="Sandell-Kolthoff", scale=2.0),
        "open": make_run(folder, "open", change="unblinded: analysis\n"),
        "again": make_run(folder / "again", "north"),
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
        "milk.method of iodine is ICP-MS in north and Sandell-Kolthoff in south. "
        "Methods are never pooled without a look: see the distributions."
    )
    assert "mae.basis" not in pooled.agreement["check"].to_list()


def test_another_basis_of_the_estimates_is_a_warning(outs):
    from dataclasses import replace

    north, south = read_run(outs["north"]), read_run(outs["south"])
    other = {**south.manifest, "mae": {"authority": "IOM", "basis": "ai_per_volume"}, "censored": "limit/2"}
    found = pool([north, replace(south, manifest=other)]).agreement
    assert {"mae.basis", "analysis.censored"} <= set(found.filter(pl.col("severity") == "warning")["check"])


def test_the_harmonisation_table_has_a_column_for_each_study(pooled):
    rows = {row["variable"]: row for row in pooled.harmonisation.iter_rows(named=True)}
    assert (rows["iodine"]["status_north"], rows["iodine"]["status_south"], rows["iodine"]["poolable"]) == (
        "exact",
        "converted",
        2,
    )
    assert rows["muac_cm"]["poolable"] == 0


def test_the_same_study_twice_and_blinded_beside_unblinded_are_refused(outs):
    with pytest.raises(PoolError) as raised:
        pool([read_run(outs[name]) for name in ("north", "again", "open")])
    said = "\n".join(raised.value.faults)
    assert "are the same study, north" in said
    assert said.count("open is unblinded and north is blinded") == 2


def test_other_units_and_another_schema_are_refused(outs):
    from dataclasses import replace

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


def test_what_is_no_run_or_was_changed_is_refused(outs, tmp_path):
    with pytest.raises(PoolError, match="is no run of milkqc"):
        read_run(tmp_path)
    changed = make_run(tmp_path, "changed")
    (changed / "mae_reference.csv").write_text("analyte\n")
    with pytest.raises(PoolError, match=r"mae_reference.csv is not what the run wrote"):
        read_run(changed)


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
    page = first["pool.html"].decode()
    assert "<svg" in page
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
