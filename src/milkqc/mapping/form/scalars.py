"""How a text is written in YAML: plain where every reader of YAML takes it for that text, else in double quotes."""

from __future__ import annotations

import re

from milkqc.mapping.form.places import Place, fields

# What readers of YAML 1.1 or 1.2 take for something other than text. Dates are left out: as text or as a date they
# say the same.
WORDS = frozenset(
    [
        "y",
        "yes",
        "n",
        "no",
        "true",
        "false",
        "on",
        "off",
        "null",
        "~",
        ".nan",
        ".inf",
        "+.inf",
        "-.inf",
        "=",
        "<<",
    ]
)
NUMBER = re.compile(
    r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|(\.[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?)"
)
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
# Characters that mean something at the start of a plain text, and those that end one inside brackets.
STARTS = set("-?:,[]{}#&*!|>'\"%@`")
ENDS = set(",[]{}")
TEXT = Place(kinds=frozenset({"text"}))


def written(text: str | None, place: Place, *, flow: bool) -> str:
    """A value as canonical YAML, inside brackets (`flow`) or on a line of its own."""
    if text is None:
        return "null"
    if not text or _unsafe(text, flow=flow):
        return quoted(text)
    if text.lower() in WORDS:
        plain = text in {"true", "false"} and "bool" in place.kinds
    elif NUMBER.fullmatch(text):
        numeric = bool(place.kinds & {"int", "float", "any"}) and bool(DECIMAL.fullmatch(text))
        plain = numeric or text in place.words
    else:
        plain = True
    return text if plain else quoted(text)


def key_written(text: str, place: Place, *, flow: bool) -> str:
    """A key at `place` as canonical YAML: the language's own words are plain (`on`, `off`), all else is text."""
    if place.model is not None and text in fields(place.model):
        return text
    return written(text, TEXT, flow=flow)


def _unsafe(text: str, *, flow: bool) -> bool:
    if text != text.strip() or not text.isprintable() or not any(map(str.isalnum, text)):
        return True
    if text[0] in STARTS and not (text[0] in "-?:" and len(text) > 1 and text[1] not in " ,[]{}"):
        return True
    if ": " in text or " #" in text or text.endswith(":") or text[:3] in {"---", "..."}:
        return True
    return flow and bool(ENDS & set(text) or (":" in text and _flow_colon(text)))


def _flow_colon(text: str) -> bool:
    return bool(re.search(r":[\"'\[\]{},]", text)) or text.startswith((":", "?"))


def quoted(text: str) -> str:
    """The text in double quotes."""
    out = []
    for character in text:
        if character in '"\\':
            out.append("\\" + character)
        elif character.isprintable() or character in "\u00a0":
            out.append(character)
        elif character in "\n\t\r":
            out.append({"\n": "\\n", "\t": "\\t", "\r": "\\r"}[character])
        else:
            code = ord(character)
            out.append(
                f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
            )
    return '"' + "".join(out) + '"'
