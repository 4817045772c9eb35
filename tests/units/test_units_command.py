"""`milkqc units` at the prompt: the factor, the value, what is refused and what to answer."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from milkqc.cli import commands
from milkqc.errors import UnitError


def said(*arguments: str) -> list[str]:
    done = CliRunner().invoke(commands, ["units", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output.splitlines()


def test_amount_to_mass_through_the_named_substance():
    lines = said("umol/L", "ug/L", "--substance", "retinol")
    assert lines[0] == "1 umol/L of Retinol (vitamin A, preformed) = 286.452 ug/L (factor 286.452)"
    assert lines[1].startswith(
        "Molar mass of retinol: 286.452 g/mol (molar mass computed; identity unverified;"
    )


def test_a_value_and_the_substances_own_unit():
    # 420 ng/L over 1355.368 g/mol
    assert said("pg/mL", "--substance", "vitamin_b12", "--value", "420")[0] == (
        "420 pg/mL of Vitamin B12 as cyanocobalamin = 309.878940627195 pmol/L (factor 0.737807001493321)"
    )


def test_like_to_like_needs_no_substance_and_a_unit_alone_is_read():
    assert said("ug/100 mL", "mg/L") == ["1 ug/dL = 0.01 mg/L (factor 0.01)"]
    assert said("µg/100ml") == ["µg/100ml is read as ug/dL."]


def test_per_mass_of_milk_or_fat_with_its_content():
    assert said("ug/kg", "ug/L", "--density", "1.03") == ["1 ug/kg = 1.03 ug/L (factor 1.03)"]
    assert said("nmol/g fat", "ug/L", "--substance", "retinol", "--fat", "35")[0] == (
        "1 nmol/g{fat} of Retinol (vitamin A, preformed) = 10.02582 ug/L (factor 10.02582)"
    )
    assert said("ng/g") == ["ng/g is read as ng/g, with the milk's density."]


def test_the_studys_own_substances_are_known_with_its_file(tmp_path):
    (tmp_path / "own.csv").write_text("key,unit,molar_mass\nfl2,mg/L,488.44\n", "utf-8")
    assert said("mmol/L", "g/L", "--substance", "fl2", "--analytes", str(tmp_path / "own.csv")) == [
        "1 mmol/L of fl2 = 0.48844 g/L (factor 0.48844)",
        "Molar mass of fl2: 488.44 g/mol (given by the study; own.csv).",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["umol/L", "ug/L"], "which substance was measured?"),
        (["umol/L", "ug/L", "--substance", "retinoll"], "Did you mean retinol"),
        (["ug/dl/L", "ug/L"], "'ug/dl/L' is not a unit that milkqc knows."),
        (["IU/L", "mg/L", "--substance", "alpha_tocopherol"], "was it natural or synthetic"),
        (["ug/kg", "ug/L"], "its density"),
        (["ug/g fat", "ug/L"], "the fat content of each sample"),
        (["ug RAE/L", "ug/L", "--substance", "retinol"], "was retinol alone measured?"),
    ],
)
def test_what_cannot_be_converted_says_what_to_answer(arguments, told):
    with pytest.raises(UnitError, match=told.replace("?", r"\?").replace("(", r"\(")):
        CliRunner().invoke(commands, ["units", *arguments], catch_exceptions=False)
