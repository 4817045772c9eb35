"""A made study of mothers and infants in which nothing is wrong, and what goes wrong in one: a fault of each kind.

`write` gives a folder of four uploads and a mapping; `plant` puts the faults in and says which rule must find each, on
which row. Every fault has a participant of its own, so that none hides another.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Study = dict[str, list[Row]]
DYADS = 120
VISITS = {"birth": 1, "m1": 30, "m3": 91}
SIZES = {"birth": (3.2, 49.8, 34.3), "m1": (4.3, 54.2, 36.9), "m3": (6.1, 60.8, 40.2)}
LEVELS = {"potassium": (600, 600), "retinol": (900, 400), "sodium": (480, 120), "zinc": (8, 1.5)}
DAY = dt.timedelta(days=1)
MAPPING = """milkqc: 1
study: made
study_start: 2024-01-01
data_cutoff: 2024-12-31
schedule: {birth: {day: 0, window: [0, 7]}, m1: {day: 30, window: [20, 45]}, m3: {day: 91, window: [61, 121]}}
tables: {e: {file: enrol.csv}, v: {file: visit.csv}, g: {file: growth.csv}, l: {file: lab.csv}}
participants:
  from: e
  key: {participant_id: PID, infant_id: INF}
  columns:
    mother_id: MID
    site: SITE
    cluster_id: CL
    arm: ARM
    arm_listed: LIST
    randomisation_date: {from: RAND, format: "%Y-%m-%d"}
    consent_date: {from: CONS, format: "%Y-%m-%d"}
    mother_birth_date: {from: MDOB, format: "%Y-%m-%d"}
    mother_age_years: {from: MAGE, unit: year}
    mother_height_cm: {from: MHT, unit: cm}
    parity: PAR
    infant_sex: {from: SEX, codes: {m: male, f: female}}
    infant_birth_date: {from: DOB, format: "%Y-%m-%d"}
    plurality: PLUR
    birth_order: BO
    gestational_age_days: {from: GA, unit: d}
    birth_weight_kg: {from: BW, unit: kg}
    birth_length_cm: {from: BL, unit: cm}
    birth_head_circumference_cm: {from: BH, unit: cm}
    weaning_date: {from: WEAN, format: "%Y-%m-%d"}
    exit_date: {from: EXIT, format: "%Y-%m-%d"}
    exit_reason: WHY
visits:
  from: v
  key: {participant_id: PID, visit: VISIT}
  columns:
    visit_date: {from: VDATE, format: "%Y-%m-%d"}
    outcome: OUT
    mother_weight_kg: {from: MW, unit: kg}
    mother_height_measured_cm: {from: MH, unit: cm}
    feeding: FEED
    formula_given: {from: FORM, codes: {"0": "false", "1": "true"}}
    exclusive_days: {from: EXD, unit: d}
    breastfed_days: {from: BFD, unit: d}
    adherence_percent: {from: ADH, unit: "%"}
    sex_reported: {from: SEXR, codes: {m: male, f: female}}
    birth_date_reported: {from: DOBR, format: "%Y-%m-%d"}
    gestational_age_reported_days: {from: GAR, unit: d}
growth:
  from: g
  key: {participant_id: PID, infant_id: INF, visit: VISIT}
  columns:
    visit_date: {from: VDATE, format: "%Y-%m-%d"}
    weight_kg: {from: WT, unit: kg}
    length_cm: {from: LEN, unit: cm}
    head_circumference_cm: {from: HC, unit: cm}
    measured: {do: constant, value: lying}
    observer: OBS
milk:
  from: l
  key: {participant_id: PID, visit: VISIT, sample_id: SID}
  long: {analyte: A, value: R, unit: U}
  columns:
    sample_date: {from: SDATE, format: "%Y-%m-%d"}
    batch: BATCH
    run_date: {from: RUND, format: "%Y-%m-%d"}
    received_date: {from: REC, format: "%Y-%m-%d"}
    storage_days: {from: STD, unit: d}
    storage_temperature_c: STT
    freeze_thaws: FT
    volume_ml: {from: VOL, unit: mL}
    aliquots: ALQ
    aliquot_volume_ml: {from: ALV, unit: mL}
    stage_reported: STG
    expression: EXP
  analytes: {retinol: {substance: retinol, measures: total_retinol}, zinc: {}, sodium: {}, potassium: {}}
