"""What a mapping makes of source rows: values, reasons, raw texts, ids, and an account of every row."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

PEOPLE = """
milkqc: 1
study: t
missing: {"-9": not_done, "-8": refused}
tables: {enrol: {file: enrol.csv}}
participants:
  from: enrol
  key: {participant_id: PID}
  columns:
"""


def cell(applied, table, row_id, column):
    frame = applied.tables[table].filter(pl.col("row_id") == row_id)
    assert frame.height == 1, applied.tables[table]["row_id"].to_list()
    return frame[column][0]


def test_each_cell_is_a_number_missing_with_a_reason_or_unreadable(mapped):
    applied = mapped(
        PEOPLE + "    birth_weight_kg: {from: BW, unit: g}\n",
        enrol="PID,BW\n1,3100\n2,-9.0\n3,\n4,NA\n5,3.1 kg\n6,<2500\n",
    )
    frame = applied.tables["participants"]
    assert frame["birth_weight_kg__number"].to_list() == [3100, None, None, None, None, None]
    assert frame["birth_weight_kg__missing"].to_list() == [
        None,
        "not_done",
        "empty",
        "na",
        "unreadable",
        "unreadable",
    ]
    assert frame["birth_weight_kg__raw"].to_list() == ["3100", "-9.0", None, "NA", "3.1 kg", "<2500"]
    assert frame["birth_weight_kg__raw_unit"].to_list() == ["g"] * 6
    assert applied.drafts.filter(pl.col("rule_id") == "reading.number.unreadable")["row_id"].to_list() == [
        "5",
        "6",
    ]


def test_keys_keep_leading_zeros_and_lose_decimal_points(mapped):
    applied = mapped(PEOPLE + "    site: {from: S}\n", enrol="PID,S\n007,a\n12.0,b\n A-1 ,c\n")
    assert applied.tables["participants"]["participant_id"].to_list() == ["007", "12", "A-1"]


def test_a_columns_own_missing_list_replaces_the_studys(mapped):
    applied = mapped(
        PEOPLE + '    parity: {from: P, missing: {"99": unknown}}\n', enrol="PID,P\n1,-9\n2,99\n3,2\n"
    )
    frame = applied.tables["participants"]
    assert frame["parity__number"].to_list() == [-9, None, 2]
    assert frame["parity__missing"].to_list() == [None, "unknown", None]


def test_a_missing_code_is_no_key_code_unless_the_key_says_so(mapped):
    applied = mapped(PEOPLE + "    site: {from: S}\n", enrol="PID,S\n-9,a\n")
    assert applied.tables["participants"]["participant_id"].to_list() == ["-9"]


def test_codes_match_canonical_text_and_an_unknown_one_is_a_query(mapped):
    applied = mapped(
        PEOPLE + '    infant_sex: {from: SEX, codes: {"1": male, "2": female}}\n',
        enrol="PID,SEX\n1,1.0\n2,2\n3,9\n4,-8\n",
    )
    frame = applied.tables["participants"]
    assert frame["infant_sex"].to_list() == ["male", "female", None, None]
    assert frame["infant_sex__missing"].to_list() == [None, None, "unreadable", "refused"]
    query = applied.drafts.row(0, named=True)
    assert (query["rule_id"], query["row_id"], query["value"], query["expected"]) == (
        "reading.code.unknown",
        "3",
        "9",
        "one of 1, 2",
    )


def test_dates_by_their_declared_format_only(mapped):
    applied = mapped(
        PEOPLE + '    infant_birth_date: {from: DOB, format: "%d/%m/%Y"}\n',
        enrol="PID,DOB\n1,03/04/2024\n2,2024-04-03\n3,31/02/2024\n",
    )
    frame = applied.tables["participants"]
    assert frame["infant_birth_date"].to_list() == [dt.date(2024, 4, 3), None, None]
    assert frame["infant_birth_date__missing"].to_list() == [None, "unreadable", "unreadable"]


def test_facts_that_agree_are_one_row_and_conflicts_are_missing_and_critical(mapped):
    applied = mapped(
        PEOPLE + "    birth_weight_kg: {from: BW, unit: g}\n    parity: {from: P}\n",
        enrol="PID,BW,P\n1,3100,2\n1,,2\n1,3200,\n2,3000,1\n",
    )
    assert applied.tables["participants"]["row_id"].to_list() == ["1", "2"]
    assert cell(applied, "participants", "1", "birth_weight_kg__number") is None
    assert cell(applied, "participants", "1", "birth_weight_kg__missing") == "conflict"
    assert cell(applied, "participants", "1", "birth_weight_kg__raw") == "3100; 3200"
    assert cell(applied, "participants", "1", "parity__number") == 2
    conflict = applied.drafts.row(0, named=True)
    assert (
        conflict["rule_id"],
        conflict["severity"],
        conflict["variable"],
        conflict["value"],
        conflict["n_rows"],
    ) == (
        "reading.repeat.conflict",
        "critical",
        "birth_weight_kg",
        "3100; 3200",
        2,
    )
    account = applied.reconciliation[0]
    assert (account.read, account.used, account.set_aside, account.rejected, account.rows_out) == (
        4,
        4,
        0,
        0,
        2,
    )


GROWTH = """
milkqc: 1
study: t
missing: {"-9": not_done}
schedule: {birth: {day: 0}, month_3: {day: 91}}
tables: {g: {file: g.csv}}
growth:
  from: g
