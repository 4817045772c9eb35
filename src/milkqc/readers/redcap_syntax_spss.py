"""The SPSS file of a REDCap export: DATA LIST, VARIABLE LABELS, VALUE LABELS and their company, nothing else."""

from __future__ import annotations

import re

from milkqc.readers.files import File
from milkqc.readers.redcap_syntax import Described
from milkqc.readers.redcap_syntax_tokens import Reader, Statement, refused, statements, tokens

_TOKENS = re.compile(
    r"""(?P<space>\s+)
    |(?P<end>\.(?=[ \t]*(?:\n|$)))
    |(?P<string>'(?:[^'\n]|'')*'|"(?:[^"\n]|"")*")
    |(?P<word>[A-Za-z_@\#$][\w@\#$]*(?:\.\w+)*)
    |(?P<number>[-+]?(?:\d+\.?\d+|\d+))
    |(?P<sign>[/=(),])""",
    re.VERBOSE,
)
# A comment fills a line; REDCap writes none, but people note where a file came from.
_COMMENT = re.compile(r"^[ \t]*\*[^\n]*$", re.MULTILINE)


def described(file: File, text: str) -> Described:
    """Names and kinds from DATA LIST, labels and codes from the label statements."""
    plain = _COMMENT.sub("", text)
    names: list[str] = []
    kinds: dict[str, str] = {}
    labels: dict[str, str] = {}
    choices: dict[str, dict[str, str]] = {}
    for statement in statements(tokens(file, plain, _TOKENS)):
        head = " ".join(token.text.upper() for token in statement[:2])
        if head == "DATA LIST":
            _data_list(file, statement, names, kinds)
        elif head in {"VARIABLE LABEL", "VARIABLE LABELS"}:
            _variable_labels(file, statement, labels)
        elif head in {"VALUE LABEL", "VALUE LABELS"}:
            _value_labels(file, statement, choices)
        elif statement[0].text.upper() == "FORMATS":
            _formats(file, statement, kinds)
        elif head not in {"FILE HANDLE", "VARIABLE LEVEL", "SET LOCALE", "SET UNICODE", "EXECUTE"}:
            raise refused(file, statement[0].line)
    return Described(tuple(names), labels, choices, kinds)


def _data_list(file: File, statement: Statement, names: list[str], kinds: dict[str, str]) -> None:
    reader = Reader(file, statement, 2)
    reader.sign("FREE")
    if reader.skip("FILE"):
        reader.sign("=")
        reader.take("word", "string")
    reader.sign("/")
    while reader.more():
        name = reader.take("word")
        reader.sign("(")
        kind = reader.take("word").upper()
        reader.sign(")")
        names.append(name)
        kinds[name] = _kind(kind)


def _kind(text: str) -> str:
    if text.startswith("A") and not text.startswith("ADATE"):
        return "text"
    return "date" if "DATE" in text else "number" if text.startswith("F") else "text"


def _variable_labels(file: File, statement: Statement, labels: dict[str, str]) -> None:
    reader = Reader(file, statement, 2)
    while reader.more():
        reader.skip("/")
        name = reader.take("word")
        labels[name] = reader.take("string")


def _value_labels(file: File, statement: Statement, choices: dict[str, dict[str, str]]) -> None:
    reader = Reader(file, statement, 2)
    while reader.more():
        reader.skip("/")
        mine = choices.setdefault(reader.take("word"), {})
        while reader.more() and reader.peek().kind in {"string", "number"}:
            code = reader.take("string", "number")
            mine[code] = reader.take("string")


def _formats(file: File, statement: Statement, kinds: dict[str, str]) -> None:
    reader = Reader(file, statement, 1)
    while reader.more():
        name = reader.take("word")
        reader.sign("(")
        kinds[name] = _kind(reader.take("word").upper())
        reader.sign(")")
