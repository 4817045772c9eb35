"""A local server that answers like REDCap's API, over TLS, and can be told to misbehave."""

from __future__ import annotations

import csv
import io
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import trustme

TOKEN = "SECRET0TOKEN0OF0THE0TEST00000000"
METADATA = """\
field_name,form_name,section_header,field_type,field_label,select_choices_or_calculations,field_note,text_validation_type_or_show_slider_number,text_validation_min,text_validation_max,identifier,branching_logic,required_field,custom_alignment,question_number,matrix_group_name,matrix_ranking,field_annotation
record_id,enrolment,,text,Record,,,,,,,,,,,,,
mother_name,enrolment,,text,Mother's name,,,,,,y,,,,,,,
sex,enrolment,,radio,Infant's sex,"1, Girl | 2, Boy",,,,,,,y,,,,,
weight,visit,,text,Weight,,kg,number,1,15,,,,,,,,
symptoms,visit,,checkbox,Symptoms,"1, Fever | 2, Cough",,,,,,,,,,,,
sample,samples,,text,Tube,,,,,,,,,,,,,
"""
EVENTS = "event_name,arm_num,unique_event_name\nBirth,1,birth_arm_1\nMonth 3,1,month_3_arm_1\n"
MAPPING = "arm_num,unique_event_name,form\n1,birth_arm_1,enrolment\n1,birth_arm_1,visit\n1,month_3_arm_1,visit\n1,month_3_arm_1,samples\n"
REPEATS = "event_name,form_name,custom_form_label\nmonth_3_arm_1,samples,\n"
COLUMNS = [
    "record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "redcap_survey_identifier",
    "mother_name", "sex", "enrolment_complete", "weight", "symptoms___1", "symptoms___2", "visit_complete", "sample",
    "samples_complete",
]  # fmt: skip


def rows(n: int = 5) -> list[dict[str, str]]:
    """`n` records: a birth row, a plain row at month 3, and two samples."""
    found = []
    for k in range(1, n + 1):
        own = {"record_id": f"{k:03}", "redcap_survey_identifier": f"planted-survey-{k}"}
        found += [
            own | {"redcap_event_name": "birth_arm_1", "mother_name": f"Planted Name {k}", "sex": str(k % 2 + 1),
                   "enrolment_complete": "2", "weight": f"3.{k}", "symptoms___1": "0", "symptoms___2": "1",
                   "visit_complete": "2"},
            own | {"redcap_event_name": "month_3_arm_1", "weight": "-999" if k == 2 else f"6.{k}", "symptoms___1": "1",
                   "symptoms___2": "0", "visit_complete": "2"},
            *(own | {"redcap_event_name": "month_3_arm_1", "redcap_repeat_instrument": "samples",
                     "redcap_repeat_instance": str(i), "sample": f"T{k}{i}", "samples_complete": "2"} for i in (1, 2)),
        ]  # fmt: skip
    return [{name: row.get(name, "") for name in COLUMNS} for row in found]


@dataclass
class Redcap:
    """The project behind the server, what it was asked, and how it answers: `misbehave` may replace any answer."""

    records: list[dict[str, str]] = field(default_factory=rows)
    parts: dict[str, str] = field(
        default_factory=lambda: {
            "project": json.dumps({"project_id": 7, "missing_data_codes": "-999, Not asked"}),
            "metadata": METADATA,
            "event": EVENTS,
            "formEventMapping": MAPPING,
            "repeatingFormsEvents": REPEATS,
            "version": "14.5.1",
        }
    )
    misbehave: Callable[[Mapping[str, str], int], tuple[int, str, bytes] | None] = lambda _asked, _count: None
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    authority: Path | None = None

    def answer(self, asked: dict[str, str]) -> tuple[int, str, bytes]:
        """Status, content type and body of one request."""
        self.asked.append(asked)
        odd = self.misbehave(asked, sum(one.get("content") == asked.get("content") for one in self.asked))
        if odd is not None:
            return odd
        if asked.get("token") != TOKEN:
            return 403, "application/json", b'{"error":"You do not have permissions to use the API"}'
        if asked["content"] == "record":
            return 200, "text/csv", self._records(asked).encode()
        kind = "application/json" if asked["format"] == "json" else "text/csv"
        return 200, kind, self.parts[asked["content"]].encode()

    def _records(self, asked: Mapping[str, str]) -> str:
        ids = {value for name, value in asked.items() if name.startswith("records[")}
        fields = {value for name, value in asked.items() if name.startswith("fields[")}
        columns = list(self.records[0]) if self.records else COLUMNS
        system = {
            name for name in columns if name.startswith("redcap_") and name != "redcap_survey_identifier"
        }
        if asked.get("exportSurveyFields") == "true":
            system.add("redcap_survey_identifier")
        wanted = [name for name in columns if name.partition("___")[0] in fields | system]
        text = io.StringIO()
        writer = csv.DictWriter(text, wanted, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for row in self.records if not ids or row[columns[0]] in ids)
        return text.getvalue()


@contextmanager
def serving(project: Redcap, folder: Path) -> Iterator[Redcap]:
    """The project at an address of its own, with a certificate of an authority that only `authority` names."""
    authority = trustme.CA()
    project.authority = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(project.authority))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
            status, kind, content = project.answer(asked)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if 300 <= status < 400:
                self.send_header("Location", "https://elsewhere.invalid/")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("localhost", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    project.url = f"https://localhost:{server.server_address[1]}/api/"
    try:
        yield project
    finally:
        server.shutdown()
        server.server_close()
