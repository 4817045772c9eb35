"""Syntax bundles: a CSV without a header, named by its SPSS, SAS, Stata or R file, of which nothing is executed."""

from __future__ import annotations

import pytest

from milkqc.errors import SourceError
from milkqc.readers import ReadOptions, read
from milkqc.readers.redcap_forms import forms

ROWS = (
    "001,birth_arm_1,Ana Lopez,2024-01-05,3.5,1,1,0,12,2\n002,birth_arm_1,Eva Ruiz,2024-01-06,,2,0,1,-999,2\n"
)
HEADER = (
    "record_id,redcap_event_name,mother_name,visit_date,weight,sex,fed___1,fed____9,"
    "minutes_since_the_last_breastfeed,enrolment_complete\n"
)
SPSS = """FILE HANDLE data1 NAME='Study_DATA_NOHDRS_2024-01-01_1000.csv' LRECL=90000.

DATA LIST FREE
\tFILE = data1
\t/record_id (A500) redcap_event_name (A500) mother_name (A500) visit_date (SDATE10) weight (F8.2)
\tsex (F3) fed___1 (F3) fed____9 (F3) minutes_since_the_last_breastfeed (F8)
\tenrolment_complete (F3).

VARIABLE LEVEL weight (SCALE)
\t/minutes_since_the_last_breastfeed (SCALE).

VARIABLE LABEL record_id 'Record ID'
\t/redcap_event_name 'Event Name'
\t/mother_name 'Mother''s name'
\t/visit_date 'Date of visit'
\t/weight 'Weight (kg). Naked'
\t/sex 'Sex'
\t/fed___1 'Fed with (choice=Milk, mother''s)'
\t/fed____9 'Fed with (choice=Unknown)'
\t/minutes_since_the_last_breastfeed 'Minutes'
\t/enrolment_complete 'Complete?'.

VALUE LABELS
redcap_event_name 'birth_arm_1' 'Birth'
/sex '1' 'Male' '2' 'Female'
\t'9..9' 'Not seen'
/fed___1 '0' 'Unchecked' '1' 'Checked'
/fed____9 '0' 'Unchecked' '1' 'Checked'
/enrolment_complete '0' 'Incomplete' '1' 'Unverified'
\t'2' 'Complete'.

FORMATS visit_date(ADATE10).
SET LOCALE=en_us.
EXECUTE.
"""
SAS = """/* Edit the following line to reflect the full path to your CSV file */
%let csv_file = 'Study_DATA_NOHDRS_2024-01-01_1000.csv';

OPTIONS nofmterr;

proc format;
\tvalue $redcap_event_name_ 'birth_arm_1'='Birth';
\tvalue $sex_ 1='Male' 2='Female'
\t\t'9..9'='Not seen';
\tvalue fed___1_ 0='Unchecked' 1='Checked';
\tvalue fed____9_ 0='Unchecked' 1='Checked';
\tvalue enrolment_complete_ 0='Incomplete' 1='Unverified'
\t\t2='Complete';

\trun;

data work.redcap; %let _EFIERR_ = 0;
infile &csv_file  delimiter = ',' MISSOVER DSD lrecl=32767 firstobs=1 ;

\tinformat record_id $500. ;
\tinformat redcap_event_name $500. ;
\tinformat mother_name $500. ;
\tinformat visit_date yymmdd10. ;
\tinformat weight best32. ;
\tinformat sex $500. ;
\tinformat fed___1 best32. ;
\tinformat fed____9 best32. ;
\tinformat minutes_since_the_la_v_0 best32. ;
\tinformat enrolment_complete best32. ;

\tformat record_id $500. ;
\tformat visit_date yymmdd10. ;
\tformat weight best12. ;

input
\trecord_id $
\tredcap_event_name $
\tmother_name $
\tvisit_date
\tweight
\tsex $
\tfed___1
\tfed____9
\tminutes_since_the_la_v_0
\tenrolment_complete
;
if _ERROR_ then call symput('_EFIERR_',"1");
run;

proc contents;run;

data redcap;
\tset redcap;
\tlabel record_id='Record ID';
\tlabel redcap_event_name='Event Name';
\tlabel mother_name='Mother''s name';
\tlabel visit_date='Date of visit';
\tlabel weight='Weight (kg). Naked';
\tlabel sex='Sex';
\tlabel fed___1='Fed with (choice=Milk, mother''s)';
\tlabel fed____9='Fed with (choice=Unknown)';
\tlabel minutes_since_the_la_v_0='Minutes';
\tlabel enrolment_complete='Complete?';
\tformat redcap_event_name redcap_event_name_.;
\tformat sex $sex_.;
\tformat fed___1 fed___1_.;
\tformat fed____9 fed____9_.;
\tformat enrolment_complete enrolment_complete_.;
run;

proc contents data=redcap;
proc print data=redcap;
run;
"""
STATA = """version 13
clear

import delimited record_id redcap_event_name mother_name visit_date weight sex fed___1 fed____9 ///
  minutes_since_the_la_v_0 enrolment_complete using "Study_DATA_NOHDRS_2024-01-01_1000.csv", varnames(nonames)

label data "Study_DATA_NOHDRS_2024-01-01_1000.csv"

label define fed___1_ 0 "Unchecked" 1 "Checked"
label define fed____9_ 0 "Unchecked" 1 "Checked"
label define sex_ 1 "Male" 2 "Female"
label define enrolment_complete_ 0 "Incomplete" 1 "Unverified" 2 "Complete"
label values fed___1 fed___1_
label values fed____9 fed____9_
label values sex sex_
label values enrolment_complete enrolment_complete_

tostring visit_date, replace
gen _date_ = date(visit_date,"YMD")
drop visit_date
rename _date_ visit_date
format visit_date %dM_d,_CY

label variable record_id "Record ID"
label variable redcap_event_name "Event Name"
label variable mother_name "Mother's name"
label variable visit_date "Date of visit"
label variable weight "Weight (kg). Naked"
label variable sex "Sex"
label variable fed___1 "Fed with (choice=Milk, mother's)"
label variable fed____9 "Fed with (choice=Unknown)"
label variable minutes_since_the_la_v_0 "Minutes"
label variable enrolment_complete "Complete?"

order record_id redcap_event_name mother_name visit_date weight sex fed___1 fed____9 minutes_since_the_la_v_0 enrolment_complete
set more off
describe
"""
R = """#Clear existing data and graphics
rm(list=ls())
graphics.off()
#Load Hmisc library
library(Hmisc)
#Read Data
data=read.csv('Study_DATA_2024-01-01_1000.csv')
#Setting Labels

label(data$record_id)="Record ID"
label(data$redcap_event_name)="Event Name"
label(data$mother_name)="Mother's name"
label(data$visit_date)="Date of visit"
label(data$weight)="Weight (kg). Naked"
label(data$sex)="Sex"
label(data$fed___1)="Fed with (choice=Milk, mother's)"
label(data$fed____9)="Fed with (choice=Unknown)"
label(data$minutes_since_the_last_breastfeed)="Minutes"
label(data$enrolment_complete)="Complete?"
#Setting Units
units(data$weight)="kg"

#Setting Factors(will create new variable for factors)
data$sex.factor = factor(data$sex,levels=c("1","2","9..9"))
data$fed___1.factor = factor(data$fed___1,levels=c("0","1"))
data$fed____9.factor = factor(data$fed____9,levels=c("0","1"))
data$enrolment_complete.factor = factor(data$enrolment_complete,levels=c("0","1","2"))

levels(data$sex.factor)=c("Male","Female","Not seen")
levels(data$fed___1.factor)=c("Unchecked","Checked")
levels(data$fed____9.factor)=c("Unchecked","Checked")
levels(data$enrolment_complete.factor)=c("Incomplete","Unverified","Complete")
"""
DICTIONARY = """field_name,form_name,section_header,field_type,field_label,select_choices_or_calculations,field_note,text_validation_type_or_show_slider_number,text_validation_min,text_validation_max,identifier
record_id,enrolment,,text,Record ID,,,,,,
mother_name,enrolment,,text,Mother's name,,,,,,y
visit_date,enrolment,,text,Date of visit,,,date_dmy,,,
weight,enrolment,,text,Weight,,kg,number,,,
sex,enrolment,,radio,Sex,"1, Male | 2, Female | 9..9, Not seen",,,,,
fed,enrolment,,checkbox,Fed with,"1, Milk, mother's | -9, Unknown",,,,,
minutes_since_the_last_breastfeed,enrolment,,text,Minutes,,,integer,,,
"""
BUNDLES = {".sps": SPSS, ".sas": SAS, ".do": STATA, ".r": R}


