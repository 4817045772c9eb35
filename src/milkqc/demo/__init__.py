"""A small simulated study to try milkqc on, and to test it with: uploads as a study would send them.

Nothing in it comes from a person. Every file says so: study id, title, labels, site names and a column STUDY.
"""

from __future__ import annotations

from pathlib import Path


def write_uploads(out: Path) -> Path:
    """Write the simulated uploads and their mapping under `out`; the path of the mapping comes back.

    `out/uploads/`: enrolment.sav, anthro.dta, milk_results.xlsx, milk_long.csv, tubes.csv. `out/mapping.yaml`: how
    milkqc reads them. Files of these names are replaced, nothing else is touched; the same bytes every time.
    """
    from milkqc.demo.faults import plant
    from milkqc.demo.simulate import simulate
    from milkqc.demo.write import write

    return write(plant(simulate()), out)


__all__ = ["write_uploads"]
