"""The study's own analytes: a csv file beside the mapping, known while the study runs and nowhere after."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from milkqc import reference
from milkqc.errors import UnitError
from milkqc.reference.own import AnalyteFaults, read_analytes
from milkqc.units import unit_factor

HMO = """\
key,name,unit,molar_mass,short,aliases,source
fl2,2'-Fucosyllactose,mg/L,488.44,,2FL fl_2,Example et al.
dflac,Difucosyllactose,mg/L,,,,
leptin,Leptin,ug/L,16000,,,
lacto_n_neotetraose,Lacto-N-neotetraose,mg/L,707.6,lnnt,,
energy,Energy,kcal/dL,,,,
"""


def file(folder: Path, text: str) -> Path:
    path = folder / "own.csv"
    path.write_text(text, "utf-8")
    return path


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(AnalyteFaults) as caught:
        read_analytes(file(folder, text))
    return [str(fault) for fault in caught.value.faults]


def test_each_line_is_an_analyte_in_its_canonical_unit(tmp_path):
    own = read_analytes(file(tmp_path, HMO))
    assert list(own) == ["fl2", "dflac", "leptin", "lacto_n_neotetraose", "energy"]
    assert own["fl2"].molar_mass == Fraction("488.44")
    assert own["fl2"].aliases == ("2FL", "fl_2")
    assert own["lacto_n_neotetraose"].short == "lnnt"
    assert own["dflac"].family == own["dflac"].short == "dflac"
    assert {one.status for one in own.values()} == {"given by the study"}
    assert own["dflac"].source == "own.csv"


def test_they_are_known_inside_the_block_and_nowhere_after(tmp_path):
    own = read_analytes(file(tmp_path, HMO))
    before = dict(reference.analytes())
    with reference.using(own):
        assert set(reference.analytes()) == {*before, *own}
        assert unit_factor("mmol/L", "mg/L", substance="fl2") == 488.44
        assert unit_factor("mmol/L", "mg/L", substance="2FL") == 488.44
    assert dict(reference.analytes()) == before
    with pytest.raises(UnitError, match="'fl2' is not a substance"):
        unit_factor("mmol/L", "mg/L", substance="fl2")


def test_two_studies_may_mean_two_substances_by_one_key(tmp_path):
    one = read_analytes(file(tmp_path, "key,unit,molar_mass\nhmo,mg/L,488.44\n"))
    other = read_analytes(file(tmp_path, "key,unit,molar_mass\nhmo,mg/L,707.6\n"))
    with reference.using(one):
        first = unit_factor("mmol/L", "mg/L", substance="hmo")
    with reference.using(other):
        second = unit_factor("mmol/L", "mg/L", substance="hmo")
    assert (first, second) == (488.44, 707.6)


def test_without_a_molar_mass_only_like_converts_to_like(tmp_path):
    with reference.using(read_analytes(file(tmp_path, HMO))):
        assert unit_factor("g/L", "mg/L", substance="dflac") == 1000
        with pytest.raises(UnitError, match="dflac has no molar mass"):
            unit_factor("mmol/L", "mg/L", substance="dflac")


def test_energy_converts_between_kilocalories_and_kilojoules():
    assert unit_factor("kcal/100 mL", "kJ/L") == 41.84
    with pytest.raises(UnitError, match="do not measure the same thing"):
        unit_factor("kcal/dL", "g/L")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "key,name\nfl2,x\n",
            "own.csv:1 A102: the column unit is missing. "
            "The columns are: key, unit, name, short, molar_mass, valence, family, aliases, source.",
        ),
        ("key,unit,molarmass\nfl2,mg/L,1\n", "own.csv:1 A102: 'molarmass' is not a column of analytes. "
         "Did you mean molar_mass?"),
        ("key,unit\n2FL,mg/L\n", "own.csv:2 A103 key: '2FL' cannot be a key. "
         "Use a-z, 0-9 and _, a letter first."),
        ("key,unit\nzinc,mg/L\n", "own.csv:2 A103 key: 'zinc' is already a name of zinc. Choose another key."),
        ("key,unit\nfl2,mg/L\nfl2,g/L\n",
         "own.csv:3 A103 key: 'fl2' is already a name of fl2 of this file. Choose another key."),
        ("key,unit\nfl2,ug/Ll\n", "own.csv:2 A104 unit: 'ug/Ll' is not a unit that milkqc knows. "
         "Did you mean ug/L or ug/uL or ug/mL?"),
        ("key,unit\nfl2,\n", "own.csv:2 A104 unit: the unit is missing. Write what the laboratory reports; a plain number is 1."),
        ("key,unit,molar_mass\nfl2,mg/L,0\n",
         "own.csv:2 A105 molar_mass: the molar mass is not a number above 0. Write g/mol, or leave it out."),
        ('key,unit,molar_mass\nfl2,mg/L,"488,44"\n',
         "own.csv:2 A105 molar_mass: the molar mass is not a number above 0. Write g/mol, or leave it out."),
        ("key,unit\nlacto_n_fucopentaose_one,mg/L\n",
         "own.csv:2 A106 short: 'lacto_n_fucopentaose_one' is no short name of at most 17 characters. "
         "Give one in the column `short`: a-z, 0-9 and _."),
        ("key,unit,short\nfl2,mg/L,zinc\n", "own.csv:2 A106 short: 'zinc' is the short name of zinc. "
         "Choose another."),
        ("key,unit,valence\nfl2,mg/L,1.5\n",
         "own.csv:2 A107 valence: the valence is not a whole number of 1 to 6. Leave it out for no ion."),
        ("key,unit,aliases\nfl2,mg/L,cyanocobalamin\n",
         "own.csv:2 A108 aliases: 'cyanocobalamin' is already a name of vitamin_b12. Take it out."),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_line_and_what_to_do(tmp_path, text, told):
    assert faults(tmp_path, text) == [told]


def test_all_faults_of_a_file_come_together(tmp_path):
    assert [line.split()[1] for line in faults(tmp_path, "key,unit,molar_mass\nA,x,-1\nzinc,mg/L,\n")] == [
        "A103", "A104", "A105", "A103",
    ]  # fmt: skip


def test_an_absent_file_and_one_in_another_encoding_are_said(tmp_path):
    with pytest.raises(AnalyteFaults) as caught:
        read_analytes(tmp_path / "none.csv")
    assert str(caught.value) == "none.csv A101: cannot be read. Check the path of `analytes_file:`."
    (tmp_path / "latin.csv").write_bytes("key,unit,name\nfl2,mg/L,caf\xe9\n".encode("latin-1"))
    with pytest.raises(AnalyteFaults, match="A101: is not UTF-8 text"):
        read_analytes(tmp_path / "latin.csv")
