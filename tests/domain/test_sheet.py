"""Files as GMAO, spreadsheets and editors write them: encodings, separators, quotes; and what is no table at all."""

import csv

import pytest

from bastion.domain.sheet import MAX_BYTES, MAX_COLUMNS, MAX_LINES, Line, Sheet, read
from bastion.errors import Invalid

TEXT = "code;name\nct-01;Échographe à l’étage\n"
WANTED = Sheet(("code", "name"), (Line(2, ("ct-01", "Échographe à l’étage")),))


def known(heading: str) -> bool:
    return heading in {"code", "name"}


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"], ids=lambda name: name
)
def test_every_usual_encoding_reads_alike(encoding):
    assert read(TEXT.encode(encoding), known) == WANTED


def test_latin_1_beyond_windows_is_read_too():
    assert read("code;name\nct-01;\x81é\n".encode("latin-1"), known).lines[0].cells[1] == "\x81é"


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(separator, newline):
    text = newline.join([separator.join(("code", "name")), separator.join(("ct-01", '"a;b,c\td"')), ""])
    assert read(text.encode(), known).lines == (Line(2, ("ct-01", "a;b,c d")),)


def test_a_separator_is_known_by_the_columns_it_gives_and_not_by_how_often_it_stands():
    assert read(b'"code","name","a;b;c;d"\nx,y,z\n', known).heading == ("code", "name", "a;b;c;d")


def test_a_spreadsheets_first_line_names_the_separator():
    assert read(b"sep=|\r\ncode|name\r\nx|y\r\n", known) == Sheet(("code", "name"), (Line(3, ("x", "y")),))


def test_a_quoted_cell_over_several_lines_is_one_cell_and_lines_are_counted_as_an_editor_does():
    sheet = read(b'code;name\n\nct-01;"one\r\ntwo\nthree"\n;\nct-02;four\n', known)
    assert sheet.lines == (Line(3, ("ct-01", "one two three")), Line(7, ("ct-02", "four")))


def test_a_formula_is_text():
    assert read(b"code;name\nx;=cmd|' /C calc'!A0\n", known).lines[0].cells == ("x", "=cmd|' /C calc'!A0")


def test_separators_of_unicode_do_not_break_lines():
    assert len(read("code;name\nx;a\u2028b\n".encode(), known).lines) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "no table"),
        ("code;name\n".encode("utf-32"), "no table"),
        (b"code;name\nx;a\x00b\n" + b"y;z\n" * 1000, "no table"),
        (b"\xff\xfec\x00o", "no table"),
        (b'code;name\nx;"never closed\ny;z\n', "Line 2: a quotation mark"),
        (b'code;name\nok;ok\nx;"a"b\n', "Line 3: a quotation mark"),
        (b"code;name\nx;" + b"a" * 200_000, "Line 2: a quotation mark"),
        (b"x" * (MAX_BYTES + 1), "too large"),
        (b"code\n" + b"x\n" * (MAX_LINES + 1), "too many lines"),
        (b";".join([b"code"] * (MAX_COLUMNS + 1)) + b"\nx\n", "too many columns"),
    ],
    ids=range(12),
)
def test_what_is_no_table_is_refused_with_a_sentence(data, words):
    with pytest.raises(Invalid) as refused:
        read(data, known)
    assert words in refused.value.public
    assert refused.value.field == "file"


def test_the_limit_of_a_cell_is_ours_and_nobody_elses():
    assert csv.field_size_limit() == 131_072
