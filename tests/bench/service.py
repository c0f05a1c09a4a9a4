"""A service of the device for tunnels: gives or takes as many bytes as it is asked to."""

import contextlib
import socket
import struct
import threading
from typing import Self

GIVE, TAKE = b"G", b"T"
BLOCK = bytes(1 << 20)
_ORDER = struct.Struct(">cQ")


class Service:
    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            order = sock.recv(_ORDER.size, socket.MSG_WAITALL)
            if len(order) < _ORDER.size:
                return  # somebody only looked whether anybody listens
            kind, size = _ORDER.unpack(order)
            if kind == GIVE:
                _give(sock, size)
            else:
                _take(sock, size)
                sock.sendall(b"k")


def download(sock: socket.socket, size: int) -> None:
    sock.sendall(_ORDER.pack(GIVE, size))
    _take(sock, size)


def upload(sock: socket.socket, size: int) -> None:
    sock.sendall(_ORDER.pack(TAKE, size))
    _give(sock, size)
    if sock.recv(1) != b"k":
        raise EOFError("the service did not take it all")


def _give(sock: socket.socket, size: int) -> None:
    for start in range(0, size, len(BLOCK)):
        sock.sendall(memoryview(BLOCK)[: size - start])


def _take(sock: socket.socket, size: int) -> None:
    buffer = bytearray(1 << 20)
    while size:
        count = sock.recv_into(buffer, min(size, len(buffer)))
        if not count:
            raise EOFError(f"{size} bytes are missing")
        size -= count
