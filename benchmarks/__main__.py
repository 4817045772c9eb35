"""Run the benchmarks and print their tables; exit 1 when a bound is not kept."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path


def names() -> list[str]:
    """The benchmarks there are: `bench_run.py` is `run`."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def text(value: object) -> str:
    """A cell for a person: three significant digits, yes and no, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def table(rows: Iterable[Mapping[str, object]]) -> str:
    """`rows` as aligned text under their keys, in the order in which keys first appear."""
    rows = list(rows)
    head = list(dict.fromkeys(key for row in rows for key in row))
    cells = [head, *([text(row.get(key)) for key in head] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(head))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - set(names())
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names())}", file=sys.stderr)
        return 2
    if len(wanted) == 1:
        return one(wanted[0])
    # Each in a process of its own: a child starts with the peak memory of the process it was forked from.
    ends = [
        subprocess.run([sys.executable, "-m", "benchmarks", name], check=False).returncode
        for name in wanted or names()
    ]
    return max(ends, default=0)


def one(name: str) -> int:
    module = importlib.import_module(f"benchmarks.bench_{name}")
    rows = list(module.run())
    print(f"{name}: {(module.__doc__ or '').strip().splitlines()[0]}\n{table(rows)}\n", flush=True)
    return 0 if all(row.get("within") is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
