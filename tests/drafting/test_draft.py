"""`milkqc draft`: what a file says becomes a line with its grade and evidence; what it does not say stays undecided."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from milkqc.cli import commands
from milkqc.drafting import DraftError, draft
from milkqc.mapping.lint import lint
from milkqc.mapping.load import loads

ROWS = [
    (f"K{number:03d}", visit, f"{day:02d}/{month:02d}/2024", number % 2 + 1, 3.0 + number / 30 + visit)
    for number in range(1, 25)
    for visit, day, month in ((0, number, 2), (3, number, 5))
]


def written(path: Path, header: str, rows: list[tuple[object, ...]] | list[str]) -> Path:
    lines = [row if isinstance(row, str) else ",".join(map(str, row)) for row in rows]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def drafted(*files: Path) -> str:
    text = draft(list(files)).text
    assert loads(text)
    return text


def line(text: str, start: str) -> str:
    """The one line that starts so; an entry that is too long for it has its own lines below, which are joined here."""
    text = re.sub(
        r":  (# unsure: [^\n]*)\n +from: ([^\n]*)\n +match: undecided\n +note: ([^\n]*)\n",
        r": {from: \2, match: undecided, note: \3}  \1\n",
        text,
    )
    found = [one.strip() for one in text.splitlines() if one.strip().startswith(start)]
    assert len(found) == 1, f"{start!r} stands in {found} of\n{text}"
    return found[0]


@pytest.mark.parametrize(
    ("header", "spec"),
    [
        ("pid,visita,fecha de visita,sexo,peso (kg)", "weight_kg: {from: peso (kg), unit: kg}"),
        ("participant,visite,date de visite,sexe,poids (kg)", "weight_kg: {from: poids (kg), unit: kg}"),
        ("PID,VISIT,VDATE,SEX,wt_kg", "weight_kg: {from: wt_kg, unit: kg}"),
        ("Participant ID,Visit,Visit date,Sex,Uzito (kg)", "weight_kg: {from: Uzito (kg), unit: kg}"),
    ],
)  # fmt: skip
def test_the_usual_words_of_several_languages_are_known(tmp_path, header, spec):
    text = drafted(written(tmp_path / "growth.csv", header, ROWS))
    assert line(text, "weight_kg:").startswith(spec)
    assert 'format: "%d/%m/%Y"' in line(text, "visit_date:")


def test_a_date_that_day_and_month_could_share_is_never_guessed(tmp_path):
    rows = [(f"K{n:03d}", 1, f"0{n % 9 + 1}/0{n % 7 + 1}/2024", 4 + n / 10) for n in range(20)]
    text = drafted(written(tmp_path / "growth.csv", "pid,visit,visit date,weight (kg)", rows))
    asked = line(text, "visit_date:")
    assert asked.startswith("visit_date: {from: visit date, match: undecided, note: ")
    assert "its dates could be %d/%m/%Y or %m/%d/%Y: ask who wrote them" in asked
    assert "# unsure: " in asked


def test_numbers_for_sex_without_labels_are_nobodys_guess(tmp_path):
    text = drafted(written(tmp_path / "growth.csv", "pid,visit,vdate,sex,weight (kg)", ROWS))
    asked = line(text, "infant_sex:")
    assert asked.startswith("infant_sex: {from: sex, match: undecided, note: ")
    assert "codes 1, 2 without labels: which is male or female?" in asked


def test_letters_for_sex_speak_for_themselves(tmp_path):
    rows = [(*row[:3], "MF"[int(row[3]) - 1], row[4]) for row in ROWS]
    text = drafted(written(tmp_path / "growth.csv", "pid,visit,vdate,sex,weight (kg)", rows))
    assert line(text, "infant_sex:").startswith("infant_sex: {from: sex, codes: {F: female, M: male}}")


def test_a_weight_that_may_be_in_pounds_stays_open_until_the_length_tells(tmp_path):
    rows = [(row[0], row[1], 8 + n % 5 / 10) for n, row in enumerate(ROWS)]
    alone = drafted(
        written(tmp_path / "growth.csv", "pid,visit,weight,muac (cm)", [(*row, 14) for row in rows])
    )
    assert "no unit is said: kg or lb?" in line(alone, "weight_kg: {from: weight, match: undecided")
    (tmp_path / "growth.csv").unlink()
    beside = drafted(
        written(
            tmp_path / "growth.csv",
            "pid,visit,weight,length (cm)",
            [(*row, 70 + n % 4) for n, row in enumerate(rows)],
        )
    )
    assert line(beside, "weight_kg:").startswith("weight_kg: {from: weight, unit: kg}  # likely")
    assert "with kg and cm the middle body mass index is" in beside


def test_a_unit_said_that_the_values_belie_is_doubted(tmp_path):
    rows = [(row[0], row[1], 3200 + n) for n, row in enumerate(ROWS)]
    text = drafted(
        written(tmp_path / "growth.csv", "pid,visit,weight (kg),muac (cm)", [(*row, 14) for row in rows])
    )
    assert "its unit is said to be kg, its middle value" in line(text, "weight_kg:")


def test_values_that_may_tell_who_somebody_is_are_nowhere_in_the_draft(tmp_path):
    rows = [f"K{n:03d},Amina Juma{n},0{n % 9 + 1}.03.2019,+255 754 {n:06d},{4 + n / 10}" for n in range(20)]
    text = drafted(written(tmp_path / "growth.csv", "pid,mother name,dob,phone,weight (kg)", rows))
    for secret in ("Amina", "2019", "754"):
        assert secret not in text
    assert "may identify people" in line(text, "- mother name")


def test_files_of_one_shape_are_one_table_and_others_are_not(tmp_path):
    for site in "ab":
        written(tmp_path / f"site_{site}.csv", "pid,visit,vdate,sex,weight (kg)", ROWS)
    written(
        tmp_path / "site_c.csv", "pid,visit,vdate,sex,weight (g)", [(*row[:4], row[4] * 1000) for row in ROWS]
    )
    text = drafted(tmp_path)
    assert "site_a: {file: site_a.csv}" in text, "a glob would take site_c too"
    assert line(text, "weight_kg: {from: weight (g)").startswith(
        "weight_kg: {from: weight (g), unit: g}  # exact"
    )


def test_a_glob_stands_for_files_of_one_shape(tmp_path):
    for site in "abc":
        written(tmp_path / f"anthro_{site}.csv", "pid,visit,vdate,sex,weight (kg)", ROWS)
    text = drafted(tmp_path)
    assert (
        "anthro: {file: anthro_*.csv}  # 3 files of one shape: anthro_a.csv, anthro_b.csv, anthro_c.csv"
        in text
    )


def test_readings_of_one_thing_are_combined_and_visits_side_by_side_are_not(tmp_path):
    rows = [(f"K{n:03d}", 1, 60 + n, 60.2 + n, 60.1 + n) for n in range(20)]
    text = drafted(written(tmp_path / "growth.csv", "pid,visit,len1 (cm),len2 (cm),len3 (cm)", rows))
    assert "from: [len1 (cm), len2 (cm), len3 (cm)], do: mean_of_closest_two, unit: cm" in text


def test_laboratory_rows_controls_and_the_list_of_tubes_are_put_together(tmp_path):
    tubes = [(f"T{n:02d}", f"K{n:03d}", "3 months", 8) for n in range(20)]
    written(tmp_path / "tubes.csv", "barcode,pid,visit,volume (mL)", tubes)
    results = [(f"T{n:02d}", "S", 60 + n) for n in range(20)] + [("B1", "BLK", 1), ("Q1", "QC", 50)]
    written(tmp_path / "lab.csv", "tube,type,iodine (ug/L)", results)
    text = drafted(tmp_path)
    assert "with: {tubes: {on: {tube: barcode}}}" in text
    assert "participant_id: tubes.pid" in text
    assert "iodine: {from: iodine (ug/L), unit: ug/L}" in text
    assert "controls: {from: type, blank: [BLK], control: [QC]}" in text
    assert "month_3: {day: 91}" in text
    assert not lint(loads(text)).faults


def test_the_same_files_give_the_same_bytes(tmp_path):
    file = written(tmp_path / "growth.csv", "pid,visit,vdate,sex,weight (kg)", ROWS)
    assert drafted(file) == drafted(file)


def test_a_file_that_cannot_be_read_is_named_and_nothing_is_written(tmp_path):
    (tmp_path / "broken.dta").write_bytes(b"no stata file")
    with pytest.raises(DraftError, match=r"broken\.dta"):
        draft([tmp_path / "broken.dta", tmp_path / "gone.csv"])
    result = CliRunner().invoke(
        commands, ["draft", str(tmp_path / "gone.csv"), "--out", str(tmp_path / "m.yaml")]
    )
    assert result.exit_code != 0
    assert not (tmp_path / "m.yaml").exists()


def test_an_existing_file_is_kept_unless_forced(tmp_path):
    file = written(tmp_path / "growth.csv", "pid,visit,vdate,sex,weight (kg)", ROWS)
    out = tmp_path / "mapping.yaml"
    out.write_text("mine", encoding="utf-8")
    refused = CliRunner().invoke(commands, ["draft", str(file), "--out", str(out)])
    assert refused.exit_code != 0
    assert out.read_text(encoding="utf-8") == "mine"
    done = CliRunner().invoke(commands, ["draft", str(file), "--out", str(out), "--force"])
    assert done.exit_code == 0, done.output
    assert out.read_text(encoding="utf-8").startswith("# A draft by `milkqc draft`")


def test_a_folder_without_tables_says_so(tmp_path):
    (tmp_path / "notes.md").write_text("nothing", encoding="utf-8")
    with pytest.raises(DraftError, match="There is no table to draft a mapping from"):
        draft([tmp_path])


def test_a_candidate_for_a_missing_code_is_asked_about_beside_its_column(tmp_path):
    rows = [(row[0], row[1], 999 if n == 5 else 5 + n / 10) for n, row in enumerate(ROWS)]
    text = drafted(written(tmp_path / "growth.csv", "pid,visit,weight (kg)", rows))
    assert "unsure: 999 (once) stands apart from 5 to 9.7: a code for missing?" in line(text, "weight_kg:")


def test_visits_side_by_side_become_rows(tmp_path):
    rows = [
        (f"K{n:03d}", "MF"[n % 2], 3 + n / 20, 49 + n / 10, 6 + n / 20, 61 + n / 10, 13.5) for n in range(20)
    ]
    text = drafted(
        written(tmp_path / "wide.csv", "pid,sex,WTKG_birth,LEN_birth,WTKG_3m,LEN_3m,MUAC_3m", rows)
    )
    assert "visits: {birth: _birth, month_3: _3m}  # likely" in text
    assert line(text, "infant_sex:").startswith("infant_sex: {from: sex, codes: {F: female, M: male}}")
    assert line(text, "weight_kg:").startswith('weight_kg: {from: "WTKG{visit}", unit: kg}')
    assert line(text, "length_cm:").startswith('length_cm: {from: "LEN{visit}", unit: cm}')
    assert line(text, "muac_cm:").startswith('muac_cm: {from: "MUAC{visit}", unit: cm, optional: true}')
    assert not lint(loads(text)).faults


def test_a_measurement_without_a_unit_is_set_aside_and_asked_about(tmp_path):
    rows = "".join(f"{n},birth,WT,{7 + n % 3}\n{n},birth,HCCM,{34 + n % 2}\n" for n in range(12))
    (tmp_path / "long.csv").write_text(f"PID,VISIT,MEASURE,RESULT\n{rows}", encoding="utf-8")
    text = draft([tmp_path], study="long").text
    assert lint(loads(text)).faults == []
    assert "where: {MEASURE: [HCCM]}  # unsure: weight_kg (WT): no unit is said: kg or lb?" in text
