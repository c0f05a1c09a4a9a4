"""The SFTP gate beside a byte relay: two lanes, what has been said so far, and the ledger."""

from collections.abc import Callable
from typing import Final

from bastion.domain.device import FileRight
from bastion.proxy.files.lane import Lane
from bastion.proxy.files.ledger import Ledger
from bastion.proxy.files.replies import Replies
from bastion.proxy.files.requests import Requests, Talk
from bastion.proxy.files.wire import Buffer, GateError

__all__ = ["HOLD_AT", "RELEASE_AT", "GateError", "SftpGate"]

HOLD_AT: Final = 49_152
RELEASE_AT: Final = 32_768
"""Requests in flight at which the technician is held back, and let go on. A client that reads a whole file ahead
(paramiko asks for 10 GiB in 327,680 requests) is slowed down, not refused. Not much below what fits into a window of
the client's: paramiko now and then asks from both its threads and reads from neither, and would wait for ever."""


class SftpGate:
    """`from_…` returns True when the chunk may pass as it is: nothing was sent that way meanwhile. On False the gate
    has taken it, and has sent through its callables what may pass. Whatever it raises, nothing of what was judged wrong
    has passed, and the channel must end; then, and at every other end, `ended`.

    `hold(True)` asks to stop reading from the technician, `hold(False)` to go on. It may deliver at once what has come
    meanwhile. `tell` puts a sentence before the technician beside the file protocol.
    """

    def __init__(
        self, rights: frozenset[FileRight], ledger: Ledger, say: Callable[[str], str],
        to_device: Callable[[bytes], None], to_technician: Callable[[bytes], None],
        hold: Callable[[bool], None] = lambda _on: None, tell: Callable[[str], None] = lambda _said: None,
    ) -> None:  # fmt: skip
        self._talk = Talk()
        self._say, self._tell = say, tell
        self._told: set[str] = set()
        self._ledger = ledger
        self._to_technician = to_technician
        self._hold = hold
        self._held = False
        self._requests = Requests(self._talk, rights, ledger, self._words, self._refuse, self._greet)
        self._replies = Replies(self._talk, ledger, self._words, self._refuse)
        self._up = Lane(self._requests, to_device)
        self._down = Lane(self._replies, to_technician)
        self._over = False

    def from_technician(self, data: Buffer) -> bool:
        passes = self._up.take(data)
        if not self._held and len(self._talk.waiting) >= HOLD_AT:
            self._held = True
            self._hold(True)
        return passes

    def from_device(self, data: Buffer) -> bool:
        passes = self._down.take(data)
        if self._held and len(self._talk.waiting) <= RELEASE_AT:
            self._held = False
            if passes:  # before anything the technician has sent meanwhile is refused: that answer must not overtake it
                self._to_technician(bytes(data))
            self._hold(False)
            return False
        return passes

    def ended(self, why: str) -> None:
        """Nothing more comes, either way: what is unfinished has broken off."""
        if self._over:
            return
        self._over = True
        for lane, judge in ((self._up, self._requests), (self._down, self._replies)):
            if judge.running is not None:
                judge.running.cut_short(lane.left)
        if not self._down.left:
            self._replies.settle()
        self._ledger.broken_off(why)

    def _words(self, sentence: str) -> str:
        """Say why something is refused. Many clients show the code of a refusal and nothing else, so it is told beside
        the protocol too: each sentence once, and there are no more of them than `rights.REFUSALS`.
        """
        said = self._say(sentence)
        if sentence not in self._told:
            self._told.add(sentence)
            self._tell(said)
        return said

    def _refuse(self, packet: bytes) -> None:
        self._down.insert(packet)

    def _greet(self, packet: bytes) -> None:
        self._up.insert(packet)