"""


def test_the_mean_of_the_closest_two_and_the_difference_the_protocol_allows(mapped):
    applied = mapped(
        GROWTH
        + """  key: {participant_id: ID, visit: V}
  columns:
    length_cm: {from: [L1, L2, L3], do: mean_of_closest_two, unit: cm, max_difference: 0.7}
""",
        g="ID,V,L1,L2,L3\n1,a,60.0,60.4,63\n2,a,60,,\n3,a,60,60.7,\n4,a,60,60.8,\n5,a,60,62,64\n6,a,-9,,\n",
    )
    frame = applied.tables["growth"]
    assert frame["length_cm__number"].to_list() == [60.2, 60, 60.35, 60.4, 62, None]
    assert frame["length_cm__missing"].to_list()[-1] == "not_done"
    assert frame["length_cm__raw"][0] == "L1=60.0; L2=60.4; L3=63"
    apart = applied.drafts.filter(pl.col("rule_id") == "reading.replicates.disagree")
    assert apart["row_id"].to_list() == ["4|a", "5|a"]
    assert apart["expected"].to_list() == ["within 0.7 cm of each other"] * 2


def test_formulas_use_lets_and_carry_their_unit(mapped):
    applied = mapped(
        GROWTH
        + """  key: {participant_id: ID, visit: V}
  let:
    both: {from: [B1, B2], do: median_of, unit: kg}
    mother: {from: M, unit: g}
  columns:
    weight_kg: {do: formula, formula: both - mother}
""",
        g="ID,V,B1,B2,M\n1,a,66.2,66.4,60000\n2,a,66,,-9\n",
    )
    frame = applied.tables["growth"]
    assert frame["weight_kg__number"].to_list() == [pytest.approx(6.3), None]
    assert frame["weight_kg__raw_unit"].to_list() == ["kg", "kg"]
    assert frame["weight_kg__raw"][0] == "B1=66.2; B2=66.4; M=60000"
    assert frame["let_both__number"].to_list() == [pytest.approx(66.3), 66]
    assert frame["weight_kg__missing"].to_list() == [None, "not_done"]


def test_wide_visits_give_one_row_each(mapped):
    applied = mapped(
        GROWTH
        + """  visits: {birth: _birth, month_3: _3m}
  key: {participant_id: ID}
  columns:
    weight_kg: {from: "W{visit}", unit: kg}
    length_cm: {from: "L{visit}", unit: cm, optional: true}
