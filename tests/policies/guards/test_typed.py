"""Which lines were typed, told by keys and echo: read when shown, never when hidden, and never guessed (R-60)."""

import time

import pytest

from policies.guards import typed
from policies.guards.typed import COMPLETED, Fate, TypedLines

PROMPT = b"$ "


class Terminal:
    """A terminal whose device echoes, or does not."""

    def __init__(self) -> None:
        self.took: list[tuple[Fate, str, float]] = []
        self.lines = TypedLines(lambda *line: self.took.append(line))
        self.at = 0.0

    def types(self, keys: bytes, echo: bytes | None = None, then: bytes = b"\r\n") -> "Terminal":
        """Type key by key, each echoed, or all at once with another echo; `then` is what the device answers."""
        self.at += 1
        if echo is None:
            for number in range(len(keys)):
                key = keys[number : number + 1]
                self.lines.typed(key, self.at)
                if key not in b"\r\n":
                    self.lines.shown(key)
        else:
            self.lines.typed(keys, self.at)
            self.lines.shown(echo)
        self.lines.shown(then)
        return self

    def read(self) -> list[tuple[Fate, str]]:
        self.lines.end()
        return [(fate, text) for fate, text, _ in self.took]


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def test_a_line_that_is_echoed_is_read_with_the_moment_of_its_first_key(terminal):
    terminal.types(b"uptime\r").types(b"sudo reboot\r")
    assert terminal.read() == [(Fate.READ, "uptime"), (Fate.READ, "sudo reboot")]
    assert [at for _, _, at in terminal.took] == [1.0, 2.0]


def test_what_is_not_echoed_is_hidden_and_nothing_of_it_stays(terminal):
    terminal.types(b"sudo id\r", then=b"\r\n[sudo] password for alice: ")
    terminal.types(b"s3cret-Canary\r", echo=b"", then=b"\r\nuid=0(root)\r\n" + PROMPT)
    terminal.types(b"exit\r")
    assert terminal.read() == [(Fate.READ, "sudo id"), (Fate.HIDDEN, ""), (Fate.READ, "exit")]
    assert "s3cret" not in repr(vars(terminal.lines)), "nothing of it is kept"


def test_a_line_typed_blind_is_counted_even_when_nothing_follows(terminal):
    terminal.types(b"stty -echo\r").types(b"reboot\r", echo=b"", then=b"")
    assert terminal.read() == [(Fate.READ, "stty -echo"), (Fate.HIDDEN, "")]


@pytest.mark.parametrize(("keys", "echo", "text"), [
    (b"rebx\x7foot\r", b"rebx\x08 \x08oot", "reboot"),
    (b"rebx\boot\r", b"rebx\x08 \x08oot", "reboot"),
    (b"nonsense\x15reboot\r", b"nonsense" + b"\x08 \x08" * 8 + b"reboot", "reboot"),
    (b"rm x\x17y\r", b"rm x\x08\x1b[Ky", "rm y"),
    (b"\x1b[200~reboot\x1b[201~\r", b"\x1b[7mreboot\x1b[27m", "reboot"),
    ("d\u00e9marrer \u7535\r".encode(), "d\u00e9marrer \u7535".encode(), "d\u00e9marrer \u7535"),
    (b"sudo reb\toot\r", b"sudo reboot", f"sudo reb{COMPLETED}oot"),
    (b"ls\x0c\r", b"ls\x1b[H\x1b[2J$ ls", "ls"),
    (b"a long command line\r", b"a long comm \rand line", "a long command line"),
])  # fmt: skip
def test_keys_whose_effect_is_known(terminal, keys, echo, text):
    assert terminal.types(keys, echo).read() == [(Fate.READ, text)]


