"""The simulated uploads as files: SPSS, Stata, REDCap, Excel and CSV, with the labels and codes such files carry."""

from __future__ import annotations

import csv
import datetime as dt
import re
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

from milkqc.demo.labels import (
    ABOUT,
    ANTHRO_CODES,
    ANTHRO_LABELS,
    ENROLMENT_CODES,
    ENROLMENT_LABELS,
    LABEL,
    TAGGED,
    TAGS,
)
from milkqc.demo.plates import write_grids
from milkqc.demo.simulate import Uploads

Rows = tuple[dict[str, Any], ...]


def write(uploads: Uploads, out: Path) -> Path:
    """Write `uploads` to `out`/uploads, mapping and answer key to `out`; the path of the mapping comes back."""
    folder = out / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in uploads.items():
        path = folder / name
        if path.suffix == ".sav":
            _write_sav(rows, path)
        elif path.suffix == ".dta":
            _write_dta(rows, path)
        elif path.suffix == ".xlsx":
            _write_xlsx(rows, path)
        elif name == "zinc_plates.csv":
            write_grids(rows, path, label=LABEL)
        else:
            _write_csv(rows, path, delimiter=";" if name == "tubes.csv" else ",")
    _copy("redcap_dictionary.csv", folder)
    _copy("answer_key.csv", out)
    return _copy("mapping.yaml", out)


def _copy(name: str, folder: Path) -> Path:
    path = folder / name
    path.write_bytes((resources.files("milkqc.demo") / name).read_bytes())
    return path


def _columns(rows: Rows) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _write_sav(rows: Rows, path: Path) -> None:
    import pandas as pd
    import pyreadstat

    columns = _columns(rows)
    pyreadstat.write_sav(
        pd.DataFrame({name: pd.Series(cells, dtype=_kind(cells)) for name, cells in columns.items()}),
        str(path),
        file_label=LABEL,
        column_labels=ENROLMENT_LABELS,
        variable_value_labels=ENROLMENT_CODES,
        missing_ranges={
            name: sorted(codes) for name, codes in ENROLMENT_CODES.items() if any(code < 0 for code in codes)
        },
    )
    data = path.read_bytes()
    # The header holds the date and time of writing; the same study gives the same bytes.
    path.write_bytes(data[:92] + b"01 Jan 7000:00:00" + data[109:])


def _kind(cells: list[Any]) -> str | None:
    # pandas would make floats of dates with gaps; pyreadstat takes objects as they are.
    return "object" if any(isinstance(cell, dt.date) for cell in cells) else None


def _write_dta(rows: Rows, path: Path) -> None:
    import pandas as pd
    import pyreadstat

    columns = _columns(rows)
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    tagged = [name for name in columns if name in TAGGED]
    codes = ANTHRO_CODES | {name: ANTHRO_CODES.get(name, {}) | TAGS for name in tagged}
    pyreadstat.write_dta(
        frame,
        str(path),
        file_label=LABEL,
        column_labels={name: ANTHRO_LABELS[name] for name in columns},
        version=14,  # format 118, which Stata 14 and everything later opens
        variable_value_labels={name: labels for name, labels in codes.items() if name in columns},
        missing_user_values={name: list(TAGS) for name in tagged},
        variable_format={"VDATE": "%td"},
    )
    stamp = b"01 Jan 1970 00:00"
    data = path.read_bytes()
    path.write_bytes(
        re.sub(rb"(<timestamp>\x11).{17}(</timestamp>)", rb"\g<1>" + stamp + rb"\g<2>", data, count=1)
    )


def _write_xlsx(rows: Rows, path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": LABEL, "created": dt.datetime(1970, 1, 1)})
    about = book.add_worksheet("About")
    for line, text in enumerate((LABEL, *ABOUT)):
        about.write_string(line, 0, text)
    sheet = book.add_worksheet("Results")
    sheet.write_row(0, 0, list(rows[0]))
    for line, row in enumerate(rows, start=1):
        sheet.write_row(line, 0, list(row.values()))
    book.close()
    _store(path)


def _store(path: Path) -> None:
    """The same workbook without compression: what zlib makes of it differs from machine to machine."""
    with zipfile.ZipFile(path) as packed:
        members = [(name, packed.read(name)) for name in packed.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as stored:
        for name, data in members:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            stored.writestr(entry, data)


def _write_csv(rows: Rows, path: Path, *, delimiter: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