""",
        g="ID,W_birth,W_3m,L_3m\n1,3.1,6.0,60\n2,,5.5,58\n",
    )
    frame = applied.tables["growth"]
    assert frame["row_id"].to_list() == ["1|birth", "1|month_3", "2|birth", "2|month_3"]
    assert frame["weight_kg__number"].to_list() == [3.1, 6, None, 5.5]
    assert frame["length_cm__missing"].to_list() == ["not_in_file", None, "not_in_file", None]
    account = applied.reconciliation[0]
    assert (account.read, account.used, account.rows_out) == (2, 2, 4)


def test_long_measurements_meet_in_one_row_and_second_readings_in_another(mapped):
    applied = mapped(
        GROWTH
        + """  key: {participant_id: ID, visit: DAY}
  repeats: keep
  long: {variable: PARAM, value: VALUE, codes: {WEIGHTKG: weight_kg, HEIGHTCM: length_cm}}
  columns:
    age_days: {from: DAY, unit: day}
    weight_kg: {unit: kg}
    length_cm: {unit: cm}
""",
        g="ID,DAY,PARAM,VALUE\n1,10,WEIGHTKG,3.5\n1,10,HEIGHTCM,51\n1,10,WEIGHTKG,3.6\n2,10,HEIGHTCM,50\n2,10,PULSE,99\n",
    )
    frame = applied.tables["growth"].sort("participant_id", "weight_kg__number")
    assert frame["weight_kg__number"].to_list() == [3.5, 3.6, None]
    assert frame["length_cm__number"].to_list() == [51, None, 50]
    assert frame["age_reported_days__number"].to_list() == [10, 10, 10]
    assert frame["length_cm__source_row"].to_list() == [2, None, 4]
    assert frame["repeat_allowed"].all()
    assert applied.rejected["why"].to_list() == ["PARAM is PULSE, not in codes"]
    account = applied.reconciliation[0]
    assert (account.read, account.used, account.rejected, account.rows_out) == (5, 4, 1, 3)


def test_rows_set_aside_and_rejected_are_counted_and_told(mapped):
    applied = mapped(
        GROWTH
        + """  where: {EVENT: [visit_3]}
  key: {participant_id: ID, visit: {from: V, codes: {"3": month_3}}}
  columns:
    weight_kg: {from: W, unit: kg}
