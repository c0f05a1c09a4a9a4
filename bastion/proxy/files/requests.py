"""Judges what the technician asks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bastion.domain.device import FileRight
from bastion.proxy.files import rights as may
from bastion.proxy.files import wire
from bastion.proxy.files.lane import Feed
from bastion.proxy.files.ledger import Entry, Ledger, OpenFile
from bastion.proxy.files.rights import Refusal, Rule
from bastion.proxy.files.run import Run
from bastion.proxy.files.wire import Buffer, Fields, GateError

MOST_FILES: Final = 512
"""Handles a channel may have at once, and besides them operations on names that wait for their answer."""

MOST_REQUESTS: Final = 65_536
"""Requests in flight at which the next is refused. One costs about 200 bytes here. Clients that read ahead without a
bound (paramiko) are held back long before: see `gate.HOLD_AT`."""


@dataclass(frozen=True, slots=True)
class Folder:
    """An open folder. Has no content to read or write."""

    path: str
    read: None = None
    written: None = None


class Asked:
    """A request the device has not answered; `kind` is that of the request, `answer` what may answer it."""

    __slots__ = ("about", "answer", "kind", "offset", "size")

    def __init__(
        self, kind: int, answer: int, about: OpenFile | Folder | Entry | None, offset: int = 0, size: int = 0
    ) -> None:
        self.kind, self.answer, self.about = kind, answer, about
        self.offset, self.size = offset, size


@dataclass(slots=True)
class Talk:
    """What both sides have said so far, as far as the next packet depends on it."""

    greeted: bool = False
    answered: bool = False
    swapped_links: bool = False
    """The device takes the names of a symlink in OpenSSH's order: first what it points to."""

    waiting: dict[int, Asked] = field(default_factory=dict)
    handles: dict[bytes, OpenFile | Folder] = field(default_factory=dict)
    files: int = 0  # handles, and requests for one
    named: int = 0  # operations on names in flight


