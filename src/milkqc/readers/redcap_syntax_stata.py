"""The Stata file of a REDCap export: import delimited, label define, values and variable, the dates, nothing else."""

from __future__ import annotations

import re

from milkqc.readers.files import File
from milkqc.readers.redcap_syntax import Described
from milkqc.readers.redcap_syntax_tokens import Reader, Statement, refused, statements, tokens, words

_TOKENS = re.compile(
    r"""(?P<comment>/\*.*?\*/|//(?!/)[^\n]*|(?:(?<=\n)|\A)[ \t]*\*[^\n]*)
    |(?P<space>///[^\n]*\n|[ \t]+)
    |(?P<end>\n)
    |(?P<string>"[^"\n]*")
    |(?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    |(?P<word>%?[A-Za-z_0-9][\w.,]*(?<!,))
    |(?P<sign>[=(),])""",
    re.VERBOSE | re.DOTALL,
)
_AROUND = (
    r"version [\d.]+",
    r"clear(?: all)?",
    r"label data '\.\.\.'",
    r"tostring \w+ , replace",
    r"gen(?: double)? _(?:date|temp)_ = (?:date|clock) \( \w+ , '\.\.\.' \)",
    r"drop \w+",
    r"rename _(?:date|temp)_ \w+",
    r"format \w+ %[\w.,]+",
    r"order(?: \w+)+",
    r"set more off",
    r"describe",
)
_KNOWN = re.compile("|".join(f"(?:{pattern})" for pattern in _AROUND))


def described(file: File, text: str) -> Described:
    """Names from `import delimited` or `insheet`, labels and codes from the label commands."""
    names: list[str] = []
    kinds: dict[str, str] = {}
    labels: dict[str, str] = {}
    lists: dict[str, dict[str, str]] = {}
    uses: dict[str, str] = {}
    for statement in statements(tokens(file, text, _TOKENS)):
        reader = Reader(file, statement)
        said = words(statement)
        if reader.skip("insheet") or said.startswith("import delimited "):
            names += _names(file, statement, 1 if said.startswith("insheet") else 2)
        elif said.startswith("label define "):
            reader.place = 2
            codes = lists.setdefault(reader.take("word"), {})
            while reader.more():
                code = reader.take("number", "word")
                codes[code] = reader.take("string")
        elif said.startswith("label values "):
            reader.place = 2
            name = reader.take("word")
            uses[name] = reader.take("word")
        elif said.startswith("label variable "):
            reader.place = 2
            name = reader.take("word")
            labels[name] = reader.take("string")
        elif not _KNOWN.fullmatch(said):
            raise refused(file, statement[0].line)
        elif match := re.match(r"gen(?: double)? _\w+_ = date \( (\w+) ,", said):
            kinds[match.group(1)] = "date"
    choices = {name: lists[used] for name, used in uses.items() if used in lists}
    return Described(tuple(names), labels, choices, kinds)


def _names(file: File, statement: Statement, place: int) -> list[str]:
    reader = Reader(file, statement, place)
    names = []
    while not reader.skip("using"):
        names.append(reader.take("word"))
    reader.take("string")
    reader.sign(",")
    if reader.skip("varnames"):
        reader.sign("(")
        reader.sign("nonames")
        reader.sign(")")
    else:
        reader.sign("nonames")
    if reader.more():
        raise refused(file, reader.line)
    return names
