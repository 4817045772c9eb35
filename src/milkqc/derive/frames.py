"""Scores for a frame of any kind: `milkqc.growth_scores` and `milkqc.newborn_scores`."""

from __future__ import annotations

from milkqc.derive.engines import FrameT, scored
from milkqc.derive.scorers import GROWTH, NEWBORN


def growth_scores(frame: FrameT) -> FrameT:
    """WHO growth scores of each row, added to a pandas, polars, DuckDB or Spark frame.

    The same kind of frame comes back with the same rows in the same order (pandas keeps its index; a lazy
    frame stays lazy). Reads, whichever are there: infant_sex (`male`/`female`; required), age_days or
    age_months (not rounded; days count when both are there), weight_kg, length_cm as measured, measured
    (`lying`/`standing`), head_circumference_cm, muac_cm, triceps_skinfold_mm, subscapular_skinfold_mm,
    oedema (boolean). WHO's codes are understood besides: sex 1, m, M and 2, f, F, position l, L and h, H, oedema y, Y, 1
    and n, N, 2. NaN in pandas is null.
    Adds what can be scored from them: length_for_score_cm, measured_assumed, bmi, and laz, waz, wlz, baz, hcz,
    acz, tsz, ssz to two decimals, each with a `_flag` that is null without a score. Flagged scores are kept.

    Raises:
        FrameError: a column is missing or of another type, holds other words than those above, or has the
            name of a column to be added. Of a lazy frame the words are checked when it is collected.

    Source:
        WHO Child Growth Standards (2006, 2007); the rules one by one: docs/growth.md.
    """
    return scored(frame, GROWTH)


def newborn_scores(frame: FrameT) -> FrameT:
    """INTERGROWTH-21st scores of size at birth, added to a pandas, polars, DuckDB or Spark frame.

    Reads gestational_age_days and infant_sex (`male`/`female`), both required, and birth_weight_kg,
    birth_length_cm, birth_head_circumference_cm, whichever are there. Adds ig_waz, ig_laz, ig_hcz, each with
    `_centile` (0 to 100) and `_flag` (|z| above 5, or infinite; then score and centile are null).
    No score outside 168 to 300 days of gestation (24+0 to 42+6).

    Raises:
        FrameError: as growth_scores.

    Source:
        Villar et al. 2014, Lancet 384:857-868; Villar et al. 2016, Lancet 387:844-845.
    """
    return scored(frame, NEWBORN)
