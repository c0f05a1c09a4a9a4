"""One line of the files track: what is written is read back, whatever the names are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.files import DONE, LONGEST_NAME, LONGEST_WORD, SCATTERED, FileLine, file_name
from recordings.model import RecordingDamaged

PUT = FileLine("put", "in", "/opt/fw/gantry-7.2.bin", "", 4096, "ab" * 32, SCATTERED, 1.25, DONE)


def test_a_line_comes_back_as_it_was():
    assert FileLine.parse(PUT.as_bytes()) == PUT
    assert json.loads(PUT.as_bytes()) == {
        "op": "put", "direction": "in", "path": "/opt/fw/gantry-7.2.bin", "target": "", "size": 4096,
        "sha256": "ab" * 32, "pieces": "scattered", "seconds": 1.25, "outcome": "done",
    }  # fmt: skip


def test_only_the_operation_must_be_said():
    assert FileLine.parse(FileLine("list").as_bytes()) == FileLine("list", "", "", "", 0, "", "", 0.0, "")


def test_keys_of_a_later_version_are_left_aside_and_missing_ones_are_empty():
    assert FileLine.from_json({"op": "get", "virus": "none", "path": "/x"}) == FileLine("get", path="/x")


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=50))
def test_whatever_the_names_a_line_read_back_is_the_line_that_was_written(path, target, outcome):
    kept = FileLine.parse(FileLine("rename", "", path, target, outcome=outcome).as_bytes())
    assert FileLine.parse(kept.as_bytes()) == kept
    assert (kept.path, kept.target) == (file_name(path), file_name(target))


@pytest.mark.parametrize(
    ("name", "told"),
    [(b"/d\xff\xfe.bin", "/d\\xff\\xfe.bin"), ("/d\udcff", "/d\\xff"), ("/d\ud800", "/d\\ud800"),
     (b"/nul\x00\n", "/nul\x00\n"), ("/scan n° 3", "/scan n° 3"), (b"", "")],
)  # fmt: skip
def test_what_is_no_character_is_spelled_out(name, told):
    assert file_name(name) == told
    if isinstance(name, str):
        assert FileLine.parse(FileLine("put", path=name).as_bytes()).path == told


@pytest.mark.parametrize("letter", ["a", "é", "\udcff", "\x00", "😀"])
def test_a_name_and_a_word_without_end_are_cut_and_one_sees_it(letter):
    line = FileLine("put" * 9999, letter * 9999, letter * 9999, letter * 9999, 1, letter * 9999, letter * 9999, 0.0,
                    "refused: " + letter * 9999)  # fmt: skip
    kept = FileLine.parse(line.as_bytes())
    assert (len(kept.path), len(kept.target), len(kept.outcome)) == (LONGEST_NAME, LONGEST_NAME, LONGEST_WORD)
    for text in (kept.op, kept.direction, kept.path, kept.target, kept.sha256, kept.pieces, kept.outcome):
        assert text.endswith("…")
    assert len(line.as_bytes()) < 160_000


def test_a_name_as_long_as_a_system_allows_is_whole():
    name = "/" + "x" * (LONGEST_NAME - 1)
    assert FileLine.parse(FileLine("put", path=name).as_bytes()).path == name


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"[]", b"null", b'"put"', b"\xff", b"{}", b'{"op":1}', b'{"op":"put","size":-1}',
     b'{"op":"put","size":true}', b'{"op":"put","size":"9"}', b'{"op":"put","seconds":"1"}',
     b'{"op":"put","path":null}', b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_line_is_refused_as_damage(payload):
    with pytest.raises(RecordingDamaged):
        FileLine.parse(payload)
