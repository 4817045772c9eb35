"""Six invented studies that nobody looked at while the words of `milkqc draft` were written: files, and what they are.

Each is of another style and language than the demo: names as data managers in the field shorten them, codes as forms
have them. They were written down before they were first drafted; docs/draft.md has the figures of that first time and
of now. The values are drawn, and come from no person.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def _children(seed: int, number: int = 40) -> Iterator[tuple[random.Random, int, int]]:
    """A child's own draws, its number, and its sex (1 male, 2 female)."""
    for child in range(number):
        own = random.Random(seed * 1000 + child)
        yield own, child + 1, own.choice([1, 2])


def _day(own: random.Random, year: int, add: int = 0) -> tuple[int, int, int]:
    import datetime as dt

    day = dt.date(year, 1, 1) + dt.timedelta(days=own.randrange(300) + add)
    return day.year, day.month, day.day


def _weight(own: random.Random, months: int) -> float:
    return round({0: 3.2, 1: 4.3, 3: 6.1, 6: 7.6, 12: 9.2, 24: 11.6}[months] * own.uniform(0.85, 1.15), 2)


def _length(own: random.Random, months: int) -> float:
    return round(
        {0: 49.5, 1: 53.9, 3: 60.6, 6: 66.7, 12: 75.0, 24: 86.4}[months] * own.uniform(0.95, 1.05), 1
    )


def _head(own: random.Random, months: int) -> float:
    return round(
        {0: 34.4, 1: 36.9, 3: 40.0, 6: 42.8, 12: 45.5, 24: 47.7}[months] * own.uniform(0.97, 1.03), 1
    )


