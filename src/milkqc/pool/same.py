"""What may stand in a pool twice: an upload that two studies were made of, people whom two studies share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from milkqc.pool.read import Run

Told = tuple[str, str, str, Sequence[str], str, str]
# Ids are often 1, 2, 3 ...: some children of the same id, sex and birthday are chance, so many are asked for.
_LEAST, _SHARE = 5, 0.2
_NAMED = 3
_WHO = ("infant_id", "infant_sex", "infant_birth_date")


def shared(runs: Sequence[Run]) -> Iterator[Told]:
    """Severity, check, variable, studies, answers and message for the files and for the people of each two."""
    for a, b in combinations(runs, 2):
        read, others = _uploads(a), _uploads(b)
        files = sorted({read[one] for one in read.keys() & others.keys()})
        if files:
            several = len(files) > 1
            yield (
                "warning",
                "source.file",
                "",
                [a.study, b.study],
                "; ".join(files),
                f"{_few(files)} {'were' if several else 'was'} read for both {a.study} and {b.study}: "
                f"{'their' if several else 'its'} rows may count twice.",
            )
        mine, theirs = (
            run.tables["participants"].select(_WHO).drop_nulls().unique(maintain_order=True) for run in (a, b)
        )
        both = mine.join(theirs, on=_WHO, how="semi").height
        if both >= max(_LEAST, _SHARE * min(mine.height, theirs.height)):
            yield (
                "warning",
                "participants.shared",
                "",
                [a.study, b.study],
                f"{both} infants",
                f"{both} infants of {a.study} and {b.study} have the same id, sex and birth date. "
                "If they are the same children, they count twice; if not, tell them apart by study.",
            )


def _uploads(run: Run) -> dict[str, str]:
    """The files that the run read rows of, by checksum."""
    inputs = [one for one in run.manifest["inputs"] if isinstance(one, dict) and one.get("rows")]
    return {str(one.get("sha256")): str(one.get("file")) for one in inputs}


def _few(files: Sequence[str]) -> str:
    return (
        ", ".join(files)
        if len(files) <= _NAMED
        else f"{', '.join(files[:_NAMED])} and {len(files) - _NAMED} more"
    )
