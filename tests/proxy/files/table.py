"""A gate on a table: both people are the test's, and everything that comes out of it is kept."""

import hashlib
import struct

from bastion.domain.device import FileRight
from bastion.domain.session_effects import Audit
from bastion.proxy.files import wire
from bastion.proxy.files.gate import SftpGate
from bastion.proxy.files.ledger import Ledger
from recordings.files import FileLine

ALL = frozenset(FileRight)
NOTHING = frozenset[FileRight]()
UP, DOWN, DELETE, RENAME = (frozenset({right}) for right in FileRight)


def string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def number(value: int) -> bytes:
    return struct.pack(">I", value)


def long(value: int) -> bytes:
    return struct.pack(">Q", value)


def packet(kind: int, *fields: bytes) -> bytes:
    body = bytes((kind,)) + b"".join(fields)
    return number(len(body)) + body


def init(version: int = 3) -> bytes:
    return packet(wire.INIT, number(version))


def version(*extensions: bytes, speaks: int = 3) -> bytes:
    return packet(wire.VERSION, number(speaks), *(string(name) + string(b"1") for name in extensions))


def open_(at: int, path: bytes, flags: int) -> bytes:
    return packet(wire.OPEN, number(at), string(path), number(flags), number(0))


def close(at: int, handle: bytes) -> bytes:
    return packet(wire.CLOSE, number(at), string(handle))


def read(at: int, handle: bytes, offset: int, size: int) -> bytes:
    return packet(wire.READ, number(at), string(handle), long(offset), number(size))


def write(at: int, handle: bytes, offset: int, content: bytes) -> bytes:
    return packet(wire.WRITE, number(at), string(handle), long(offset), string(content))


def named(kind: int, at: int, *names: bytes) -> bytes:
    return packet(kind, number(at), *map(string, names))


def extended(at: int, name: bytes, *fields: bytes) -> bytes:
    return packet(wire.EXTENDED, number(at), string(name), *fields)


def ok(at: int) -> bytes:
    return status(at, wire.OK, b"Success")


def status(at: int, code: int, words: bytes = b"") -> bytes:
    return packet(wire.STATUS, number(at), number(code), string(words), string(b""))


def handle(at: int, name: bytes) -> bytes:
    return packet(wire.HANDLE, number(at), string(name))


def data(at: int, content: bytes) -> bytes:
    return packet(wire.DATA, number(at), string(content))


def name(at: int, *found: bytes, attributes: bytes = number(0)) -> bytes:
    return packet(wire.NAME, number(at), number(len(found)), *(string(n) + string(b"long") + attributes for n in found))


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def packets(stream: bytes) -> list[bytes]:
    """Cut a stream into its packets; what is left over is the last."""
    found = []
    while stream:
        size = 4 + int.from_bytes(stream[:4], "big")
        found.append(stream[:size])
        stream = stream[size:]
    return found


def answers(stream: bytes) -> list[tuple[int, int]]:
    """Return (request, code) of the STATUS packets in a stream."""
    return [struct.unpack(">II", p[5:13]) for p in packets(stream) if p[4] == wire.STATUS]


class Table:
    """`ask` is the technician, `tell` the device. `step` cuts what they say into pieces, at most so long."""

    def __init__(self, rights: frozenset[FileRight] = ALL, *, greeted: bool = True, step: int = 0) -> None:
        self.device, self.technician = bytearray(), bytearray()
        self.lines: list[FileLine] = []
        self.facts: list[Audit] = []
        self.holds: list[bool] = []
        self.told: list[str] = []
        self.now = 0.0
        self.step = step
        self.ledger = Ledger(self.lines.append, self.facts.append, lambda: self.now)
        self.gate = SftpGate(
            rights, self.ledger, lambda words: words, self.device.extend, self.technician.extend, self.holds.append,
            self.told.append,
        )  # fmt: skip
        if greeted:
            self.ask(init())
            self.tell(version(b"posix-rename@openssh.com"))
            self.device.clear()
            self.technician.clear()

    def ask(self, *said: bytes) -> bool:
        return self._pass(b"".join(said), self.gate.from_technician, self.device)

    def tell(self, *said: bytes) -> bool:
        return self._pass(b"".join(said), self.gate.from_device, self.technician)

    def _pass(self, said, take, other) -> bool:
        whole = True
        for at in range(0, len(said), self.step or len(said)):
            piece = said[at : at + (self.step or len(said))]
            scratch = bytearray(piece)
            if take(memoryview(scratch)):
                other += piece
            else:
                whole = False
            scratch[:] = b"\xee" * len(scratch)  # as the relay's own buffer: used again for the next packet
        return whole

    def opened(self, path: bytes, flags: int, called: bytes = b"h", at: int = 900) -> None:
        self.ask(open_(at, path, flags))
        self.tell(handle(at, called))

    def closed(self, called: bytes = b"h", at: int = 901) -> FileLine:
        self.ask(close(at, called))
        self.tell(ok(at))
        return self.lines[-1]

    @property
    def story(self) -> list[tuple[str, str, str]]:
        return [(line.op, line.path, line.outcome) for line in self.lines]
