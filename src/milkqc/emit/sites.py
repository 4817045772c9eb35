"""One file of findings per site, under names that no site can choose."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

# Findings that belong to no site.
NO_SITE = "no_site"
_LONGEST = 40
# Names that Windows keeps for devices.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])")


def slugs(sites: Iterable[str]) -> dict[str, str]:
    """Each site's file name without its ending: a-z, 0-9 and _ only, no two the same.

    Sites that would share a name (or have none, or the name of no site) each carry the first 6 hex digits of
    the sha256 of their own text, so that the order of the sites does not matter.
    """
    plain = {site: _plain(site) for site in sites}
    times = Counter(plain.values())
    return {
        site: slug
        if slug and slug != NO_SITE and times[slug] == 1 and not _DEVICES.fullmatch(slug)
        else _apart(site, slug)
        for site, slug in sorted(plain.items())
    }


def _plain(site: str) -> str:
    letters = unicodedata.normalize("NFKD", site).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")[:_LONGEST].rstrip("_")


def _apart(site: str, slug: str) -> str:
    return f"{slug or 'site'}_{hashlib.sha256(site.encode()).hexdigest()[:6]}"
