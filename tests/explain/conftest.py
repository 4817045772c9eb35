"""The demo study run once: its uploads, its mapping and its OUT."""

from __future__ import annotations

from pathlib import Path

import pytest

import milkqc
from milkqc.deliver import deliver
from milkqc.demo import write_uploads
from milkqc.explain import Explainer


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("explained")
    mapping = write_uploads(folder)
    deliver(milkqc.run(mapping, data=folder / "uploads", engine="expressions"), folder / "out")
    return folder


@pytest.fixture(scope="session")
def explainer(demo) -> Explainer:
    return Explainer(demo / "out")
