"""Every cell of the demo's analysis file explained, and worked out again from what its explanation shows.

The uploads are opened here by other libraries, and what milkqc computes is computed here anew, from the figures and
inputs of the explanation alone.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import itertools
import math
import re
import statistics
from collections import Counter
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
from python_calamine import CalamineWorkbook
from scipy import stats

from milkqc.mapping.load import load

GROWTH_KEYS = {"WHO": ("laz", "waz", "wlz", "baz", "hcz", "acz", "tsz", "ssz")}
WHO = GROWTH_KEYS["WHO"]


class Uploads:
    """Cells of the uploads as other libraries read them."""

    def __init__(self, folder: Path):
        self.folder, self.tables = folder, {}

    def rows(self, file: str, sheet: str | None):
        if file not in self.tables:
            path = self.folder / file
            if path.suffix in {".dta", ".sav"}:
                read = pyreadstat.read_dta if path.suffix == ".dta" else pyreadstat.read_sav
                data, _ = read(str(path), user_missing=True, output_format="dict")
                names = list(data)
                rows = [dict(zip(names, cells, strict=True)) for cells in zip(*data.values(), strict=True)]
            elif file == "zinc_plates.csv":
                rows = wells(path.read_text("utf-8"))
            elif path.suffix == ".xlsx":
                cells = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet).to_python()
                rows = [dict(zip(cells[0], row, strict=True)) for row in cells[1:]]
            else:
                text = path.read_text("utf-8-sig")
                rows = list(csv.DictReader(text.splitlines(), delimiter=";" if file == "tubes.csv" else ","))
            self.tables[file] = rows
        return self.tables[file]

    def holds(self, source) -> bool:
        """Whether the upload's cell is what the explanation says."""
        found = self.rows(source.file, source.sheet)[source.row - 1][source.column]
        if found is None or found == "" or (isinstance(found, float) and math.isnan(found)):
            return source.text is None
        if isinstance(found, dt.date):
            return source.text.startswith(found.isoformat()[:10])
        if isinstance(found, float):
            return float(source.text) == found
        # pyreadstat gives a tagged missing of Stata as its letter
        return source.text in {str(found), f".{found}"}


def wells(text: str) -> list[dict[str, str]]:
    """The plate reader's grids as a row for each well: a plate's name, then 8 lines of 12 for each of its grids."""
    plates: list[dict[str, list[str]]] = []
    grid: list[str] = []
    for cells in csv.reader(text.splitlines()):
        if cells[1:2] == ["1"]:
            grid = plates[-1].setdefault({"mg/L": "value", "Tube": "tube", "Type": "type"}[cells[0]], [])
        elif len(cells[0]) == 1:
            grid += cells[1:]
        elif cells[0].startswith("Z"):
            plates.append({"plate": [cells[0]] * 96})
    return [
        dict(zip(plate, row, strict=True)) for plate in plates for row in zip(*plate.values(), strict=True)
    ]


def number_of(text: str) -> float:
    """As written in the demo: 4,009.10 has a thousands comma, 8,0 a decimal one."""
    return float(text.replace(",", "") if "." in text else text.replace(",", "."))


