"""The SAS file of a REDCap export: PROC FORMAT, INFORMAT, INPUT, LABEL, FORMAT and their company, nothing else."""

from __future__ import annotations

import re

from milkqc.readers.files import File
from milkqc.readers.redcap_syntax import Described
from milkqc.readers.redcap_syntax_tokens import Reader, Statement, refused, statements, tokens, words

_TOKENS = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>/\*.*?\*/)
    |(?P<end>;)
    |(?P<string>'(?:[^'\n]|'')*'|"(?:[^"\n]|"")*")
    |(?P<number>[-+]?\d+(?:\.\d+)?(?![\w.]))
    |(?P<word>[%&$]?[A-Za-z_0-9][\w.]*|\$)
    |(?P<sign>[=(),])""",
    re.VERBOSE | re.DOTALL,
)
# What stands in every such file and says nothing of the columns.
_AROUND = (
    r"%let csv_file = '\.\.\.'",
    r"%let _efierr_ = 0",
    r"options nofmterr",
    r"proc (?:format|contents)",
    r"proc (?:contents|print) data = (?:work\.)?redcap",
    r"proc delete data = &bye\.",
    r"data (?:work\.)?redcap",
    r"set (?:work\.)?redcap",
    r"run|quit|%end",
    r"%macro removeoldfile \( bye \)",
    r"%if %sysfunc \( exist \( &bye\. \) \) %then %do",
    r"%mend removeoldfile",
    r"%removeoldfile \( work\.redcap \)",
    r"infile (?:'\.\.\.'|&csv_file\.?) delimiter = '\.\.\.' missover dsd lrecl = \d+ firstobs = 1",
    r"if _error_ then call symput \( '\.\.\.' , '\.\.\.' \)",
)
_KNOWN = re.compile("|".join(f"(?:{pattern})" for pattern in _AROUND))


def described(file: File, text: str) -> Described:
    """Names from INPUT, kinds from INFORMAT, labels from LABEL, codes from VALUE by way of FORMAT."""
    names: list[str] = []
    kinds: dict[str, str] = {}
    labels: dict[str, str] = {}
    lists: dict[str, dict[str, str]] = {}
    uses: dict[str, str] = {}
    for statement in statements(tokens(file, text, _TOKENS)):
        head = statement[0].text.lower()
        if head == "value":
            name, codes = _value(file, statement)
            lists[name] = codes
        elif head == "input":
            names += _input(file, statement)
        elif head == "informat":
            name, said = _pair(file, statement)
            kinds[name] = _kind(said)
        elif head == "format":
            name, said = _pair(file, statement)
            uses[name] = said.lstrip("$").removesuffix(".")
        elif head == "label":
            _label(file, statement, labels)
        elif not _KNOWN.fullmatch(words(statement)):
            raise refused(file, statement[0].line)
    choices = {name: lists[used] for name, used in uses.items() if used in lists}
    return Described(tuple(names), labels, choices, kinds)


def _value(file: File, statement: Statement) -> tuple[str, dict[str, str]]:
    reader = Reader(file, statement, 1)
    reader.skip("$")
    name = reader.take("word").lstrip("$")
    codes: dict[str, str] = {}
    while reader.more():
        code = reader.take("word", "string", "number")
        reader.sign("=")
        codes[code] = reader.take("string")
    return name, codes


def _input(file: File, statement: Statement) -> list[str]:
    reader = Reader(file, statement, 1)
    names = []
    while reader.more():
        names.append(reader.take("word"))
        reader.skip("$")
    return names


def _pair(file: File, statement: Statement) -> tuple[str, str]:
    """`informat weight best32.`: a column and what is said of it."""
    reader = Reader(file, statement, 1)
    name = reader.take("word")
    said = reader.take("word", "number")
    if reader.more():
        raise refused(file, reader.line)
    return name, said


def _label(file: File, statement: Statement, labels: dict[str, str]) -> None:
    reader = Reader(file, statement, 1)
    while reader.more():
        name = reader.take("word")
        reader.sign("=")
        labels[name] = reader.take("string")


def _kind(informat: str) -> str:
    if informat.startswith("best"):
        return "number"
    return "date" if informat.startswith(("yymmdd", "mmddyy", "ddmmyy")) else "text"
