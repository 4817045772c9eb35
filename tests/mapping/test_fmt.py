"""`milkqc fmt`: one form of a mapping, which means the same and keeps every comment."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.mapping.written import Writer, data, texts

from milkqc import yamlfile
from milkqc.cli import commands
from milkqc.errors import MappingFaults
from milkqc.mapping.form import formatted

ROOT = Path(__file__).parents[2]
SHIPPED = sorted([*(ROOT / "mappings").glob("*.yaml"), ROOT / "src/milkqc/demo/mapping.yaml"])

ANYHOW = """\
# The study of the example.

study:   'example'   # its short name
milkqc: 1
unmapped:
    visits:
    - NOTE
    - '*_old'   # from form 1
growth:
    columns:
        # by the scale of the clinic
        weight_kg:
            unit: kg
            from: WEIGHT
        visit_date: {format: '%d/%m/%Y',
            from: VDATE}
        measured: {codes: {1: lying, no: standing, 012: lying}, from: HOW}   # not at birth
        # length comes later
    key: {visit: VISIT, participant_id: PID}
    from: visits
tables: {visits: {file: visits.csv}}
missing: {-9: not_done}
"""
CANONICAL = """\
# The study of the example.
milkqc: 1
study: example  # its short name
missing: {"-9": not_done}

tables:
  visits: {file: visits.csv}

growth:
  from: visits
  key: {participant_id: PID, visit: VISIT}
  columns:
    visit_date: {from: VDATE, format: "%d/%m/%Y"}
    # by the scale of the clinic
    weight_kg: {from: WEIGHT, unit: kg}
    measured: {from: HOW, codes: {"1": lying, "no": standing, "012": lying}}  # not at birth
    # length comes later

unmapped:
  visits:
    - NOTE
    - "*_old"  # from form 1
"""


def test_one_order_one_quoting_and_every_comment_at_its_place():
    assert formatted(ANYHOW) == CANONICAL


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_shipped_mappings_are_in_canonical_form(path):
    text = path.read_text(encoding="utf-8")
    assert formatted(text, name=path.name) == text


# Shrinking a failure takes minutes; the failing text is short enough as it is.
@settings(
    max_examples=120,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.dictionaries(texts, data, min_size=1, max_size=5), st.integers(0, 2**32))
def test_whatever_the_style_the_form_means_the_same_and_keeps_every_comment(value, seed):
    writer = Writer(seed)
    text = writer.text(value)
    assert yamlfile.parse(text, name="m").data == value, "the test's own writer"
    once = formatted(text)
    assert yamlfile.parse(once, name="m").data == value
    assert formatted(once) == once
    for comment in writer.comments:
        assert once.count(comment) == 1


@pytest.mark.parametrize(
    "unit", ["g", "kg", "lb", "an unknown unit that is long enough to break any line, were it asked"]
)
def test_another_unit_is_another_line_and_nothing_else(unit):
    columns = "".join(
        f"    c{n}: {{from: COLUMN_{n}{'x' * n}, unit: kg, max_difference: 0.7}}\n" for n in range(90)
    )
    text = formatted(f"milkqc: 1\nstudy: t\ngrowth:\n  from: g\n  columns:\n{columns}")
    for number in (1, 60, 67, 68, 69, 70, 80):
        changed = text.split("\n")
        place = next(n for n, line in enumerate(changed) if f" COLUMN_{number}{'x' * number}" in line)
        place += "unit" not in changed[place]
        new = unit if "," not in unit else f'"{unit}"'
        changed[place] = changed[place].replace("unit: kg", f"unit: {new}")
        again = formatted("\n".join(changed)).split("\n")
        assert len(again) == len(text.split("\n"))
        assert sum(one != other for one, other in zip(again, text.split("\n"), strict=True)) == (unit != "kg")


@pytest.mark.parametrize(
    "code", ["no", "012", "12:30", "1e3", "off", "~", "null", "0x10", "1_000", "-9", "1.0", "true", "NaN"]
)
def test_a_code_stays_the_text_it_is_for_every_reader_of_yaml(code):
    from ruamel.yaml import YAML

    out = formatted(f"milkqc: 1\nstudy: t\nmissing: {{'{code}': reason}}\ntitle: '{code}'\n")
    for version in ((1, 1), (1, 2)):
        other = YAML(typ="safe", pure=True)
        other.version = version
        assert list(other.load(out)["missing"]) == [code]
        assert other.load(out)["title"] == code


def test_what_is_no_strict_yaml_is_refused_and_left_alone(tmp_path):
    with pytest.raises(MappingFaults, match="M104"):
        formatted("milkqc: 1\na: &x 1\n")
    path = tmp_path / "m.yaml"
    path.write_bytes(b"milkqc: 1\r\na: [\r\n")
    result = CliRunner().invoke(commands, ["fmt", str(path)])
    assert isinstance(result.exception, MappingFaults)
    assert path.read_bytes() == b"milkqc: 1\r\na: [\r\n"


def test_the_command_checks_shows_and_writes(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(ANYHOW, encoding="utf-8")
    run = CliRunner().invoke
    checked = run(commands, ["fmt", str(path), "--check"])
    assert checked.exit_code == 1
    assert "not in canonical form" in checked.output
    shown = run(commands, ["fmt", str(path), "--diff"])
    assert shown.exit_code == 0
    assert "+    weight_kg: {from: WEIGHT, unit: kg}" in shown.output
    assert path.read_text(encoding="utf-8") == ANYHOW
    assert run(commands, ["fmt", str(path)]).exit_code == 0
    assert path.read_text(encoding="utf-8") == CANONICAL
    assert run(commands, ["fmt", str(path), "--check"]).exit_code == 0


def test_line_ends_of_windows_and_a_byte_order_mark_go(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + ANYHOW.replace("\n", "\r\n").encode())
    assert CliRunner().invoke(commands, ["fmt", str(path)]).exit_code == 0
    assert path.read_text(encoding="utf-8") == CANONICAL


def test_the_example_of_the_page_is_what_fmt_makes():
    page = (ROOT / "docs/lint.md").read_text(encoding="utf-8")
    before, after = (part.split("```")[0] for part in page.split("```yaml\n")[1:3])
    assert formatted(before) == after