@pytest.fixture
def bundle(tmp_path):
    def write(ending, *, syntax=None, rows=ROWS, dictionary=None):
        text = BUNDLES[ending] if syntax is None else syntax
        data, said = tmp_path / "data.csv", tmp_path / f"study{ending}"
        data.write_text((HEADER if ending == ".r" else "") + rows, encoding="utf-8-sig")
        said.write_text(text, encoding="utf-8")
        told = None
        if dictionary is not None:
            told = tmp_path / "dictionary.csv"
            told.write_text(dictionary, encoding="utf-8")
        return data, ReadOptions(format="redcap_syntax", syntax=said, dictionary=told)

    return write


def refusal(files):
    with pytest.raises(SourceError) as error:
        read(*files)
    return str(error.value)


@pytest.mark.parametrize("ending", BUNDLES)
def test_with_a_dictionary_a_bundle_is_the_raw_csv(bundle, tmp_path, ending):
    data, options = bundle(ending, dictionary=DICTIONARY)
    headed = tmp_path / "headed.csv"
    headed.write_text(HEADER + ROWS, encoding="utf-8")
    raw = read(headed, ReadOptions(format="redcap", dictionary=options.dictionary))
    source = read(data, options)
    assert source.table.equals(raw.table)
    assert source.variables == raw.variables
    assert source.dropped == ("mother_name",)
    assert [(one.column, one.text, one.count) for one in source.candidates] == [
        ("minutes_since_the_last_breastfeed", "-999", 1)
    ]


