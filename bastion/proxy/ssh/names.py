"""Login names: `technician`, `technician+device`, `technician+device+account`. Checked before any use (T12)."""

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 200  # bytes
_PERSON: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DEVICE: Final = _PERSON
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@\\$-]{0,63}")
_PATTERNS: Final = (_PERSON, _DEVICE, _ACCOUNT)


@dataclass(frozen=True, slots=True)
class LoginName:
    technician: str
    device: str = ""
    account: str = ""


def parse(text: str) -> LoginName | None:
    """Take a login name apart, or return `None` if any part is not made of plain letters, digits and `._-`.

    People and devices are known in small letters, whichever were typed; an account as its device has it.

    Nothing that starts with `-`, holds a control character, a blank, a quote or a letter outside ASCII gets past here.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST:
        return None
    parts = text.split("+")
    if len(parts) > len(_PATTERNS) or not all(p.fullmatch(part) for p, part in zip(_PATTERNS, parts, strict=False)):
        return None
    return LoginName(*(part.lower() for part in parts[:2]), *parts[2:])


def shown(text: str) -> str:
    """A hostile name, harmless enough to be kept: printable ASCII of at most 64 characters."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text[:64])
