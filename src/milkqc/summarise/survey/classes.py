"""The words for a statistic and the penalty points that go with them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CLASSES = ("excellent", "good", "acceptable", "problematic")
# Below this many values the class would say more about chance than about the team. Ours, unverified.
LEAST_JUDGED = 30

# nipnTK and SMART (ENA plausibility check): upper bounds of the first three classes, exclusive ...
_BELOW: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {"digit_preference": (8, 12, 20), "skewness": (0.2, 0.4, 0.6), "kurtosis": (0.2, 0.4, 0.6)}
)
# ... inclusive, in percent ...
_UP_TO: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {"flagged_smart": (2.5, 5, 7.5), "flagged_who": (2.5, 5, 7.5)}
)
# ... lower bounds of p ...
_P_ABOVE: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    dict.fromkeys(("sex_ratio", "age_ratio"), (0.1, 0.05, 0.001))
    | {f"age_heaping_{divisor}": (0.1, 0.05, 0.001) for divisor in (5, 6, 10, 12)}
)
# ... how far an SD may be from 1 (0.9-1.1, 0.85-1.15, 0.8-1.2) ...
SD_REACH = (0.1, 0.15, 0.2)
# ... and the last total of the first three classes.
_SCORE = (9, 14, 24)

# The parts of the nipnTK score, as (statistic, variable), and the points of the four classes.
_TWENTY, _TEN, _FIVE = (0, 5, 10, 20), (0, 2, 4, 10), (0, 1, 3, 5)
SCORE_PARTS: Mapping[tuple[str, str], tuple[int, int, int, int]] = MappingProxyType(
    {
        ("flagged_smart", "wlz"): _TWENTY,
        ("sd", "wlz"): _TWENTY,
        ("sex_ratio", "infant_sex"): _TEN,
        ("age_ratio", "age_months"): _TEN,
        ("digit_preference", "weight_kg"): _TEN,
        ("digit_preference", "length_cm"): _TEN,
        ("digit_preference", "muac_cm"): _TEN,
        ("skewness", "wlz"): _FIVE,
        ("kurtosis", "wlz"): _FIVE,
    }
)


def class_of(statistic: str, value: float | None, p: float | None) -> str | None:
    """One of CLASSES; null for a statistic that has no classes, and where value or p is unknown."""
    if statistic in _P_ABOVE:
        return None if p is None else CLASSES[sum(p <= bound for bound in _P_ABOVE[statistic])]
    if value is None:
        return None
    if statistic in _BELOW:
        return CLASSES[sum(abs(value) >= bound for bound in _BELOW[statistic])]
    if statistic in _UP_TO:
        return CLASSES[sum(value > bound for bound in _UP_TO[statistic])]
    if statistic == "sd":
        return CLASSES[sum(not 1 - reach < value < 1 + reach for reach in SD_REACH)]
    if statistic == "nipntk_score":
        return CLASSES[sum(value > bound for bound in _SCORE)]
    return None


def penalty(statistic: str, variable: str, word: str | None) -> int | None:
    """The points of a class in the nipnTK score; null where the statistic is no part of it."""
    points = SCORE_PARTS.get((statistic, variable))
    return None if word is None or points is None else points[CLASSES.index(word)]
