"""The files of a recording as a table: one row a transfer or operation, whichever track and channel it was in.

A transfer's two lines (see `files`) make one row, which stands where the transfer began. Memory is one page and what
is still open, however many files there were.
"""

import csv
import io
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from recordings.files import BEGUN, FileLine

COLUMNS = (
    "at", "track", "op", "direction", "path", "target", "size", "sha256", "pieces", "seconds", "outcome",
)  # fmt: skip
_FORMULA = tuple("=+-@＝＋－＠")
"""The wide forms too: some spreadsheets take them for the narrow ones."""
_PIECE = 32 * 1024


class Told(NamedTuple):
    """A line and where it stands; `at` is in µs since the recording began."""

    at: int
    track: int
    line: FileLine


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: when it began (µs since the recording did) and the last that was said of it."""

    at: int
    track: int
    line: FileLine

    @property
    def open(self) -> bool:
        """Whether nothing tells how it ended: it goes on, or the process was killed in the middle of it."""
        return self.line.outcome == BEGUN


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of the table, and how many there are in all."""

    entries: tuple[Entry, ...]
    total: int


def page(lines: Iterable[Told], offset: int, limit: int) -> Page:
    """Return the rows `[offset, offset + limit)`, in the order in which they began."""
    rows: dict[int, Entry] = {}
    begun: defaultdict[tuple[int, str, str, str], deque[int]] = defaultdict(deque)
    total = 0
    for at, track, line in lines:
        key = (track, line.op, line.direction, line.path)
        if line.outcome != BEGUN and key in begun:
            row = begun[key].popleft()
            if not begun[key]:
                del begun[key]
        else:
            row, total = total, total + 1
            if line.outcome == BEGUN:
                begun[key].append(row)
        if offset <= row < offset + limit:
            rows[row] = Entry(rows[row].at if row in rows else at, track, line)
    return Page(tuple(rows[row] for row in sorted(rows)), total)


def as_csv(started: datetime | None, lines: Iterable[Told]) -> Iterator[bytes]:
    """Yield every line as CSV, for a spreadsheet: UTF-8 with its mark, and no cell that is a formula (T39).

    Text that a spreadsheet would compute begins with an apostrophe; what steers a terminal or turns text round is
    spelled out. `at` is an instant, or seconds since the beginning when that is unknown.
    """
    sheet = io.StringIO()
    sheet.write("\ufeff")
    writer = csv.writer(sheet)
    writer.writerow(COLUMNS)
    for at, track, line in lines:
        when = (started + timedelta(microseconds=at)).isoformat() if started else f"{at / 1e6:.6f}"
        cells = {"at": when, "track": track, **line.as_json()}
        writer.writerow([inert(cells[name]) for name in COLUMNS])
        if sheet.tell() >= _PIECE:
            yield sheet.getvalue().encode()
            sheet = io.StringIO()
            writer = csv.writer(sheet)
    yield sheet.getvalue().encode()


def inert(cell: str | float) -> str | float:
    """A cell that no spreadsheet computes, and whose text shows what it is (T39)."""
    if not isinstance(cell, str):
        return cell
    mark = "'" if cell.lstrip().startswith(_FORMULA) else ""
    return mark + (cell if cell.isprintable() else "".join(c if c.isprintable() else _spelled(c) for c in cell))


def _spelled(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
