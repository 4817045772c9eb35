"""Bad laboratory input, one kind each: a fault of the mapping or a finding, in whole sentences, never a traceback."""

from __future__ import annotations

import polars as pl
import pytest

LAB = "PID,V,S,I\n1,a,s,61\n"
AT = "study.yaml:7 "
IODINE, RETINOL = "Iodine (total, as I)", "Retinol (vitamin A, preformed)"


@pytest.mark.parametrize(
    ("analyte", "told"),
    [
        ('iodine: {from: I, unit: "ug/dl/L"}',
         "M201 milk.analytes.iodine.unit: 'ug/dl/L' is not a unit that milkqc knows. "
         "Did you mean ug/dL or ug/L or g/dL?"),
        ('iodine: {from: I, unit: "%"}',
         "M207 milk.analytes.iodine.unit: cannot convert iodine from % to ug/L. "
         "Write g/dL (grams in 100 mL), g/100 g (of milk), or the unit that the laboratory reports."),
        ('iodine: {from: I, unit: ""}',
         "M201 milk.analytes.iodine.unit: the unit is empty. "
         "Write what the laboratory reports; a plain number is 1."),
        ("iodine: {from: I}",
         "M202 milk.analytes.iodine: nothing says in which unit iodine is. Add `unit:`, or `unit: header`."),
        ("iodine: {from: I, unit: cm}",
         "M207 milk.analytes.iodine.unit: cannot convert iodine from cm to ug/L. Check both units."),
        ("iodine: {from: I, unit: ug}",
         "M207 milk.analytes.iodine.unit: cannot convert iodine from ug to ug/L. Check both units."),
        ("iodine: {from: I, unit: umol/L}",
         "M206 milk.analytes.iodine.unit: umol/L of iodine is an amount: to reach ug/L its substance must be named. "
         "Name it with `substance:`, such as retinol, cyanocobalamin or folic_acid (the keys of analytes.csv)."),
        ("iodine: {from: I, unit: umol/L, substance: retinol}",
         "M205 milk.analytes.iodine.substance: retinol is no form of iodine. "
         "Name the form that the laboratory reports, such as iodine."),
        ("vitamin_b12: {from: I, unit: pmol/L, substance: folic_acid}",
         "M205 milk.analytes.vitamin_b12.substance: folic_acid is no form of vitamin_b12. "
         "Name the form that the laboratory reports, such as vitamin_b12."),
        ("alpha_tocopherol: {from: I, unit: IU/L, substance: alpha_tocopherol}",
         "M207 milk.analytes.alpha_tocopherol.unit: cannot convert alpha_tocopherol from IU/L to mg/L. "
         "Write IU(natural)/L (0.67 mg), IU(synthetic, activity)/L (0.45 mg) or IU(synthetic, mass)/L (0.90 mg)."),
        ("retinol: {from: I, unit: ug RAE/L, substance: retinol}",
         "M201 milk.analytes.retinol.unit: 'ug RAE/L' counts carotenoids as retinol (12 ug of beta-carotene are "
         "1 ug RAE): was retinol alone measured? If so, write ug/L; if not, ask the laboratory for retinol and each "
         "carotenoid."),
        ("iodine: {from: I, unit: ug/L, limit: a}",
         "M113 milk.analytes.iodine.limit.value: 'a' does not fit here. It should be a valid number."),
        ("iodine: {from: I, unit: ug/L, zero: yes}",
         "M112 milk.analytes.iodine.zero.is: 'yes' is not one of the words allowed here. Use one of: value, below_limit."),
        ("iodine: {from: I, unit: ug/L, zero: {is: value, from: I}}",
         "M113 milk.analytes.iodine.zero: a zero is a value, below the limit, or as a comment says. "
         "Write `zero: value`, `zero: below_limit` or `zero: {from: COMMENT}`."),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_right_is_a_fault(refused, analyte, told):
    assert AT + told in refused(f"analytes: {{{analyte}}}", lab=LAB)


def found(result, *rules: str) -> list[tuple]:
    chosen = result.findings.filter(pl.col("rule_id").is_in(rules)).sort("row_id", "rule_id")
    return chosen.select("rule_id", "severity", "row_id", "message").rows()


@pytest.mark.parametrize(
    ("unit", "shown", "near"),
    [
        ("ug/dl/L", "ug/dl/L", " (did you mean ug/dL, ug/L or g/dL?)"),
        ("mmoll", "mmoll", " (did you mean mmol/L, mmol or mmol/uL?)"),
        ("xyz", "xyz", ""),
        ("%", "%", ""),
        ("", "(none)", ""),
        ("kg", "kg", ""),
        ("umol/L", "umol/L", ""),
    ],
)
def test_a_bad_unit_in_a_row_leaves_that_value_out_and_the_others_in(laboratory, unit, shown, near):
    result = laboratory(
        "long: {analyte: T, value: R, unit: U}",
        lab=f"PID,V,S,T,R,U\n1,a,s,iodine,61,{unit}\n2,a,s,iodine,62,ug/L\n",
    )
    milk = result.milk.sort("row_id")
    assert milk.select("value", "missing_reason").rows() == [(None, "unit_unreadable"), (62.0, None)]
    assert found(result, "milk.unit.unreadable") == [
        ("milk.unit.unreadable", "critical", "1|a|s|iodine",
         f"The unit {shown} of {IODINE} cannot be converted to ug/L{near}; the value is left out, not guessed. "
         "Correct the unit at its source, or the mapping.")
    ]  # fmt: skip


def test_a_negative_concentration_is_impossible_and_kept(laboratory):
    result = laboratory(
        "analytes: {iodine: {from: I, unit: ug/L}}", lab="PID,V,S,I\n1,a,s,-3.5\n2,a,s,<-1\n3,a,s,61\n"
    )
    assert result.milk.sort("row_id").select("value", "limit").rows() == [
        (-3.5, None),
        (None, -1.0),
        (61.0, None),
    ]
    assert found(result, "milk.value.impossible", "milk.limit.impossible") == [
        ("milk.value.impossible", "critical", "1|a|s|iodine",
         "iodine is -3.5; only at least 0 is possible. Check the entry, its unit and its column.",
        ),
        ("milk.limit.impossible", "critical", "2|a|s|iodine",
         "iodine is -1; only at least 0 is possible. Check the entry, its unit and its column.",
        ),
    ]  # fmt: skip


def test_a_limit_above_the_value_is_told_and_the_number_kept(laboratory):
    result = laboratory(
        "analytes: {iodine: {from: I, unit: ug/L, limit: 5}}", lab="PID,V,S,I\n1,a,s,3\n2,a,s,61\n"
    )
    assert result.milk.sort("row_id")["value"].to_list() == [3.0, 61.0]
    assert found(result, "milk.value.under_limit") == [
        ("milk.value.under_limit", "info", "1|a|s|iodine",
         "iodine is 3 ug/L, below the assay's limit (expected at least the limit, 5 ug/L). "
         "Kept as a number: ask the laboratory whether it was measured.")
    ]  # fmt: skip


def test_below_a_limit_that_nobody_gave(laboratory):
    result = laboratory(
        "analytes: {iodine: {from: I, unit: ug/L}}", lab="PID,V,S,I\n1,a,s,<LOD\n2,a,s,ND\n3,a,s,61\n"
    )
    (one,) = found(result, "milk.censored.without_limit")
    assert one == (
        "milk.censored.without_limit", "info", "1|a|s|iodine",
        "2 results of iodine are beyond a limit nobody gave (<LOD), so nothing can be said of them. "
        "Ask the laboratory for it.",
    )  # fmt: skip


def test_two_limits_that_disagree_keep_the_cell_s_own_and_are_told_once_a_pair(laboratory):
    result = laboratory(
        "analytes: {iodine: {from: I, unit: ug/L, limit: {from: LOD}}}",
        lab="PID,V,S,I,LOD\n1,a,s,<0.5,0.7\n2,a,s,<0.5,0.70\n3,a,s,<0.7,0.7\n4,a,s,<LOD,0.7\n5,a,s,<1,0.7\n"
        "6,a,s,61,0.7\n7,a,s,>200,0.7\n8,a,s,<0.5,\n",
    )
    assert result.milk.sort("row_id")["limit"].to_list() == [0.5, 0.5, 0.7, 0.7, 1.0, 0.7, 200.0, 0.5]
    assert found(result, "reading.limit.disagrees") == [
        ("reading.limit.disagrees", "warning", "1|a|s|iodine",
         f"2 cells of {IODINE} say <0.5, but the declared limit is another (a limit of 0.7): the cell's own was "
         "kept. Ask the laboratory which holds."),
        ("reading.limit.disagrees", "warning", "5|a|s|iodine",
         f"1 cells of {IODINE} say <1, but the declared limit is another (a limit of 0.7): the cell's own was "
         "kept. Ask the laboratory which holds."),
    ]  # fmt: skip
    ledger = result.checks.filter(pl.col("rule_id") == "reading.limit.disagrees").row(0, named=True)
    assert (ledger["status"], ledger["looked_at"], ledger["findings"]) == ("ran", 6, 2)


def test_a_diluted_sample_s_limit_is_the_limit_times_its_dilution(laboratory):
    result = laboratory(
        "columns: {dilution: D}\nanalytes: {iodine: {from: I, unit: ug/L, limit: 0.5}}",
        lab="PID,V,S,I,D\n1,a,s,<1.5,3\n2,a,s,<0.5,3\n3,a,s,<1.5,2\n",
    )
    assert [row[2] for row in found(result, "reading.limit.disagrees")] == ["3|a|s|iodine"]


def test_a_substance_of_another_analyte_in_a_column_is_not_converted_with(laboratory):
    result = laboratory(
        "columns: {substance: SUB}\nanalytes: {retinol: {from: R, unit: umol/L, substance: retinol}}",
        lab="PID,V,S,R,SUB\n1,a,s,1,retinol\n2,a,s,1,folic_acid\n3,a,s,1,retinyl_palmitate\n4,a,s,1,sand\n",
    )
    assert result.milk.sort("row_id").select("value", "missing_reason").rows() == [
        (286.452, None),
        (None, "substance_unreadable"),
        (524.862, None),
        (None, "substance_unreadable"),
    ]
    assert found(result, "milk.substance.unreadable") == [
        ("milk.substance.unreadable", "critical", "2|a|s|retinol",
         f"The substance folic_acid is no form of {RETINOL}, so its molar mass cannot be used; the value is left out. "
         "Correct it at its source."),
        ("milk.substance.unreadable", "critical", "4|a|s|retinol",
         f"The substance sand is no form of {RETINOL}, so its molar mass cannot be used; the value is left out. "
         "Correct it at its source."),
    ]  # fmt: skip
