"""Seconds by name, for `--timings` only: nothing of it reaches an output."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Adds up the seconds of each rule (or step) that is timed with it."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, *names: str) -> Iterator[None]:
        """Time what stands in the block; several names share it equally."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.share(names, time.perf_counter() - start)

    def share(self, names: Collection[str], seconds: float) -> None:
        """Add `seconds`, in equal parts, to `names`: of work that was done for all of them at once."""
        for name in names:
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds / len(names)
