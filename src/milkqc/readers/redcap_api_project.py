"""A whole project from single answers: which there are, whether they fit each other, what they say together."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from milkqc.readers.redcap_api_client import Client, RefusedError
from milkqc.readers.redcap_dictionary import Dictionary, dictionary_of
from milkqc.readers.redcap_export import SURVEY, Structure
from milkqc.readers.redcap_lines import Named
from milkqc.readers.redcap_missing import codes_in

# Records by request: large enough to be quick, small enough for servers that stop long requests.
BATCH = 500
# What else a project is asked for, and in which form.
PARTS: Mapping[str, str] = {
    "project": "json",
    "metadata": "csv",
    "event": "csv",
    "formEventMapping": "csv",
    "repeatingFormsEvents": "csv",
    "version": "csv",
}
# A classic project has no events and one without repeats no list of them: REDCap says so by an error.
_OPTIONAL = {"event", "formEventMapping", "repeatingFormsEvents", "version"}


@dataclass(frozen=True)
class Answers:
    """What a project answered, by content; `records` as one String frame. `left_out` was not asked for."""

    parts: Mapping[str, bytes]
    records: pl.DataFrame
    left_out: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """REDCap's own version, '' when it does not say."""
        found = self.parts.get("version", b"").decode("utf-8", errors="replace").strip()
        return found if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,4}){1,3}", found) else ""


def fetch(asked: Named, client: Client, *, keep_fields: tuple[str, ...] = (), batch: int = BATCH) -> Answers:
    """Ask for everything. SourceError when an answer is missing, strange, or does not fit the others."""
    parts = {content: _part(asked, client, content, form) for content, form in PARTS.items()}
    dictionary = _dictionary(asked, parts["metadata"])
    secret = [
        one.name for one in dictionary.fields.values() if one.identifier and one.name not in keep_fields
    ]
    if dictionary.record_id in secret:
        raise asked.error(
            f"its record id {dictionary.record_id} is flagged as an identifier, and no row has a key without it.",
            "Keep it on purpose: `identifier: keep` at the key of the mapping.",
        )
    wanted = [
        one.name
        for one in dictionary.fields.values()
        if one.name not in secret and one.type not in ("descriptive", "file")
    ]
    statuses = [f"{form}_complete" for form in dictionary.forms]
    records = _records(asked, client, dictionary, [*wanted, *statuses], batch)
    frame = records.drop(SURVEY, strict=False) if SURVEY not in keep_fields else records
    left = (*secret, *((SURVEY,) if SURVEY in records.columns and SURVEY not in keep_fields else ()))
    return Answers(parts, frame, left, digests(parts, frame))


def digests(parts: Mapping[str, bytes], records: pl.DataFrame) -> dict[str, str]:
    """sha256 of every part, and of the records as CSV."""
    made = {name: hashlib.sha256(body).hexdigest() for name, body in parts.items()}
    made["records"] = hashlib.sha256(records.write_csv().encode()).hexdigest()
    return dict(sorted(made.items()))


def project_of(asked: Named, found: Answers) -> tuple[Dictionary, Structure, dict[str, str]]:
    """The dictionary, the structure and the missing-data codes that the answers tell."""
    dictionary = _dictionary(asked, found.parts["metadata"])
    return (
        dictionary,
        _structure(asked, found.parts, dictionary),
        _missing_codes(asked, found.parts["project"]),
    )


def _part(asked: Named, client: Client, content: str, form: str) -> bytes:
    try:
        return client.ask(content, form=form)
    except RefusedError as refused:
        if content in _OPTIONAL and refused.status in (200, 400):
            return b""
        raise asked.error(_refusal(content, refused), _advice(refused)) from None


def _refusal(content: str, refused: RefusedError) -> str:
    return f"refuses {content} (HTTP {refused.status}): {refused.said}."


def _advice(refused: RefusedError) -> str:
    if refused.status in (401, 403) or "token" in refused.said.lower():
        return "Check the token, and that its user has the right to export by API."
    return "Ask REDCap's administrator what the message means."