def _csv(path: Path, rows: list[Row], *, delimiter: str = ",", decimal: str = ".") -> None:
    def cell(value: Any) -> str:
        return str(value).replace(".", decimal) if isinstance(value, float) else str(value)

    lines = [delimiter.join(rows[0])] + [
        delimiter.join(cell(value) for value in row.values()) for row in rows
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def dakar(folder: Path) -> None:
    """French, wide visits in one row, semicolons and decimal commas."""
    rows = []
    for own, child, sex in _children(1):
        year, month, day = _day(own, 2022)
        row: Row = {
            "num_inclusion": f"DK{child:03d}", "sexe_enf": "M" if sex == 1 else "F", "ddn": f"{day:02d}/{month:02d}/{year}",
            "terme_sa": own.randrange(36, 42), "pds_naiss": own.randrange(2500, 3900),
        }  # fmt: skip
        for months in (1, 3, 6):
            row[f"pds_kg_m{months}"] = _weight(own, months)
            row[f"taille_cm_m{months}"] = _length(own, months)
            row[f"pc_cm_m{months}"] = _head(own, months)
        row["remarques"] = ""
        rows.append(row)
    _csv(folder / "suivi_dakar.csv", rows, delimiter=";", decimal=",")


DAKAR = """\
milkqc: 1
study: dakar
tables: {suivi: {file: suivi_dakar.csv}}
participants:
  from: suivi
  key: {participant_id: num_inclusion}
  columns:
    infant_sex: {from: sexe_enf, codes: {M: male, F: female}}
    infant_birth_date: {from: ddn, format: "%d/%m/%Y"}
    gestational_age_days: {from: terme_sa, unit: week}
    birth_weight_kg: {from: pds_naiss, unit: g}
growth:
  from: suivi
  visits: {month_1: "1", month_3: "3", month_6: "6"}
  key: {participant_id: num_inclusion}
  columns:
    weight_kg: {from: "pds_kg_m{visit}", unit: kg}
    length_cm: {from: "taille_cm_m{visit}", unit: cm}
    head_circumference_cm: {from: "pc_cm_m{visit}", unit: cm}
"""


def recife(folder: Path) -> None:
    """Portuguese, one row a visit, weights in grams."""
    rows = []
    for own, child, sex in _children(2):
        for months in (0, 1, 3):
            year, month, day = _day(own, 2023, 30 * months)
            rows.append({
                "cod_crianca": f"R-{child}", "momento": f"{months} meses" if months else "nascimento",
                "dt_visita": f"{year}-{month:02d}-{day:02d}", "genero": "Masculino" if sex == 1 else "Feminino",
                "peso_g": int(_weight(own, months) * 1000), "compr_cm": _length(own, months), "per_cef": _head(own, months),
                "peb_mm": own.randrange(105, 150), "aleit_exclusivo": own.choice(["sim", "nao"]), "entrevistador": own.choice(["JS", "AM"]),
            })  # fmt: skip
    _csv(folder / "acompanhamento.csv", rows)


RECIFE = """\
milkqc: 1
study: recife
tables: {visitas: {file: acompanhamento.csv}}
participants:
  from: visitas
  key: {participant_id: cod_crianca}
  columns:
    infant_sex: {from: genero, codes: {Masculino: male, Feminino: female}}
growth:
  from: visitas
  key: {participant_id: cod_crianca, visit: {from: momento, codes: {nascimento: birth, 1 meses: month_1, 3 meses: month_3}}}
  columns:
    visit_date: {from: dt_visita, format: "%Y-%m-%d"}
    weight_kg: {from: peso_g, unit: g}
    length_cm: {from: compr_cm, unit: cm}
    head_circumference_cm: {from: per_cef, unit: cm}
    muac_cm: {from: peb_mm, unit: mm}
    observer: {from: entrevistador}
"""


def bandung(folder: Path) -> None:
    """Bahasa Indonesia: BB, PB, LK, LILA; sex as L and P."""
    rows = []
    for own, child, sex in _children(3):
        year, month, day = _day(own, 2021)
        for months in (3, 6):
            v = _day(own, 2021, 30 * months)
            rows.append({
                "no_subjek": f"B{child:04d}", "kunjungan": f"bulan {months}", "jk": "L" if sex == 1 else "P",
                "tgl_lahir": f"{year}-{month:02d}-{day:02d}", "tgl_periksa": f"{v[0]}-{v[1]:02d}-{v[2]:02d}",
                "bb_kg": _weight(own, months), "pb_cm": _length(own, months), "lk_cm": _head(own, months),
                "lila_cm": round(own.uniform(11.5, 15), 1), "petugas": own.choice(["Ani", "Budi"]),
            })  # fmt: skip
    _csv(folder / "pengukuran.csv", rows)


BANDUNG = """\
milkqc: 1
study: bandung
tables: {ukur: {file: pengukuran.csv}}
participants:
  from: ukur
  key: {participant_id: no_subjek}
  columns:
    infant_sex: {from: jk, codes: {L: male, P: female}}
    infant_birth_date: {from: tgl_lahir, format: "%Y-%m-%d"}
growth:
  from: ukur
  key: {participant_id: no_subjek, visit: {from: kunjungan, codes: {bulan 3: month_3, bulan 6: month_6}}}
  columns:
    visit_date: {from: tgl_periksa, format: "%Y-%m-%d"}
    weight_kg: {from: bb_kg, unit: kg}
    length_cm: {from: pb_cm, unit: cm}
    head_circumference_cm: {from: lk_cm, unit: cm}
    muac_cm: {from: lila_cm, unit: cm}
    observer: {from: petugas}
"""


def arusha(folder: Path) -> None:
    """Swahili words in an SPSS file with German-made labels left out: names only, sex with value labels."""
    import polars as pl
    import pyreadstat

    rows = []
    for own, child, sex in _children(4):
        for visit in (1, 2):
            months = {1: 1, 2: 3}[visit]
            rows.append({"namba_mshiriki": f"A{child}", "hudhurio": visit, "jinsia": sex, "uzito1": _weight(own, months), "uzito2": None, "urefu1": _length(own, months), "mzunguko_kichwa": _head(own, months)})  # fmt: skip
            rows[-1]["uzito2"] = round(rows[-1]["uzito1"] + own.choice([-0.02, 0, 0.02]), 2)
    pyreadstat.write_sav(
        pl.DataFrame(rows).to_pandas(), str(folder / "vipimo.sav"),
        column_labels={"namba_mshiriki": "Namba ya mshiriki", "hudhurio": "Hudhurio", "jinsia": "Jinsia ya mtoto", "uzito1": "Uzito wa mtoto, kipimo 1 (kg)", "uzito2": "Uzito wa mtoto, kipimo 2 (kg)", "urefu1": "Urefu wa mtoto (cm)", "mzunguko_kichwa": "Mzunguko wa kichwa (cm)"},
        variable_value_labels={"hudhurio": {1: "Mwezi 1", 2: "Mwezi 3"}, "jinsia": {1: "Me", 2: "Ke"}},
    )  # fmt: skip


ARUSHA = """\
milkqc: 1
study: arusha
tables: {vipimo: {file: vipimo.sav}}
participants:
  from: vipimo
  key: {participant_id: namba_mshiriki}
  columns:
    infant_sex: {from: jinsia, codes: {"1": male, "2": female}}
growth:
  from: vipimo
  key: {participant_id: namba_mshiriki, visit: {from: hudhurio, codes: {"1": month_1, "2": month_3}}}
  columns:
    weight_kg: {from: [uzito1, uzito2], do: mean_of, unit: kg}
    length_cm: {from: urefu1, unit: cm}
    head_circumference_cm: {from: mzunguko_kichwa, unit: cm}
"""


def graz(folder: Path) -> None:
    """A laboratory's sheet: a title, names over units in two rows, German words."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(folder / "Ergebnisse_Milch.xlsx")) as book:
        page = book.add_worksheet("Ergebnisse")
        head = ["Probennr.", "Platte", "Messdatum", "Vitamin A", "Zink", "Eisen", "Jod", "Bemerkung"]
        units = ["", "", "", "µmol/L", "mg/L", "mg/L", "µg/L", ""]
        for column, (name, unit) in enumerate(zip(head, units, strict=True)):
            page.write(0, column, name)
            page.write(1, column, unit)
        for own, child, _ in _children(5):
            row = [f"M{child:03d}", f"P{child % 3 + 1}", f"{child % 28 + 1:02d}.06.2023", round(own.uniform(0.7, 2.5), 2), round(own.uniform(0.8, 3.5), 2), round(own.uniform(0.2, 0.6), 2), round(own.uniform(50, 200)), ""]  # fmt: skip
            for column, value in enumerate(row):
                page.write(child + 1, column, value)
    rows = [{"Probennr.": f"M{child:03d}", "Teilnehmer-Nr": f"G{child:02d}", "Zeitpunkt": "3 Monate"} for _, child, _ in _children(5)]  # fmt: skip
    _csv(folder / "probenliste.csv", rows, delimiter=";")


GRAZ = """\
milkqc: 1
study: graz
tables: {werte: {file: Ergebnisse_Milch.xlsx}, liste: {file: probenliste.csv}}
milk:
  from: werte
  with: {liste: {on: {Probennr.: Probennr.}}}
  key: {participant_id: liste.Teilnehmer-Nr, visit: {from: liste.Zeitpunkt, codes: {3 Monate: month_3}}, sample_id: Probennr.}
  columns:
    batch: {from: Platte}
    run_date: {from: Messdatum, format: "%d.%m.%Y"}
  analytes:
    retinol: {from: Vitamin A, unit: umol/L, substance: retinol}
    zinc: {from: Zink, unit: mg/L}
    iron: {from: Eisen, unit: mg/L}
    iodine: {from: Jod, unit: ug/L}
"""


def lima(folder: Path) -> None:
    """Spanish, Stata labels, readings three times and the mother beside the child."""
    import polars as pl
    import pyreadstat

    rows = []
    for own, child, sex in _children(6):
        y, m, d = _day(own, 2022)
        weight, length = _weight(own, 6), _length(own, 6)
        row: Row = {"codigo": f"L{child:03d}", "sexon": sex, "fnac": f"{d:02d}/{m:02d}/{y}", "edadm": own.randrange(18, 40), "tallam": round(own.uniform(145, 165), 1), "pesom": round(own.uniform(48, 80), 1), "semgest": own.randrange(37, 42)}  # fmt: skip
        for place in (1, 2, 3):
            row[f"p{place}"] = round(weight + own.choice([-0.01, 0, 0.01]), 2)
            row[f"l{place}"] = round(length + own.choice([-0.1, 0, 0.1]), 1)
        rows.append(row)
    labels = {"codigo": "Código del participante", "sexon": "Sexo del niño", "fnac": "Fecha de nacimiento del niño", "edadm": "Edad de la madre (años)", "tallam": "Talla de la madre (cm)", "pesom": "Peso de la madre (kg)", "semgest": "Edad gestacional (semanas)"}  # fmt: skip
    labels |= {f"p{place}": f"Peso del niño, medida {place} (kg)" for place in (1, 2, 3)}
    labels |= {f"l{place}": f"Longitud del niño, medida {place} (cm)" for place in (1, 2, 3)}
    pyreadstat.write_dta(pl.DataFrame(rows).to_pandas(), str(folder / "antropometria6m.dta"), column_labels=labels, variable_value_labels={"sexon": {1: "Masculino", 2: "Femenino"}})  # fmt: skip


LIMA = """\
milkqc: 1
study: lima
tables: {antro: {file: antropometria6m.dta}}
participants:
  from: antro
  key: {participant_id: codigo}
  columns:
    infant_sex: {from: sexon, codes: {"1": male, "2": female}}
    infant_birth_date: {from: fnac, format: "%d/%m/%Y"}
    mother_age_years: {from: edadm, unit: year}
    mother_height_cm: {from: tallam, unit: cm}
    gestational_age_days: {from: semgest, unit: week}
visits:
  from: antro
  key: {participant_id: codigo, visit: {do: constant, value: month_6}}
  columns:
    mother_weight_kg: {from: pesom, unit: kg}
growth:
  from: antro
  key: {participant_id: codigo, visit: {do: constant, value: month_6}}
  columns:
    weight_kg: {from: [p1, p2, p3], do: mean_of_closest_two, unit: kg}
    length_cm: {from: [l1, l2, l3], do: mean_of_closest_two, unit: cm}
"""


def nairobi(folder: Path) -> None:
    """English questions as headers, as a survey tool exports them; readings in turn."""
    rows = []
    for own, child, sex in _children(7):
        for months in (1, 3):
            y, m, d = _day(own, 2023, 30 * months)
            weight = _weight(own, months)
            rows.append({
                "Record ID": 1000 + child, "Event Name": f"Month {months}", "Date of measurement": f"{d:02d}-{m:02d}-{y}",
                "What is the sex of the child?": "Male" if sex == 1 else "Female",
                "Child weight - reading 1 (kg)": weight, "Child weight - reading 2 (kg)": round(weight + own.choice([-0.02, 0.0, 0.02]), 2),
                "Recumbent length (cm)": _length(own, months), "Head circumference (cm)": _head(own, months),
                "MUAC left arm (mm)": own.randrange(105, 150), "Is the child exclusively breastfed?": own.choice(["Yes", "No"]),
                "Name of interviewer": own.choice(["Jane Doe", "John Roe"]), "Comments": "",
            })  # fmt: skip
    _csv(folder / "followup.csv", rows)


NAIROBI = """\
milkqc: 1
study: nairobi
tables: {visits: {file: followup.csv}}
participants:
  from: visits
  key: {participant_id: Record ID}
  columns:
    infant_sex: {from: "What is the sex of the child?", codes: {Male: male, Female: female}}
growth:
  from: visits
  key: {participant_id: Record ID, visit: {from: Event Name, codes: {Month 1: month_1, Month 3: month_3}}}
  columns:
    visit_date: {from: Date of measurement, format: "%d-%m-%Y"}
    weight_kg: {from: [Child weight - reading 1 (kg), Child weight - reading 2 (kg)], do: mean_of, unit: kg}
    length_cm: {from: Recumbent length (cm), unit: cm}
    head_circumference_cm: {from: Head circumference (cm), unit: cm}
    muac_cm: {from: MUAC left arm (mm), unit: mm}
"""


def dhs(folder: Path) -> None:
    """Names of a DHS children's file (from memory, unverified): lengths in tenths of a centimetre, which are millimetres;
    weights in tenths of a kilogram, which no unit is."""
    rows = []
    for own, child, sex in _children(8):
        months = own.choice([1, 3, 6, 12])
        rows.append({"caseid": f"{child:5d} 2 1", "v001": child % 7 + 1, "v005": 1000000 + own.randrange(400000), "v012": own.randrange(18, 40), "b4": sex, "hw1": months, "hw2": int(_weight(own, months) * 10), "hw3": int(_length(own, months) * 10), "hw15": own.choice([1, 2]), "m4": own.choice([93, 94, 95])})  # fmt: skip
    _csv(folder / "kr.csv", rows)


DHS = """\
milkqc: 1
study: dhs
tables: {kr: {file: kr.csv}}
participants:
  from: kr
  key: {participant_id: caseid}
  columns:
    cluster_id: {from: v001}
    survey_weight: {from: v005}
    mother_age_years: {from: v012, unit: year}
    infant_sex: {from: b4, codes: {"1": male, "2": female}}
growth:
  from: kr
  key: {participant_id: caseid, visit: {do: constant, value: visit_1}}
  columns:
    age_days: {from: hw1, unit: month}
    length_cm: {from: hw3, unit: mm}
    measured: {from: hw15, codes: {"1": lying, "2": standing}}
"""


def jimma(folder: Path) -> None:
    """English, wide by visits at the end of names, the mother beside the child, codes without labels."""
    rows = []
    for own, child, sex in _children(9):
        row: Row = {"stdid": f"JM{child:03d}", "kebele": own.randrange(1, 9), "matage": own.randrange(18, 40), "mat_ht": round(own.uniform(148, 170), 1), "chsex": sex, "bwt_g": own.randrange(2400, 3900)}  # fmt: skip
        for visit, months in ((1, 1), (2, 3), (3, 6)):
            y, m, d = _day(own, 2022, 30 * months)
            row |= {f"vdate_v{visit}": f"{y}-{m:02d}-{d:02d}", f"weight_v{visit}": _weight(own, months), f"length_v{visit}": _length(own, months), f"muac_v{visit}": round(own.uniform(11.0, 15.0), 1)}  # fmt: skip
        rows.append(row)
    _csv(folder / "cohort_wide.csv", rows)


JIMMA = """\
milkqc: 1
study: jimma
tables: {wide: {file: cohort_wide.csv}}
participants:
  from: wide
  key: {participant_id: stdid}
  columns:
    cluster_id: {from: kebele}
    mother_age_years: {from: matage, unit: year}
    mother_height_cm: {from: mat_ht, unit: cm}
    infant_sex: {from: chsex, codes: {"1": male, "2": female}}
    birth_weight_kg: {from: bwt_g, unit: g}
growth:
  from: wide
  visits: {visit_1: _v1, visit_2: _v2, visit_3: _v3}
  key: {participant_id: stdid}
  columns:
    visit_date: {from: "vdate{visit}", format: "%Y-%m-%d"}
    weight_kg: {from: "weight{visit}", unit: kg}
    length_cm: {from: "length{visit}", unit: cm}
    muac_cm: {from: "muac{visit}", unit: cm}
"""


def davis(folder: Path) -> None:
    """A laboratory's list, one result a row, its own rows among the samples."""
    rows = []
    for own, child, _ in _children(10):
        for analyte, low, high, unit in (
            ("Vit B12", 100, 900, "pmol/L"),
            ("Riboflavin", 60, 300, "ug/L"),
            ("Thiamine", 80, 220, "ug/L"),
        ):
            rows.append({"SubjectID": f"D{child:03d}", "Timepoint": "2 mo", "Specimen_ID": f"S{child:04d}", "Assay": analyte, "Concentration": round(own.uniform(low, high), 1), "Units": unit, "LLOQ": {"Vit B12": 24, "Riboflavin": 2, "Thiamine": 5}[analyte], "RunDate": "2023-05-04", "RunNo": child % 3 + 1, "SampleType": "Sample"})  # fmt: skip
    rows += [
        {**rows[0], "SubjectID": "", "Timepoint": "", "Specimen_ID": f"QC{n}", "SampleType": "QC"}
        for n in range(3)
    ]
    _csv(folder / "vitamins_long.csv", rows)


DAVIS = """\
milkqc: 1
study: davis
tables: {lab: {file: vitamins_long.csv}}
milk:
  from: lab
  key: {participant_id: SubjectID, visit: {from: Timepoint, codes: {2 mo: month_2}}, sample_id: Specimen_ID}
  long: {analyte: Assay, value: Concentration, unit: Units, limit: LLOQ, codes: {Vit B12: vitamin_b12, Riboflavin: riboflavin, Thiamine: thiamin}}
  columns:
    run_date: {from: RunDate, format: "%Y-%m-%d"}
    run: {from: RunNo}
  controls: {from: SampleType, control: [QC]}
"""

# The first six were drafted before any word was added for them, the last four when the six were done.
STUDIES: dict[str, tuple[Callable[[Path], None], str]] = {
    "dakar": (dakar, DAKAR),
    "recife": (recife, RECIFE),
    "bandung": (bandung, BANDUNG),
    "arusha": (arusha, ARUSHA),
    "graz": (graz, GRAZ),
    "lima": (lima, LIMA),
    "nairobi": (nairobi, NAIROBI),
    "dhs": (dhs, DHS),
    "jimma": (jimma, JIMMA),
    "davis": (davis, DAVIS),
}
