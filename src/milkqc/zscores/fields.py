"""The columns that `milkqc zscores` reads: their names in milkqc, their options, their units or words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """`name` is milkqc's column, `option` the command line's. One of `unit` (numbers) or `words` (codes) is set,
    or neither (dates). `about` is a few words for help and messages.
    """

    name: str
    option: str
    about: str
    unit: str = ""
    words: tuple[str, ...] = ()


SEX = Field("infant_sex", "sex", "sex", words=("male", "female"))
AGE_DAYS = Field("age_days", "age-days", "age in days", unit="day")
AGE_MONTHS = Field("age_months", "age-months", "age in months", unit="month")
BIRTH_DATE = Field("infant_birth_date", "birth-date", "date of birth")
VISIT_DATE = Field("visit_date", "visit-date", "date of measurement")
POSITION = Field("measured", "measured", "position", words=("lying", "standing"))
OEDEMA = Field("oedema", "oedema", "oedema", words=("true", "false"))
GESTATION = Field("gestational_age_days", "gestation", "gestational age", unit="day")

MEASURES = (
    Field("weight_kg", "weight", "weight", unit="kg"),
    Field("length_cm", "length", "length or height", unit="cm"),
    Field("head_circumference_cm", "head", "head circumference", unit="cm"),
    Field("muac_cm", "muac", "mid-upper arm circumference", unit="cm"),
    Field("triceps_skinfold_mm", "triceps", "triceps skinfold", unit="mm"),
    Field("subscapular_skinfold_mm", "subscapular", "subscapular skinfold", unit="mm"),
)
BIRTH_MEASURES = (
    Field("birth_weight_kg", "birth-weight", "birth weight", unit="kg"),
    Field("birth_length_cm", "birth-length", "birth length", unit="cm"),
    Field("birth_head_circumference_cm", "birth-head", "head circumference at birth", unit="cm"),
)
FIELDS = (
    SEX,
    AGE_DAYS,
    AGE_MONTHS,
    BIRTH_DATE,
    VISIT_DATE,
    *MEASURES,
    POSITION,
    OEDEMA,
    GESTATION,
    *BIRTH_MEASURES,
)
# Ages are in the unit that their option names.
UNIT_OPTIONS = tuple(field for field in FIELDS if field.unit and field not in {AGE_DAYS, AGE_MONTHS})
CODE_OPTIONS = tuple(field for field in FIELDS if field.words)
