"""Where the token of a project is: in the environment or the operating system's keyring, and nowhere else."""

from __future__ import annotations

import os


def find(name: str) -> str:
    """The token of a project, '' when there is none. The environment comes first."""
    from milkqc.readers.redcap_api import variable

    given = os.environ.get(variable(name), "").strip()
    if given:
        return given
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:  # the extra `milkqc[keyring]` is not installed
        return ""
    try:
        return (keyring.get_password("milkqc", name) or "").strip()
    except KeyringError:
        return ""
