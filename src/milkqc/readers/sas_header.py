"""The first bytes of a .sas7bdat or .sas7bcat: which of the two it is, its code page, and how long it ought to be.

Source: M. Shotwell and C. Cummins, "SAS7BDAT Database Binary Format" (2013), for the places; SAS 9.4 National
Language Support: Reference, "Encoding values", for the names behind the numbers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_DATASET = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011")
_CATALOG = bytes(12) + bytes.fromhex("c2ea8163b31411cfbd92080009c7318c181f1011")
# Where this byte stands, the places behind it are moved by four.
_MOVED = 0x33
CHARSET_AT = 70

# SAS's number of an encoding and Python's name of it; an empty name is an encoding that Python does not have.
_CODECS = {
    20: "utf-8", 28: "ascii", 29: "iso8859-1", 30: "iso8859-2", 31: "iso8859-3", 32: "iso8859-4", 33: "iso8859-5",
    34: "iso8859-6", 35: "iso8859-7", 36: "iso8859-8", 37: "iso8859-9", 38: "iso8859-10", 39: "iso8859-11",
    40: "iso8859-15", 41: "cp437", 42: "cp850", 43: "cp852", 44: "cp857", 45: "cp858", 46: "cp862", 47: "cp864",
    48: "cp865", 49: "cp866", 50: "cp869", 51: "cp874", 55: "cp720", 56: "cp737", 57: "cp775", 58: "cp860",
    59: "cp863", 60: "cp1250", 61: "cp1251", 62: "cp1252", 63: "cp1253", 64: "cp1254", 65: "cp1255", 66: "cp1256",
    67: "cp1257", 68: "cp1258", 69: "mac-roman", 70: "mac-arabic", 72: "mac-greek", 75: "mac-turkish",
    76: "mac-cyrillic", 118: "cp950", 123: "big5", 125: "gb18030", 126: "cp936", 128: "gb18030", 134: "euc_jp",
    136: "cp932", 137: "cp932", 138: "cp932", 140: "euc_kr", 141: "cp949", 142: "cp949", 163: "mac-iceland",
    167: "iso2022_jp", 168: "iso2022_kr", 205: "gb18030", 227: "iso8859-14", 242: "iso8859-13",
    245: "mac-croatian", 246: "mac-cyrillic", 247: "mac-romanian", 248: "shift_jisx0213",
}  # fmt: skip
# ReadStat refuses these by their name, unless it is told to read them as something else.
REFUSED = (55, 69, 70, 71, 72, 73, 75, 76, 128, 137, 163, 245, 247)
# The numbers that ReadStat knows at all: it refuses others whatever it is told.
KNOWN = (0, 20, *range(28, 74), 75, 76, 118, 119, 123, 125, 126, 128, 134, 136, 137, 138, 140, 141, 142, 163, 167, 168,
         169, 172, 204, 205, 227, 242, 245, 246, 247, 248)  # fmt: skip
# 0 is what old files have, 204 is "any": neither says.
UNSAID = (0, 204)


@dataclass(frozen=True)
class Header:
    """`charset` is SAS's number, `codec` Python's name of it, None when Python has none or the file does not say.

    `size` is how many bytes header and pages take together.
    """

    charset: int
    codec: str | None
    size: int


def is_dataset(head: bytes) -> bool:
    """Whether a file that begins so is a .sas7bdat."""
    return head.startswith(_DATASET)


def is_catalog(head: bytes) -> bool:
    """Whether a file that begins so is a .sas7bcat."""
    return head.startswith(_CATALOG)


def header(head: bytes) -> Header | None:
    """What the first 288 bytes say; None when they make no sense."""
    if len(head) < 288 or not (is_dataset(head) or is_catalog(head)):
        return None
    order = {0: ">", 1: "<"}.get(head[37])
    if order is None:
        return None
    moved = 4 if head[35] == _MOVED else 0
    first, page = struct.unpack_from(f"{order}2I", head, 196 + moved)
    (pages,) = struct.unpack_from(f"{order}{'Q' if head[32] == _MOVED else 'I'}", head, 204 + moved)
    charset = head[CHARSET_AT]
    return Header(charset, _CODECS.get(charset), first + page * pages)
