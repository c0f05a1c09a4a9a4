"""Real SFTP clients before the gate, and OpenSSH's own sftp-server behind it, joined by sockets and pipes."""

import random
import selectors
import socket
import subprocess
import threading
from pathlib import Path

from bastion.domain.device import FileRight
from bastion.domain.session_effects import Audit
from bastion.proxy.files.gate import SftpGate
from bastion.proxy.files.ledger import Ledger
from recordings.files import FileLine
from tests.proxy.files.table import ALL

SERVER = "/usr/lib/openssh/sftp-server"


class Line(socket.socket):
    """A socket that paramiko takes for a channel."""

    def get_name(self) -> str:
        return "line"


class Bridge:
    """One thread carries the bytes. `most` is how many it takes at once, at random up to that when `seed` is given.

    `close` waits for both ends and says why it ended; `said` keeps both streams, in order, as they reached the gate.
    """

    def __init__(self, root: Path, rights: frozenset[FileRight] = ALL, *, most: int = 65536, seed: int = 0) -> None:
        self.lines: list[FileLine] = []
        self.facts: list[Audit] = []
        self.said: list[tuple[bool, bytes]] = []
        self.passed = {True: 0, False: 0}  # chunks in place, chunks cut
        self.error: Exception | None = None
        self.most = most
        self._random = random.Random(seed) if seed else None
        client, self._near = socket.socketpair()
        self.client = Line(fileno=client.detach())
        self._server = subprocess.Popen([SERVER, "-e", "-d", str(root)], stdin=-1, stdout=-1, stderr=subprocess.DEVNULL)
        self._held = False
        self.holds = 0
        ledger = Ledger(self.lines.append, self.facts.append)
        self.gate = SftpGate(rights, ledger, str.upper, self._to_device, self._near.sendall, self._hold)
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def _to_device(self, data: bytes) -> None:
        self._server.stdin.write(data)
        self._server.stdin.flush()

    def _hold(self, on: bool) -> None:
        self._held = on
        self.holds += on

    def _carry(self) -> None:
        try:
            with selectors.DefaultSelector() as ready:
                ready.register(self._near, selectors.EVENT_READ, True)
                ready.register(self._server.stdout, selectors.EVENT_READ, False)
                while self._turn(ready):
                    pass
        except (ConnectionResetError, BrokenPipeError):
            pass  # one of the two has gone
        except Exception as error:  # noqa: BLE001 - raised again by `close`
            self.error = error
        finally:
            self.gate.ended("over")
            self._server.kill()
            self._near.close()

    def _turn(self, ready: selectors.BaseSelector) -> bool:
        for key, _ in ready.select():
            up = key.data
            if up and self._held:
                continue
            size = self._random.randint(1, self.most) if self._random else self.most
            data = key.fileobj.recv(size) if up else key.fileobj.read1(size)
            if not data:
                return False
            self.said.append((up, data))
            scratch = bytearray(data)
            whole = (self.gate.from_technician if up else self.gate.from_device)(memoryview(scratch))
            scratch[:] = b"\xee" * len(scratch)
            self.passed[whole] += 1
            if whole:
                (self._to_device if up else self._near.sendall)(data)
        return True

    def close(self) -> None:
        self.client.close()
        self._thread.join(20)
        assert not self._thread.is_alive()
        self._server.communicate()
        if self.error is not None:
            raise self.error

    def kill_device(self) -> None:
        self._server.kill()

    def ends(self) -> list[FileLine]:
        """The last line of each file or operation."""
        return [line for line in self.lines if line.outcome != "begun"]
