import asyncio

import pytest

from bastion.errors import Invalid
from bastion.proxy.frames import Data, Eof, Resize
from bastion.proxy.lobby.terminal import LONGEST, NO_TEXT, TOO_LONG, HungUp, LineEditor, Terminal
from tests.proxy.fakes import FakeEnd


def typed(*pieces):
    """What the editor makes of keys: everything echoed, everything finished."""
    editor = LineEditor()
    echoes, lines = zip(*(editor.feed(piece) for piece in pieces), strict=True)
    return "".join(echoes), [line for group in lines for line in group]


@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        (b"yes\r", ["yes"]),
        (b"one\rtwo\n", ["one", "two"]),
        (b"one\r\ntwo\r\n", ["one", "two"]),
        (b"ab\x7fc\r", ["ac"]),
        (b"\x7f\x7fa\r", ["a"]),
        (b"wrong\x15right\r", ["right"]),
        ("é è €\r".encode(), ["é è €"]),
        (b"a\x1b[Ab\x1bOPc\x1bxd\r", ["abcd"]),
        (b"a\x1b[1;5Cb\r", ["ab"]),
        (b"a\tb\r", ["a b"]),
        ("le motif\u202f: x\u00a0; y\r".encode(), ["le motif : x ; y"]),
        ("soft\u00adhyphen \u202ereversed\r".encode(), ["softhyphen reversed"]),
        (b"\x1b[200~pasted\x1b[201~\r", ["pasted"]),
        (b"\x1b\rnext\r", ["", "next"]),
        (b"\x07\x7fsound\r", ["sound"]),
        (b"a\x07b\x15sound\r", ["sound"]),
        (b"\x03", [None]),
        (b"\x04", [None]),
        (b"a\x04b\r", ["ab"]),
    ],
)
def test_keys_become_lines(keys, lines):
    assert typed(keys)[1] == lines
    assert typed(*(keys[i : i + 1] for i in range(len(keys))))[1] == lines, "and byte by byte too"


def test_what_is_typed_is_echoed_and_what_is_rubbed_out_goes():
    assert typed(b"ab\x7f\r")[0] == "ab\b \b\r\n"


def test_nothing_that_could_steer_the_screen_is_echoed():
    echo, _ = typed(b"\x1b]52;c;eA==\x07a\x9b2J\r")
    assert "\x1b" not in echo
    assert "\x9b" not in echo


@pytest.mark.parametrize(
    "keys",
    [
        b"a\x00b", b"a\x07b", b"a\x0bb", b"caf\xe9", b"\xff\xfe", b"\x1b[2Jx", b"\x1b[31mred", b"\x1b]52;c;eA==",
        b"\x1bPq", b"\x9b2J", "a\u0085b".encode(), "a\u2028b".encode(), "\ue000".encode(), b"x\x1b[",
    ],
)  # fmt: skip
def test_what_is_no_text_makes_no_line_and_the_next_one_is_sound(keys):
    keys += b"\rnext\r"
    for said in (typed(keys), typed(*(bytes((key,)) for key in keys))):
        assert [getattr(line, "msgid", line) for line in said[1]] == [NO_TEXT, "next"]


def test_a_line_has_an_end_and_what_was_longer_is_not_taken_by_half():
    assert typed(b"x" * LONGEST + b"\r")[1] == ["x" * LONGEST]
    echo, (refused, after) = typed(b"x" * 100_000 + b"\rnext\r")
    assert (refused.public, after) == (TOO_LONG.format(limit=LONGEST), "next")
    assert len(echo) < LONGEST + 20
    assert typed(b"x" * (LONGEST + 1) + b"\x7f\r")[1] == ["x" * (LONGEST - 1)], "what did not fit was never shown"


@pytest.fixture
async def screen():
    end = FakeEnd()
    return end, Terminal(end)


async def test_a_question_is_answered_by_a_line(screen):
    end, terminal = screen
    asking = asyncio.ensure_future(terminal.line("Reason: "))
    await asyncio.sleep(0)
    end.say(Data(b"  tube \r"))
    assert await asking == "tube"
    assert b"".join(bytes(f.data) for f in end.got) == b"Reason:   tube \r\n"


@pytest.mark.parametrize("leave", [lambda e: e.say(Data(b"\x03")), lambda e: e.say(Eof()), lambda e: e.leave("gone")])
async def test_leaving_is_heard(screen, leave):
    end, terminal = screen
    leave(end)
    with pytest.raises(HungUp):
        await terminal.line()


async def test_what_is_no_line_is_told_to_whoever_asked(screen):
    end, terminal = screen
    end.say(Data(b"x\x00y\rtube\r"))
    with pytest.raises(Invalid):
        await terminal.line("Reason: ")
    assert await terminal.line() == "tube"


async def test_the_width_of_the_window_is_known(screen):
    end, terminal = screen
    end.say(Resize(44, 20))
    assert terminal.cols == 44


async def test_lines_nobody_asked_for_do_not_pile_up(screen):
    end, terminal = screen
    end.say(Data(b"\r" * 5000))
    assert terminal._lines.qsize() <= LONGEST
