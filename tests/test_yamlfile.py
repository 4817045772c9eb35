"""Strict YAML: a scalar stays the text that was written; what could mislead is a fault with its line."""

from __future__ import annotations

import pytest

from milkqc import yamlfile
from milkqc.errors import Faults, MappingFaults


def test_scalars_stay_text():
    data = yamlfile.parse("a: [no, 012, 12:30, 1e3, '', null, ~, 'null']\nb:\n", name="m.yaml").data
    assert data == {"a": ["no", "012", "12:30", "1e3", "", None, None, "null"], "b": None}


def test_every_part_knows_its_line():
    document = yamlfile.parse("a:\n  b:\n    - x\n    - {c: 1}\n", name="m.yaml")
    assert document.line(("a",)) == 1
    assert document.line(("a", "b", 1)) == 4
    assert document.line(("a", "b", 1, "c")) == 4
    assert document.line(("a", "nowhere", "deeper")) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: 1\nb: 2\na: 3\n",
            "m.yaml:3 M103: the key 'a' is written twice (first in line 1). Keep one of them.",
        ),
        ("a: &x 1\nb: *x\n", "m.yaml:2 M104: an alias is not allowed here. Write the value out."),
        ("a: &x 1\n", "m.yaml:1 M104: the anchor &x is not allowed here. Write the value out."),
        ("a: !!int 1\n", "m.yaml:1 M104: a tag is not allowed here. Write the value out."),
        ("a: 1\n<<: {b: 2}\n", "m.yaml:2 M104: a merge key is not allowed here. Write the values out."),
        ("- a\n- b\n", "m.yaml:1 M106: the file must hold keys and values. Write `key: value` lines."),
        ("", "m.yaml M106: the file must hold keys and values. Write `key: value` lines."),
        (
            "a: [1,\nb: 2\n",
            "m.yaml:3 M102: this is not YAML: expected ',' or ']', but got '<stream end>'. Check indentation, colons and quotes.",
        ),
    ],
)
def test_what_could_mislead_is_a_fault(text, message):
    with pytest.raises(MappingFaults) as raised:
        yamlfile.parse(text, name="m.yaml", kind=MappingFaults)
    assert message in str(raised.value)


def test_both_anchor_and_duplicate_are_told_at_once():
    with pytest.raises(MappingFaults) as raised:
        yamlfile.parse("a: &x {b: 1, b: 2}\n", name="m.yaml", kind=MappingFaults)
    assert [fault.code for fault in raised.value.faults] == ["M103", "M104"]


def test_deep_nesting_is_a_fault_not_a_crash():
    with pytest.raises(MappingFaults, match="M105"):
        yamlfile.parse("a: " + "[" * 5000 + "]" * 5000, name="m.yaml", kind=MappingFaults)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(MappingFaults) as raised:
        yamlfile.read(tmp_path / "gone.yaml", kind=MappingFaults)
    assert str(raised.value) == (
        "gone.yaml M101: the file cannot be opened: no such file or directory. Check the path and its rights."
    )


def test_latin_1_is_refused_with_its_line(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_bytes(b"milkqc: 1\ntitle: caf\xe9\n")
    with pytest.raises(MappingFaults, match=r"m\.yaml:2 M102: the file is not UTF-8 text"):
        yamlfile.read(path, kind=MappingFaults)


@pytest.mark.parametrize(
    "text", ["a: " + "[" * 10_000, "a: " + "{b: " * 10_000, "a:\n" + "- " * 10_000 + "x"]
)
def test_ten_thousand_brackets_are_told_with_their_place_before_they_are_parsed(text):
    with pytest.raises(Faults) as raised:
        yamlfile.parse(text, name="m.yaml")
    (fault,) = raised.value.faults
    assert (fault.code, fault.what) == ("Y105", "the file is nested too deeply.")
    assert fault.line == 1 + text.startswith("a:\n")


def test_what_takes_minutes_to_read_is_refused_though_it_is_small(monkeypatch):
    monkeypatch.setattr(yamlfile, "MAX_TOKENS", 1_000)
    with pytest.raises(Faults, match=r"Y105: the file has more than 1,000 keys, values and signs"):
        yamlfile.parse("a: [" + "x," * 2_000 + "]", name="m.yaml")


@pytest.mark.parametrize(("sign", "shown"), [("\0", "U+0000"), ("\x07", "U+0007"), ("\ufffe", "U+FFFE")])
def test_a_character_that_no_yaml_may_hold_is_named_with_its_place(sign, shown):
    with pytest.raises(Faults) as raised:
        yamlfile.parse(f"a: 1\nb: x{sign}y\n", name="m.yaml")
    assert str(raised.value) == (
        f"m.yaml:2 Y102: the character {shown} is not allowed in YAML. Delete it; it cannot be seen in most editors."
    )
    assert raised.value.faults[0].column == 5
