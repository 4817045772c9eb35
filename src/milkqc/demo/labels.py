"""The labels that the simulated files carry: of themselves, their variables and their codes."""

from __future__ import annotations

from milkqc.demo.field import NOT_DONE, REFUSED, TAG_BROKEN, TAG_NOT_DONE, TAG_REFUSED

LABEL = "SIMULATED DATA: milkqc demo study, no real person"

ENROLMENT_LABELS = {
    "PID": "Participant (simulated)",
    "INFANT_ID": "Infant (simulated)",
    "SITE": "Study site",
    "TEAM": "Field team",
    "ARM": "Arm",
    "LISTED": "Arm in the randomisation list",
    "CONSENT": "Date of consent",
    "RANDDATE": "Date of randomisation",
    "MAGE": "Mother's age (years)",
    "MHEIGHT": "Mother's height (cm)",
    "PARITY": "Births before this one",
    "SEX": "Infant's sex",
    "DOB": "Infant's date of birth",
    "GA": "Gestational age (weeks+days)",
    "PLURAL": "Infants born of this pregnancy",
    "BORDER": "Birth order",
    "EXITDATE": "Date of leaving the study",
    "EXITWHY": "Why the study was left",
    "BW": "Birth weight (g)",
    "STUDY": LABEL,
}
_ASKED: dict[float, str] = {NOT_DONE: "Not done", REFUSED: "Refused"}
ENROLMENT_CODES: dict[str, dict[float, str]] = {
    "SITE": {1: "Simulated site A", 2: "Simulated site B", 3: "Simulated site C"},
    "ARM": {1: "Simulated arm 1", 2: "Simulated arm 2"},
    "LISTED": {1: "Simulated arm 1", 2: "Simulated arm 2"},
    "SEX": {1: "Male", 2: "Female"},
    "EXITWHY": {1: "Withdrew"},
    "MAGE": _ASKED,
    "MHEIGHT": _ASKED,
    "BW": _ASKED,
}

ANTHRO_LABELS = {
    "PID": "Participant (simulated)",
    "INFANT_ID": "Infant (simulated)",
    "VISIT": "Visit",
    "VDATE": "Date of the visit",
    "TEAM": "Field team",
    "SEX": "Infant's sex",
    "WEIGHT": "Infant's weight (kg)",
    "WEIGHT_G": "Infant's weight (g)",
    "LENGTH": "Length (cm)",
    "LEN1": "Length, first reading (cm)",
    "LEN2": "Length, second reading (cm)",
    "LEN3": "Length, third reading (cm)",
    "HC": "Head circumference (cm)",
    "MUAC": "Mid-upper arm circumference (cm), from month 3",
    "POSITION": "Position in which length was measured",
    "STUDY": LABEL,
}
ANTHRO_CODES: dict[str, dict[float | str, str]] = {
    "VISIT": {0: "Birth", 3: "Month 3"},
    "SEX": {1: "Male", 2: "Female"},
    "POSITION": {1: "Lying", 2: "Standing"},
}
# Any of these may be missing for a reason; Stata keeps the reason in the value itself.
TAGGED = ("WEIGHT", "WEIGHT_G", "LENGTH", "LEN1", "LEN2", "LEN3", "HC", "MUAC", "POSITION")
TAGS: dict[float | str, str] = {
    TAG_NOT_DONE: "Not done",
    TAG_REFUSED: "Refused",
    TAG_BROKEN: "Instrument broken",
}

# What the laboratory writes on the first sheet of its workbook.
ABOUT = (
    "Laboratory: simulated laboratory, HPLC after saponification",
    "Limits of detection by plate, retinol: P3, P6 and P9 1.0, other plates 0.6 umol/L; vitamin E: 1.38 mg/L",
    "<LOD: below the limit of the plate; ND: not detected",
    "Type: sample; blank; QC low and QC high (certified materials); duplicate (the sample read again)",
)
