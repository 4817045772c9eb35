"""A flat REDCap export in the other forms REDCap has for it: the labelled CSV, and CDISC ODM XML.

Written from the raw rows and their dictionary, so that what milkqc reads of each form can be compared.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from milkqc.readers.redcap_dictionary import Dictionary, Field
from milkqc.readers.redcap_export import EVENT, GROUP, INSTANCE, INSTRUMENT, STATUS, SURVEY

Row = Mapping[str, str]
_HEADS = {
    EVENT: "Event Name",
    INSTRUMENT: "Repeat Instrument",
    INSTANCE: "Repeat Instance",
    GROUP: "Data Access Group",
    SURVEY: "Survey Identifier",
}
_TYPES = {"dropdown": "select", "notes": "textarea"}
_VALIDATIONS = {"number": "float", "integer": "int"}


def labelled(dictionary: Dictionary, columns: Sequence[str], rows: Sequence[Row]) -> str:
    """The rows as REDCap's labelled CSV: labels for headers and choices, in the raw export's order of columns."""
    fields = {
        column: (one, code) for one in dictionary.fields.values() for column, code in one.columns.items()
    }
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_head(name, fields) for name in columns])
    for row in rows:
        writer.writerow([_label(name, row.get(name, ""), fields, dictionary) for name in columns])
    return out.getvalue()


def _head(name: str, fields: Mapping[str, tuple[Field, str]]) -> str:
    if name in _HEADS:
        return _HEADS[name]
    if name not in fields:
        return "Survey Timestamp" if name.endswith("_timestamp") else "Complete?"
    one, code = fields[name]
    return f"{one.label} (choice={one.choices[code]})" if code else one.label


def _label(name: str, cell: str, fields: Mapping[str, tuple[Field, str]], dictionary: Dictionary) -> str:
    if name == INSTRUMENT:
        return dictionary.titles.get(cell, cell.replace("_", " ").title())
    if name not in fields:
        return STATUS.get(cell, cell) if name.endswith("_complete") else cell
    one, code = fields[name]
    if code:
        return {"1": "Checked", "0": "Unchecked"}.get(cell, cell)
    return one.choices.get(cell, cell)


def odm(
    dictionary: Dictionary, columns: Sequence[str], rows: Sequence[Row], *, missing_codes: str = ""
) -> Iterator[str]:
    """The rows as REDCap's ODM XML, piece by piece: metadata, then record by record what its forms hold.

    Rows of one record stand together. A form without any cell in a row is not written, as in REDCap. What
    repeats, and which event has which form, is told from the rows.
    """
    held = _held(dictionary, columns, rows)
    repeating = sorted({(row.get(EVENT, ""), row[INSTRUMENT]) for row in rows if row.get(INSTRUMENT)})
    yield (
        '<?xml version="1.0" encoding="UTF-8" ?>\n'
        '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:redcap="https://projectredcap.org" ODMVersion="1.3.1" '
        'FileType="Snapshot" SourceSystem="REDCap" SourceSystemVersion="14.7.3">\n<Study OID="Project.Simulated">\n'
        f"<GlobalVariables><redcap:MissingDataCodes>{escape(missing_codes)}</redcap:MissingDataCodes>\n"
    )
    for event, form in repeating:
        yield (
            f"<redcap:RepeatingInstrument redcap:UniqueEventName={quoteattr(event or 'event_1_arm_1')} "
            f"redcap:RepeatInstrument={quoteattr(form)}/>\n"
        )
    yield (
        '</GlobalVariables>\n<MetaDataVersion OID="Metadata.Simulated" Name="Simulated" '
        f"redcap:RecordIdField={quoteattr(dictionary.record_id)}>\n"
    )
    yield from _metadata(dictionary, columns, held)
    yield '</MetaDataVersion>\n</Study>\n<ClinicalData StudyOID="Project.Simulated">\n'
    yield from _records(dictionary, columns, rows, with_events=EVENT in columns)
    yield "</ClinicalData>\n</ODM>\n"


def _held(dictionary: Dictionary, columns: Sequence[str], rows: Sequence[Row]) -> dict[str, list[str]]:
    """The forms of each event, by the rows that fill them; empty in a project without events."""
    if EVENT not in columns:
        return {}
    mine = {form: _columns(dictionary, columns, form) for form in dictionary.forms}
    events: dict[str, set[str]] = {}
    for row in rows:
        found = events.setdefault(row[EVENT], set())
        found |= {form for form in mine if form not in found and any(row.get(name) for name in mine[form])}
    return {event: [form for form in dictionary.forms if form in found] for event, found in events.items()}


def _columns(dictionary: Dictionary, columns: Sequence[str], form: str) -> list[str]:
    known = [
        f"{form}_timestamp",
        *(c for one in dictionary.fields.values() if one.form == form for c in one.columns),
    ]
    return [name for name in (*known, f"{form}_complete") if name in columns and name != dictionary.record_id]


def _metadata(
    dictionary: Dictionary, columns: Sequence[str], held: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    for event, forms in held.items():
        refs = "".join(
            f"<FormRef FormOID={quoteattr('Form.' + f)} redcap:FormName={quoteattr(f)}/>" for f in forms
        )
        yield (
            f"<StudyEventDef OID={quoteattr('Event.' + event)} Name={quoteattr(event)} "
            f"redcap:UniqueEventName={quoteattr(event)}>{refs}</StudyEventDef>\n"
        )
    first = dictionary.forms[0]
    every = {form: _columns(dictionary, columns, form) for form in dictionary.forms}
    every[first] = [dictionary.record_id, *(n for n in (GROUP, SURVEY) if n in columns), *every[first]]
    for form in every:
        title = dictionary.titles.get(form, form.replace("_", " ").title())
        yield (
            f"<FormDef OID={quoteattr('Form.' + form)} Name={quoteattr(title)} redcap:FormName={quoteattr(form)}>"
            f"<ItemGroupRef ItemGroupOID={quoteattr(form + '.all')}/></FormDef>\n"
        )
    for form, names in every.items():
        refs = "".join(f"<ItemRef ItemOID={quoteattr(name)}/>" for name in names)
        yield f"<ItemGroupDef OID={quoteattr(form + '.all')} Name=''>{refs}</ItemGroupDef>\n"
    fields = {column: one for one in dictionary.fields.values() for column in one.columns}
    lists = []
    seen: set[str] = set()
    for names in every.values():
        section = ""
        for name in names:
            one = fields.get(name)
            if one is None:
                yield f"<ItemDef OID={quoteattr(name)} Name={quoteattr(name)} redcap:Variable={quoteattr(name)}/>\n"
                continue
            header = one.section if one.section != section else ""
            section = one.section
            yield _item(name, one, header)
            if one.choices and name not in seen:
                lists.append(_list(name, one))
            seen.add(name)
    yield from lists


def _item(name: str, one: Field, header: str) -> str:
    said = {
        "FieldType": _TYPES.get(one.type, one.type),
        "TextValidationType": _VALIDATIONS.get(one.validation, one.validation),
        "FieldNote": one.note,
        "SectionHeader": header,
        "Calculation": one.calculation,
        "BranchingLogic": one.branching,
        "RequiredField": "y" if one.required else "",
        "Identifier": "y" if one.identifier else "",
        "MatrixGroupName": one.matrix,
        "FieldAnnotation": one.annotation,
    }
    marks = "".join(f" redcap:{key}={quoteattr(text)}" for key, text in said.items() if text)
    limits = "".join(
        f'<RangeCheck Comparator="{sign}" SoftHard="Soft"><CheckValue>{escape(text)}</CheckValue></RangeCheck>'
        for sign, text in (("GE", one.minimum), ("LE", one.maximum))
        if text
    )
    codes = f"<CodeListRef CodeListOID={quoteattr(name + '.choices')}/>" if one.choices else ""
    return (
        f"<ItemDef OID={quoteattr(name)} Name={quoteattr(name)} redcap:Variable={quoteattr(one.name)}{marks}>"
        f"<Question><TranslatedText>{escape(one.label)}</TranslatedText></Question>{limits}{codes}</ItemDef>\n"
    )


def _list(name: str, one: Field) -> str:
    boxes = " | ".join(f"{code}, {label}" for code, label in one.choices.items())
    mark = f" redcap:CheckboxChoices={quoteattr(boxes)}" if one.type == "checkbox" else ""
    choices = {"1": "Checked", "0": "Unchecked"} if one.type == "checkbox" else one.choices
    items = "".join(
        f"<CodeListItem CodedValue={quoteattr(code)}><Decode><TranslatedText>{escape(label)}</TranslatedText>"
        "</Decode></CodeListItem>"
        for code, label in choices.items()
    )
    return (
        f"<CodeList OID={quoteattr(name + '.choices')} Name={quoteattr(name)} "
        f"redcap:Variable={quoteattr(one.name)}{mark}>{items}</CodeList>\n"
    )


def _records(
    dictionary: Dictionary, columns: Sequence[str], rows: Sequence[Row], *, with_events: bool
) -> Iterator[str]:
    forms = {form: _columns(dictionary, columns, form) for form in dictionary.forms}
    extra = [name for name in (GROUP, SURVEY) if name in columns]
    record = event = None
    for row in rows:
        if row[dictionary.record_id] != record:
            yield ("</StudyEventData>" if event is not None else "") + ("</SubjectData>\n" if record else "")
            record, event = row[dictionary.record_id], None
            yield f"<SubjectData SubjectKey={quoteattr(record)}>\n"
        if with_events and row[EVENT] != event:
            yield "</StudyEventData>\n" if event is not None else ""
            event = row[EVENT]
            yield (
                f"<StudyEventData StudyEventOID={quoteattr('Event.' + event)} StudyEventRepeatKey='1' "
                f"redcap:UniqueEventName={quoteattr(event)}>\n"
            )
        for form, names in forms.items():
            if row.get(INSTRUMENT) and row[INSTRUMENT] != form:
                continue
            cells = [name for name in names if row.get(name)]
            if not cells:
                continue
            items = [(dictionary.record_id, record)] if form == dictionary.forms[0] else []
            items += [(name, row[name]) for name in (*extra, *cells) if row.get(name)]
            data = "".join(f"<ItemData ItemOID={quoteattr(n)} Value={quoteattr(v)}/>" for n, v in items)
            instance = (row.get(INSTANCE) or "1") if row.get(INSTRUMENT) else "1"
            yield (
                f"<FormData FormOID={quoteattr('Form.' + form)} FormRepeatKey={quoteattr(instance)}>"
                f"<ItemGroupData ItemGroupOID={quoteattr(form + '.all')}>{data}</ItemGroupData></FormData>\n"
            )
    yield ("</StudyEventData>" if event is not None else "") + ("</SubjectData>\n" if record else "")
