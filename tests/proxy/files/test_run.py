"""The digest of what passed: the file's own where the pieces make one run, of the pieces as they passed where not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bastion.proxy.files.run import WINDOW, Run, Window
from tests.proxy.files.table import sha

FILE = bytes(range(256)) * 40


def run_of(pieces, *, asked=(), window=None, writes=True):
    run = Run(window or Window(), writes=writes)
    for offset in asked:
        run.expect(offset)
    for offset, content in pieces:
        feed = run.piece(offset, len(content))
        for at in range(0, len(content), 7):
            feed(memoryview(content)[at : at + 7])
    return run


def cut(content, size):
    return [(at, content[at : at + size]) for at in range(0, len(content), size)]


def test_one_run_from_the_start():
    run = run_of(cut(FILE, 1000))
    assert (run.size, *run.summary()) == (len(FILE), sha(FILE), "")


def test_a_resumed_file_says_where_it_went_on():
    run = run_of([(at + 5000, part) for at, part in cut(FILE, 1000)])
    assert run.summary() == (sha(FILE), "from 5000")


@settings(deadline=None)
@given(st.permutations(range(11)))
def test_answers_that_overtake_each_other_still_give_the_digest_of_the_file(order):
    pieces = cut(FILE, 1000)
    window = Window()
    run = run_of([pieces[i] for i in order], asked=[0], window=window)
    assert run.summary() == (sha(FILE), "")
    assert window.room == WINDOW


@pytest.mark.parametrize("pieces", [
    [(0, b"aaaa"), (8, b"bbbb")],  # a hole
    [(0, b"aaaa"), (0, b"cccc")],  # written twice
    [(0, b"aaaa"), (2, b"cc")],  # overlapping
    [(4, b"aaaa"), (0, b"cccc")],  # from behind
    [(0, b"aa"), (4, b"bb"), (4, b"cc"), (2, b"dd")],
    [(0, b"aa"), (4, b"bbbb"), (2, b"dddd")],  # the gap filled too far
])  # fmt: skip
def test_scattered_pieces_are_digested_as_they_passed(pieces):
    window = Window()
    run = run_of(pieces, window=window)
    assert run.summary() == (sha(b"".join(content for _, content in pieces)), "scattered")
    assert window.room == WINDOW


@pytest.mark.parametrize(("pieces", "file", "start"), [
    ([(0, b"abcd"), (0, b"abcd"), (4, b"ef")], b"abcdef", 0),
    ([(0, b"abcd"), (2, b"cdef"), (6, b"g")], b"abcdefg", 0),
    ([(5, b"abcd"), (4, b"X"), (9, b"e")], b"abcde", 5),
    ([(0, b"ab"), (4, b"ef"), (0, b"ab"), (2, b"cd"), (3, b"defg")], b"abcdefg", 0),
])  # fmt: skip
def test_what_is_read_again_leaves_the_digest_of_the_file_and_gives_one_of_all_that_passed(pieces, file, start):
    passed = sha(b"".join(content for _, content in pieces))
    lay = f"from {start}, repeated {passed}" if start else f"repeated {passed}"
    assert run_of(pieces, writes=False).summary() == (sha(file), lay)


def test_a_gap_wider_than_the_window_scatters_and_gives_its_room_back():
    window = Window(10)
    pieces = [(0, b"aa"), (4, b"b" * 8), (12, b"c" * 4), (2, b"dd")]
    run = run_of(pieces, window=window)
    assert run.summary() == (sha(b"".join(content for _, content in pieces)), "scattered")
    assert window.room == 10


def test_the_window_is_shared_and_bounded():
    window = Window()
    runs = [run_of([(0, b"a"), (2, bytes(WINDOW // 2))], window=window) for _ in range(4)]
    assert window.room == 0
    assert sum(len(late) for run in runs for late in run._late.values()) <= WINDOW


def test_pieces_of_no_length_change_nothing():
    run = run_of([(0, b""), (0, b"ab"), (9, b""), (2, b"cd"), (2, b"")])
    assert (run.size, *run.summary()) == (4, sha(b"abcd"), "")


def test_an_empty_file_has_the_digest_of_nothing():
    assert Run(Window(), writes=True).summary() == (sha(b""), "")


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), max_size=12))
def test_any_pieces_read_of_a_file_give_the_digest_of_a_run_or_of_the_pieces(cuts):
    pieces = [(offset, FILE[offset : offset + size]) for offset, size in cuts]
    digest, lay = run_of(pieces, window=(window := Window(20)), writes=False).summary()
    passed = b"".join(content for _, content in pieces)
    assert window.room == 20
    if lay == "scattered":
        assert digest == sha(passed)
    else:
        start = pieces[0][0] if pieces else 0
        end = max((offset + len(content) for offset, content in pieces if content), default=start)
        assert digest == sha(FILE[start : max(end, start)])
        assert ("repeated" in lay) == (len(passed) != end - start)
        assert "repeated" not in lay or lay.endswith(sha(passed))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.binary(max_size=10)), max_size=12))
def test_any_pieces_written_give_the_digest_of_the_run_or_of_the_pieces(pieces):
    window = Window(20)
    run = run_of(pieces, window=window)
    digest, lay = run.summary()
    passed = b"".join(content for _, content in pieces)
    assert window.room == 20
    if lay == "scattered":
        assert digest == sha(passed)
    else:
        start = pieces[0][0] if pieces else 0
        whole = bytearray(len(passed))
        for offset, content in pieces:
            if content:
                whole[offset - start : offset - start + len(content)] = content
        assert (digest, lay) == (sha(whole), f"from {start}" if start else "")
        assert len(whole) == len(passed)
