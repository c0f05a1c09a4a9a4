"""SFTP version 3 (draft-ietf-secsh-filexfer-02) as far as a gate must read it, and the one packet it writes itself.

A packet is `uint32 length, byte kind, …`; `length` does not count itself. Everything here distrusts its input: what
does not fit raises `GateError`.
"""

import re
from struct import Struct
from typing import Final

from bastion.proxy.frames import ChannelFault

INIT, VERSION = 1, 2
OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT, OPENDIR, READDIR = 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK = 13, 14, 15, 16, 17, 18, 19, 20
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105
EXTENDED, EXTENDED_REPLY = 200, 201

OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, BAD_MESSAGE = 0, 1, 2, 3, 4, 5
OP_UNSUPPORTED = 8
CODES: Final = {
    OK: "ok", EOF: "end of file", NO_SUCH_FILE: "no such file", PERMISSION_DENIED: "permission denied",
    FAILURE: "failure", BAD_MESSAGE: "bad message", 6: "no connection", 7: "connection lost",
    OP_UNSUPPORTED: "operation unsupported",
}  # fmt: skip

PF_READ, PF_WRITE, PF_APPEND, PF_CREAT, PF_TRUNC, PF_EXCL = 1, 2, 4, 8, 16, 32

SPOKEN: Final = 3
LONGEST_PACKET: Final = 256 * 1024
"""As OpenSSH: no client or server sends a longer one."""
LONGEST_PATH: Final = 4096
LONGEST_HANDLE: Final = 256
LONGEST_SAYING: Final = 200
"""Characters of a device's own words that are kept."""

Buffer = bytes | memoryview

packet_head = Struct(">IB").unpack_from
numbers = Struct(">II").unpack_from
reading = Struct(">QI").unpack_from
_number = Struct(">I").unpack_from
_long = Struct(">Q").unpack_from
_status_head = Struct(">IBIII").pack

_ATTRS = ((1, 8), (2, 8), (4, 4), (8, 8))  # flag, bytes: size, owner and group, permissions, times
_ATTRS_EXTENDED = 0x80000000
_ATTRS_KNOWN = 0x8000000F
_HARMFUL = re.compile(rb"[/\0]")


class GateError(ChannelFault):
    """The stream cannot be read, or one side says what the other never asked for: the channel must end."""


class Fields:
    """Reads the fields of one packet's body in order."""

    __slots__ = ("_at", "_body")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    @property
    def over(self) -> bool:
        return self._at == len(self._body)

    def number(self) -> int:
        return int(_number(self._body, self._forth(4))[0])

    def long(self) -> int:
        return int(_long(self._body, self._forth(8))[0])

    def string(self) -> bytes:
        size = self.number()
        at = self._forth(size)
        return self._body[at : at + size]

    def skip(self, size: int) -> None:
        self._forth(size)

    def _forth(self, size: int) -> int:
        at = self._at
        self._at = at + size
        if self._at > len(self._body):
            raise GateError("a packet ends in the middle of a field")
        return at


def status(number: int, code: int, sentence: str) -> bytes:
    """Build the STATUS packet that answers request `number`."""
    words = sentence.encode()
    size = 1 + 4 + 4 + 4 + len(words) + 4
    return _status_head(size, STATUS, number, code, len(words)) + words + b"\0\0\0\0"


INIT_PACKET: Final = b"\0\0\0\5\1\0\0\0\3"
"""What the device gets for an INIT that offers more: later versions have other packets, which nobody here can read."""


def names(fields: Fields) -> list[bytes]:
    """Read the file names of a NAME reply."""
    found = []
    for _ in range(fields.number()):
        found.append(fields.string())
        fields.string()  # the long form, for people
        _skip_attributes(fields)
    return found


def _skip_attributes(fields: Fields) -> None:
    flags = fields.number()
    if flags & ~_ATTRS_KNOWN:
        raise GateError("attributes of an unknown kind")
    fields.skip(sum(size for flag, size in _ATTRS if flags & flag))
    if flags & _ATTRS_EXTENDED:
        for _ in range(2 * fields.number()):
            fields.string()


def escapes(name: bytes) -> bool:
    r"""Tell whether a name in a directory could make a client write elsewhere (T44); `\` divides for some clients."""
    if not name or len(name) > LONGEST_PATH or _HARMFUL.search(name):
        return True
    parts = name.split(b"\\")
    return len(parts) > 1 and (b".." in parts or not parts[0] or parts[0].endswith(b":"))


def text(name: bytes) -> str:
    r"""Show bytes of a peer as one line of text, each distinct name distinctly: `\n`, `\xff`, `\u202e`, `\\`."""
    found = name.decode("utf-8", "surrogateescape")
    if found.isprintable() and "\\" not in found:
        return found
    return "".join(map(_spelled, found))


def _spelled(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if char.isprintable() and char != "\\":
        return char
    if code < 0x80:
        return char.encode("unicode_escape").decode()
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
