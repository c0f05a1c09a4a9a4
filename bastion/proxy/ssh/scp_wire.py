"""The old SCP protocol, as both sides speak it: one line for a file or a folder, one byte for an answer.

`C0644 1234 name`: a file of 1234 bytes follows, then one byte. `D0755 0 name` … `E`: a folder, its content, its end.
`T1700000000 0 1700000000 0`: the times of what follows. Answers: 0 is fine, 1 with a line is trouble, 2 the end.
"""

import re
from dataclasses import dataclass
from typing import Final, Protocol

from bastion.proxy.files.wire import escapes

LONGEST_LINE: Final = 8192
FINE: Final = b"\0"
_HEAD: Final = re.compile(rb"([CD])([0-7]{3,6}) (\d{1,19}) (.+)", re.DOTALL)
_TIMES: Final = re.compile(rb"T(\d{1,12}) \d{1,9} (\d{1,12}) \d{1,9}")


class Reader(Protocol):
    async def readexactly(self, n: int, /) -> bytes: ...

    async def read(self, n: int = ..., /) -> bytes: ...


class ScpTrouble(Exception):
    """The other side says that something did not work (`fatal`: and that it gives up), or speaks no SCP."""

    def __init__(self, words: str, *, fatal: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.fatal = fatal


@dataclass(frozen=True, slots=True)
class Head:
    """What a `C` or `D` line announces."""

    folder: bool
    mode: int
    size: int
    name: bytes


async def line(reader: Reader) -> bytes:
    """Read one line without its end; empty at the end of everything. A byte at a time: lines are few and short."""
    found = bytearray()
    while True:
        byte = await reader.read(1)
        if byte == b"\n" or (not byte and not found):
            return bytes(found)
        if not byte or len(found) >= LONGEST_LINE:
            raise ScpTrouble("a line without an end", fatal=True)
        found += byte


async def answer(reader: Reader) -> None:
    """Wait for the other side's word on what it was sent; `ScpTrouble` unless it is fine."""
    byte = await reader.read(1)
    if byte == FINE:
        return
    if not byte:
        raise EOFError("no answer")
    words = await line(reader)
    if byte not in {b"\1", b"\2"}:
        raise ScpTrouble(shown(byte + words), fatal=True)
    raise ScpTrouble(shown(words), fatal=byte == b"\2")


def head(text: bytes) -> Head:
    """Read a `C` or `D` line. A name that would lead elsewhere is no name (T44)."""
    found = _HEAD.fullmatch(text)
    if found is None:
        raise ScpTrouble("no SCP", fatal=True)
    kind, mode, size, name = found.groups()
    if escapes(name) or name in {b".", b".."}:
        raise ScpTrouble("a name that leads elsewhere", fatal=True)
    return Head(kind == b"D", int(mode, 8) & 0o7777, int(size), name)


def head_line(kind: str, mode: int, size: int, name: bytes) -> bytes:
    return b"%s%04o %d %s\n" % (kind.encode(), mode & 0o7777, size, name)


def times(text: bytes) -> tuple[int, int]:
    """Return (accessed, changed) of a `T` line."""
    found = _TIMES.fullmatch(text)
    if found is None:
        raise ScpTrouble("no SCP", fatal=True)
    return int(found[2]), int(found[1])


def trouble(words: str) -> bytes:
    """Say that one thing did not work; the rest may go on."""
    return b"\1scp: " + words.replace("\n", " ").encode()[:1000] + b"\n"


def shown(words: bytes) -> str:
    """A peer's words as one harmless, short line."""
    text = words.decode("utf-8", "replace").removeprefix("scp: ")
    return "".join(char if char.isprintable() else " " for char in text).strip()[:200]