class Again:
    """Cells worked out again; `done` counts them by the way they were made."""

    def __init__(self, demo: Path):
        self.uploads = Uploads(demo / "uploads")
        self.lines = (demo / "mapping.yaml").read_text("utf-8").splitlines()
        loaded = load(demo / "mapping.yaml")
        self.study = loaded.mapping
        self.hashes = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (demo / "uploads").iterdir()
        }
        out = demo / "out"
        self.analysis = pl.read_parquet(out / "analysis.parquet").to_dicts()
        milk = pl.read_parquet(out / "harmonized" / "milk.parquet").filter(pl.col("reported").fill_null(True))
        self.milk = set(milk.select("participant_id", "visit", "infant_id").rows())
        self.seen: dict[int, object] = {}
        self.done: Counter[str] = Counter()

    def check(self, cell) -> None:
        if id(cell) in self.seen:
            return
        self.seen[id(cell)] = cell
        for one in cell.inputs:
            self.check(one)
        for source in cell.sources:
            if source.file is not None:
                assert source.sha256 == self.hashes[source.file]
                assert self.uploads.holds(source), (cell.variable, source)
                self.crossed(source)
        if cell.mapping is not None:
            self.line(cell)
        if cell.value is None:
            self.missing(cell)
            self.done["missing"] += 1
            return
        kind = self.derived(cell) if cell.table == "growth" or cell.table == "analysis" else None
        kind = kind or self.result(cell) or self.mapped(cell)
        assert kind is not None, cell
        self.done[kind] += 1

    def sampled(self, row) -> bool:
        """Whether milk of this visit is this infant's, or all its participant's infants'."""
        return bool(
            {(row["participant_id"], row["visit"], one) for one in (None, row["infant_id"])} & self.milk
        )

    def missing(self, cell) -> None:
        """Why there is nothing: what is said of blank cells, codes and inputs is true of them."""
        assert cell.because, cell
        texts = [one.text for one in cell.sources]
        if cell.because.startswith(("empty:", "system:", "structural:", "not_in_file:", "no_link:")):
            assert not any(texts), cell
        said = re.fullmatch(r"the mapping says that '(.*)' means (\w+)", cell.because)
        if said is not None and cell.sources:
            assert said[1] in texts
            assert said[2] in self.reasons_of(said[1]), cell
        if cell.because.startswith("censored:") and cell.sources:
            assert texts[0].strip()[0] == "<" or texts[0].strip() in {"ND", "BDL"}
            assert ("nobody gave" in cell.because) == ("limit_raw" not in cell.numbers)
        if cell.because.startswith("there is no ") and cell.inputs:
            assert any(one.value is None for one in cell.inputs), cell

    def reasons_of(self, code: str) -> set[str]:
        """What a code of missing means, study-wide or for some column."""
        found = {self.study.missing.get(code)}
        for _, _, block in self.study.blocks():
            for section in (block.key, block.columns, block.extra, block.analytes):
                found |= {(spec.missing or {}).get(code) for spec in section.values()}
        return {one for one in found if one}

    def crossed(self, source) -> None:
        """The links that lead to the cell: each found its key where it says, and the last is the cell's own row."""
        for hop in source.via:
            self.line_names(hop.mapping, {hop.to})
            found = self.uploads.rows(hop.file, None)[hop.row - 1][hop.to]
            assert found == hop.found
            assert hop.cleaned == hop.text.strip() == found.strip()
            self.done["crossed"] += 1
        if source.via:
            assert (source.via[-1].file, source.via[-1].row) == (source.file, source.row)

    def line(self, cell) -> None:
        """The line of the mapping says where the cell comes from: it names its source columns or its variable."""
        words = {cell.variable, cell.variable.removeprefix("x_"), *(one.column for one in cell.sources)}
        words |= {"age_days"} if cell.variable == "age_reported_days" else set()
        analyte = (cell.row_id or "").rpartition("|")[2].partition("#")[0]
        self.line_names(cell.mapping, {*words, analyte})

    def line_names(self, where: str, words: set[str]) -> None:
        file, _, number = where.partition(":")
        assert file == "mapping.yaml"
        text = self.lines[int(number) - 1]
        assert any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in words if word), (
            text,
            words,
        )

    def mapped(self, cell) -> str | None:
        """A value read from one source cell or several, or said by the mapping."""
        if cell.how == "declared":
            return "declared"
        texts = [one.text for one in cell.sources]
        if cell.how == "combined":  # site C: the mean of the closest two of three lengths
            read = sorted(one.number for one in cell.sources if one.number is not None)
            for one in cell.sources:
                assert one.number is None or one.number == number_of(one.text)
            pairs = [(b - a, (a + b) / 2) for a, b in itertools.pairwise(read)]
            near = [middle for gap, middle in pairs if gap <= min(gap for gap, _ in pairs) + 1e-9]
            wanted = (min(near) + max(near)) / 2 if near else read[0]
            assert cell.value == pytest.approx(wanted * cell.numbers["factor"], rel=1e-12)
            return "closest two"
        if "number" in cell.numbers and "factor" in cell.numbers:
            number, factor = cell.numbers["number"], cell.numbers["factor"]
            if "+" in texts[0]:
                weeks, days = texts[0].split("+")
                assert number == 7 * int(weeks) + int(days)
            else:
                assert number == number_of(texts[0])
            assert cell.value == number * factor
            known = {("g", "kg"): 0.001, ("kg", "kg"): 1, ("cm", "cm"): 1, ("year", "a"): 1, ("d", "d"): 1}
            pair = (cell.numbers.get("raw_unit"), cell.unit)
            assert factor == (1 if pair[0] in {None, pair[1]} else known[pair]), pair
            return "number"
        (text,) = texts
        if isinstance(cell.value, dt.date):
            form = "%d/%m/%Y" if "/" in text else "%Y-%m-%d"
            assert dt.datetime.strptime(text[:10], form).date() == cell.value
            return "date"
        if cell.how in {"recoded", "key"} or isinstance(cell.value, bool):
            value = {True: "true", False: "false"}.get(cell.value, cell.value)
            if value == text:
                return "key"
            assert value in self.codes(cell).get(text, ()), (cell, text)
            return "code"
        assert cell.value == text.strip()
        return "text"

    def codes(self, cell) -> dict[str, set[str]]:
        """What each code of the variable means, in any block of the mapping."""
        found: dict[str, set[str]] = {}
        for table, _, block in self.study.blocks():
            if table == cell.table:
                for section in (block.key, block.columns, block.extra):
                    spec = section.get(cell.variable.removeprefix("x_"))
                    for code, word in (spec.codes or {}).items() if spec is not None else ():
                        found.setdefault(code, set()).add(word)
        return found

    def result(self, cell) -> str | None:
        """A laboratory result, its limit, its estimate."""
        if cell.table != "milk":
            return None
        if cell.variable in {"value", "limit"}:
            number = cell.numbers["number" if cell.variable == "value" else "limit_raw"]
            if cell.variable == "value":
                assert number == number_of(cell.sources[0].text)
            assert cell.value == number * cell.numbers["factor"]
            factor = cell.numbers["factor"]
            pair = (cell.numbers["raw_unit"], cell.unit, cell.numbers.get("substance"))
            assert factor == pytest.approx(1.0 if pair[0] == pair[1] else MOLAR[pair], rel=1e-6), pair
            return "result"
        if cell.variable == "censored":
            assert cell.sources[0].text.strip()[0] == cell.value or cell.sources[0].text.strip() in {
                "<LOD",
                "ND",
                "BDL",
            }
            return "censored"
        if cell.variable == "days_postpartum":
            if "planned" in cell.numbers:
                assert cell.value == cell.numbers["planned"]
            else:
                assert cell.value == (cell.inputs[0].value - cell.inputs[1].value).days
            return "days"
        if cell.variable == "stage":
            day = cell.inputs[0].value
            assert cell.value == ("colostrum" if day < 6 else "transitional" if day < 16 else "mature")
            return "stage"
        if cell.variable == "below_mae":
            own, day = cell.inputs
            mae = self.estimate(cell.numbers["days_and_values"], day.value)
            assert cell.numbers["mae"] == pytest.approx(mae, rel=1e-12)
            assert {"authority", "basis", "source"} <= cell.numbers.keys()
            if own.value is not None:
                assert cell.value == (own.value < mae * (1 - 1e-12))
            else:
                assert "censored" in own.because
                assert cell.value is True
            return "below_mae"
        return None

    @staticmethod
    def estimate(points, day) -> float:
        if len(points) == 1 and points[0][0] <= day <= points[0][1]:
            return points[0][2]
        low = max((one for one in points if one[0] <= day), key=lambda one: one[0])
        high = min((one for one in points if one[0] >= day), key=lambda one: one[0])
        if low == high:
            return low[2]
        return low[2] + (high[2] - low[2]) * (day - low[0]) / (high[0] - low[0])

    def derived(self, cell) -> str | None:
        name, value = cell.variable, cell.value
        inputs = {one.variable: one for one in cell.inputs}
        figures = cell.numbers
        if cell.table == "analysis":
            return self.analysed(cell)
        if name == "age_days":
            if "planned" in figures:
                assert value == figures["planned"]
            elif "infant_birth_date" in inputs:
                assert value == (inputs["visit_date"].value - inputs["infant_birth_date"].value).days
            else:
                assert value == inputs["age_reported_days"].value
        elif name == "age_months":
            assert value == pytest.approx(inputs["age_days"].value / 30.4375, rel=1e-12)
        elif name == "age_basis":
            behind = {one.variable: one.value for one in inputs["age_days"].inputs}
            dated = behind.get("visit_date") is not None and behind.get("infant_birth_date") is not None
            reported = behind.get("age_reported_days") is not None
            assert value == ("dates" if dated else "reported" if reported else "nominal")
            assert (value == "nominal") == ("planned" in inputs["age_days"].numbers)
        elif name == "age_corrected_days":
            assert value == inputs["age_days"].value - (280 - inputs["gestational_age_days"].value)
        elif name == "length_for_score_cm":
            stood, age = inputs["measured"].value == "standing", inputs["age_days"].value
            shift = 0 if age is None or not stood or age < 273.9375 else 0.7
            assert value == pytest.approx(inputs["length_cm"].value + shift)
        elif name == "measured_assumed":
            age, stood = inputs["age_days"].value, inputs["measured"].value == "standing"
            assert value == (
                inputs["measured"].value is None or (stood and age is not None and age < 273.9375)
            )
        elif name == "bmi":
            assert value == pytest.approx(
                inputs["weight_kg"].value / (inputs["length_for_score_cm"].value / 100) ** 2
            )
        elif name.removesuffix("_flag") in WHO and name.endswith("_flag"):
            score = next(iter(inputs.values())).value
            assert value == (score < figures["flag_below"] or score > figures["flag_above"])
        elif name in WHO or (name.endswith("_routed") and "l" in figures):
            assert abs(self.who(figures) - value) <= 0.005 + 1e-9
            sizes = {"laz": "length_for_score_cm", "wlz": "weight_kg", "waz": "weight_kg", "baz": "bmi",
                     "hcz": "head_circumference_cm", "acz": "muac_cm"}  # fmt: skip
            assert figures["y"] == inputs[sizes[name.removesuffix("_routed")]].value
            assert figures["sex"] == inputs["infant_sex"].value
            age = inputs.get("age_days", inputs.get("age_corrected_days")).value
            x = inputs["length_for_score_cm"].value if name == "wlz" else math.floor(age + 0.5)
            assert figures["x"] == x
        elif name.endswith("_routed"):
            assert value == cell.inputs[1].value
        elif name == "growth_standard":
            days, weeks, age = (
                figures.get("gestation_days"),
                figures.get("postmenstrual_weeks"),
                inputs["age_days"].value,
            )
            preterm = days is not None and days < 259
            wanted = {
                "intergrowth_newborn": days is not None and age < 3 and 168 <= days <= 300,
                "intergrowth_preterm": preterm and 27 <= weeks <= 64,
                "who_corrected": preterm and weeks > 64 and age <= 730,
                "who": not preterm or age > 730,
            }
            assert wanted[value]
        elif name.startswith("ig_"):
            z = self.intergrowth(figures)
            if name.endswith("_centile"):
                assert value == pytest.approx(100 * stats.norm.cdf(z), abs=1e-6)
            elif name.endswith("_flag"):
                assert value == (not abs(z) <= figures["flag_beyond"])
            else:
                assert value == pytest.approx(z, abs=1e-6)
        else:
            return None
        return name

    @staticmethod
    def who(figures) -> float:
        y, l, m, s = (figures[name] for name in ("y", "l", "m", "s"))
        z = ((y / m) ** l - 1) / (l * s)
        if figures["restricted"] and abs(z) > 3:
            side = 1 if z > 0 else -1
            sd = {q: m * (1 + l * s * q) ** (1 / l) for q in (2 * side, 3 * side)}
            z = side * (3 + abs(y - sd[3 * side]) / abs(sd[3 * side] - sd[2 * side]))
        return z

    @staticmethod
    def intergrowth(figures) -> float:
        y = figures["y"]
        if figures["distribution"] == "normal":
            return ((math.log(y) if figures["logarithm"] else y) - figures["mean"]) / figures["sd"]
        mu, sigma, nu, tau = (figures[name] for name in ("mu", "sigma", "nu", "tau"))
        if y < mu:
            return float(stats.norm.ppf(2 / (1 + nu**2) * stats.t.cdf(nu * (y - mu) / sigma, tau)))
        return float(stats.norm.isf(2 * nu**2 / (1 + nu**2) * stats.t.sf((y - mu) / (sigma * nu), tau)))

    def analysed(self, cell) -> str | None:
        name, value = cell.variable, cell.value
        inputs = {one.variable: one for one in cell.inputs}
        if name == "season":
            month = cell.inputs[0].value.month
            assert value == ("dec_feb", "mar_may", "jun_aug", "sep_nov")[month % 12 // 3]
            return name
        if name == "mother_first_row":
            infant, _, visit = cell.row_id.partition("|")
            mother = cell.inputs[0].value
            mine = [
                row
                for row in self.analysis
                if row["visit"] == visit and mother in (row["mother_id"], row["participant_id"])
            ]
            dry = {row["infant_id"]: not self.sampled(row) for row in mine}
            assert cell.numbers["rows"] == sorted((one, not without) for one, without in dry.items())
            assert value == (infant == min(dry, key=lambda one: (dry[one], one)))
            return name
        if name in {"stunted", "wasted", "underweight", "overweight"}:
            score, flag = cell.inputs
            assert flag.value is False
            assert value == (score.value > 2 if name == "overweight" else score.value < -2)
            return name
        if name in {"preterm", "low_birth_weight"}:
            assert value == (cell.inputs[0].value < {"preterm": 259, "low_birth_weight": 2.5}[name])
            return name
        if name in {"n_below_mae", "n_mae_judged", "all_below_mae"}:
            below = [one.value for one in cell.inputs if one.value is not None]
            wanted = {"n_below_mae": sum(below), "n_mae_judged": len(below),
                      "all_below_mae": False if not all(below) else True if len(below) == 5 else None}  # fmt: skip
            assert value == wanted[name]
            return name
        if cell.how == "copied":
            assert all(one.value == value for one in inputs.values())
            return "copied"
        if "results" in cell.numbers:
            return self.together(cell)
        values = {one.value for one in cell.inputs if one.value is not None}
        assert values == {value}
        return "rows agree"

    @staticmethod
    def together(cell) -> str:
        """Duplicates of one sample: their mean, or what their limits say of it."""
        results = cell.numbers["results"]
        part = cell.variable.rpartition("_")[2]
        own = [one.inputs[0] for one in cell.inputs] if part == "mae" else cell.inputs
        assert [one[1] for one in results] == [one.value for one in own]
        assert len({one[0] for one in results}) == 1  # two samples at one visit are blank in the demo
        beyond = [censored for _, _, censored, _ in results if censored]
        assert set(beyond) <= {"<"}
        bounds = [limit if censored else number for _, number, censored, limit in results]
        if part == "cens":
            assert cell.value == "<"
            assert beyond
        elif part == "limit":
            limits = {limit for *_, limit in results}
            wanted = (
                limits.pop()
                if len(limits) == 1 and len(beyond) in {0, len(results)}
                else statistics.fmean(bounds)
            )
            assert cell.value == pytest.approx(wanted, rel=1e-9)
        elif part == "mae":
            said = {one.value for one in cell.inputs}
            mean = statistics.fmean(bounds)
            # With a limit among them the mean is below what the limits give: that decides only below the estimate.
            assert len(said) == 1 or not beyond or mean <= cell.numbers["mae"]
            assert cell.value == (
                said.pop() if len(said) == 1 else mean < cell.numbers["mae"] or bool(beyond)
            )
        else:
            assert not beyond
            assert cell.value == pytest.approx(statistics.fmean(bounds), rel=1e-9)
        return f"{part} of results"


# g/mol: PubChem; retinol 286.452, folic acid 441.398.
MOLAR = {
    ("umol/L", "ug/L", "retinol"): 286.452,
    ("nmol/L", "ug/L", "folic_acid"): 0.441398,
}


def test_every_cell_of_the_analysis_file_is_explained_and_worked_out_again(demo, explainer):
    again = Again(demo)
    written = pl.read_parquet(demo / "out" / "analysis.parquet")
    count = 0
    for row, column, cell in explainer.cells():
        again.check(cell)
        assert cell.value == row[column]
        assert cell.says if cell.value is not None else cell.because
        count += 1
    assert count == written.height * written.width
    # That nothing was passed over: each way a cell is made was met.
    ways = {"missing", "declared", "closest two", "number", "date", "code", "key", "text", "result", "censored",
            "days", "stage", "below_mae", "copied", "l of results", "cens of results", "limit of results", "mae of results",
            "crossed", "mother_first_row", "age_basis", *WHO[:5], "acz", "ig_waz", "ig_laz", "ig_hcz",
            "age_days", "bmi", "growth_standard", "laz_routed", "stunted", "season", "n_below_mae", "all_below_mae"}  # fmt: skip
    assert ways <= again.done.keys()
