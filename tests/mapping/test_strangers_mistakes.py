"""Fifty more mistakes, as an unfriendly stranger makes them: each told with its code, line and column, and what to do."""

from __future__ import annotations

import pytest

from milkqc.errors import MappingFaults
from milkqc.linting.doubts import doubts
from milkqc.mapping.lint import lint
from milkqc.mapping.load import loads

GOOD = """\
milkqc: 1
study: seeded
missing: {"-9": not_done}
mae: {authority: IOM, basis: milk_concentration, set: [iodine]}
tables:
  enrol: {file: enrol.csv}
  anthro: {file: anthro.csv}
  wide: {file: wide.csv}
  lab: {file: lab.csv}
  assays: {file: assays.csv}
  tubes: {file: tubes.csv}
schedule:
  birth: {day: 0, window: [0, 3]}
  month_3: {day: 91, window: [61, 121]}
participants:
  from: enrol
  key: {participant_id: PID}
  columns:
    infant_sex: {from: SEX, codes: {"1": male, "2": female}}
    infant_birth_date: {from: DOB, format: "%d/%m/%Y"}
    gestational_age_days: {from: GA, format: weeks+days}
    birth_weight_kg: {from: BW, unit: g}
    plurality: {do: constant, value: 1}
    arm: {from: ARM, codes: {"A": control, "B": treated}}
  extra:
    wealth: {from: WEALTH, type: number}
growth:
  - from: anthro
    key: {participant_id: PID, visit: {from: VISIT, codes: {"0": birth, "3": month_3}}}
    let:
      both: {from: [WB1, WB2], do: mean_of, unit: kg}
      mother: {from: WM, unit: kg}
    columns:
      visit_date: {from: VDATE, format: "%d/%m/%Y"}
      weight_kg: {do: formula, formula: both - mother}
      length_cm: {from: [LEN1, LEN2], do: mean_of, unit: cm, max_difference: 0.7}
    compare:
      laz: {from: HAZ, tolerance: 0.05}
  - from: wide
    visits: {birth: _0, month_3: _3M}
    key: {participant_id: PID}
    columns:
      head_circumference_cm: {from: "HC{visit}", unit: cm}
milk:
  - from: lab
    with: {tubes: {on: {TUBE: BARCODE}}}
    key: {participant_id: tubes.PID, visit: tubes.VISIT, sample_id: TUBE}
    repeats: {latest: RUN_DATE}
    columns:
      batch: PLATE
      run_date: {from: RUN_DATE, format: "%Y-%m-%d"}
    analytes:
      iodine: {from: IODINE, unit: ug/L, limit: {by: PLATE, values: {P1: 0.7}}}
      retinol: {from: Ret (umol/L), unit: header, substance: retinol}
    controls: {from: TYPE, blank: [BLK], control: [QC], targets: {QC: {iodine: {mean: 40, sd: 2, unit: ug/L}}}}
  - from: assays
    long: {analyte: TEST, value: RESULT, unit: UNIT, codes: {ZN: zinc}}
    key: {participant_id: PID, visit: VISIT, sample_id: TUBE}
    analytes:
      zinc: {method: ICP-MS}
unmapped:
  enrol: [NOTE]
"""
# What people do, old text, new text, and what is said: code, line, column, words.
MISTAKES = [
    ('a section misspelt', 'unmapped:', 'unmaped:', "M110", 61, 1, "the key 'unmaped' is not known here. Did you mean unmapped or mae?"),
    ('a key of the schedule misspelt', 'window: [0, 3]', 'windw: [0, 3]', "M110", 13, 19, "the key 'windw' is not known here. Did you mean window?"),
    ('a key of a table misspelt', '{file: enrol.csv}', '{flie: enrol.csv}', "M110", 6, 11, "the key 'flie' is not known here. Did you mean file?"),
    ('a key of a block misspelt', '    let:', '    lets:', "M110", 30, 5, "the key 'lets' is not known here. Did you mean let?"),
    ('a key of the controls misspelt', 'blank: [BLK]', 'blanks: [BLK]', "M110", 55, 28, "the key 'blanks' is not known here. Did you mean blank?"),
    ('capitals in a key', 'sd: 2', 'SD: 2', "M110", 55, 91, "the key 'SD' is not known here. Did you mean sd?"),
    ('a key of another tool', 'value: RESULT', 'result: RESULT', "M110", 57, 27, "the key 'result' is not known here. Known here: variable, analyte, value, unit, limit, codes, missing."),
    ('a key of a link misspelt', '{on: {TUBE: BARCODE}}', '{one: {TUBE: BARCODE}}', "M110", 46, 20, "the key 'one' is not known here. Did you mean on?"),
    ('an analyte of mae misspelt', 'set: [iodine]', 'set: [iodin]', "M204", 4, 56, "the analyte 'iodin' is not known. Did you mean iodine or biotin?"),
    ('a mass for a concentration', 'unit: ug/L, limit', 'unit: kg, limit', "M207", 53, 30, 'cannot convert iodine from kg to ug/L. Check both units.'),
    ('one code written twice', '{"1": male, "2": female}', '{"1": male, "1.0": female}', "M103", 19, 48, "'1.0' and '1' are the same code. Keep one of them."),
    ('a key that is a date', 'participant_id: PID, visit: {from: VISIT', 'participant_id: {from: PID, format: "%d/%m/%Y"}, visit: {from: VISIT', "M123", 29, 39, 'a text has no format. Take `format` out.'),
    ('a visit written another way', '"3": month_3}', '"3": month_03}', "M409", 29, 73, "the schedule has no visit 'month_03', so it has no window and no planned day. Did you mean month_3?"),
    ('a wide visit written another way', 'month_3: _3M', 'month3: _3M', "M409", 40, 25, "the schedule has no visit 'month3', so it has no window and no planned day. Did you mean month_3?"),
    ('a let of another block', 'from: "HC{visit}", unit: cm}', 'do: formula, formula: both}', "M125", 40, 5, 'no column of the block uses {visit}. Write `from: "Weight{visit}"`.'),
    ('lets in a circle', 'mother: {from: WM, unit: kg}', 'mother: {do: formula, formula: mother + both}', "M150", 32, 29, 'the let mother is not made before this one. Put it above.'),
    ('a let used before it is made', 'both: {from: [WB1, WB2], do: mean_of, unit: kg}', 'both: {do: formula, formula: mother * 2}', "M150", 31, 27, 'the let mother is not made before this one. Put it above.'),
    ('a link from itself', 'with: {tubes: {on: {TUBE: BARCODE}}}', 'with: {tubes: {on: {tubes.X: BARCODE}}}', "M123", 46, 25, 'the link tubes is not followed before this one. Link from another column.'),
    ('a format for a weight', '{from: BW, unit: g}', '{from: BW, unit: g, format: "%d"}', "M131", 22, 42, "'%d' is not a format of numbers. Known: weeks+days, weeks.days."),
    ('a format for a code', '{from: SEX, codes', '{from: SEX, format: "%d", codes', "M123", 19, 29, 'a word of the dictionary has no format. Take `format` out.'),
    ('a limit with its unit', 'values: {P1: 0.7}', 'values: {P1: 0.7 ug/L}', "M113", 53, 70, "'0.7 ug/L' does not fit here. It should be a valid number."),
    ('limits by plate without limits (meaning)', '{by: PLATE, values: {P1: 0.7}}', '{by: PLATE}', "M111", 53, 42, 'the key `values` is missing. Give the limit of each batch.'),
    ('a limit in percent', 'limit: {by: PLATE, values: {P1: 0.7}}', 'limit: 5%', "M113", 53, 42, "'5%' does not fit here. It should be a valid number."),
    ('a long file without its values', 'long: {analyte: TEST, value: RESULT,', 'long: {analyte: TEST,', "M111", 57, 5, 'the key `value` is missing. Add `value:`.'),
    ('a test that is no analyte', 'codes: {ZN: zinc}', 'codes: {ZN: zink}', "M204", 57, 62, "the analyte 'zink' is not known. Did you mean zinc?"),
    ('percent in words', 'tolerance: 0.05', 'tolerance: 5 percent', "M113", 38, 24, "'5 percent' does not fit here. It should be a valid number."),
    ('the percent sign before', 'tolerance: 0.05', 'tolerance: "%5"', "M113", 38, 24, "'%5' does not fit here. It should be a valid number."),
    ('less than no tolerance', 'tolerance: 0.05', 'tolerance: -1', "M113", 38, 24, "'-1' does not fit here. It should be greater than or equal to 0."),
    ('a score that is none', 'laz: {from', 'haz: {from', "M121", 38, 7, "'haz' is not a number that milkqc derives in growth. Did you mean waz or laz?"),
    ('an option shortened', 'max_difference: 0.7', 'max_diff: 0.7', "M110", 36, 62, "the key 'max_diff' is not known here. Did you mean max_difference?"),
    ('a number in words (meaning)', 'value: 1}', 'value: one}', "M113", 23, 31, "'one' is not a whole number. Write a value of the target's type."),
    ('a word in two words', 'plurality: {do: constant, value: 1}', 'ga_method: {do: constant, value: ultra sound}', "M124", 23, 31, "'ultra sound' is not a code of ga_method. Did you mean ultrasound?"),
    ('a code with a capital', '"2": female', '"2": Female', "M124", 19, 48, "'Female' is not a code of infant_sex. Did you mean female or male?"),
    ('a match without its note', '{from: BW, unit: g}', '{from: BW, unit: g, match: approximate}', "M129", 22, 42, '`approximate` needs a note. Add `note:` with what a reader who pools studies must know.'),
    ('a match misspelt', '{from: BW, unit: g}', '{from: BW, unit: g, match: aproximate}', "M112", 22, 42, "'aproximate' is not one of the words allowed here. Did you mean approximate?"),
    ('a key undecided', 'key: {participant_id: PID, visit: {from', 'key: {participant_id: {from: PID, match: undecided, note: x}, visit: {from', "M128", 29, 39, 'a key part must be decided. Name its source column.'),
    ('a note on nothing', '{from: BW, unit: g}', '{from: BW, unit: g, note: hm}', "M123", 22, 42, 'a note explains a `match`. Add `match:`, or make it a comment.'),
    ('a unit for a batch', 'batch: PLATE', 'batch: {from: PLATE, unit: kg}', "M123", 50, 7, '`convert` does not make a text. Use another action.'),
    ("a policy of one's own", '{latest: RUN_DATE}', '{newest: RUN_DATE}', "M110", 48, 15, "the key 'newest' is not known here. Known here: policy, latest, agree."),
    ('two visits of the same columns', '{birth: _0, month_3: _3M}', '{birth: _0, month_3: _0}', "M125", 40, 25, "month_3 reads the same columns as another visit ('_0'). Give each visit what its column names have."),
    ('kilograms less a number', 'formula: both - mother', 'formula: both - 0.2', "M207", 35, 32, 'character 6 of the formula: cannot subtract kg and a plain number. Give both a unit: 0.2 [kg] is a number with its unit.'),
    ('a let that is none', 'formula: both - mother', 'formula: both - mum', "M207", 35, 32, 'character 6 of the formula: cannot subtract kg and a plain number. mum is no let of this block, and a source column has no unit in a formula. Its lets are both, mother.'),
    ('a formula without its operation', 'formula: both - mother', 'formula: both mother', "M150", 35, 32, "character 6 of the formula: 'mother' stands where an operation belongs. Write it like `both - mother`."),
    ('a day in words', '{day: 0, window', '{day: birth, window', "M113", 13, 11, "'birth' does not fit here. It should be a valid number."),
    ('a day outside its window (meaning)', '{day: 91, window: [61, 121]}', '{day: 191, window: [61, 121]}', "M113", 14, 23, 'day 191 is outside its own window. Correct the day or the window; both count days of life.'),
    ('a variable of another table', '    batch: PLATE', '    weight_kg: {from: PLATE, unit: kg}', "M121", 50, 7, "'weight_kg' is not a variable of milk. The dictionary (variables.csv) lists what there is; keep others by `extra`."),
    ('a target of no analyte', '{iodine: {mean: 40', '{iodne: {mean: 40', "M204", 55, 72, "the analyte 'iodne' is not known. Did you mean iodine or iron?"),
    ('a target of no material (meaning)', 'targets: {QC: ', 'targets: {QCX: ', "M112", 55, 67, "'QCX' is no control material of the block: `control` lists QC. Did you mean QC?"),
    ('a control that never varies', 'sd: 2', 'sd: 0', "M113", 55, 91, "'0' does not fit here. It should be greater than 0."),
    ('a target in kilograms', 'sd: 2, unit: ug/L', 'sd: 2, unit: kg', "M207", 55, 98, 'cannot convert iodine from kg to ug/L. Check both units.'),
    ('an extra named in words (meaning)', 'wealth: {from', 'Wealth Index: {from', "M113", 26, 5, "'Wealth Index' cannot name a column. Use a-z, 0-9 and _, up to 30."),
    ('a type of another tool', 'type: number', 'type: numeric', "M112", 26, 28, "'numeric' is not one of the words allowed here. Did you mean number?"),
    ('a unit for an extra of text', 'type: number', 'type: text, unit: kg', "M123", 26, 5, '`convert` does not make a text. Use another action.'),
    ('a constant from a column', 'plurality: {do: constant, value: 1}', 'plurality: {from: PLU, do: constant, value: 1}', "M123", 23, 17, '`constant` takes no source column. Take `from` out.'),
    ('numbers joined', '{from: BW, unit: g}', '{from: [BW, BW2], do: join, unit: g}', "M123", 22, 40, '`join` does not make a number. Use another action.'),
    ('a basis shortened', 'basis: milk_concentration', 'basis: milk_conc', "M140", 4, 23, "there are no adequacy estimates of basis 'milk_conc'. Did you mean milk_concentration?"),
    ('a directive that is none', 'format: "%Y-%m-%d"', 'format: "%y-%m-%q"', "M131", 51, 34, 'date format \'%y-%m-%q\': %q is not known. Use %d, %m or %b or %B, %Y or %y, and %H %I %M %S %p. Write it like "%d/%m/%Y".'),
    ('a sheet of a text file', '{file: enrol.csv}', '{file: enrol.csv, sheet: A}', "M123", 6, 28, 'a csv file has no sheets. Take `sheet` out.'),
    ('the decimal mark in words', '{file: enrol.csv}', '{file: enrol.csv, decimal: comma}', "M112", 6, 28, "'comma' is not one of the words allowed here. Use one of: ., ,."),
    ('rows counted from nought', '{file: enrol.csv}', '{file: enrol.csv, header_row: 0}', "M113", 6, 28, "'0' does not fit here. It should be a row from 1, several such as [3, 4], or none."),
]  # fmt: skip


