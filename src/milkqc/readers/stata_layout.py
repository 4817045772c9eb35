"""Where things lie in a Stata .dta: formats 104 to 115 by fixed widths, 117 to 119 between tags.

Source: Stata Corporation, "Description of .dta file format" (help dta) of releases 4 to 18.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from milkqc.readers.answers import RefusedError

OLD = (104, 105, 108, 110, 111, 112, 113, 114, 115)
MODERN = (117, 118, 119)
# Type codes of formats up to 110, and of 111 to 115; texts are told by their width.
_LETTERS = {ord("b"): "int8", ord("i"): "int16", ord("l"): "int32", ord("f"): "float", ord("d"): "double"}
_CODES = {251: "int8", 252: "int16", 253: "int32", 254: "float", 255: "double"}
_WIDE = {65530: "int8", 65529: "int16", 65528: "int32", 65527: "float", 65526: "double", 32768: "strL"}
WIDTHS = {"int8": 1, "int16": 2, "int32": 4, "float": 4, "double": 8, "strL": 8}
_CUT = ("is cut off: its end is missing.", "Export or copy it again.")
_DAMAGED = ("is damaged: its header makes no sense.", "Export or copy it again.")


@dataclass(frozen=True)
class Field:
    """One variable as its bytes say: `kind` is a number's storage type, `string` or `strL`; `offset` in a row."""

    kind: str
    offset: int
    width: int
    name: bytes
    format: bytes
    label: bytes
    label_set: bytes


@dataclass
class Layout:
    """A file's plan, all texts as bytes. `data` is the first row's place; `labels` hold (code, text) by set."""

    version: int
    order: str
    rows: int
    label: bytes
    fields: tuple[Field, ...] = ()
    row_width: int = 0
    data: int = 0
    characteristics: list[tuple[bytes, bytes, bytes]] = field(default_factory=list)
    strls: dict[tuple[int, int], bytes] = field(default_factory=dict)
    labels: dict[bytes, list[tuple[int, bytes]]] = field(default_factory=dict)
    rest: int = 0


class _Cursor:
    """A place in the file that only moves on; reading past the end is a cut file."""

    def __init__(self, content: memoryview, order: str):
        self.content, self.order, self.at = content, order, 0

    def take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.content):
            raise RefusedError(*_CUT)
        self.at += size
        return bytes(self.content[self.at - size : self.at])

    def number(self, form: str) -> int:
        (value,) = struct.unpack(self.order + form, self.take(struct.calcsize(form)))
        return int(value)

    def texts(self, count: int, width: int) -> list[bytes]:
        block = self.take(count * width)
        return [_text(block[start : start + width]) for start in range(0, count * width, width)]

    def tag(self, name: str) -> None:
        if self.take(len(name) + 2) != f"<{name}>".encode():
            raise RefusedError(f"is damaged: its part <{name}> is not where it should be.", _CUT[1])

    def meets(self, mark: bytes) -> bool:
        """Whether the next bytes are `mark`; then they are passed."""
        here = bytes(self.content[self.at : self.at + len(mark)]) == mark
        self.at += len(mark) * here
        return here


def version_of(head: bytes) -> int | None:
    """The format's number by the first bytes of a file; None when it is no .dta of these."""
    mark = b"<stata_dta><header><release>"
    if head.startswith(mark):
        digits = head[len(mark) : len(mark) + 3]
        return int(digits) if digits.isdigit() else None
    return head[0] if len(head) > 2 and head[0] in range(100, 117) and head[1] in (1, 2) else None


def layout(content: memoryview) -> Layout:
    """The plan of a whole file of a known version. RefusedError when it is cut or damaged."""
    version = version_of(bytes(content[:40]))
    if version in MODERN:
        return _modern(content, version or 0)
    return _old(content, version or 0)


def _old(content: memoryview, version: int) -> Layout:
    cursor = _Cursor(content, ">" if content[1] == 1 else "<")
    cursor.at = 4
    count, rows = cursor.number("h"), cursor.number("i")
    if count < 0 or rows < 0:
        raise RefusedError(*_DAMAGED)
    short = version < 110
    name = 9 if short else 33
    label = _text(cursor.take(32 if version < 108 else 81))
    cursor.take(18 if version > 104 else 0)
    codes = cursor.take(count)
    names = cursor.texts(count, name)
    cursor.take(2 * (count + 1))
    formats = cursor.texts(count, 7 if version < 105 else 12 if version < 114 else 49)
    sets = cursor.texts(count, name)
    labels = cursor.texts(count, 32 if version < 108 else 81)
    plan = Layout(version, cursor.order, rows, label)
    while version > 104:
        kind, size = cursor.number("b"), cursor.number("h" if short else "i")
        if kind == 0 and size == 0:
            break
        body = cursor.take(size)
        if kind == 1:
            _characteristic(plan, body, name)
    plan.fields, plan.row_width = _fields(
        [_kind(code, version) for code in codes], names, formats, labels, sets
    )
    plan.data = cursor.at
    cursor.take(rows * plan.row_width)
    while cursor.at < len(content):
        left = content[cursor.at :]
        if not any(left[:4096]) and not any(left):
            plan.rest = len(left)
            break
        _label_set(plan, cursor, name, small=version < 108)
    return plan


