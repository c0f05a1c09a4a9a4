"""The table of files: one row a transfer, and a spreadsheet that computes nothing (T39)."""

import csv
import io
import tracemalloc
from datetime import UTC, datetime

import pytest

from recordings.file_table import COLUMNS, Told, as_csv, page
from recordings.files import BEGUN, BROKEN_OFF, DONE, FileLine

STARTED = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def transfer(path, at=0, *, track=0, op="put", size=3, outcome=DONE):
    direction = "in" if op == "put" else "out"
    yield Told(at, track, FileLine(op, direction, path, outcome=BEGUN))
    yield Told(at + 10, track, FileLine(op, direction, path, size=size, sha256="ab", seconds=1e-5, outcome=outcome))


def told(lines, offset=0, limit=100):
    found = page(lines, offset, limit)
    return [(e.at, e.line.path, e.line.outcome, e.open) for e in found.entries], found.total


def test_two_lines_of_a_transfer_are_one_row_that_stands_where_it_began():
    rows, total = told(
        [*transfer("/a", 5), Told(20, 0, FileLine("remove", path="/a", outcome=DONE)), *transfer("/b", 30)]
    )
    assert rows == [(5, "/a", DONE, False), (20, "/a", DONE, False), (30, "/b", DONE, False)]
    assert total == 3


def test_transfers_at_the_same_time_are_told_apart_by_name_direction_and_track():
    put, get = list(transfer("/a", 1, size=1)), list(transfer("/a", 2, op="get", size=2))
    other, gone = list(transfer("/a", 3, track=1, size=3)), Told(4, 0, FileLine("remove", path="/a", outcome=DONE))
    found = page([put[0], get[0], other[0], gone, other[1], get[1], put[1]], 0, 10)
    assert [(e.at, e.track, e.line.op, e.line.size, e.open) for e in found.entries] == [
        (1, 0, "put", 1, False), (2, 0, "get", 2, False), (3, 1, "put", 3, False), (4, 0, "remove", 0, False)
    ]  # fmt: skip


def test_the_same_name_twice_at_once_ends_in_the_order_it_began():
    first, second = list(transfer("/a", 1, size=1)), list(transfer("/a", 2, size=2, outcome=BROKEN_OFF))
    found = page([first[0], second[0], first[1], second[1]], 0, 10)
    assert [(e.at, e.line.size, e.line.outcome) for e in found.entries] == [(1, 1, DONE), (2, 2, BROKEN_OFF)]


def test_a_transfer_without_its_second_line_is_open():
    begun, _ = transfer("/a", 1)
    assert told([begun]) == ([(1, "/a", BEGUN, True)], 1)


def test_a_page_holds_its_rows_also_those_that_end_after_it():
    pairs = [list(transfer(f"/{n}", n)) for n in range(10)]
    lines = [begun for begun, _ in pairs] + [ended for _, ended in pairs]
    rows, total = told(lines, 4, 3)
    assert (rows, total) == ([(n, f"/{n}", DONE, False) for n in (4, 5, 6)], 10)
    assert told(lines, 9, 3) == ([(9, "/9", DONE, False)], 10)
    assert told(lines, 10, 3) == ([], 10)


def test_memory_is_that_of_one_page():
    def many():
        for number in range(20_000):
            yield from transfer(f"/logs/{number:08}", number)

    tracemalloc.start()
    try:
        assert page(many(), 19_000, 50).total == 20_000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


# -- CSV ---------------------------------------------------------------------------------------------------------------
def sheet(lines, started=STARTED):
    text = b"".join(as_csv(started, lines)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_sheet_holds_every_line_with_its_instant():
    rows = sheet(transfer('/é,";', 1_500_000))
    assert list(rows[0]) == list(COLUMNS)
    assert [(r["at"], r["outcome"]) for r in rows] == [
        ("2026-03-02T08:00:01.500000+00:00", "begun"), ("2026-03-02T08:00:01.500010+00:00", "done")
    ]  # fmt: skip
    assert (rows[1]["path"], rows[1]["size"], rows[1]["track"]) == ('/é,";', "3", "0")
    assert sheet(transfer("/a", 1_500_000), None)[0]["at"] == "1.500000"
    assert b"".join(as_csv(STARTED, [])).startswith(b"\xef\xbb\xbfat,track,op,")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\r=", "＝", "＠"])
@pytest.mark.parametrize("column", ["path", "target", "outcome", "sha256", "op", "direction"])
def test_T39_no_cell_is_a_formula(start, column):
    line = FileLine(**{"op": "put", column: start + "cmd|' /C calc'!A0"})
    (row,) = sheet([Told(0, 0, line)])
    assert row[column].startswith("'")


@pytest.mark.parametrize("hostile", ["\x1b]52;c;x\x07", "\x9b2J", "\u202egnp.exe", "a\nb", "a\r\nb", "\x00", "\u200b"])
def test_T39_what_steers_a_terminal_or_turns_text_round_is_spelled_out(hostile):
    (row,) = sheet([Told(0, 0, FileLine("put", path=f"/{hostile}"))])
    assert row["path"].isprintable()
    assert "\\" in row["path"]


def test_a_long_sheet_comes_in_pieces():
    lines = [Told(n, 0, FileLine("remove", path="/" + "x" * 200)) for n in range(2000)]
    pieces = list(as_csv(STARTED, lines))
    assert 5 < len(pieces) < 100
    assert len(sheet(lines)) == 2000
