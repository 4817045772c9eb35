"""Text cut into records: strictly, and by the delimiter that its own lines decide."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain, islice

from milkqc.errors import SourceError
from milkqc.readers.files import File
from milkqc.readers.layout import SAMPLE

# The number of the line a record ends on, and its cells.
Record = tuple[int, list[str]]
_BLOCK = 1 << 20
_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "|", "^": "^"}


def records_of(file: File, text: str, delimiter: str) -> Iterator[Record]:
    """Each record with the number of the line it ends on."""
    reader = csv.reader(lines(text), delimiter=delimiter, strict=True)
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error):
                raise file.error(
                    f"line {reader.line_num}: a cell is longer than {csv.field_size_limit():,} characters.",
                    'Look for a " that is not closed near that line, or take the long text out.',
                ) from None
            raise file.error(
                f"line {reader.line_num}: the quotation marks do not match ({error}).",
                'Look for a single " near that line, or give the right `delimiter`.',
            ) from None
        yield reader.line_num, record


def lines(text: str) -> Iterator[str]:
    """The lines of `text` with their ends (LF, CR or both), as csv counts them.

    Block by block: a StringIO holds four bytes for each character, whatever is read of it.
    """
    return chain.from_iterable(io.StringIO(block, newline="") for block in _blocks(text))


def _blocks(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find("\n", start + _BLOCK) + 1 or len(text)
        yield text[start:end]
        start = end


def delimiter_of(file: File, text: str, *, header_at: int, candidates: tuple[str, ...]) -> str:
    """The delimiter, from the header; where two would cut it, the one that also cuts the next rows alike; where none
    would (a title stands above), the one that cuts most of the rows alike."""
    widths = {}
    broken = set()
    for candidate in candidates:
        widths[candidate] = found = list[int]()
        try:
            for _, row in islice(records_of(file, text, candidate), header_at + SAMPLE):
                found.append(len(row))
        except SourceError:
            # Quotes that end amiss: seldom the delimiter; but if it is, the reading proper must say so.
            broken.add(candidate)
    splits = {
        sign: [width for width in cut[header_at - 1 : header_at + 20] if width]
        for sign, cut in widths.items()
        if len(cut) >= header_at and cut[header_at - 1] > 1
    }
    alike = {sign: cuts for sign, cuts in splits.items() if len(set(cuts)) == 1 and sign not in broken}
    if len(splits) > 1:
        splits = alike or splits
    if not alike:
        often = {
            sign: max((several.count(width), width) for width in set(several))
            for sign, cut in widths.items()
            if (several := [width for width in cut if width > 1])
        }
        best = max(often.values(), default=(0, 0))
        chosen = [sign for sign, count in often.items() if count == best]
        if len(chosen) == 1 and best[0] > 1:
            return chosen[0]
    if len(splits) > 1:
        words = " or ".join(_WORDS[sign] for sign in splits)
        raise file.error(f"the delimiter could be {words}.", "Say `delimiter:` in the mapping.")
    return next(iter(splits), ",")