unblinded: a made study has nothing to hide
expectations:
  - {file: packs/term_three_months.yaml, visits: {month_3: m3}}
"""


def study() -> Study:
    """The rows of each upload; every draw from one seed."""
    rng = random.Random(1)
    rows: Study = {"enrol": [], "visit": [], "growth": [], "lab": []}
    for number in range(1, DYADS + 1):
        pid, born = f"P{number:03d}", dt.date(2024, 2, 1) + number % 100 * DAY
        sex = rng.choice("mf")
        height, gestation, arm = round(150 + rng.random() * 10, 1), 273 + number % 14, 1 + number % 10 % 2
        age = 18 + number % 6
        rows["enrol"].append(
            {
                "PID": pid, "INF": pid, "MID": f"M{number:03d}", "SITE": "AB"[number // 2 % 2], "CL": f"C{number % 10}",
                "ARM": arm, "LIST": arm, "RAND": born - 30 * DAY, "CONS": born - 31 * DAY,
                "MDOB": dt.date(2024 - age, 1, 1 + number % 20), "MAGE": age, "MHT": height, "PAR": number % 3,
                "SEX": sex, "DOB": born, "PLUR": 1, "BO": 1, "GA": gestation, "BW": round(3 + rng.random() * 0.6, 2),
                "BL": round(49 + rng.random() * 2, 1), "BH": round(34 + rng.random(), 1), "WEAN": "", "EXIT": "", "WHY": "",
            }
        )  # fmt: skip
        for visit, day in VISITS.items():
            date = born + (day + number % 3) * DAY
            weight, length, head = SIZES[visit]
            rows["visit"].append(
                {
                    "PID": pid, "VISIT": visit, "VDATE": date, "OUT": "seen", "MW": round(52 + rng.random() * 3, 1),
                    "MH": height, "FEED": "exclusive", "FORM": 0, "EXD": day, "BFD": day, "ADH": 100, "SEXR": sex,
                    "DOBR": born, "GAR": gestation,
                }
            )  # fmt: skip
            rows["growth"].append(
                {
                    "PID": pid, "INF": pid, "VISIT": visit, "VDATE": date, "OBS": number % 5,
                    "WT": round(weight * (1 + 0.05 * rng.gauss(0, 1)) + rng.random() * 0.1, 2),
                    "LEN": round(length * (1 + 0.015 * rng.gauss(0, 1)), 1),
                    "HC": round(head * (1 + 0.012 * rng.gauss(0, 1)), 1),
                }
            )  # fmt: skip
            if visit != "m1":
                rows["lab"] += _tube(rng, number, pid, visit, date)
    return rows


def _tube(rng: random.Random, number: int, pid: str, visit: str, date: dt.date) -> Iterator[Row]:
    for analyte, levels in LEVELS.items():
        value = levels[visit != "birth"] * math.exp(0.25 * rng.gauss(0, 1))
        yield {
            "PID": pid, "VISIT": visit, "SID": f"S{number:03d}{visit[-1]}", "SDATE": date, "A": analyte,
            "R": f"{value:.4g}", "U": "ug/L" if analyte == "retinol" else "mg/L", "BATCH": f"B{number // 20}",
            "REC": date + 10 * DAY, "RUND": date + 100 * DAY, "STD": 100, "STT": -80, "FT": 1, "VOL": 10, "ALQ": 4,
            "ALV": 2, "STG": "colostrum" if visit == "birth" else "mature", "EXP": "full",
        }  # fmt: skip


def write(rows: Study, folder: Path) -> Path:
    """The uploads and the mapping in `folder`; the mapping's path."""
    for name, table in rows.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)
    (folder / "study.yaml").write_text(MAPPING, encoding="utf-8")
    return folder / "study.yaml"


def plant(rows: Study) -> list[tuple[str, str]]:
    """Put a fault of each kind into `rows`; the rule and row of the finding of each."""
    return list(_planted(rows))