def _records(
    asked: Named, client: Client, dictionary: Dictionary, fields: list[str], batch: int
) -> pl.DataFrame:
    record_id = dictionary.record_id
    ids = _ids(_rows(asked, client, "the list of records", {"fields[0]": record_id}), record_id)
    frames: list[pl.DataFrame] = []
    for start in range(0, len(ids), batch):
        part = ids[start : start + batch]
        # The record id is asked for each time: without it an answer cannot be told from another.
        wanted = {f"fields[{n}]": name for n, name in enumerate(dict.fromkeys([record_id, *fields]))}
        chosen = {f"records[{n}]": name for n, name in enumerate(part)}
        what = f"records {start + 1} to {start + len(part)}"
        more = {"exportSurveyFields": "true", "exportDataAccessGroups": "true", **wanted, **chosen}
        frame = _rows(asked, client, what, more)
        got = set(_ids(frame, record_id))
        if got != set(part):
            lost, new = len(set(part) - got), len(got - set(part))
            raise asked.error(
                f"answers {what} with {lost} records missing and {new} that were not asked for.",
                "Records changed while they were fetched: try again.",
            )
        if frames and frame.columns != frames[0].columns:
            raise asked.error(
                f"answers {what} with other columns than before.", "The project changed meanwhile: try again."
            )
        frames.append(frame)
    if not frames:
        return pl.DataFrame(schema=dict.fromkeys([record_id, *_columns(dictionary, fields)], pl.String()))
    return pl.concat(frames)


def _columns(dictionary: Dictionary, fields: list[str]) -> list[str]:
    named = []
    for name in fields:
        one = dictionary.fields.get(name)
        named += list(one.columns) if one is not None else [name]
    return [name for name in named if name != dictionary.record_id]


def _ids(frame: pl.DataFrame, record_id: str) -> list[str]:
    if record_id not in frame.columns:
        return []
    return frame[record_id].drop_nulls().unique(maintain_order=True).to_list()


def _rows(asked: Named, client: Client, what: str, more: Mapping[str, str]) -> pl.DataFrame:
    try:
        body = client.ask(
            "record", form="csv", type="flat", rawOrLabel="raw", rawOrLabelHeaders="raw", **more
        )
    except RefusedError as refused:
        raise asked.error(_refusal(what, refused), _advice(refused)) from None
    return table_of(asked, what, body)


def table_of(asked: Named, what: str, body: bytes) -> pl.DataFrame:
    """A CSV answer as a String frame; SourceError where it is cut or no CSV."""
    try:
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise _cut(asked, what) from None
    rows = [row for row in rows if row]
    if not rows:
        return pl.DataFrame()
    head, *cells = rows
    if any(len(row) != len(head) for row in cells) or len(set(head)) < len(head):
        raise _cut(asked, what)
    columns = zip(*cells, strict=True) if cells else [()] * len(head)
    return pl.DataFrame(
        {name: pl.Series(list(column), dtype=pl.String) for name, column in zip(head, columns, strict=True)}
    )


def _cut(asked: Named, what: str) -> Exception:
    return asked.error(
        f"answers {what} with a table that is cut or broken.",
        "Try again; the server may have run out of time.",
    )


def _dictionary(asked: Named, body: bytes) -> Dictionary:
    return dictionary_of(asked, table_of(asked, "metadata", body))


def _structure(asked: Named, parts: Mapping[str, bytes], dictionary: Dictionary) -> Structure:
    listed = table_of(asked, "formEventMapping", parts.get("formEventMapping", b""))
    repeats = table_of(asked, "repeatingFormsEvents", parts.get("repeatingFormsEvents", b""))
    forms = frozenset(dictionary.forms)
    events: dict[str, frozenset[str]] = {"": forms}
    if {"unique_event_name", "form"} <= set(listed.columns):
        events = {}
        for event, form in listed.select("unique_event_name", "form").rows():
            events[event] = events.get(event, frozenset()) | {form}
    repeating, whole = set(), set()
    named = "form_name" in repeats.columns
    for row in repeats.iter_rows(named=True) if named else ():
        event, form = row.get("event_name") or "", row["form_name"] or ""
        if form:
            repeating.add((event, form))
        else:
            whole.add(event)
    return Structure(
        event_forms=events,
        repeating=frozenset(repeating),
        repeating_events=frozenset(whole),
        event_titles=_titles(asked, parts),
    )


def _titles(asked: Named, parts: Mapping[str, bytes]) -> dict[str, str]:
    events = table_of(asked, "event", parts.get("event", b""))
    if not {"event_name", "unique_event_name"} <= set(events.columns):
        return {}
    return dict(events.select("event_name", "unique_event_name").rows())


def _missing_codes(asked: Named, body: bytes) -> dict[str, str]:
    said: Any = json.loads(body)
    text = said.get("missing_data_codes", "") if isinstance(said, dict) else ""
    try:
        return codes_in(str(text or ""))
    except ValueError as error:
        raise asked.error(
            f"its missing-data codes cannot be read: {error}.",
            "Declare them as `missing_codes` in the mapping.",
        ) from None
