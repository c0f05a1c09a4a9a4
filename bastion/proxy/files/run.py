"""What passed of one file in one direction: how much, and the SHA-256 of it.

Pieces that come out of turn (answers overtaking each other) wait in a window of bounded size until the gap before them
is filled, so that the digest is the file's. Where the gap stays, or a written piece comes twice, or the window is full,
the run is scattered, and the digest is that of the pieces in the order in which they passed.

Reading something again changes no file, and some clients do it by a race of their own (paramiko fetches the whole file
twice, now and then): the run is then repeated, its digest that of each byte's first passage, and the digest of all that
passed stands beside it.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from bastion.proxy.files.lane import Feed
from bastion.proxy.files.wire import Buffer
from recordings.files import REPEATED, SCATTERED

WINDOW: Final = 4 * 1024 * 1024


class Window:
    """Bytes that pieces out of turn may hold, for all files of a channel together."""

    __slots__ = ("room",)

    def __init__(self, room: int = WINDOW) -> None:
        self.room = room


class Run:
    """`size` counts a piece from its header on; `cut_short` takes off what then does not come."""

    __slots__ = (
        "_again",
        "_digest",
        "_end",
        "_late",
        "_next",
        "_passed",
        "_scattered",
        "_start",
        "_window",
        "_writes",
        "size",
        "trouble",
    )

    def __init__(self, window: Window, *, writes: bool) -> None:
        self.size = 0
        self.trouble = ""
        self._window = window
        self._start = -1
        self._next = -1
        self._end = -1
        self._digest = hashlib.sha256()
        self._passed = self._digest  # another one from the first piece out of turn on
        self._late: dict[int, bytearray] = {}
        self._scattered = False
        self._again = False
        self._writes = writes

    def expect(self, offset: int) -> None:
        """Note where the first piece that was asked for begins: answers may come in any order."""
        if self._start < 0:
            self._start = self._next = offset

    def end(self, offset: int) -> None:
        """Note that the device has nothing at `offset`."""
        self._end = offset

    @property
    def whole(self) -> bool:
        """Everything up to the end of the file has passed in one run, and that end has been told."""
        self._catch_up()
        return not self._late and self._next == self._end >= 0

    def cut_short(self, by: int) -> None:
        """Take off what of the last piece has not passed."""
        if by:
            self.size -= by
            self._end = -1

    def piece(self, offset: int, size: int) -> Feed:
        """Return who is to get the `size` bytes that pass next; they belong at `offset`."""
        self.size += size
        if self._start < 0:
            self._start = self._next = offset
        elif self._late:
            self._catch_up()
        if offset == self._next:
            self._next += size
            return self._digest.update if self._passed is self._digest else self._both
        return self._out_of_turn(offset, size) if size else len

    def scatter(self) -> None:
        """Say that the digest cannot be that of the file."""
        self._window.room += sum(map(len, self._late.values()))
        self._late = {}
        self._digest, self._next, self._scattered = self._passed, -1, True

    def summary(self) -> tuple[str, str]:
        """Return the digest of what passed, and how its pieces lay. To be asked once, at the end."""
        self._catch_up()
        if self._late:
            self.scatter()
        return self._digest.hexdigest(), SCATTERED if self._scattered else ", ".join(self._lay())

    def _lay(self) -> Iterator[str]:
        if self._start > 0:
            yield f"from {self._start}"
        if self._again:
            yield f"{REPEATED} {self._passed.hexdigest()}"

    def _both(self, data: Buffer) -> None:
        self._digest.update(data)
        self._passed.update(data)

    def _out_of_turn(self, offset: int, size: int) -> Feed:
        if self._scattered:
            return self._passed.update
        if offset < self._next:
            return self._once_more(offset, size)
        if offset in self._late or size > self._window.room:
            self.scatter()
            return self._passed.update
        self._keep_apart()
        self._window.room -= size
        late = self._late[offset] = bytearray()
        passed = self._passed

        def feed(data: Buffer) -> None:
            late.extend(data)
            passed.update(data)

        return feed

    def _once_more(self, offset: int, size: int) -> Feed:
        """Take a piece that begins with what has passed before; what it holds beyond that is new."""
        if self._writes:
            self.scatter()
            return self._passed.update
        self._keep_apart()
        self._again = True
        old, passed, digest = min(size, self._next - offset), self._passed, self._digest
        self._next = max(self._next, offset + size)

        def feed(data: Buffer) -> None:
            nonlocal old
            passed.update(data)
            if old < len(data):
                digest.update(data[old:])
            old = max(old - len(data), 0)

        return feed

    def _keep_apart(self) -> None:
        if self._passed is self._digest:
            self._passed = self._digest.copy()

    def _catch_up(self) -> None:
        while (late := self._late.pop(self._next, None)) is not None:
            self._digest.update(late)
            self._next += len(late)
            self._window.room += len(late)