def _planted(rows: Study) -> Iterator[tuple[str, str]]:
    enrol, visits, growth, lab = (rows[name] for name in ("enrol", "visit", "growth", "lab"))

    def person(pid: str) -> Row:
        return next(row for row in enrol if row["PID"] == pid)

    def visit(pid: str, name: str = "m3") -> Row:
        return next(row for row in visits if (row["PID"], row["VISIT"]) == (pid, name))

    def measured(pid: str, name: str = "m3") -> Row:
        return next(row for row in growth if (row["PID"], row["VISIT"]) == (pid, name))

    def results(pid: str, name: str = "m3") -> list[Row]:
        return [row for row in lab if (row["PID"], row["VISIT"]) == (pid, name)]

    def result(pid: str, analyte: str, name: str = "m3") -> Row:
        return next(row for row in results(pid, name) if row["A"] == analyte)

    def tube(pid: str, name: str = "m3", **cells: Any) -> str:
        """Cells of every result of a tube; its first row's id."""
        for row in results(pid, name):
            row.update(cells)
        return f"{pid}|{name}|{results(pid, name)[0]['SID']}|potassium"

    # Concentrations, by analyte and stage.
    result("P001", "retinol")["R"] = "25000"
    yield "milk.retinol.mature.hard", "P001|m3|S0013|retinol"
    result("P002", "zinc")["R"] = "22"
    yield "milk.zinc.mature.range", "P002|m3|S0023|zinc"
    result("P003", "sodium")["R"] = "700"
    yield "milk.sodium.mature.mastitis", "P003|m3|S0033|sodium"
    yield "milk.sodium_potassium.mastitis", "P003|m3|S0033|sodium"
    born = person("P066")["DOB"]
    lab.append(
        {
            **result("P066", "zinc"),
            "SID": "S066t",
            "SDATE": born + 10 * DAY,
            "STG": "transitional",
            "R": "500",
        }
    )
    yield "milk.zinc.unstaged.hard", "P066|m3|S066t|zinc"
    # Dyads.
    growth.append({**measured("P004"), "PID": "P904", "INF": "P904", "WT": 5.9})
    yield "growth.participant.unknown", "P904|m3"
    lab.append({**result("P004", "zinc"), "PID": "P905", "SID": "S9053"})
    yield "milk.participant.unknown", "P905|m3|S9053|zinc"
    visits.append({**visit("P004"), "PID": "P906"})
    yield "visits.participant.unknown", "P906|m3"
    enrol.append({**person("P005"), "INF": "P005B", "BO": 2})
    yield "participants.plurality.infants", "P005"
    person("P006").update(PLUR=2)
    yield "participants.plurality.lacking", "P006"
    born = person("P007")["DOB"]
    yield "milk.sample.before_birth", tube("P007", "birth", SDATE=born - 20 * DAY, REC=born - 10 * DAY)
    yield "milk.stage.differs", tube("P008", STG="colostrum")
    visit("P009")["FEED"] = "none"
    yield "milk.sample.weaned", tube("P009")
    yield "visits.eligible.feeding", "P009|m3"
    person("P010")["WEAN"] = person("P010")["DOB"] + 40 * DAY
    yield "milk.sample.after_weaning", tube("P010")
    yield "visits.feeding.after_weaning", "P010|m3"
    yield "milk.sample.two_places", tube("P011", SID="S0123")
    for early, late in zip(results("P013", "birth"), results("P013"), strict=True):
        early["R"], late["R"] = late["R"], early["R"]
    yield "milk.sample.mixed_up", tube("P013", "birth")
    # Dates.
    measured("P014")["VDATE"] = dt.date(2025, 8, 1)
    yield "growth.visit.outside_study", "P014|m3"
    person("P015")["RAND"] = dt.date(2025, 3, 1)
    yield "participants.randomisation_date.after_cutoff", "P015"
    visit("P016", "birth")["VDATE"] = dt.date(2023, 3, 1)
    yield "visits.visit.outside_study", "P016|birth"
    person("P017")["DOB"] = dt.date(1900, 1, 1)
    yield "participants.infant_birth_date.placeholder", "P017"
    visit("P018")["VDATE"] = dt.date(1970, 1, 1)
    yield "visits.visit_date.placeholder", "P018|m3"
    yield "milk.received.before_sample", tube("P019", REC=results("P019")[0]["SDATE"] - 3 * DAY)
    person("P020").update(EXIT=person("P020")["DOB"] + 50 * DAY, WHY="died")
    yield "growth.visit.after_death", "P020|m3"
    yield "growth.visit.after_exit", "P020|m3"
    yield "milk.sample.after_exit", tube("P020")
    visit("P021", "m1")["OUT"] = "died"
    yield "growth.visit.after_death", "P021|m3"
    person("P022")["CONS"] = person("P022")["DOB"] + 20 * DAY
    yield "growth.visit.before_consent", "P022|birth"
    yield "milk.sample.before_consent", tube("P022", "birth")
    yield "participants.randomisation.before_consent", "P022"
    yield "milk.run.before_received", tube("P023", RUND=results("P023")[0]["REC"] - 5 * DAY)
    # Identity.
    person("P024")["ARM"] = 3 - person("P024")["ARM"]
    yield "participants.arm.listed", "P024"
    yield "participants.arm.cluster", "P004"
    visit("P025")["SEXR"] = "f" if person("P025")["SEX"] == "m" else "m"
    yield "visits.sex.differs", "P025|m3"
    visit("P026")["DOBR"] = person("P026")["DOB"] - 30 * DAY
    yield "visits.birth_date.differs", "P026|m3"
    visit("P027")["GAR"] = person("P027")["GA"] - 30
    yield "visits.gestation.differs", "P027|m3"
    enrol.append({**person("P028"), "PID": "P28", "INF": "P28", "BW": 3.9, "MHT": 149})
    yield "participants.id.pattern", "P28"
    enrol.append({**person("P030"), "PID": "PO30", "INF": "PO30"})
    yield "participants.id.near_duplicate", "P030"
    yield "participants.facts.same", "P030"
    measured("P031").update({key: measured("P032")[key] for key in ("WT", "LEN", "HC", "VDATE")})
    yield "growth.form.same", "P031|m3"
    for number in range(75, 120):
        measured(f"P{number:03d}", "m1").update(VDATE=dt.date(2024, 6, 1), OBS=9)
    yield "growth.observer.mass_entry", "observer=9; day=2024-06-01"
    person("P034")["PLUR"] = 2
    enrol.append({**person("P034"), "INF": "P034B", "BO": 2, "MHT": 175})
    yield "participants.siblings.differ", "P034"
    person("P035")["PLUR"] = 2
    enrol.append({**person("P035"), "INF": "P035B"})
    yield "participants.birth_order.repeated", "P035"
    person("P063")["ARM"] = ""
    yield "participants.arm.missing", "P063"
    # Biology, mothers.
    person("P036")["GA"] = 200
    yield "participants.birth_weight_kg.for_gestation", "P036"
    yield "participants.eligible.term", "P036"
    visit("P037")["MH"] += 4
    yield "visits.mother_height_cm.changes", "P037|m3"
    visit("P038")["MW"] = 70
    yield "visits.mother_weight_kg.changes", "P038|m3"
    person("P039")["PAR"] = 9
    yield "participants.parity.for_age", "P039"
    visit("P040")["FORM"] = 1
    yield "visits.feeding.exclusive_with_formula", "P040|m3"
    visit("P041").update(EXD=95, BFD=80)
    yield "visits.exclusive_days.beyond_breastfeeding", "P041|m3"
    measured("P042")["HC"] = 62
    yield "growth.head.above_length", "P042|m3"
    person("P042").update(BH=52, BL=40)
    yield "participants.birth_head.above_length", "P042"
    person("P043")["MAGE"] = 60
    yield "participants.mother_age_years.range", "P043"
    yield "participants.mother_age_years.differs", "P043"
    yield "participants.eligible.mother_age", "P043"
    person("P044")["MDOB"] = person("P044")["DOB"]
    yield "participants.mother.not_older", "P044"
    visit("P045")["MW"] = 25
    yield "visits.mother_weight_kg.range", "P045|m3"
    yield "visits.mother_bmi.range", "P045|m3"
    visit("P064")["ADH"] = 30
    yield "visits.eligible.adherence", "P064|m3"
    yield "milk.eligible.expression", tube("P065", EXP="fore")
    # Visits.
    one, other = measured("P046", "m1"), measured("P046")
    one["VDATE"], other["VDATE"] = other["VDATE"], one["VDATE"]
    yield "growth.visit.order", "P046|m1"
    one, other = visit("P047", "m1"), visit("P047")
    one["VDATE"], other["VDATE"] = other["VDATE"], one["VDATE"]
    yield "visits.visit.order", "P047|m1"
    for table in (visits, growth, lab):
        table[:] = [row for row in table if (row["PID"], row["VISIT"]) != ("P048", "m3")]
    yield "participants.visit.absent", "P048"
    visit("P049")["OUT"] = "missed"
    yield "growth.visit.not_seen", "P049|m3"
    yield "milk.sample.not_seen", tube("P049")
    measured("P050")["VDATE"] = person("P050")["DOB"] + 150 * DAY
    yield "growth.visit.outside_window", "P050|m3"
    yield "growth.visit.date_differs", "P050|m3"
    yield "growth.eligible.age", "P050|m3"
    # Storage.
    yield "milk.storage.warm", tube("P051", STT=4)
    yield "milk.freeze_thaws.many", tube("P052", FT=7)
    yield "milk.aliquots.above_volume", tube("P053", ALQ=10)
    yield "milk.storage_days.differs", tube("P054", STD=400)
    # Anthropometry, keys.
    measured("P055")["WT"] = 6100
    yield "growth.weight_kg.unit", "P055|m3"
    measured("P056")["WT"] = 13.4
    yield "growth.weight_kg.unit", "P056|m3"
    row = measured("P057")
    row["WT"], row["LEN"] = row["LEN"], row["WT"]
    yield "growth.weight_length.swapped", "P057|m3"
    measured("P058")["LEN"] = measured("P058", "m1")["LEN"] - 1.5
    yield "growth.length.shrinks", "P058|m3"
    measured("P059")["WT"] = 2.2
    yield "growth.waz.flag", "P059|m3"
    measured("P060").update({key: measured("P060", "m1")[key] for key in ("WT", "LEN")})
    yield "growth.visit.carried_forward", "P060|m3"
    lab.append({**result("P061", "zinc")})
    yield "milk.rows.identical", "P061|m3|S0613|zinc"
    growth.append({**measured("P062"), "WT": 5.0})
    yield "growth.key.repeated", "P062|m3"
    # Arms: those who stay and those who leave.
    for number in range(67, 75):
        row = person(f"P{number:03d}")
        row["EXIT"] = row["DOB"] + 200 * DAY if row["ARM"] == 1 else ""
    for number in range(75, 121):
        row = person(f"P{number:03d}")
        row["EXIT"] = row["DOB"] + 200 * DAY if row["ARM"] == 1 else ""
    yield "participants.arms.exit", "*"


