import asyncio

import pytest

from bastion.proxy.frames import Data, Eof, Resize
from bastion.proxy.lobby.terminal import LONGEST, HungUp, LineEditor, Terminal
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
        (b"a\tb\x07\x00\r", ["ab"]),
        (b"\xff\r", ["\ufffd"]),
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


def test_a_line_has_an_end():
    assert len(typed(b"x" * (LONGEST + 50) + b"\r")[1][0]) == LONGEST


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


async def test_the_width_of_the_window_is_known(screen):
    end, terminal = screen
    end.say(Resize(44, 20))
    assert terminal.cols == 44


async def test_lines_nobody_asked_for_do_not_pile_up(screen):
    end, terminal = screen
    end.say(Data(b"\r" * 5000))
    assert terminal._lines.qsize() <= LONGEST
