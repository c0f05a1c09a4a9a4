"""A table as other programs export it: lines of cells, in the encoding and with the separator their maker liked.

Nothing is guessed about values: a cell is text, and a formula in it (`=cmd…`) is text like any other.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from bastion.errors import Invalid

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_LINES: Final = 50_000
MAX_COLUMNS: Final = 500
SEPARATORS: Final = (";", ",", "\t")
_ANNOUNCED: Final = re.compile(r'"?sep=([;,|:^~\t])"?\r?\n', re.IGNORECASE)
"""A first line with which spreadsheets name their separator."""
_LOOK: Final = 512


@dataclass(frozen=True, slots=True)
class Line:
    """`number` is where it begins in the file, from 1: a quoted cell may run over several lines of text."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    heading: tuple[str, ...]
    lines: tuple[Line, ...]


def read(data: bytes, known: Callable[[str], bool]) -> Sheet:
    """Read a file whose first line names the columns; `known` tells whether a name is one of ours.

    Raises `Invalid` for what is no table, and for a quotation mark that swallows what comes after it.
    """
    if len(data) > MAX_BYTES:
        raise Invalid(
            "size", field="file", sentence="This file is too large: {limit} MiB at most.", limit=MAX_BYTES >> 20
        )
    text = _decoded(data)
    announced = _ANNOUNCED.match(text)
    first, body = (2, text[announced.end() :]) if announced else (1, text)
    choice = (announced[1],) if announced else SEPARATORS
    best = max(choice, key=lambda separator: _recognised(body, separator, known))
    lines = _lines(body, best, first)
    heading = next(lines, None)
    if heading is None:
        raise Invalid("empty", field="file", sentence="This file is empty: its first line names the columns.")
    if len(heading.cells) > MAX_COLUMNS:
        raise Invalid(
            "columns", field="file", sentence="This file has too many columns: {limit} at most.", limit=MAX_COLUMNS
        )
    found = tuple(lines)
    if len(found) > MAX_LINES:
        raise Invalid("lines", field="file", sentence="This file has too many lines: {limit} at most.", limit=MAX_LINES)
    return Sheet(heading.cells, found)


def _decoded(data: bytes) -> str:
    """UTF-16 by its mark or by its zeros, then UTF-8, else what Windows in western Europe writes."""
    text = _utf16(data) if _is_utf16(data) else _one_byte(data)
    if "\x00" in text:
        raise _no_table()
    return text


def _is_utf16(data: bytes) -> bool:
    """A stray zero is no encoding: text of Europe in UTF-16 has one in nearly every pair."""
    start = data[:_LOOK]
    zeros = max(start[::2].count(0), start[1::2].count(0))
    return data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or zeros * 4 > len(start)


def _utf16(data: bytes) -> str:
    start = data[:_LOOK]
    usual = "utf-16-be" if start[::2].count(0) > start[1::2].count(0) else "utf-16-le"
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if marked else usual)
    except UnicodeDecodeError:
        raise _no_table() from None


def _one_byte(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _no_table() -> Invalid:
    return Invalid("encoding", field="file", sentence="This is no table of text. Export it as CSV and try again.")


def _recognised(text: str, separator: str, known: Callable[[str], bool]) -> int:
    try:
        heading = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
    except csv.Error:
        return 0
    return sum(known(cell) for cell in heading[:MAX_COLUMNS])


def _lines(text: str, separator: str, first: int) -> Iterator[Line]:
    """Yield every line that is not blank; white space within a cell, line breaks too, counts as one blank."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    except (TypeError, ValueError):
        raise _no_table() from None
    while True:
        number = first + reader.line_num
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise Invalid(
                str(error), field="file", line=number,
                sentence="Line {line}: a quotation mark is missing or too many. Correct it there, then try again.",
            ) from None  # fmt: skip
        if cells is None:
            return
        clean = tuple(" ".join(cell.split()) for cell in cells)
        if any(clean):
            yield Line(number, clean)