@pytest.mark.parametrize("keys", [
    b"\x1b[A\r", b"\x1bOA\r", b"\x12reb\r", b"rebot\x1b[Do\r", b"\x10\r", b"ls\x01sudo \r", b"\x1b.\r", b"\x16x\r",
    b"a" * (typed.LONGEST_LINE + 1) + b"\r",
])  # fmt: skip
def test_keys_whose_effect_is_not_known_make_a_line_that_is_not_read(terminal, keys):
    assert terminal.types(keys, b"$ sudo reboot").read() == [(Fate.UNREAD, "")]


@pytest.mark.parametrize("keys", [b"\r", b"  \r", b"reboot\x03", b"reboot\x15\r", b"re\x7f\x7f\r", b"reboot"])
def test_a_line_that_was_not_sent_is_none(terminal, keys):
    assert terminal.types(keys).read() == []


def test_keys_come_in_any_pieces(terminal):
    for piece in (b"\x1b", b"[20", b"0~red", b"\xc3", b"\xa9marrer\x1b[20", b"1~\r"):
        terminal.lines.typed(piece, 1.0)
    terminal.lines.shown("redémarrer\r\n".encode())
    assert terminal.read() == [(Fate.READ, "redémarrer")]


def test_what_is_pasted_or_typed_ahead_is_read_once_it_is_shown(terminal):
    terminal.lines.typed(b"cd /tmp\rls -l\rsudo reboot\r", 1.0)
    terminal.lines.shown(b"cd /tmp\r\n$ ls -l\r\ntotal 0\r\n$ sudo reboot\r\n")
    assert terminal.read() == [(Fate.READ, "cd /tmp"), (Fate.READ, "ls -l"), (Fate.READ, "sudo reboot")]


def test_a_flood_of_lines_is_read_in_part(terminal):
    terminal.lines.typed(b"reboot\r" * (typed.MOST_WAITING + 5), 1.0)
    terminal.lines.shown(b"reboot\r\n" * 3)
    fates = [fate for fate, _ in terminal.read()]
    assert (fates.count(Fate.UNREAD), fates.count(Fate.READ)) == (5, 3)


def test_what_is_typed_into_a_program_that_has_the_whole_screen_is_not_read(terminal):
    terminal.types(b"vi x\r", then=b"\r\n\x1b[?10")
    terminal.lines.shown(b"49h~\r\n")
    terminal.types(b":!reboot\r")
    terminal.lines.shown(b"\x1b[?1049l$ ")
    terminal.types(b"ls\r")
    assert terminal.read() == [(Fate.READ, "vi x"), (Fate.READ, "ls")]
    assert terminal.lines.whole_screens == 1


def test_the_echo_of_something_else_does_not_stand_for_a_line(terminal):
    terminal.types(b"reboot\r", echo=b"", then=b"\r\n1\r\n2\r\n3\r\n4\r\n5\r\nreboot\r\n")
    assert terminal.types(b"ls\r").read()[-1] == (Fate.READ, "ls")


@pytest.mark.parametrize(("keys", "echo"), [
    (b"secret\r", b"\n"), (b"x\r", b"y\r"), (b"\x1b[", b"\x1b["), (b"\x00\x01\x02\x7f\r", b"\x1b]0;" + b"x" * 50),
    (b"\xff\xfe\r", b"\xff\xfe\r\n"), (b"a\tb\r", b"\x08" * 60),
])  # fmt: skip
def test_no_stream_takes_long(keys, echo):
    lines = TypedLines(lambda *_: None)
    before = time.process_time()
    for _ in range(10_000):
        lines.typed(keys, 0.0)
        lines.shown(echo)
    lines.end()
    assert time.process_time() - before < 20


def test_whoever_makes_it_look_too_often_is_read_no_further(monkeypatch):
    monkeypatch.setattr(typed, "MOST_LOOKS", 3)
    terminal = Terminal()
    for _ in range(6):
        terminal.types(b"ls\r")
    assert terminal.lines.tired
    assert [fate for fate, _ in terminal.read()].count(Fate.READ) == 3
