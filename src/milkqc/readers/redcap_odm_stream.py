"""XML of strangers, event by event: no document type, no entities, no depth without end, no tree in memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol
from xml.sax import SAXException, SAXParseException, handler
from xml.sax.xmlreader import AttributesImpl, Locator

from milkqc.errors import SourceError
from milkqc.readers.files import File

# ODM needs 9 levels.
MOST_DEPTH = 50
# A project of a million rows is under this; more is not XML that anybody should send.
MOST_BYTES = 4_000_000_000
# One value; REDCap's own notes fields hold 65,535 characters. Uploads are not counted: they are passed over.
MOST_TEXT = 5_000_000
_ENCODINGS = ("utf-8", "utf8", "us-ascii", "iso-8859-1", "utf-16")


class Listener(Protocol):
    """Is told of each element by its local name; `line` is where it begins."""

    def start(self, name: str, attributes: Mapping[str, str], line: int) -> None:
        """An element begins."""

    def text(self, name: str, text: str) -> None:
        """The text of an element that has no elements inside, when it ends."""

    def end(self, name: str) -> None:
        """An element ends."""


class _Stop(SAXException):
    """All that was wanted has been read."""


class _Handler(handler.ContentHandler):
    def __init__(self, file: File, listeners: tuple[Listener, ...], stop_at: str | None):
        super().__init__()
        self.file, self.listeners, self.stop_at = file, listeners, stop_at
        self.depth = 0
        self.gathered: list[str] = []
        self.size = 0
        self.skipping = False
        self.locator: Locator | None = None

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802 - SAX's own name
        self.locator = locator

    def line(self) -> int:
        return (self.locator.getLineNumber() if self.locator is not None else 0) or 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - SAX's own name
        self.depth += 1
        line = self.line()
        local = name.rpartition(":")[2]
        if self.depth > MOST_DEPTH:
            raise self.file.error(
                f"line {line}: its elements are nested more than {MOST_DEPTH} deep, so it is no REDCap export.",
                "Export it again: Other Functionality, Download metadata and data (XML).",
            )
        if self.depth == 1 and local != "ODM":
            raise self.file.error(
                f"is XML, but its first element is {local[:40]!r} and not ODM.",
                "Export it from REDCap: Other Functionality, Download metadata and data (XML).",
            )
        if local == self.stop_at:
            raise _Stop("enough")
        self.gathered, self.size = [], 0
        self.skipping = local == "ItemDataBase64Binary"
        held = {key.rpartition(":")[2]: text for key, text in attrs.items()}
        if any(len(text) > MOST_TEXT for text in held.values()):
            raise self.too_long(line, held.get("ItemOID", local))
        for listener in self.listeners:
            listener.start(local, held, line)

    def characters(self, content: str) -> None:
        if self.skipping:
            return
        self.size += len(content)
        if self.size > MOST_TEXT:
            raise self.too_long(self.line(), "an element")
        self.gathered.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX's own name
        local = name.rpartition(":")[2]
        text = "".join(self.gathered).strip()
        self.gathered, self.skipping = [], False
        for listener in self.listeners:
            if text:
                listener.text(local, text)
            listener.end(local)
        self.depth -= 1

    def too_long(self, line: int, what: str) -> SourceError:
        return self.file.error(
            f"line {line}: the text of {what} is longer than {MOST_TEXT:,} characters.",
            "Look at that record in REDCap, and export again.",
        )


def stream(file: File, *listeners: Listener, stop_at: str | None = None) -> None:
    """Tell the listeners of every element of `file` in order, up to the first element called `stop_at`.

    SourceError, with the line, for anything that is not whole XML, and for what only an attacker sends.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.sax import make_parser

    if file.size > MOST_BYTES:
        raise file.error(f"is larger than {MOST_BYTES:,} bytes.", "Export fewer forms at a time.")
    encoding_of(file)
    parser = make_parser()
    parser.forbid_dtd = True
    handler_ = _Handler(file, listeners, stop_at)
    parser.setContentHandler(handler_)
    try:
        with file.path.open("rb") as source:
            parser.parse(source)
    except _Stop:
        return
    except SAXParseException as error:
        raise file.error(
            f"line {error.getLineNumber()}: is not whole XML ({_plain(error.getMessage())}).",
            "It was perhaps cut while it was copied: export it again.",
        ) from None
    except DefusedXmlException:
        raise file.error(
            f"line {handler_.line()}: declares a document type or entities, which REDCap never does.",
            "Do not open it elsewhere; ask where it comes from, and export it again.",
        ) from None


def encoding_of(file: File) -> str:
    """The encoding that the XML declares, or UTF-8; SourceError for one that REDCap does not write."""
    found = re.match(rb"[^<]{0,8}<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([^\"']*)", file.head(300))
    declared = found.group(1).decode("ascii", "replace").lower() if found else "utf-8"
    if declared not in _ENCODINGS:
        raise file.error(
            "declares an encoding that REDCap does not write.", "Save it as UTF-8, or export it again."
        )
    return declared


def _plain(message: str) -> str:
    """Expat's own words, which never quote the file."""
    return message.partition(":")[0]
