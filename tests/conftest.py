"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every machine and in every run: a red test stays red until somebody mends it.
settings.register_profile("milkqc", derandomize=True, deadline=None, database=None)
settings.load_profile("milkqc")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files and golden figures; the project's own tests do without it."""
    folder = os.environ.get("MILKQC_SHARED")
    if not folder:
        pytest.skip("MILKQC_SHARED is not set: it names the folder with fixtures/ and golden/")
    path = Path(folder)
    if not path.is_dir():
        pytest.skip(f"MILKQC_SHARED names no folder: {folder}")
    return path
