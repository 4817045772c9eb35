"""Keeps Spark out of the checks: two libraries load whatever of it is installed, and that may end the process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# What pandera 0.35 (external_config) and Great Expectations 1.24 (compatibility.pyspark) import when they find it.
# pyspark 4.3 (sql.connect.utils) takes a main program without a file, `python -c` say, for a doctest and without
# grpc ends it with exit code 0: a run would leave no output and no error. It also warns of pandas 3 and takes 1 s.
_WANTED = ("pyspark", "pyspark.pandas", "pyspark.sql.connect")


@contextmanager
def without_spark() -> Iterator[None]:
    """What is imported inside finds no Spark, save what the program itself had loaded before. Our checks use none."""
    hidden = [name for name in _WANTED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # how Python is told that there is none
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
