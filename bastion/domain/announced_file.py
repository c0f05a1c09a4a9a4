"""What a supplier says in its request that it will bring: names and hashes, compared with what comes (R-42)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bastion.errors import Invalid

MOST = 200
LONGEST = 400
_LINE = re.compile(r"(?P<sha256>[0-9A-Fa-f]{64})[ \t]+\*?(?P<name>\S.*)")
_NAME_FIRST = re.compile(r"(?P<name>\S.*?)[ \t]+(?P<sha256>[0-9A-Fa-f]{64})")
_HASH = re.compile(r"[0-9a-f]{64}")


class Announced(StrEnum):
    """How a file compares with what the request announced."""

    NONE = "none"  # the request announced nothing, or the file leaves
    MATCHES = "matches"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class AnnouncedFile:
    """A file without its folder. `size` 0 means that it was not said."""

    name: str
    size: int
    sha256: str


def parse(text: str) -> tuple[AnnouncedFile, ...]:
    """Read what `sha256sum` writes: one file a line, its hash, then its name. Raises `Invalid` for any other line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return checked(read(line) for line in lines)


def read(line: str) -> AnnouncedFile:
    """Read one line; the name may stand first too. Raises `Invalid` for a line that is no hash with a name."""
    found = _LINE.fullmatch(line) or _NAME_FIRST.fullmatch(line)
    if found is None:
        raise Invalid(
            line[:LONGEST], field="announced",
            sentence="Write one file per line: its SHA-256 (64 characters, 0–9 and a–f), a space, then its name.",
        )  # fmt: skip
    return AnnouncedFile(basename(found["name"]), 0, found["sha256"].lower())


def checked(files: Iterable[AnnouncedFile]) -> tuple[AnnouncedFile, ...]:
    """Return the files, each once. Raises `Invalid` for a hash that is none, a bad name or size, or too many."""
    unique = tuple(dict.fromkeys(files))
    if len(unique) > MOST:
        raise Invalid("announced", field="announced", sentence="Announce {limit} files at most.", limit=MOST)
    for file in unique:
        if not _HASH.fullmatch(file.sha256) or not 0 < len(file.name) <= LONGEST or file.size < 0:
            raise Invalid(
                file.name[:LONGEST], field="announced", sentence="An announced file needs a name and its SHA-256."
            )
    return unique


def basename(path: str) -> str:
    return re.split(r"[/\\]", path.strip())[-1]


def compare(size: int, sha256: str, announced: Iterable[AnnouncedFile]) -> Announced:
    """Whoever announces files brings these and no others: what is not among them differs, whatever it is called."""
    files = list(announced)
    if not files:
        return Announced.NONE
    same = any(file.sha256 == sha256 and file.size in {0, size} for file in files)
    return Announced.MATCHES if same else Announced.DIFFERS