class Requests:
    """`refuse` sends a packet to the technician, `greet` one to the device."""

    streamed = wire.WRITE

    def __init__(
        self, talk: Talk, rights: frozenset[FileRight], ledger: Ledger, say: Callable[[str], str],
        refuse: Callable[[bytes], None], greet: Callable[[bytes], None],
    ) -> None:  # fmt: skip
        self._talk, self._rights, self._ledger, self._say = talk, rights, ledger, say
        self._send_refusal, self._greet = refuse, greet
        self.running: Run | None = None
        """Whose content passes, or passed last."""
        self.surplus = 0

    # -- writes: the header decides, the content streams ---------------------------------------------------------------
    def head(self, data: Buffer, at: int, have: int) -> int:
        if have < 13:
            return 13
        size = wire.numbers(data, at + 5)[1]
        if size > wire.LONGEST_HANDLE:
            raise GateError("a handle of an impossible length")
        return 25 + int(size)

    def content(self, data: Buffer, at: int, length: int) -> Feed | None:
        number, handle_size = wire.numbers(data, at + 5)
        end = at + 13 + handle_size
        offset, size = wire.reading(data, end)
        self.surplus = length - 21 - handle_size - size  # Go's client sends its whole buffer, rclone 1.60 for one
        if self.surplus < 0:
            raise GateError("a write whose length does not fit its content")
        self._require_new(number)
        file = self._talk.handles.get(bytes(data[at + 13 : end]))
        run = None if file is None else file.written
        if run is None or len(self._talk.waiting) >= MOST_REQUESTS:
            self._answer(number, may.NOT_OPEN if run is None else may.TOO_MANY_REQUESTS)
            return None
        self._talk.waiting[number] = Asked(wire.WRITE, wire.STATUS, file)
        file.pending += 1  # type: ignore[union-attr]  # only an OpenFile has a run
        self.running = run
        return run.piece(offset, size)

    # -- everything else -----------------------------------------------------------------------------------------------
    def packet(self, data: Buffer, at: int, length: int) -> bool:
        kind, body = data[at + 4], Fields(bytes(data[at + 5 : at + 4 + length]))
        if kind == wire.INIT:
            return self._init(body)
        number = body.number()
        self._require_new(number)
        if len(self._talk.waiting) >= MOST_REQUESTS:
            return self._answer(number, may.TOO_MANY_REQUESTS)
        if kind == wire.READ:
            return self._read(number, body)
        if kind == wire.OPEN:
            return self._open(number, body)
        name = body.string() if kind == wire.EXTENDED else b""
        rule = may.EXTENSIONS.get(name) if kind == wire.EXTENDED else may.RULES.get(kind)
        if rule is None:
            self._ledger.turned_away(may.UNSUPPORTED, "extended", wire.text(name or b"%d" % kind))
            return self._answer(number, may.UNSUPPORTED)
        return self._by_rule(number, kind, rule, body)

    def _init(self, body: Fields) -> bool:
        """Only version 3 may be agreed on; what offers more, or anything beside, is told to the device without it."""
        if self._talk.greeted:
            raise GateError("the technician greets twice")
        version = body.number()
        if version < wire.SPOKEN:
            raise GateError(f"the technician speaks version {version}, and only 3 is understood here")
        self._talk.greeted = True
        if version == wire.SPOKEN and body.over:
            return True
        self._greet(wire.INIT_PACKET)
        return False

    def _require_new(self, number: int) -> None:
        if not self._talk.greeted:
            raise GateError("a request before the greeting")
        if number in self._talk.waiting:
            raise GateError("two requests in flight under one number")

    def _read(self, number: int, body: Fields) -> bool:
        file = self._talk.handles.get(_handle(body))
        offset, size = body.long(), body.number()
        if file is None or file.read is None:
            return self._answer(number, may.NOT_OPEN)
        file.read.expect(offset)
        file.pending += 1
        self._talk.waiting[number] = Asked(wire.READ, wire.DATA, file, offset, size)
        return True

    def _open(self, number: int, body: Fields) -> bool:
        name = body.string()
        ways = may.ways(body.number())
        reads, writes = ways or (True, False)
        objection = _unfit(name) or self._objection(reads=reads, writes=writes, known=ways is not None)
        if objection is not None:
            put = writes and objection is not may.NO_DOWNLOAD
            facts = ("put", "in") if put else ("get", "out")
            self._ledger.refused(objection, facts[0], wire.text(name), direction=facts[1])
            return self._answer(number, objection)
        self._talk.files += 1
        file = self._ledger.open(wire.text(name), reads=reads, writes=writes)
        self._talk.waiting[number] = Asked(wire.OPEN, wire.HANDLE, file)
        return True

    def _objection(self, *, reads: bool, writes: bool, known: bool) -> Refusal | None:
        needs = {FileRight.DOWNLOAD: reads, FileRight.UPLOAD: writes}
        if not known:
            return may.UNSUPPORTED
        lacking = may.missing(frozenset(right for right, needed in needs.items() if needed), self._rights)
        return lacking or (may.TOO_MANY_FILES if self._talk.files >= MOST_FILES else None)

    def _by_rule(self, number: int, kind: int, rule: Rule, body: Fields) -> bool:
        told = self._arguments(kind, rule, body)
        objection = self._against(kind, rule, told)
        if objection is not None:
            if rule.op and objection is not may.NOT_OPEN:
                self._ledger.refused(objection, rule.op, told.path, told.target)
            return self._answer(number, objection)
        self._talk.waiting[number] = Asked(kind, rule.answer, self._begin(kind, rule, told))
        return True

    def _arguments(self, kind: int, rule: Rule, body: Fields) -> "_Told":
        names, handles = [], []
        for what in rule.fields:
            if what == "p":
                names.append(body.string())
            elif what == "h":
                handles.append(_handle(body))
            else:
                body.long()
        files = [self._talk.handles.get(handle) for handle in handles]
        shown = [wire.text(name) for name in names] or [file.path for file in files if file is not None]
        if rule.op == "link" and (kind != wire.SYMLINK or self._talk.swapped_links):
            shown.reverse()  # the new name is the path
        two = [*shown, "", ""]
        return _Told(names, handles, files, two[0], two[1])

    def _against(self, kind: int, rule: Rule, told: "_Told") -> Refusal | None:
        if None in told.files or not _suits(kind, rule, told.files):
            return may.NOT_OPEN
        objection = next(filter(None, map(_unfit, told.names)), None) or may.missing(rule.needs, self._rights)
        if objection is not None or not rule.op:
            return objection
        if rule.answer == wire.HANDLE:
            return may.TOO_MANY_FILES if self._talk.files >= MOST_FILES else None
        return may.TOO_MANY_REQUESTS if self._talk.named >= MOST_FILES else None

    def _begin(self, kind: int, rule: Rule, told: "_Told") -> OpenFile | Folder | Entry | None:
        """Note that it passes; return what its answer will be about."""
        if kind == wire.CLOSE:
            return self._talk.handles.pop(told.handles[0])
        if not rule.op:
            return told.files[0] if told.files else None
        if rule.answer == wire.HANDLE:
            self._talk.files += 1
        else:
            self._talk.named += 1
        if rule is may.EXTENSIONS[may.COPY]:
            told.files[1].written.scatter()  # type: ignore[union-attr]  # `_suits`; content comes past us
        return self._ledger.begin(rule.op, told.path, told.target)

    def _answer(self, number: int, refusal: Refusal) -> bool:
        self._send_refusal(wire.status(number, refusal.code, self._say(refusal.sentence)))
        return False


@dataclass(frozen=True, slots=True)
class _Told:
    """The arguments of a request, and how its names are shown."""

    names: list[bytes]
    handles: list[bytes]
    files: list[OpenFile | Folder | None]
    path: str
    target: str


def _handle(body: Fields) -> bytes:
    handle = body.string()
    if len(handle) > wire.LONGEST_HANDLE:
        raise GateError("a handle of an impossible length")
    return handle


def _unfit(name: bytes) -> Refusal | None:
    if len(name) > wire.LONGEST_PATH:
        return may.TOO_LONG
    return may.ZERO_BYTE if b"\0" in name else None


def _suits(kind: int, rule: Rule, files: list[OpenFile | Folder | None]) -> bool:
    if kind == wire.READDIR:
        return isinstance(files[0], Folder)
    if rule is may.EXTENSIONS[may.COPY]:
        source, target = files
        return source is not None and source.read is not None and target is not None and target.written is not None
    return True
