"""Judges what the device answers: a device that lies must not reach the technician's client."""

from collections.abc import Callable
from typing import Final

from bastion.proxy.files import rights as may
from bastion.proxy.files import wire
from bastion.proxy.files.lane import Feed
from bastion.proxy.files.ledger import Entry, Ledger, OpenFile
from bastion.proxy.files.requests import Asked, Folder, Talk
from bastion.proxy.files.run import Run
from bastion.proxy.files.wire import Buffer, Fields, GateError
from recordings.files import DONE

NOT_OPENED: Final = "the device did not open it"


class Replies:
    """`withhold` sends a packet to the technician in place of one of the device's."""

    streamed = wire.DATA
    surplus = 0

    def __init__(
        self, talk: Talk, ledger: Ledger, say: Callable[[str], str], withhold: Callable[[bytes], None]
    ) -> None:
        self._talk, self._ledger, self._say, self._withhold = talk, ledger, say, withhold
        self.running: Run | None = None
        """Whose content passes, or passed last."""
        self._late: OpenFile | None = None

    # -- content: the header decides, the content streams --------------------------------------------------------------
    def head(self, _data: Buffer, _at: int, _have: int, /) -> int:
        return 13

    def content(self, data: Buffer, at: int, length: int) -> Feed | None:
        number, size = wire.numbers(data, at + 5)
        if length != 9 + size:
            raise GateError("the device sends content whose length does not fit")
        asked = self._asked(number, wire.DATA)
        if size > asked.size:
            raise GateError("the device sends more than was asked for")
        file = asked.about
        if not isinstance(file, OpenFile) or file.read is None:
            raise GateError("the device sends content of no file")
        self.running = file.read
        self.settle()
        if file.closing:
            self._late = file
        file.pending -= 1
        return file.read.piece(asked.offset, size)

    def settle(self) -> None:
        """End a file whose last content, now through, came after the answer to its closing."""
        late, self._late = self._late, None
        if late is not None:
            late.settle()

    # -- everything else -----------------------------------------------------------------------------------------------
    def packet(self, data: Buffer, at: int, length: int) -> bool:
        kind = data[at + 4]
        if self._late is not None:
            self.settle()
        if kind == wire.STATUS and length >= 9:
            number, code = wire.numbers(data, at + 5)
            asked = self._asked(number, wire.STATUS)
            if asked.kind == wire.WRITE and not code:
                _answered(asked.about)
            else:
                self._status(asked, code, bytes(data[at + 13 : at + 4 + length]))
            return True
        body = Fields(bytes(data[at + 5 : at + 4 + length]))
        if kind == wire.VERSION:
            return self._version(body)
        number = body.number()
        asked = self._asked(number, kind)
        if kind == wire.HANDLE:
            self._handle(asked, body.string())
        elif kind == wire.NAME and not self._fit(asked, wire.names(body)):
            self._ledger.refused(may.HARMFUL_NAMES, "list", _path(asked.about))
            refusal = may.HARMFUL_NAMES
            self._withhold(wire.status(number, refusal.code, self._say(refusal.sentence)))
            return False
        return True

    def _version(self, body: Fields) -> bool:
        talk = self._talk
        if not talk.greeted or talk.answered:
            raise GateError("the device greets when nobody asked")
        version = body.number()
        if version != wire.SPOKEN:
            raise GateError(f"the device speaks version {version}, and only 3 is understood here")
        talk.answered = True
        while not body.over:
            name, _ = body.string(), body.string()
            talk.swapped_links |= name.endswith(b"@openssh.com")
        return True

    def _asked(self, number: int, kind: int) -> Asked:
        """Take the request that is answered from those in flight."""
        asked = self._talk.waiting.pop(number, None)
        if asked is None or (kind not in (asked.answer, wire.STATUS)):
            raise GateError("the device answers what nobody asked")
        if not self._talk.answered:
            raise GateError("the device answers before its greeting")
        return asked

    def _handle(self, asked: Asked, handle: bytes) -> None:
        if len(handle) > wire.LONGEST_HANDLE or handle in self._talk.handles:
            raise GateError("the device gives a handle that cannot be")
        opened = asked.about
        if isinstance(opened, Entry):
            opened.end(DONE)
            self._talk.handles[handle] = Folder(opened.path)
        elif isinstance(opened, OpenFile):
            self._talk.handles[handle] = opened

    def _status(self, asked: Asked, code: int, rest: bytes) -> None:
        why = _why(code, rest) if code else ""
        about = asked.about
        if asked.answer == wire.HANDLE:
            self._talk.files -= 1
        elif isinstance(about, Entry):
            self._talk.named -= 1
        if asked.kind == wire.CLOSE:
            self._talk.files -= 1
            if isinstance(about, OpenFile):
                about.closed(why)
        elif isinstance(about, Entry):
            failed = why or (asked.answer == wire.HANDLE and NOT_OPENED)
            about.end(f"failed: {failed}" if failed else DONE)
        elif isinstance(about, OpenFile):
            self._about_file(asked, about, code, why)

    def _about_file(self, asked: Asked, file: OpenFile, code: int, why: str) -> None:
        if asked.kind == wire.OPEN:
            file.failed(why or NOT_OPENED)
            return
        run = {wire.WRITE: file.written, wire.READ: file.read}.get(asked.kind)
        if run is not None:
            if code == wire.EOF:
                run.end(asked.offset)
            elif code and not run.trouble:
                run.trouble = why
            _answered(file)

    def _fit(self, asked: Asked, names: list[bytes]) -> bool:
        """A folder's names must not lead out of it; where a path was asked for there is one answer, a path."""
        if asked.kind == wire.READDIR:
            return not any(map(wire.escapes, names))
        return len(names) == 1 and len(names[0]) <= wire.LONGEST_PATH and b"\0" not in names[0]


def _answered(file: object) -> None:
    if isinstance(file, OpenFile):
        file.pending -= 1
        file.settle()


def _path(about: object) -> str:
    return about.path if isinstance(about, OpenFile | Folder | Entry) else ""


def _why(code: int, rest: bytes) -> str:
    """Return the device's own words for a failure, else the name of its code."""
    try:
        words = wire.text(Fields(rest).string())
    except GateError:
        words = ""
    return words[: wire.LONGEST_SAYING] or wire.CODES.get(code, f"code {code}")