@pytest.mark.parametrize("ending", BUNDLES)
def test_without_one_the_syntax_tells_names_labels_codes_and_forms(bundle, ending):
    data, options = bundle(ending)
    source = read(data, options)
    shortened = (
        "minutes_since_the_la_v_0" if ending in {".sas", ".do"} else "minutes_since_the_last_breastfeed"
    )
    assert source.table.columns == [
        "record_id", "redcap_event_name", "mother_name", "visit_date", "weight", "sex", "fed___1", "fed____9",
        shortened, "enrolment_complete",
    ]  # fmt: skip
    assert source.table["record_id"].to_list() == ["001", "002"]
    assert source.variable("weight").label == "Weight (kg). Naked"
    assert source.variable("weight").details["form"] == "enrolment"
    choices = {"1": "Male", "2": "Female"} | ({} if ending == ".do" else {"9..9": "Not seen"})
    assert source.variable("sex").value_labels == choices
    assert source.variable("fed___1").label == "Fed with: Milk, mother's"
    assert source.variable("enrolment_complete").source_type == "status"
    assert source.dropped == ()
    assert (
        "a syntax file does not flag identifiers: without a dictionary none could be dropped"
        in source.origin.notes
    )
    assert any(
        note.startswith("perhaps identifying") and "mother_name" in note for note in source.origin.notes
    )
    if ending != ".r":  # R's file says nothing of types
        assert source.variable("visit_date").source_format == "date_ymd"


@pytest.mark.parametrize("ending", [".sas", ".do"])
def test_shortened_names_get_their_length_back_in_order(bundle, ending):
    names = ("breastmilk_volume_after_feeding_one", "breastmilk_volume_after_feeding_two")
    dictionary = DICTIONARY.replace(
        "minutes_since_the_last_breastfeed,enrolment,,text,Minutes,,,integer,,,\n",
        "".join(f"{name},enrolment,,text,{name[-3:]},,,number,,,\n" for name in names),
    )
    short = "minutes_since_the_la_v_0"
    parts = [f"breastmilk_volume_af_v_{number}" for number in range(2)]
    syntax = BUNDLES[ending]
    syntax = syntax.replace(
        f"\tinformat {short} best32. ;\n", "".join(f"\tinformat {p} best32. ;\n" for p in parts)
    )
    syntax = syntax.replace(f"\tlabel {short}='Minutes';\n", "")
    syntax = syntax.replace(f'label variable {short} "Minutes"\n', "").replace(
        f"\t{short}\n", f"\t{parts[0]}\n\t{parts[1]}\n"
    )
    syntax = syntax.replace(short, " ".join(parts))
    data, options = bundle(
        ending,
        syntax=syntax,
        rows=ROWS.replace(",12,2", ",12,13,2").replace(",-999,2", ",14,15,2"),
        dictionary=dictionary,
    )
    source = read(data, options)
    assert source.table.select(names).rows() == [("12", "13"), ("14", "15")]
    assert "2 shortened names were given back their length" in source.origin.notes


