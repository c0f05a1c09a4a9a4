"""Look through a file that is about to leave: archives opened, everything in them scanned, nothing written anywhere.

Each file in a file is walked alike: told by its first bytes, unpacked or read member by member, at the bottom scanned.
Members are known by their position only. Their names are looked at as text, and used for nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from policies.guards import dicom, tars, zips
from policies.guards.packing import HEAD, Packing, is_encrypted_office, packing
from policies.guards.reader import BLOCK, Damaged, Exhausted, Reader
from policies.guards.scanner import Scanner
from policies.guards.unpack import Budget, Unpacked, UnpackedZstd, makes
from policies.guards.verdict import DEFAULT, WITHIN, FindingKind, Limits, Sight, Tally, Verdict

_AGAIN = {Packing.GZIP: b"\x1f\x8b", Packing.BZIP2: b"BZh", Packing.XZ: b"\xfd7zXZ\x00"}
_HEADER = 30


def examine(stream: BinaryIO, name: str, limits: Limits = DEFAULT) -> Verdict:
    """Read `stream` to its end, from where it stands; whatever is in there, only `stream` itself can make this raise.

    It takes a processor for as long as it runs, in steps of a few milliseconds: call it in a thread, or a process.
    """
    tally = Tally(name)
    root = Reader(stream.read)
    try:
        _Walk(tally, Budget(limits, root), limits).file(root, name, 0)
    except Exhausted as reached:
        tally.add(name, Sight(FindingKind.TOO_LARGE, 1, str(reached)))
    return tally.verdict()


@dataclass(slots=True)
class _Leaf:
    """One file at the bottom while it is scanned; zips in its midst are opened on the way."""

    scanner: Scanner = field(default_factory=Scanner)
    directory: zips.Directory = field(default_factory=zips.Directory)
    members: int = 0
    odd: bool = False  # what begins like a member is none, where a zip is expected


@dataclass(slots=True)
class _Walk:
    tally: Tally
    budget: Budget
    limits: Limits

    def file(self, reader: Reader, where: str, depth: int) -> None:
        """Look through all of one file; what is wrong with it is told here and goes no further."""
        try:
            kind, evidence = packing(reader.peek(HEAD))
            if kind is Packing.ENCRYPTED:
                self._say(FindingKind.ENCRYPTED, where, evidence)
            elif kind is Packing.FOREIGN:
                self._say(FindingKind.UNREADABLE, where, evidence)
            elif kind is not Packing.PLAIN and self._may_open(where, depth):
                self._open(kind, reader, where, depth + 1)
            if reader.peek(1):
                self._scan(reader, where, depth)
        except Damaged as damage:
            self._say(FindingKind.UNREADABLE, where, str(damage))

    def _say(self, kind: FindingKind, where: str, evidence: str) -> None:
        self.tally.add(where, Sight(kind, 1, evidence))

    def _may_open(self, where: str, depth: int) -> bool:
        if depth < self.limits.depth:
            return True
        self._say(FindingKind.TOO_LARGE, where, f"depth {self.limits.depth}")
        return False

    def _open(self, kind: Packing, reader: Reader, where: str, depth: int) -> None:
        if kind is Packing.TAR:
            self._tar(reader, where, depth)
        elif kind is Packing.ZSTD:
            self._member(Reader(UnpackedZstd(reader, self.budget)), where, 1, depth)
        else:
            unpacked = Unpacked(reader, makes(self.limits)[kind], self.budget, again=_AGAIN[kind])
            self._member(Reader(unpacked), where, 1, depth)

    def _member(self, reader: Reader, where: str, number: int, depth: int) -> None:
        self.budget.member()
        self.file(reader, f"{where}{WITHIN}{number}", depth)

    def _tar(self, reader: Reader, where: str, depth: int) -> None:
        names = Scanner(wide=False)
        try:
            for number, entry in enumerate(tars.entries(reader), 1):
                names.feed(entry.name + b"\n")
                self._member(Reader(entry.data), where, number, depth)
        except Damaged as damage:  # what is left is still looked at, as it is
            self._say(FindingKind.UNREADABLE, where, str(damage))
        finally:
            self._tell(names, where)

    def _scan(self, reader: Reader, where: str, depth: int) -> None:
        leaf = _Leaf()
        head = reader.peek(dicom.HEAD)
        leaf.scanner.begin(head)
        if is_encrypted_office(head):
            self._say(FindingKind.ENCRYPTED, where, "office")
        try:
            for block in _up_to_zip(reader, leaf):
                if block:
                    leaf.scanner.feed(block)
                elif self._may_open(where, depth):
                    self._zip(leaf, reader, where, depth + 1)
                else:
                    leaf.scanner.feed(reader.exactly(len(zips.LOCAL)))
        finally:
            self._tell(leaf.scanner, where)
        if leaf.odd or leaf.directory.missing or leaf.directory.seen:
            self._say(FindingKind.UNREADABLE, where, "zip and its directory differ")

    def _zip(self, leaf: _Leaf, reader: Reader, where: str, depth: int) -> None:
        names = Scanner(wide=False)
        try:
            for entry in zips.entries(reader, leaf.directory):
                leaf.members += 1
                names.feed(entry.member.name + b"\n")
                self._zip_member(entry, f"{where}{WITHIN}{leaf.members}", depth)
        except Damaged as damage:
            self._say(FindingKind.UNREADABLE, where, str(damage))
        finally:
            self._tell(names, where)

    def _zip_member(self, entry: zips.Entry, where: str, depth: int) -> None:
        self.budget.member()
        if entry.member.encrypted:
            self._say(FindingKind.ENCRYPTED, where, "zip")
            return
        try:
            source = zips.contents(entry, self.budget)
        except Damaged as damage:
            self._say(FindingKind.UNREADABLE, where, str(damage))
            return
        self.file(Reader(source), where, depth)

    def _tell(self, scanner: Scanner, where: str) -> None:
        for sight in scanner.finish():
            self.tally.add(where, sight)


def _up_to_zip(reader: Reader, leaf: _Leaf) -> Iterator[bytes]:
    """Yield what there is, block by block; an empty block where the reader stands at the header of a zip's member."""
    while block := reader.read(BLOCK):
        found = _member_at(block, reader, leaf)
        if found < 0:
            yield block
            continue
        reader.back(len(block) - found)
        if found:
            yield block[:found]
        yield b""


def _member_at(block: bytes, reader: Reader, leaf: _Leaf) -> int:
    """Return where in `block`, which was just read, a member's header begins; -1: nowhere."""
    for match in zips.BEGIN.finditer(block):
        found = match.start()
        if zips.plausible(block[found : found + _HEADER] + reader.peek(max(0, found + _HEADER - len(block)))):
            return found
        leaf.odd |= leaf.members > 0 or (found == 0 and reader.position == len(block))
    for part in range(len(zips.LOCAL) - 1, 0, -1):
        if block.endswith(zips.LOCAL[:part]):
            header = block[-part:] + reader.peek(_HEADER - part)
            return len(block) - part if header.startswith(zips.LOCAL) and zips.plausible(header) else -1
    return -1
