"""A REDCap project of 200 fields read to typed tables: 100,000 records as raw CSV, 50 MB as ODM XML.

Each in a process of its own, for its peak memory. The peer is Python's csv module reading the same file, or expat
passing over the same XML: what no reader in Python can be faster than.
"""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

RECORDS, FIELDS = 100_000, 200
CSV_SECONDS, CSV_MEGABYTES = 20.0, 2_000.0
ODM_BYTES, ODM_MEGABYTES = 50_000_000, 500.0
_HEAD = (
    "field_name,form_name,section_header,field_type,field_label,select_choices_or_calculations,field_note,"
    "text_validation_type_or_show_slider_number"
)
_KINDS = (
    ("text,Field,,,number", [f"{tenths / 10:.1f}" for tenths in range(1000)]),
    ("text,Field,,,number", [f"{tenths / 10:.1f}" for tenths in range(300, 900)]),
    ("text,Field,,,integer", [str(count) for count in range(60)]),
    (
        "text,Field,,,date_ymd",
        [f"2023-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)],
    ),
    ('radio,Field,"1, A | 2, B | 3, C",,', ["1", "2", "3"]),
    ("yesno,Field,,,", ["0", "1"]),
    ("text,Field,,,", ["as before", "nothing, she says", "more than last time"]),
)
_CHILD = """
import csv, json, resource, sys, time
from pathlib import Path
what, path, dictionary = sys.argv[1:]
start, used = time.perf_counter(), time.process_time()
if what == "peer csv":
    with open(path, newline="", encoding="utf-8") as stream:
        rows = sum(1 for _ in csv.reader(stream))
elif what == "peer xml":
    from xml.parsers import expat
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: None
    with open(path, "rb") as stream:
        parser.ParseFile(stream)
else:
    from milkqc.readers import ReadOptions
    from milkqc.readers.redcap_forms import forms
    options = ReadOptions(format="redcap", dictionary=Path(dictionary)) if what == "csv" else ReadOptions()
    tables = [form.typed().table for form in forms(path, options).values()]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
print(json.dumps([time.perf_counter() - start, time.process_time() - used, peak]))
"""


def written(folder: Path, records: int) -> tuple[Path, Path]:
    """A raw export of `records` records and its dictionary, ten forms of twenty fields."""
    draw = random.Random(5)
    names = [f"field_{place}" for place in range(1, FIELDS)]
    lines = [_HEAD, "record_id,form_1,,text,Record,,,"]
    for place, name in enumerate(names, 1):
        kind, label, *rest = _KINDS[place % len(_KINDS)][0].split(",", 2)
        lines.append(f"{name},form_{place // 20 + 1},,{kind},{label} {place},{rest[0]}")
    dictionary, data = folder / "dictionary.csv", folder / "data.csv"
    dictionary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with data.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["record_id", *names])
        pools = [["", *_KINDS[place % len(_KINDS)][1]] for place in range(1, FIELDS)]
        for record in range(1, records + 1):
            writer.writerow([record, *map(draw.choice, pools)])
    return data, dictionary


def as_odm(data: Path, dictionary: Path, path: Path) -> None:
    """The first records of the export as ODM XML, until it has 50 MB."""
    from milkqc.demo.redcap_exports import odm
    from milkqc.readers.files import File
    from milkqc.readers.redcap_dictionary import read_dictionary

    fields = read_dictionary(File.of(dictionary))
    with data.open(encoding="utf-8", newline="") as stream, path.open("w", encoding="utf-8") as out:
        reader = csv.DictReader(stream)
        rows = [row for _, row in zip(range(5_700), reader, strict=False)]
        size = 0
        for piece in odm(fields, reader.fieldnames or [], rows):
            size += out.write(piece)
    if size < ODM_BYTES:
        raise ValueError(f"the XML has only {size:,} bytes")


def measured(what: str, path: Path, dictionary: Path) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak megabytes of one reading in a process of its own."""
    words = [sys.executable, "-c", _CHILD, what, str(path), str(dictionary)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    seconds, used, peak = json.loads(done.stdout)
    return float(seconds), float(used), float(peak)


def rows_of(
    what: str, path: Path, dictionary: Path, seconds: float | None, megabytes: float
) -> Iterator[dict[str, object]]:
    """The rows of one file: time, memory, and how many times its peer's time it took."""
    title = "raw CSV to typed forms" if what == "csv" else "ODM XML to typed forms"
    took, used, peak = measured(what, path, dictionary)
    _, least, _ = measured("peer csv" if what == "csv" else "peer xml", path, dictionary)
    row: dict[str, object] = {"what": title, "measured": took, "unit": "s"}
    yield row if seconds is None else {**row, "bound": seconds, "within": took < seconds}
    yield {"what": f"{title}: processor", "measured": used, "unit": "s"}
    yield {"what": f"{title}: times its peer", "measured": used / least, "unit": "x"}
    yield {
        "what": f"{title}: peak memory",
        "measured": peak,
        "unit": "MB",
        "bound": megabytes,
        "within": peak < megabytes,
    }


def run() -> Iterator[dict[str, object]]:
    """Rows: what, measured, unit, bound, within."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, dictionary = written(folder, RECORDS)
        yield from rows_of("csv", data, dictionary, CSV_SECONDS, CSV_MEGABYTES)
        as_odm(data, dictionary, folder / "project.xml")
        yield from rows_of("odm", folder / "project.xml", dictionary, None, ODM_MEGABYTES)
