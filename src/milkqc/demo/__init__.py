"""A simulated study to try milkqc on, and to test it with: uploads as a study sends them, and an answer key.

Nothing in it comes from a person. Every file says so: study id, title, labels, site names, a column STUDY.
"""

from __future__ import annotations

from pathlib import Path


def write_uploads(out: Path) -> Path:
    """Write the simulated uploads, their mapping and the answer key under `out`; the path of the mapping comes back.

    `out/uploads/`: the files as they arrive, faults included. `out/mapping.yaml`: how milkqc reads them.
    `out/answer_key.csv`: the faults. Files of these names are replaced, nothing else is touched; the same bytes
    every time.
    """
    from milkqc.demo.faults import plant
    from milkqc.demo.simulate import simulate
    from milkqc.demo.write import write

    return write(plant(simulate()), out)


__all__ = ["write_uploads"]
