"""The R file of a REDCap export: labels, units and factors of the CSV that has a header, nothing else."""

from __future__ import annotations

import re

from milkqc.readers.files import File
from milkqc.readers.redcap_syntax import Described
from milkqc.readers.redcap_syntax_tokens import refused

_TEXT = r'"((?:[^"\\]|\\.)*)"'
_TEXTS = rf"c\(((?:{_TEXT})?(?:\s*,\s*{_TEXT})*)\)"
_NAME = r"data\$(\w+)"
_LABEL = re.compile(rf"label\({_NAME}\)\s*=\s*{_TEXT}")
_UNITS = re.compile(rf"units\({_NAME}\)\s*=\s*{_TEXT}")
_FACTOR = re.compile(rf"{_NAME}\.factor\s*=\s*factor\({_NAME},\s*levels\s*=\s*{_TEXTS}\)")
_LEVELS = re.compile(rf"levels\({_NAME}\.factor\)\s*=\s*{_TEXTS}")
_AROUND = re.compile(
    r"rm\(list\s*=\s*ls\(\)\)|graphics\.off\(\)|library\(Hmisc\)"
    r"|data\s*(?:=|<-)\s*read\.csv\((?:'[^']*'|\"[^\"]*\")\)"
)


def described(file: File, text: str) -> Described:
    """Labels from `label`, codes from `factor`, their labels from `levels`, which follows in another part."""
    labels: dict[str, str] = {}
    codes: dict[str, list[str]] = {}
    choices: dict[str, dict[str, str]] = {}
    for line, statement in enumerate(text.split("\n"), 1):
        said = statement.strip()
        if not said or said.startswith("#") or _AROUND.fullmatch(said) or _UNITS.fullmatch(said):
            continue
        if match := _LABEL.fullmatch(said):
            labels[match.group(1)] = _plain(match.group(2))
        elif match := _FACTOR.fullmatch(said):
            if match.group(1) != match.group(2):
                raise refused(file, line)
            codes[match.group(1)] = _list(match.group(3))
        elif match := _LEVELS.fullmatch(said):
            name, words = match.group(1), _list(match.group(2))
            if len(words) != len(codes.get(name, [])):
                raise file.error(
                    f"line {line}: {name} has {len(words)} labels for {len(codes.get(name, []))} codes.",
                    "Export it again.",
                )
            choices[name] = dict(zip(codes[name], words, strict=True))
        else:
            raise refused(file, line)
    return Described((), labels, choices)


def _list(text: str) -> list[str]:
    return [_plain(match.group(1)) for match in re.finditer(_TEXT, text)]


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