def test_forms_of_a_bundle(bundle):
    data, options = bundle(".sps")
    found = forms(data, options)
    assert list(found) == ["enrolment"]
    assert found["enrolment"].key == ("record_id", "redcap_event_name")
    assert found["enrolment"].typed().table["fed____9"].to_list() == [False, True]


@pytest.mark.parametrize(
    ("ending", "old", "new"),
    [
        (".sps", "EXECUTE.", "HOST COMMAND=['rm -rf /']."),
        (".sps", "SET LOCALE=en_us.", "COMPUTE weight = weight * 1000."),
        (".sps", "'Sex'", "'Sex"),
        (".sas", "proc contents;run;", "x 'rm -rf /';"),
        (".sas", "OPTIONS nofmterr;", "%include 'other.sas';"),
        (".sas", "label sex='Sex';", "weight = weight * 1000;"),
        (".do", "set more off", "shell rm -rf /"),
        (".do", "describe", "replace weight = weight * 1000"),
        (".do", "drop visit_date", "drop if weight == 1"),
        (".r", "graphics.off()", "system('rm -rf /')"),
        (".r", 'units(data$weight)="kg"', "data$weight <- data$weight * 1000"),
        (".r", 'label(data$sex)="Sex"', 'label(data$sex)=paste("Sex")'),
    ],
)
def test_a_statement_that_redcap_does_not_write_is_refused_and_not_shown(bundle, ending, old, new):
    text = BUNDLES[ending]
    line = text[: text.index(old)].count("\n") + 1
    said = refusal(bundle(ending, syntax=text.replace(old, new, 1)))
    assert said.startswith(f"study{ending}: line {line}: ")
    assert said.endswith("Give the syntax file as REDCap wrote it, without changes or additions.")
    assert "rm -rf" not in said
    assert "1000" not in said


def test_a_bundle_of_two_exports_is_refused(bundle):
    assert refusal(bundle(".sps", rows="1,2\n")) == (
        "data.csv: line 1 has 2 cells where `names` lists 10. "
        "Mend that line, or check `delimiter` and `header_row`; milkqc does not fill or cut rows."
    )
    said = refusal(bundle(".r", syntax=R.replace("data$weight)=", "data$height)=", 1)))
    assert said == (
        "study.r: speaks of columns that data.csv has not: height. "
        "Take the CSV and the syntax file of one and the same export."
    )


@pytest.mark.parametrize(
    ("syntax", "ending", "message"),
    [
        ("", ".sps", "study.sps: the file is empty (0 bytes). Export or copy it again."),
        ("EXECUTE.\n", ".sps", "study.sps: names no columns. Give the syntax file that REDCap wrote with the data."),
        (SPSS.replace("weight (F8.2)", "sex (F8.2)"), ".sps", "study.sps: names a column twice: sex. Export it again."),
        (R.replace('"Male","Female","Not seen"', '"Male","Female"'), ".r", "study.r: line 29: sex has 2 labels for 3 codes. Export it again."),
    ],
)  # fmt: skip
def test_what_names_nothing_is_refused(bundle, syntax, ending, message):
    assert refusal(bundle(ending, syntax=syntax)) == message


def test_a_bundle_without_its_syntax_is_refused(bundle):
    data, _ = bundle(".sps")
    assert refusal((data, ReadOptions(format="redcap_syntax"))) == (
        "data.csv: is read as a syntax bundle without its syntax file. Say `syntax:` in the mapping."
    )
    assert "names no language of syntax files" in refusal(
        (data, ReadOptions(format="redcap_syntax", syntax=data))
    )
