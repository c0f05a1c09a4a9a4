"""Which right each operation needs, what answers it, and the sentences of a refusal.

What stands in no table here is not passed on: an operation nobody has thought about is refused (R-20, T43).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bastion.domain.device import FileRight
from bastion.proxy.files import wire


@dataclass(frozen=True, slots=True)
class Rule:
    """`fields`: p a path, h a handle, q a number of eight bytes; what stands behind them is the device's to read.
    `answer` is what the device may answer besides a STATUS; `op` is the ledger's word for what changes the device.
    """

    fields: str
    answer: int = wire.STATUS
    needs: frozenset[FileRight] = frozenset()
    op: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`sentence` goes to the technician in his language, `why` into the audit trail."""

    why: str
    code: int
    sentence: str


_UP, _DOWN = frozenset({FileRight.UPLOAD}), frozenset({FileRight.DOWNLOAD})
_DELETE, _RENAME = frozenset({FileRight.DELETE}), frozenset({FileRight.RENAME})

RULES: Final[Mapping[int, Rule]] = MappingProxyType(
    {
        wire.CLOSE: Rule("h"),
        wire.LSTAT: Rule("p", wire.ATTRS),
        wire.FSTAT: Rule("h", wire.ATTRS),
        wire.STAT: Rule("p", wire.ATTRS),
        wire.REALPATH: Rule("p", wire.NAME),
        wire.READLINK: Rule("p", wire.NAME),
        wire.OPENDIR: Rule("p", wire.HANDLE, op="list"),
        wire.READDIR: Rule("h", wire.NAME),
        wire.SETSTAT: Rule("p", needs=_UP, op="setstat"),
        wire.FSETSTAT: Rule("h", needs=_UP, op="setstat"),
        wire.MKDIR: Rule("p", needs=_UP, op="mkdir"),
        wire.REMOVE: Rule("p", needs=_DELETE, op="remove"),
        wire.RMDIR: Rule("p", needs=_DELETE, op="rmdir"),
        wire.RENAME: Rule("pp", needs=_RENAME, op="rename"),
        wire.SYMLINK: Rule("pp", needs=_UP | _RENAME, op="link"),
    }
)
"""OPEN, READ and WRITE are judged by their flags and by the file they belong to."""

COPY: Final = b"copy-data"
EXTENSIONS: Final[Mapping[bytes, Rule]] = MappingProxyType(
    {
        b"posix-rename@openssh.com": Rule("pp", needs=_RENAME, op="rename"),
        b"hardlink@openssh.com": Rule("pp", needs=_UP | _RENAME, op="link"),
        b"lsetstat@openssh.com": Rule("p", needs=_UP, op="setstat"),
        COPY: Rule("hqqhq", needs=_UP | _DOWN, op="link"),
        b"fsync@openssh.com": Rule("h"),
        b"statvfs@openssh.com": Rule("p", wire.EXTENDED_REPLY),
        b"fstatvfs@openssh.com": Rule("h", wire.EXTENDED_REPLY),
        b"limits@openssh.com": Rule("", wire.EXTENDED_REPLY),
        b"users-groups-by-id@openssh.com": Rule("", wire.EXTENDED_REPLY),
        b"expand-path@openssh.com": Rule("p", wire.NAME),
        b"home-directory": Rule("p", wire.NAME),
    }
)

_WRITES = wire.PF_WRITE | wire.PF_APPEND | wire.PF_CREAT | wire.PF_TRUNC
_FLAGS = wire.PF_READ | _WRITES | wire.PF_EXCL


def ways(flags: int) -> tuple[bool, bool] | None:
    """Return (reads, writes) for the flags of an OPEN, None for flags that version 3 does not know.

    Without any flag a device opens for reading.
    """
    if flags & ~_FLAGS:
        return None
    writes = bool(flags & _WRITES)
    return bool(flags & wire.PF_READ) or not writes, writes


NO_UPLOAD: Final = Refusal(
    "upload_not_granted", wire.PERMISSION_DENIED,
    sentence="Your authorisation does not cover sending or changing files on this device. Ask for it in a new request.",
)  # fmt: skip
NO_DOWNLOAD: Final = Refusal(
    "download_not_granted", wire.PERMISSION_DENIED,
    sentence="Your authorisation does not cover fetching files from this device. Ask for it in a new request.",
)  # fmt: skip
NO_DELETE: Final = Refusal(
    "delete_not_granted", wire.PERMISSION_DENIED,
    sentence="Your authorisation does not cover deleting files on this device. Ask for it in a new request.",
)  # fmt: skip
NO_RENAME: Final = Refusal(
    "rename_not_granted", wire.PERMISSION_DENIED,
    sentence="Your authorisation does not cover renaming or linking files on this device. Ask for it in a new request.",
)  # fmt: skip
UNSUPPORTED: Final = Refusal(
    "not_passed_on", wire.OP_UNSUPPORTED,
    sentence="The bastion does not pass this file operation on. Use another way to do the same.",
)  # fmt: skip
TOO_LONG: Final = Refusal(
    "path_too_long", wire.BAD_MESSAGE,
    sentence="This path is longer than 4096 bytes. Use a shorter one.",
)  # fmt: skip
ZERO_BYTE: Final = Refusal(
    "path_with_zero_byte", wire.BAD_MESSAGE,
    sentence="This path holds a zero byte. Use another name.",
)  # fmt: skip
TOO_MANY_FILES: Final = Refusal(
    "too_many_files", wire.FAILURE,
    sentence="Too many files are open at once. Close some and try again.",
)  # fmt: skip
TOO_MANY_REQUESTS: Final = Refusal(
    "too_many_requests", wire.FAILURE,
    sentence="Too many earlier requests still wait for the device to answer. Try again in a moment.",
)  # fmt: skip
NOT_OPEN: Final = Refusal(
    "not_open", wire.FAILURE,
    sentence="This file is not open for that. Open it again.",
)  # fmt: skip
HARMFUL_NAMES: Final = Refusal(
    "harmful_names", wire.FAILURE,
    sentence="The device sent file names that could write outside your folder. They are withheld; tell the hospital.",
)  # fmt: skip

REFUSALS: Final = (
    NO_UPLOAD, NO_DOWNLOAD, NO_DELETE, NO_RENAME, UNSUPPORTED, TOO_LONG, ZERO_BYTE, TOO_MANY_FILES, TOO_MANY_REQUESTS,
    NOT_OPEN, HARMFUL_NAMES,
)  # fmt: skip

_MISSING: Final = (
    (FileRight.UPLOAD, NO_UPLOAD), (FileRight.DOWNLOAD, NO_DOWNLOAD),
    (FileRight.DELETE, NO_DELETE), (FileRight.RENAME, NO_RENAME),
)  # fmt: skip


def missing(needs: frozenset[FileRight], rights: frozenset[FileRight]) -> Refusal | None:
    """Return the refusal for the first right that is needed and not there."""
    if needs <= rights:
        return None
    return next(refusal for right, refusal in _MISSING if right in needs - rights)
