"""The simulated uploads as files: SPSS, Stata, Excel and CSV, with the labels and missing codes such files carry."""

from __future__ import annotations

import csv
import datetime as dt
import re
from importlib import resources
from pathlib import Path
from typing import Any

from milkqc.demo.simulate import NOT_DONE, REFUSED, TAG_NOT_DONE, TAG_REFUSED, Row, Uploads

LABEL = "SIMULATED DATA: milkqc demo study, no real person"

ENROLMENT_LABELS = {
    "PID": "Participant (simulated)",
    "INFANT_ID": "Infant (simulated)",
    "SITE": "Study site",
    "TEAM": "Field team",
    "ARM": "Arm",
    "MAGE": "Mother's age (years)",
    "MHEIGHT": "Mother's height (cm)",
    "PARITY": "Births before this one",
    "SEX": "Infant's sex",
    "DOB": "Infant's date of birth",
    "GA": "Gestational age (weeks+days)",
    "BW": "Birth weight (g)",
    "PLURAL": "Infants born of this pregnancy",
    "BORDER": "Birth order",
    "STUDY": LABEL,
}
ENROLMENT_CODES: dict[str, dict[float | str, str]] = {
    "SITE": {1: "Simulated site A", 2: "Simulated site B"},
    "ARM": {1: "Simulated arm 1", 2: "Simulated arm 2"},
    "SEX": {1: "Male", 2: "Female"},
    "MAGE": {NOT_DONE: "Not done", REFUSED: "Refused"},
    "MHEIGHT": {NOT_DONE: "Not done", REFUSED: "Refused"},
    "BW": {NOT_DONE: "Not done", REFUSED: "Refused"},
}

ANTHRO_LABELS = {
    "PID": "Participant (simulated)",
    "INFANT_ID": "Infant (simulated)",
    "VISIT": "Visit",
    "STATUS": "Outcome of the visit",
    "VDATE": "Date of the visit",
    "TEAM": "Field team",
    "SEX": "Infant's sex",
    "WEIGHT": "Infant's weight (kg)",
    "LEN1": "Length, first reading (cm)",
    "LEN2": "Length, second reading (cm)",
    "LEN3": "Length, third reading if the first two disagree (cm)",
    "HC": "Head circumference (cm)",
    "MUAC": "Mid-upper arm circumference (cm), from month 3",
    "POSITION": "Position in which length was measured",
    "MWEIGHT": "Mother's weight (kg)",
    "FEEDING": "Breastfeeding in the last 24 hours",
    "MASTITIS": "Mastitis",
    "STUDY": LABEL,
}
ANTHRO_CODES: dict[str, dict[float | str, str]] = {
    "VISIT": {0: "Birth", 3: "Month 3"},
    "STATUS": {1: "Seen", 2: "Missed"},
    "SEX": {1: "Male", 2: "Female"},
    "POSITION": {1: "Lying", 2: "Standing"},
    "FEEDING": {1: "Exclusive", 2: "Predominant", 3: "Partial", 4: "None"},
    "MASTITIS": {0: "No", 1: "Yes"},
}
# Any of these may be missing for a reason; Stata keeps the reason in the value itself.
TAGGED = ("WEIGHT", "LEN1", "LEN2", "LEN3", "HC", "MUAC", "POSITION", "MWEIGHT", "FEEDING", "MASTITIS")
TAGS: dict[float | str, str] = {TAG_NOT_DONE: "Not done", TAG_REFUSED: "Refused"}


def write(uploads: Uploads, out: Path) -> Path:
    """Write `uploads` to `out`/uploads and the mapping beside them; the path of the mapping comes back."""
    folder = out / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    _write_sav(uploads.enrolment, folder / "enrolment.sav")
    _write_dta(uploads.anthropometry, folder / "anthro.dta")
    _write_xlsx(uploads.wide, folder / "milk_results.xlsx")
    _write_csv(uploads.long, folder / "milk_long.csv", delimiter=",")
    _write_csv(uploads.tubes, folder / "tubes.csv", delimiter=";")
    mapping = out / "mapping.yaml"
    mapping.write_bytes((resources.files("milkqc.demo") / "mapping.yaml").read_bytes())
    return mapping


def _columns(rows: tuple[Row, ...]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _write_sav(rows: tuple[Row, ...], path: Path) -> None:
    import pandas as pd
    import pyreadstat

    pyreadstat.write_sav(
        pd.DataFrame(_columns(rows)),
        str(path),
        file_label=LABEL,
        column_labels=ENROLMENT_LABELS,
        variable_value_labels=ENROLMENT_CODES,
        missing_ranges={
            name: [NOT_DONE, REFUSED] for name, codes in ENROLMENT_CODES.items() if REFUSED in codes
        },
    )
    data = path.read_bytes()
    # The header holds the date and time of writing; the same study gives the same bytes.
    path.write_bytes(data[:92] + b"01 Jan 7000:00:00" + data[109:])


def _write_dta(rows: tuple[Row, ...], path: Path) -> None:
    import pandas as pd
    import pyreadstat

    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in _columns(rows).items()})
    pyreadstat.write_dta(
        frame,
        str(path),
        file_label=LABEL,
        column_labels=ANTHRO_LABELS,
        version=14,  # format 118, which Stata 14 and everything later opens
        variable_value_labels=ANTHRO_CODES | {name: ANTHRO_CODES.get(name, {}) | TAGS for name in TAGGED},
        missing_user_values={name: list(TAGS) for name in TAGGED},
        variable_format={"VDATE": "%td"},
    )
    stamp = b"01 Jan 1970 00:00"
    data = path.read_bytes()
    path.write_bytes(
        re.sub(rb"(<timestamp>\x11).{17}(</timestamp>)", rb"\g<1>" + stamp + rb"\g<2>", data, count=1)
    )


def _write_xlsx(rows: tuple[Row, ...], path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": LABEL, "created": dt.datetime(1970, 1, 1)})
    about = book.add_worksheet("About")
    for line, text in enumerate(
        (
            LABEL,
            "Laboratory: simulated laboratory, HPLC after saponification",
            "Limits of detection by plate, retinol: P1 0.6, P2 0.6, P3 0.8 umol/L; vitamin E: 1.38 mg/L",
            "<LOD: below the limit of the plate",
        )
    ):
        about.write_string(line, 0, text)
    sheet = book.add_worksheet("Results")
    sheet.write_row(0, 0, list(rows[0]))
    for line, row in enumerate(rows, start=1):
        sheet.write_row(line, 0, list(row.values()))
    book.close()


def _write_csv(rows: tuple[Row, ...], path: Path, *, delimiter: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
