"""An SSH client that says whatever a test wants it to, on top of asyncssh's key exchange and packets."""

import asyncio
import struct

import asyncssh
from asyncssh.packet import Boolean, String

SERVICE = b"ssh-connection"
PK_OK = INFO_REQUEST = 60
FAILURE, SUCCESS, BANNER = 51, 52, 53
SERVICE_ACCEPT = 6


class _Connection(asyncssh.SSHClientConnection):
    """Everything after the key exchange goes to the test."""

    def __init__(self, *args, client: "RawClient", **options) -> None:
        super().__init__(*args, **options)
        self._test = client
        self._channels = _Every(self)

    def process_packet(self, pkttype, pktid, packet):
        if pkttype == SERVICE_ACCEPT:
            self._auth_in_progress = True
            self._test.got.put_nowait(("ready", b""))
        elif pkttype in {1, 3} or pkttype >= 50:
            self._test.got.put_nowait((pkttype, packet.get_remaining_payload()))
        else:
            return super().process_packet(pkttype, pktid, packet)
        return True

    def _recv_packet(self):
        self._auth, self._auth_complete = self, True
        return super()._recv_packet()

    def cancel(self) -> None:
        """asyncssh takes us for our own authentication."""

    def connection_lost(self, exc=None):
        self._test.closed.set()
        super().connection_lost(exc)


class _Every(dict):
    """Channel packets, whatever their channel, go to the connection, and so to the test."""

    def __init__(self, connection) -> None:
        super().__init__()
        self._connection = connection

    def __missing__(self, _number):
        return self._connection


class RawClient:
    """`got` holds what came, as (type, rest); the first is ("ready", b"") once the server takes requests."""

    def __init__(self, port: int, username: str) -> None:
        self.port = port
        self.username = username
        self.got: asyncio.Queue = asyncio.Queue()
        self.closed = asyncio.Event()

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        options = asyncssh.SSHClientConnectionOptions(
            username="raw", known_hosts=None, client_keys=None, config=None, agent_path=None, gss_host=None
        )
        options.waiter = loop.create_future()
        options.waiter.add_done_callback(lambda f: f.cancelled() or f.exception())
        _, self.conn = await loop.create_connection(
            lambda: _Connection(loop, options, wait="auth", client=self), "127.0.0.1", self.port
        )
        return self

    async def __aexit__(self, *_):
        self.conn.abort()

    async def next(self, timeout=5):
        async with asyncio.timeout(timeout):
            return await self.got.get()

    async def answer(self):
        """The next packet, banners left aside."""
        while (packet_ := await self.next())[0] == BANNER:
            pass
        return packet_

    def send(self, kind, *parts):
        self.conn._auth_complete = True
        self.conn.send_packet(kind, *parts)

    def ask(self, method, *parts):
        self.send(50, String(self.username), String(SERVICE), String(method), *parts)

    def offer(self, key):
        self.ask("publickey", Boolean(False), String(key.algorithm), String(key.public_data))

    def prove(self, key):
        head = (String(self.username), String(SERVICE), String("publickey"), Boolean(True), String(key.algorithm))
        body = b"\x32" + b"".join((*head, String(key.public_data)))
        signature = key.sign(String(self.conn._session_id) + body, key.algorithm)
        self.send(50, *head, String(key.public_data), String(signature))


def partial(rest: bytes) -> tuple[list[bytes], bool]:
    """What a FAILURE says: the methods that can go on, and whether the last one was a partial success."""
    length = int.from_bytes(rest[:4], "big")
    return rest[4 : 4 + length].split(b","), bool(rest[4 + length])


def packet(payload: bytes) -> bytes:
    """RFC 4253, 6: before any encryption."""
    padding = 8 - (5 + len(payload)) % 8
    padding += 8 if padding < 4 else 0
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + bytes(padding)
