"""Who may see what: everything (`internal`), one site's rows (`site`), or aggregates that point at nobody (`public`).

Pure: tables in, tables out (docs/privacy.md says what is protected and what is not).
"""

from __future__ import annotations

from typing import Literal

from milkqc.privacy.page import render
from milkqc.privacy.public import publish, tables
from milkqc.privacy.site import Kept, at_site

Level = Literal["internal", "site", "public"]
LEVELS: tuple[Level, ...] = ("internal", "site", "public")

__all__ = ["LEVELS", "Kept", "Level", "at_site", "publish", "render", "tables"]
