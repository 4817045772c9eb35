"""docs/outputs.md: its Python runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import milkqc

PAGE = (Path(__file__).parents[2] / "docs" / "outputs.md").read_text(encoding="utf-8")


def test_the_example_of_writing_a_table_runs(tmp_path, monkeypatch):
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    for path in ("parity.sav", "parity.dta"):
        exec(code.replace('"parity.sav",  # or parity.dta', f'"{path}",'), {})
        source = milkqc.read(path)
        assert source.table.to_dict(as_series=False) == {"pid": ["007", "008"], "parity": [2, None]}
        assert source.reasons["parity"].to_list() == [None, "refused"]
        assert source.variable("parity").label == "Live births before this one"
        assert source.variable("parity").value_labels["0"] == "none"