def told(text):
    """What lint says of the mapping alone."""
    try:
        loaded = loads(text)
        return [*lint(loaded).faults, *doubts(loaded)]
    except MappingFaults as error:
        return error.faults


def test_the_good_study_has_nothing_to_note():
    assert told(GOOD) == []


def together():
    """The mistakes in as few mappings as show all of them: one a line, and those of form apart from those of meaning."""
    form = {"M110", "M111", "M112", "M113"}
    packs = []
    for mistake in MISTAKES:
        lines = {GOOD[: GOOD.index(mistake[1])].count("\n"), mistake[4]}
        lines |= {31, 32, 35} if lines & {31, 32, 35} else set()  # the formula speaks of the lets
        kind = mistake[3] in form and not told_late(mistake)
        for pack in packs:
            if pack[0] == kind and not pack[1] & lines:
                pack[1].update(lines)
                pack[2].append(mistake)
                break
        else:
            packs.append((kind, lines, [mistake]))
    return [pack[2] for pack in packs]


def told_late(mistake):
    """Whether a code of form is one of meaning here: lint's, not the language's."""
    return mistake[0].endswith("(meaning)")


@pytest.mark.parametrize("mistakes", together(), ids=lambda mistakes: f"{len(mistakes)} at once")
def test_each_mistake_is_told_at_its_place_however_many_there_are(mistakes):
    text = GOOD
    for _, old, new, *_ in mistakes:
        assert text.count(old) >= 1
        text = text.replace(old, new, 1)
    found = told(text)
    said = [(one.code, one.line, one.column, f"{one.what} {one.todo}".strip()) for one in found]
    lost = [mistake[0] for mistake in mistakes if mistake[3:] not in said]
    assert lost == [], "\n".join(map(str, found))


def test_there_are_fifty_and_each_is_another():
    assert len({(old, new) for _, old, new, *_ in MISTAKES}) == len(MISTAKES) >= 50