""",
        g="ID,EVENT,V,W\n1,visit_3,3,6\n2,screening,1,70\n,visit_3,3,5\n4,visit_3,7,5.5\n",
    )
    account = applied.reconciliation[0]
    assert (account.read, account.used, account.set_aside, account.rejected, account.rows_out) == (
        4,
        1,
        1,
        2,
        1,
    )
    assert applied.rejected["source_row"].to_list() == [3, 4]
    assert applied.rejected["why"].to_list() == [
        "participant_id is missing (empty)",
        "visit is missing (unreadable)",
    ]
    assert applied.rejected["cells"].to_list() == ["ID=; V=3; W=5", "ID=4; V=7; W=5.5"]
    rejected = applied.drafts.filter(pl.col("rule_id") == "reading.row.rejected")
    assert rejected["severity"].to_list() == ["critical", "critical"]


def test_repeated_keys_keep_all_rows_with_ids_from_their_cells(mapped):
    text = GROWTH + "  key: {participant_id: ID, visit: V}\n  columns: {weight_kg: {from: W, unit: kg}}\n"
    applied = mapped(text, g="ID,V,W\n1,a,6.0\n1,a,6.1\n1,a,6.1\n2,a,5\n")
    ids = applied.tables["growth"]["row_id"].to_list()
    assert len(set(ids)) == 4
    assert sum(row_id.startswith("1|a#") for row_id in ids) == 3
    assert [row_id[-2:] for row_id in ids if row_id.startswith("1|a#") and "." in row_id] == [".1", ".2"]
    turned = mapped(text, g="ID,V,W\n2,a,5\n1,a,6.1\n1,a,6.1\n1,a,6.0\n")
    assert turned.tables["growth"]["row_id"].to_list() == ids
    assert not applied.tables["growth"]["repeat_allowed"].any()


def test_separators_in_keys_are_escaped(mapped):
    applied = mapped(
        GROWTH + "  key: {participant_id: ID, visit: V}\n  columns: {weight_kg: {from: W, unit: kg}}\n",
        g="ID,V,W\na|b,c#\\,6\n",
    )
    assert applied.tables["growth"]["row_id"].to_list() == ["a\\|b|c\\#\\\\"]


def test_two_blocks_stack_and_the_account_is_kept_by_block(mapped):
    applied = mapped(
        """
        milkqc: 1
        study: t
        tables: {a: {file: a.csv}, b: {file: b.csv}}
        growth:
          - {from: a, key: {participant_id: ID, visit: V}, columns: {weight_kg: {from: W, unit: kg}}}
          - {from: b, key: {participant_id: ID, visit: V}, columns: {weight_kg: {from: WG, unit: g}}}
        """,
        a="ID,V,W\n1,x,6\n",
        b="ID,V,WG\n1,x,6000\n2,x,5000\n",
    )
    assert applied.tables["growth"].height == 3
    assert [(row.block, row.rows_out) for row in applied.reconciliation] == [
        ("growth[1]", 1),
        ("growth[2]", 2),
    ]


def test_stacked_exports_that_agree_are_one_row(mapped):
    applied = mapped(
        """
        milkqc: 1
        study: t
        tables: {a: {file: a.csv}, b: {file: b.csv}}
        growth:
          - {from: a, key: {participant_id: ID, visit: V}, repeats: {agree: 0.05}, columns: {weight_kg: {from: W, unit: kg}}}
          - {from: b, key: {participant_id: ID, visit: V}, repeats: {agree: 0.05}, columns: {weight_kg: {from: WG, unit: g}}}
        """,
        a="ID,V,W\n1,x,6\n2,x,5\n",
        b="ID,V,WG\n1,x,6020\n2,x,5500\n",
    )
    frame = applied.tables["growth"]
    assert frame["participant_id"].to_list() == ["1", "2", "2"]
    assert frame.filter(pl.col("participant_id") == "1")["repeat_allowed"].to_list() == [False]


def test_extra_columns_are_kept_with_their_type(mapped):
    applied = mapped(
        GROWTH
        + """  key: {participant_id: ID, visit: V}
  columns: {weight_kg: {from: W, unit: kg}}
  extra: {wealth: {from: WI, type: number, unit: null}, note: {from: N}}
""",
        g="ID,V,W,WI,N\n1,a,6,0.25,hello\n",
    )
    assert cell(applied, "growth", "1|a", "x_wealth__number") == 0.25
    assert cell(applied, "growth", "1|a", "x_note") == "hello"


def test_an_empty_source_table_is_a_finding(mapped):
    applied = mapped(
        GROWTH + "  key: {participant_id: ID, visit: V}\n  columns: {weight_kg: {from: W, unit: kg}}\n",
        g="ID,V,W",
    )
    assert applied.drafts["rule_id"].to_list() == ["reading.table.empty"]
    assert applied.tables["growth"].height == 0


def test_row_numbers_and_joined_keys(mapped):
    applied = mapped(
        GROWTH
        + """  where: {K: [y]}
  key: {participant_id: {do: row_number}, visit: {from: [A, B], do: join, separator: "-"}}
  columns: {weight_kg: {from: W, unit: kg}}
""",
        g="A,B,K,W\n01,2,n,6\n01,3,y,7\n01,4,y,8\n",
    )
    assert applied.tables["growth"]["row_id"].to_list() == ["2|01-3", "3|01-4"]
