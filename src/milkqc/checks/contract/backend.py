"""pandera as we read it, whatever is set in the environment of whoever runs us."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from milkqc.checks.spark import without_spark


@contextmanager
def our_pandera() -> Iterator[None]:
    """What is validated inside is looked at value by value, by pandera's own backend of the frame's library.

    PANDERA_VALIDATION_ENABLED in somebody's environment would make every rule pass, PANDERA_VALIDATION_DEPTH (or a lazy
    frame, by default) leave the values alone, and PANDERA_USE_NARWHALS_BACKEND answer with expressions instead of rows.
    """
    with without_spark():
        from pandera.config import CONFIG, ValidationDepth, config_context

    theirs = CONFIG.use_narwhals_backend
    if theirs:
        _narwhals(use=False)
    try:
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            yield
    finally:
        if theirs:
            _narwhals(use=True)


def _narwhals(*, use: bool) -> None:
    """Switch the backend of everybody in this process, without the warning and the libraries that come with it."""
    with without_spark(), warnings.catch_warnings():
        from pandera.config import set_config

        warnings.simplefilter("ignore")
        set_config(use_narwhals_backend=use)
