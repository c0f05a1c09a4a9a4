"""A plain TCP stream as an End. Which addresses may be dialled at all stands in `bastion.networks` (T50, R-5)."""

import asyncio
from typing import Final

from bastion.networks import Networks, connect
from bastion.proxy.frames import Data, Eof, Frame, Sink
from bastion.proxy.outlet import Outlet

__all__ = ["LINGER", "Networks", "TcpEnd", "connect", "dial"]

LINGER: Final = 2.0
"""Seconds an End that was closed may still spend on what was written before; a peer that reads nothing gets no more."""


async def dial(host: str, port: int, networks: Networks, patience: float, *, device: str) -> "TcpEnd":
    """Connect within `patience` seconds. Raises `DeviceUnreachable`, `AddressRefused`; `device` is named in them."""
    sock = await connect(host, port, networks, patience, device=device)
    try:
        _, end = await asyncio.get_running_loop().create_connection(TcpEnd, sock=sock)
    except BaseException:
        sock.close()
        raise
    return end


# -- the stream --------------------------------------------------------------------------------------------------------
class TcpEnd(asyncio.Protocol):
    """A TCP connection as an End. Bytes and their end are all it knows; it has no words for windows and signals."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._outlet = Outlet(self._let_read)
        self._said_last = False
        self._heard_last = False

    # -- the End -------------------------------------------------------------------------------------------------------
    def attach(self, sink: Sink) -> None:
        self._outlet.attach(sink)

    def write(self, frame: Frame) -> None:
        transport = self._transport
        if transport is None or transport.is_closing() or self._said_last:
            return
        if isinstance(frame, Data):
            # A memoryview may be another packet's by the time the socket takes it.
            transport.write(frame.data if isinstance(frame.data, bytes) else bytes(frame.data))
        elif isinstance(frame, Eof):
            self._said_last = True
            self.close() if self._heard_last else transport.write_eof()

    def pause(self) -> None:
        self._outlet.pause()

    def resume(self) -> None:
        self._outlet.resume()

    def close(self) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.close()
            asyncio.get_running_loop().call_later(LINGER, self._abort)

    # -- callbacks of asyncio ------------------------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment] # the loop gives a stream protocol a stream transport

    def data_received(self, data: bytes) -> None:
        self._outlet.put(Data(data))

    def eof_received(self) -> bool:
        self._heard_last = True
        self._outlet.put(Eof())
        return not self._said_last  # the other way stays open while it is

    def pause_writing(self) -> None:
        self._outlet.full(full=True)

    def resume_writing(self) -> None:
        self._outlet.full(full=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._outlet.ended("closed by the device" if exc is None else f"device lost: {type(exc).__name__}")

    # -- parts ---------------------------------------------------------------------------------------------------------
    def _let_read(self, on: bool) -> None:
        if self._transport is not None and not self._heard_last and not self._transport.is_closing():
            self._transport.resume_reading() if on else self._transport.pause_reading()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