def habits(rows: Study) -> list[tuple[str, str]]:
    """Faults of many rows at once: of an arm, a batch, a site. They cannot stand beside `plant`, whose rows are single."""
    second = {row["PID"] for row in rows["enrol"] if row["ARM"] == 2}
    some = sorted(second)
    for row in rows["enrol"]:
        if row["PID"] in some[::3]:
            row["GA"] = 250
        elif row["PID"] in some[1::3]:
            row.update(EXIT=row["DOB"] + 120 * DAY, WHY="moved")
    for row in rows["visit"]:
        if row["PID"] in second and row["VISIT"] == "m3":
            row["ADH"] = 25
        if row["PID"] in some[::2] and row["VISIT"] == "m1":
            row["OUT"] = "missed"
    for row in rows["lab"]:
        if row["BATCH"] == "B1" and row["A"] == "retinol" and row["VISIT"] == "m3":
            row["R"] = f"{float(row['R']) * 5:.4g}"
    gone = [row["PID"] for row in rows["enrol"] if row["SITE"] == "A"][::5]
    for name in ("visit", "growth", "lab"):
        rows[name] = [row for row in rows[name] if row["PID"] not in gone or row["VISIT"] == "birth"]
    return [
        ("milk.retinol.mature.batch_median", "batch=B1"),
        ("participants.arms.exit", "*"),
        ("participants.arms.preterm", "*"),
        ("participants.visit.absent_often", "site=A"),
        ("visits.arms.adherence", "*"),
        ("visits.arms.seen", "*"),
    ]