def _modern(content: memoryview, version: int) -> Layout:
    cursor = _Cursor(content, "<")
    cursor.at = len(b"<stata_dta><header><release>117</release>")
    cursor.tag("byteorder")
    order = cursor.take(3)
    if order not in (b"MSF", b"LSF"):
        raise RefusedError(*_DAMAGED)
    cursor.order = ">" if order == b"MSF" else "<"
    wide = version >= 118
    name = 129 if wide else 33
    cursor.tag("/byteorder")
    cursor.tag("K")
    count = cursor.number("I" if version == 119 else "H")
    cursor.tag("/K")
    cursor.tag("N")
    rows = cursor.number("Q" if wide else "I")
    cursor.tag("/N")
    cursor.tag("label")
    label = cursor.take(cursor.number("H" if wide else "B"))
    cursor.tag("/label")
    cursor.tag("timestamp")
    cursor.take(cursor.number("B"))
    cursor.tag("/timestamp")
    cursor.tag("/header")
    parts = {}
    widths = (("map", 8, 14), ("variable_types", 2, count), ("varnames", name, count),
              ("sortlist", 4 if version == 119 else 2, count + 1), ("formats", 57 if wide else 49, count),
              ("value_label_names", name, count), ("variable_labels", 321 if wide else 81, count))  # fmt: skip
    for part, width, times in widths:
        cursor.tag(part)
        start = cursor.at
        cursor.take(width * times)
        parts[part] = (start, width)
        cursor.tag(f"/{part}")
    plan = Layout(version, cursor.order, rows, label)
    cursor.tag("characteristics")
    while cursor.meets(b"<ch>"):
        _characteristic(plan, cursor.take(cursor.number("I")), name)
        cursor.tag("/ch")
    cursor.tag("/characteristics")

    def texts(part: str) -> list[bytes]:
        start, width = parts[part]
        return [_text(bytes(content[at : at + width])) for at in range(start, start + width * count, width)]

    start = parts["variable_types"][0]
    codes = struct.unpack_from(f"{cursor.order}{count}H", content, start)
    plan.fields, plan.row_width = _fields(
        [_kind_modern(code) for code in codes],
        texts("varnames"),
        texts("formats"),
        texts("variable_labels"),
        texts("value_label_names"),
    )
    cursor.tag("data")
    plan.data = cursor.at
    cursor.take(rows * plan.row_width)
    cursor.tag("/data")
    cursor.tag("strls")
    while cursor.meets(b"GSO"):
        key = (cursor.number("I"), cursor.number("Q" if wide else "I"))
        kind, size = cursor.number("B"), cursor.number("I")
        body = cursor.take(size)
        # Type 130 is text and ends in a zero byte, 129 is binary.
        plan.strls[key] = body.removesuffix(b"\0") if kind == 130 else body
    cursor.tag("/strls")
    cursor.tag("value_labels")
    while cursor.meets(b"<lbl>"):
        _label_set(plan, cursor, name, small=False)
        cursor.tag("/lbl")
    cursor.tag("/value_labels")
    cursor.tag("/stata_dta")
    plan.rest = len(content) - cursor.at
    return plan


def _kind(code: int, version: int) -> tuple[str, int]:
    if version < 111:
        if code in _LETTERS:
            return _LETTERS[code], WIDTHS[_LETTERS[code]]
        if code > 0x7F:
            return "string", code - 0x7F
    elif code in _CODES:
        return _CODES[code], WIDTHS[_CODES[code]]
    elif 0 < code <= 244:
        return "string", code
    raise RefusedError(*_DAMAGED)


def _kind_modern(code: int) -> tuple[str, int]:
    if code in _WIDE:
        return _WIDE[code], WIDTHS[_WIDE[code]]
    if 0 < code <= 2045:
        return "string", code
    raise RefusedError(*_DAMAGED)


def _fields(
    kinds: list[tuple[str, int]],
    names: list[bytes],
    formats: list[bytes],
    labels: list[bytes],
    sets: list[bytes],
) -> tuple[tuple[Field, ...], int]:
    fields, offset = [], 0
    for (kind, width), *texts in zip(kinds, names, formats, labels, sets, strict=True):
        fields.append(Field(kind, offset, width, *texts))
        offset += width
    return tuple(fields), offset


def _characteristic(plan: Layout, body: bytes, name: int) -> None:
    if len(body) >= 2 * name:
        plan.characteristics.append(
            (_text(body[:name]), _text(body[name : 2 * name]), _text(body[2 * name :]))
        )


def _label_set(plan: Layout, cursor: _Cursor, name: int, *, small: bool) -> None:
    """One table of value labels. `small`: formats up to 105, eight bytes for each label."""
    if small:
        count = cursor.number("h")
        called = _text(cursor.take(name))
        cursor.take(1)
        codes = [cursor.number("h") for _ in range(max(count, 0))]
        plan.labels[called] = [(code, _text(cursor.take(8))) for code in codes]
        return
    size = cursor.number("i")
    called = _text(cursor.take(name))
    cursor.take(3)
    body = cursor.take(size)
    try:
        count, length = struct.unpack_from(f"{cursor.order}2i", body)
        places = struct.unpack_from(f"{cursor.order}{count}i", body, 8)
        values = struct.unpack_from(f"{cursor.order}{count}i", body, 8 + 4 * count)
    except struct.error:
        raise RefusedError("is damaged: its value labels make no sense.", _CUT[1]) from None
    texts = body[8 + 8 * count : 8 + 8 * count + length]
    if any(not 0 <= place < max(len(texts), 1) for place in places):
        raise RefusedError("is damaged: its value labels make no sense.", _CUT[1])
    plan.labels[called] = [(v, _text(texts[place:])) for v, place in zip(values, places, strict=True)]


def _text(raw: bytes) -> bytes:
    """What stands before the first zero byte; Stata leaves rubbish behind it."""
    return raw.partition(b"\0")[0]
