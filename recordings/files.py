r"""One line of the files track: what was done to one name on the device, and what became of it.

A frame `f` of a track of the kind `files` holds one line as canonical JSON. A transfer has two: one with the outcome
"begun", on the disk before the device is asked to open the file, and one when it ends. So a transfer whose second line
is missing was cut off with the process. Names come from the technician or the device and may be hostile: they are
data, bounded here, with what is no character spelled out (`\xff`), and made harmless where they are shown.

    op         put get remove rename mkdir rmdir link setstat list: one line for an operation on a name
    direction  "in" to the device, "out" from it, "" when no content passes
    size       bytes of content that passed; sha256 is over exactly these
    pieces     "" in one run from the start · "from N" in one run from that byte on, as a resumed transfer is
               "repeated D" one run of which parts were read again: sha256 is over each byte's first passage, D over all
               "scattered" out of order: sha256 is over the pieces as they passed
    outcome    begun · done · refused: why · held: why · failed: why · broken off
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from recordings.model import RecordingDamaged, canonical

LONGEST_NAME = 4096
LONGEST_WORD = 1000
BEGUN = "begun"
DONE = "done"
BROKEN_OFF = "broken off"
SCATTERED = "scattered"
REPEATED = "repeated"

_CUT = "…"
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def file_name(name: bytes | str) -> str:
    """Return a name as text: bytes that are no UTF-8 and lone surrogates spelled out, its end cut when too long."""
    if isinstance(name, bytes):
        name = name.decode("utf-8", "backslashreplace")
    return _bounded(name, LONGEST_NAME)


@dataclass(frozen=True, slots=True)
class FileLine:
    """See the top of this file. `target` is the second name of a rename or a link; `seconds` lasted from the open."""

    op: str
    direction: str = ""
    path: str = ""
    target: str = ""
    size: int = 0
    sha256: str = ""
    pieces: str = ""
    seconds: float = 0.0
    outcome: str = ""

    def as_json(self) -> dict[str, str | int | float]:
        return {
            "op": _bounded(self.op, LONGEST_WORD), "direction": _bounded(self.direction, LONGEST_WORD),
            "path": file_name(self.path), "target": file_name(self.target), "size": self.size,
            "sha256": _bounded(self.sha256, LONGEST_WORD), "pieces": _bounded(self.pieces, LONGEST_WORD),
            "seconds": round(self.seconds, 6), "outcome": _bounded(self.outcome, LONGEST_WORD),
        }  # fmt: skip

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote; keys of a later version are left aside. RecordingDamaged when it is no line."""
        try:
            known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
            line = cls(**known)
            sound = all(isinstance(getattr(line, name), str) for name in _TEXTS)
            sound = sound and type(line.size) is int and line.size >= 0
            sound = sound and type(line.seconds) in (int, float)
        except (TypeError, KeyError) as error:
            raise RecordingDamaged("a line of the files track cannot be read") from error
        if not sound:
            raise RecordingDamaged("a line of the files track cannot be read")
        return line

    def as_bytes(self) -> bytes:
        return canonical(self.as_json())

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the payload of a frame `f`; RecordingDamaged when it is none."""
        try:
            values = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise RecordingDamaged("a line of the files track cannot be read") from error
        return cls.from_json(values)


_TEXTS = ("op", "direction", "path", "target", "sha256", "pieces", "outcome")


def _bounded(text: str, longest: int) -> str:
    """Spell out surrogates (those of `surrogateescape` as the byte they stand for) and cut to `longest`, visibly."""
    text = _SURROGATE.sub(_spelled, text[: longest + 1])
    return text if len(text) <= longest else text[: longest - 1] + _CUT


def _spelled(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
