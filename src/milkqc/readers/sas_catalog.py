"""A SAS catalogue of formats (.sas7bcat), read apart from the data, in the child process.

pyreadstat would put a catalogue's labels in the place of values when user-missing codes are asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from milkqc.readers.answers import Outbox
from milkqc.readers.readstat import attempt, patched
from milkqc.readers.texts import Decoder


def pull(path: Path, out: Outbox, *, encodings: list[str]) -> dict[str, Any]:  # noqa: ARG001 - it has no rows
    """`formats`: pairs of code and label by format name in capitals. RefusedError when it cannot be read."""
    import pyreadstat

    content = patched(path)
    meta = attempt(lambda **how: pyreadstat.read_sas7bcat(content(), output_format="dict", **how), encoding="LATIN1")[1]  # fmt: skip
    raw = {
        name: [[code, str(label)] for code, label in pairs.items()]
        for name, pairs in meta.value_labels.items()
    }
    decoder = Decoder(encodings)
    texts = [text for name, pairs in raw.items() for pair in pairs for text in (name, *pair)]
    decoder.look(text.encode("latin-1") for text in texts if isinstance(text, str))

    def true(text: Any) -> Any:
        return decoder.text(text.encode("latin-1")) if isinstance(text, str) else text

    formats = {true(n).upper(): [[true(c), true(label)] for c, label in pairs] for n, pairs in raw.items()}
    return {"formats": formats, "remarks": decoder.remarks()}
