"""A REDCap dictionary as checks of 100,000 records x 200 fields: types, choices, limits, required fields, branching.

In a process of its own, for its peak memory. The peer is the reading of the same table in the same process.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench_redcap import RECORDS, written

# Checking may not cost more than a few times what reading costs; the whole fits a small machine.
TIMES, MEGABYTES = 5.0, 3_000.0
_CHILD = """
import json, resource, sys, time
from pathlib import Path
from milkqc.checks.dictionary import Export, check
from milkqc.readers import ReadOptions, read
path, dictionary = sys.argv[1:]
options = ReadOptions(format="redcap", dictionary=Path(dictionary))
start, used = time.perf_counter(), time.process_time()
source = read(path, options)
reading = time.process_time() - used
start, used = time.perf_counter(), time.process_time()
checked = check([Export("crf", (source,))])
took, used = time.perf_counter() - start, time.process_time() - used
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
values = sum(row.looked_at for row in checked.ledger)
broken = sum(row.status == "broken" for row in checked.ledger)
print(json.dumps([took, used, reading, peak, values, checked.drafts.height, broken]))
"""


def asking(dictionary: Path) -> None:
    """The dictionary with limits, required fields and branching; about one number in 500 is outside its limits."""
    with dictionary.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    more = ("text_validation_min", "text_validation_max", "branching_logic", "required_field")
    for place, row in enumerate(rows):
        row.update(dict.fromkeys(more, ""))
        kind = row["text_validation_type_or_show_slider_number"]
        if kind == "number":
            row["text_validation_max"] = "99.8"
        elif kind == "integer":
            row |= {"text_validation_min": "0", "text_validation_max": "60"}
        elif row["field_type"] == "radio":
            row["branching_logic"] = f"[{rows[5]['field_name']}] = '1' or [{rows[1]['field_name']}] <> ''"
        if place == 1:
            row["required_field"] = "y"
    with dictionary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def run() -> Iterator[dict[str, object]]:
    """Rows: what, measured, unit, bound, within."""
    with tempfile.TemporaryDirectory() as name:
        data, dictionary = written(Path(name), RECORDS)
        asking(dictionary)
        words = [sys.executable, "-c", _CHILD, str(data), str(dictionary)]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
    took, used, reading, peak, values, findings, broken = json.loads(done.stdout)
    yield {"what": "dictionary's checks", "measured": took, "unit": "s"}
    yield {"what": "dictionary's checks: processor", "measured": used, "unit": "s"}
    yield {
        "what": "dictionary's checks: times the reading",
        "measured": used / reading,
        "unit": "x",
        "bound": TIMES,
        "within": used / reading < TIMES,
    }
    yield {
        "what": "with reading: peak memory",
        "measured": peak,
        "unit": "MB",
        "bound": MEGABYTES,
        "within": peak < MEGABYTES,
    }
    yield {"what": "values looked at", "measured": values, "unit": "values"}
    yield {
        "what": "findings (no check broken)",
        "measured": findings,
        "unit": "findings",
        "within": broken == 0 and findings > 0,
    }
