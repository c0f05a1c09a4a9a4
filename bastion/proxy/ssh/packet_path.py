"""The packet path: SSH data from one connection to another at the cost of opening and sealing it, and little else.

`install()` once at start-up, before the first connection; then `splice(a, b, tap_ab, tap_ba, on_error)` for each pair
of channels. Without `install()`, or where a splice does not apply, the sessions' own callbacks carry the data, so a
session must always be written as if there were no splice:

- each byte goes one of two ways: through the tap, then to the other channel; or to the session's `data_received`;
- the session must have passed on what `data_received` gave it (`channel.write`) before it returns;
- `channel.pause_reading()` stops the splice in that direction at once (a freeze), `resume_reading()` lets it go on;
- end-of-file, requests, signals, exit status and close always come by the session's callbacks, after the data;
- a tap gets a memoryview that is valid during the call; if it raises, neither direction passes another byte and
  `on_error` is called: it must end the session.

What is used of asyncssh beyond its documented interface (`TESTED`; `_SHAPE` is checked at `install`):

- `connection.SSHClientConnection`, `SSHServerConnection`, `SSHClientChannel`, `SSHServerChannel`, `SSHTCPChannel`,
  `SSHUNIXChannel`: the module's names, replaced by subclasses; `connect` and `listen` find them by name.
- SSHConnection: `_transport _loop _channels _inpbuf _packet _pktlen _recv_handler _recv_pkthdr _recv_packet
  _recv_version _recv_data _recv_seq _recv_encryption _recv_blocksize _recv_macsize _max_recv_pktlen _decompressor
  _send _send_seq _send_encryption _send_blocksize _compressor _rekey_bytes _rekey_bytes_sent _rekey_seconds _rekey_time
  _kex_complete _kexinit_sent _send_kexinit _enc_alg_cs _enc_alg_sc _send_disconnect _force_close
  _reset_keepalive_timer`, and the overridden `send_packet send_newkeys data_received connection_made pause_writing
  resume_writing`.
- SSHChannel: `_conn _session _send_state _send_chan _send_window _send_pktsize _send_buf _recv_state _recv_chan
  _recv_window _init_recv_window _recv_paused _recv_buf _read_datatypes _write_datatypes _encoding _flush_recv_buf
  _pause_resume_writing`, and the overridden `_flush_send_buf _accept_data _deliver_data _cleanup`.
- `encryption._enc_params`: cipher name → (class, name), three entries replaced; `GCMEncryption`, `ChachaEncryption`.
- `SSHPacketLogger._log_packet` and `SSHLogger.log`, replaced by ones that ask first; `SSHLogger._debug_level`.
- `connection.saslprep`, called on the login name three times per connection: its answers are remembered.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any

import asyncssh
from asyncssh import connection, encryption
from asyncssh.channel import SSHChannel
from asyncssh.connection import SSHConnection
from asyncssh.encryption import Encryption
from asyncssh.logging import SSHLogger
from asyncssh.packet import SSHPacketLogger

from bastion.proxy.ssh.packet_channels import (
    PacedChannel,
    PacedClientChannel,
    PacedServerChannel,
    PacedTCPChannel,
    PacedUNIXChannel,
)
from bastion.proxy.ssh.packet_ciphers import KeptChaCha, KeptGCM
from bastion.proxy.ssh.packet_connection import FastClientConnection, FastServerConnection, PacketPath
from bastion.proxy.ssh.packet_relay import OnError, Splice, Tap

__all__ = ["Splice", "Tap", "install", "splice"]

TESTED = frozenset({"2.24.1"})

_SHAPE: dict[type, dict[str, tuple[str, ...]]] = {
    SSHConnection: {
        "connection_made": ("self", "transport"),
        "data_received": ("self", "data", "datatype"),
        "send_packet": ("self", "pkttype", "args", "handler"),
        "send_newkeys": ("self", "k", "h"),
        "pause_writing": ("self",),
        "resume_writing": ("self",),
        "_send": ("self", "data"),
        "_send_kexinit": ("self",),
        "_recv_data": ("self",),
        "_recv_pkthdr": ("self",),
        "_recv_packet": ("self",),
        "_recv_version": ("self",),
        "_force_close": ("self", "exc"),
        "_send_disconnect": ("self", "code", "reason", "lang"),
        "_reset_keepalive_timer": ("self",),
    },
    SSHChannel: {
        "_flush_send_buf": ("self",),
        "_flush_recv_buf": ("self", "exc"),
        "_pause_resume_writing": ("self",),
        "_accept_data": ("self", "data", "datatype"),
        "_deliver_data": ("self", "data", "datatype"),
        "_cleanup": ("self", "exc"),
    },
    Encryption: {
        "encrypt_packet": ("self", "seq", "header", "packet"),
        "decrypt_header": ("self", "seq", "first_block", "header_len"),
        "decrypt_packet": ("self", "seq", "first", "rest", "header_len", "mac"),
    },
    SSHPacketLogger: {"_log_packet": ("self", "msg", "pkttype", "pktid", "packet", "note")},
    SSHLogger: {"log": ("self", "level", "msg", "args", "kwargs")},
}

_CLASSES = {
    "SSHClientConnection": FastClientConnection,
    "SSHServerConnection": FastServerConnection,
    "SSHClientChannel": PacedClientChannel,
    "SSHServerChannel": PacedServerChannel,
    "SSHTCPChannel": PacedTCPChannel,
    "SSHUNIXChannel": PacedUNIXChannel,
}
_CIPHERS = {
    b"aes128-gcm@openssh.com": KeptGCM,
    b"aes256-gcm@openssh.com": KeptGCM,
    b"chacha20-poly1305@openssh.com": KeptChaCha,
}

_log = logging.getLogger(__name__)


def install() -> bool:
    """Put the packet path in place for the connections made from now on. Idempotent; True if it is in place.

    With an asyncssh it was not tested with, it changes nothing, says so in the log, and asyncssh's own path serves.
    """
    if connection.SSHServerConnection is FastServerConnection:
        return True
    misfit = _misfit()
    if misfit:
        _log.warning("packet path not in use, asyncssh's own serves: %s", misfit)
        return False
    for name, fast in _CLASSES.items():
        setattr(connection, name, fast)
    for cipher, kept in _CIPHERS.items():
        encryption._enc_params[cipher] = (kept, encryption._enc_params[cipher][1])
    for owner, name, wrap in _WRAPPED:
        setattr(owner, name, wrap(getattr(owner, name)))
    return True


def _misfit() -> str:
    """Why this asyncssh is not the one the packet path was tested with; empty if it is."""
    if asyncssh.__version__ not in TESTED:
        return f"asyncssh {asyncssh.__version__}, tested with {', '.join(sorted(TESTED))}"
    for owner, methods in _SHAPE.items():
        for name, parameters in methods.items():
            method = getattr(owner, name, None)
            if method is None or tuple(inspect.signature(method).parameters) != parameters:
                return f"{owner.__name__}.{name} has another shape"
    return ""


def _when_debugging(log_packet: Callable[..., None]) -> Callable[..., None]:
    """Asyncssh formats a line for each packet before it asks whether anybody reads it."""

    @functools.wraps(log_packet)
    def ask_first(self: SSHPacketLogger, *args: Any, **options: Any) -> None:
        if SSHLogger._debug_level >= 3:
            log_packet(self, *args, **options)

    return ask_first


def _when_enabled(log: Callable[..., None]) -> Callable[..., None]:
    """The same for its other lines: some forty for each connection."""

    @functools.wraps(log)
    def ask_first(self: SSHLogger, level: int, *args: Any, **options: Any) -> None:
        if self.isEnabledFor(level):
            log(self, level, *args, **options)

    return ask_first


_WRAPPED: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
    (SSHPacketLogger, "_log_packet", _when_debugging),
    (SSHLogger, "log", _when_enabled),
    (connection, "saslprep", functools.lru_cache(maxsize=256)),
)


def splice(a: SSHChannel[Any], b: SSHChannel[Any], tap_ab: Tap, tap_ba: Tap, on_error: OnError) -> Splice:
    """Carry data between `a` and `b`, both open and without encoding, past their sessions.

    Never fails: where the packet path does not apply the splice is not `active` and the sessions carry everything.
    """
    joined = Splice(on_error)
    if isinstance(a, PacedChannel) and isinstance(b, PacedChannel) and _fits(a) and _fits(b) and a._conn is not b._conn:
        joined.join(a, b, tap_ab, tap_ba)
    return joined


def _fits(channel: PacedChannel) -> bool:
    return isinstance(channel._conn, PacketPath) and channel.get_encoding()[0] is None and channel.splice is None
