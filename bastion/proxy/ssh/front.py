"""asyncssh's server connection, made strict: key and then code, sessions only, everything else refused by default.

- A key that is merely offered proves nothing (T4). A signature does; then `send_userauth_success` becomes a partial
  success (RFC 4252, 5.1) until the second factor is in: asyncssh has no call for that. Nothing else lets anybody in:
  success is sent only when the caller has been let in, whichever method claims it.
- Certificates are not trusted at all (T7), and no signature with SHA-1 counts.
- Channel opens, global requests and channel requests are allow-lists: what is not named here is refused, with a
  sentence where SSH has room for one, and audited (T17).
"""

from collections.abc import Awaitable
from typing import Any, Final, cast

import asyncssh
from asyncssh.channel import SSHServerChannel, SSHTCPChannel
from asyncssh.connection import SSHServerConnection
from asyncssh.constants import MSG_CHANNEL_CLOSE, MSG_CHANNEL_OPEN, MSG_GLOBAL_REQUEST
from asyncssh.packet import PacketDecodeError, SSHPacket, String
from asyncssh.public_key import SSHKey, decode_ssh_public_key

from bastion.proxy.ssh.algorithms import FRONT_SIGNATURES
from bastion.proxy.ssh.caller import Caller
from bastion.proxy.ssh.channels import PACKET, WINDOW, TechnicianEnd
from bastion.proxy.ssh.errors import answer, in_ascii
from bastion.proxy.ssh.names import shown
from bastion.proxy.ssh.packet_channels import PacedServerChannel, PacedTCPChannel
from bastion.proxy.ssh.packet_connection import FastServerConnection

MOST_UNREAD: Final = 4 * 1024 * 1024
"""Bytes waiting for a client that does not read. Data stops long before; a flood of requests would not."""
EXIT_PATIENCE: Final = 5.0
"""Seconds a closed channel waits for the device to say how its command ended."""

_CHANNELS: Final = frozenset({b"session", b"direct-tcpip"})
_GLOBAL: Final = frozenset(
    {b"keepalive@openssh.com", b"hostkeys-prove-00@openssh.com", b"no-more-sessions@openssh.com"}
)
_CHANNEL: Final = frozenset(
    {"pty-req", "shell", "exec", "subsystem", "window-change", "signal", "break", "keepalive@openssh.com"}
)
_HARMLESS: Final = frozenset(
    {"eow@openssh.com", "winadj@putty.projects.tartarus.org", "simple@putty.projects.tartarus.org", "xon-xoff"}
)
"""Refused like the rest, but not worth a word: clients send them of themselves, and expect a no."""
_RECEIVING: Final = frozenset({"open", "eof_pending", "eof"})  # as asyncssh: states in which a CLOSE may come
_LOCALE: Final = ("LANG", "LC_", "COLORTERM", "TZ")
_KINDS: Final = {
    b"direct-streamlocal@openssh.com": "socket forwarding",
    b"tun@openssh.com": "network tunnel",
    b"tcpip-forward": "remote port forwarding",
    b"streamlocal-forward@openssh.com": "remote socket forwarding",
    b"x11-req": "X11",
    b"auth-agent-req@openssh.com": "agent forwarding",
    b"env": "environment variables",
}
"""Words for what people ask for most; they are translated with the sentence they stand in."""


class StrictConnection(SSHServerConnection):
    """Mixed into asyncssh's connection, or the packet path's, below."""

    @property
    def caller(self) -> Caller:
        return cast("Caller", self._owner)

    @property
    def open(self) -> bool:
        """False once asyncssh has let go of the caller: nothing more can be asked of him."""
        return cast("Caller | None", self._owner) is not None

    def _login_timer_callback(self) -> None:
        """The time to be let in is over; asyncssh ends the connection without asking anybody."""
        if self.open:
            self.caller.time_is_up()
        super()._login_timer_callback()

    async def reload_config(self) -> None:
        """There is no configuration file that could say anything about a user."""

    # -- who may come in -----------------------------------------------------------------------------------------------
    async def validate_public_key(self, _username: str, key_data: bytes, msg: bytes, signature: bytes) -> bool:
        key = _plain_key(key_data)
        if key is None or not self.open:
            return False
        public = key.export_public_key().decode().strip()
        if not msg:
            return await self.caller.key_offered(public)
        if not (_modern(signature) and key.verify(String(self._session_id) + msg, signature)):
            await self.caller.signature_refused("signature does not match the key")
            return False
        return await self.caller.key_proved(public)

    async def send_userauth_success(self) -> None:
        if not self.open:
            return
        if self.caller.let_in:
            await super().send_userauth_success()
        else:
            self.send_userauth_failure(partial_success=self.caller.half_way)

    def send_userauth_failure(self, partial_success: bool) -> None:
        if not partial_success and self.open:
            self.caller.count_failure()
        super().send_userauth_failure(partial_success)

    # -- what may be asked ---------------------------------------------------------------------------------------------
    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        """A peer that asks and asks and never reads the answers is cut off before they fill the memory."""
        if self._transport is not None and self._transport.get_write_buffer_size() > MOST_UNREAD:
            self.abort()
            return
        super().data_received(data, datatype)

    def process_packet(self, pkttype: int, pktid: int, packet: SSHPacket) -> bool | Awaitable[None]:
        if self._auth_complete and pkttype == MSG_CHANNEL_OPEN and self._refused_open(packet):
            return True
        if self._auth_complete and pkttype == MSG_GLOBAL_REQUEST and self._refused_request(packet):
            return True
        try:
            return super().process_packet(pkttype, pktid, packet)
        except asyncssh.IllegalUserName as problem:
            if self._auth_complete or not self.open:
                raise
            raise self.caller.nobody_is_called(_username(packet)) from problem

    def _process_session_open(self, packet: SSHPacket) -> tuple[SSHServerChannel[bytes], TechnicianEnd]:
        packet.check_end()
        end = self.caller.new_channel()
        return self._new_channel(), end

    def _process_direct_tcpip_open(self, packet: SSHPacket) -> tuple[SSHTCPChannel[bytes], Any]:
        """A tunnel: the client names where to; what that means is the session's to judge (T8, T50)."""
        host, port = packet.get_string(), packet.get_uint32()
        packet.get_string()
        packet.get_uint32()  # who connected at the client's end: nothing we could check
        packet.check_end()
        tunnel = self.caller.new_tunnel(shown(host.decode("utf-8", "replace")), port)
        return self._new_tunnel(), tunnel

    def _new_channel(self) -> SSHServerChannel[bytes]:
        raise NotImplementedError

    def _new_tunnel(self) -> SSHTCPChannel[bytes]:
        raise NotImplementedError

    def _refused_open(self, packet: SSHPacket) -> bool:
        rest = SSHPacket(packet.get_remaining_payload())
        kind = rest.get_string()
        if kind in _CHANNELS or self.caller.visit is None:
            return False
        number = rest.get_uint32()
        rest.get_uint32()  # window
        rest.get_uint32()  # packet size
        problem = self.caller.visit.refuse(_name(kind), _where(kind, rest))
        self.send_channel_open_failure(number, answer(problem).channel, in_ascii(problem), "")
        return True

    def _refused_request(self, packet: SSHPacket) -> bool:
        """Refuse a global request. There is no room for words in the answer: the next session channel gets them."""
        rest = SSHPacket(packet.get_remaining_payload())
        kind, wants_reply = rest.get_string(), rest.get_boolean()
        if kind in _GLOBAL or self.caller.visit is None:
            return False
        self.caller.visit.refuse(_name(kind), _where(kind, rest))
        self._global_request_queue.append((None, rest, wants_reply))
        if len(self._global_request_queue) == 1:
            self._service_next_global_request()
        return True


class StrictChannel(SSHServerChannel[bytes]):
    """A session channel that takes the requests of `_CHANNEL` and no other."""

    _session: TechnicianEnd

    def process_packet(self, pkttype: int, pktid: int, packet: SSHPacket) -> bool | Awaitable[None]:
        if pkttype == MSG_CHANNEL_CLOSE and self._outlives_close(packet):
            return True
        return super().process_packet(pkttype, pktid, packet)

    def _outlives_close(self, packet: SSHPacket) -> bool:
        """Wait with our CLOSE for the exit status that is due, as sshd does.

        OpenSSH closes a channel as soon as both sides have sent EOF; asyncssh would answer at once and the status of
        the command would never be told.
        """
        if self._recv_state not in _RECEIVING or not self._session.exit_due:
            return False
        packet.check_end()
        self._recv_state = "close_pending"  # nothing more may come; `close` ends the channel for good
        self._loop.call_later(EXIT_PATIENCE, self.close)
        return True

    def _service_next_request(self) -> None:
        request, packet, _ = self._request_queue[0]
        if request in _CHANNEL:
            super()._service_next_request()
            return
        self._refuse(request, packet)
        self._report_response(result=False)

    def _refuse(self, request: str, packet: SSHPacket) -> None:
        visit = cast("StrictConnection", self._conn).caller.visit
        kind = request.encode()
        detail = _where(kind, SSHPacket(packet.get_remaining_payload()))
        if visit is None or request in _HARMLESS or (kind == b"env" and detail.startswith(_LOCALE)):
            return
        visit.refuse(_name(kind), detail, remark=kind != b"env")

    def _process_exec_request(self, packet: SSHPacket) -> bool:
        """Take any bytes: asyncssh refuses what is not UTF-8, and file names on old devices are not."""
        command = packet.get_string()
        packet.check_end()
        return self._start_session(command=command.decode("utf-8", "surrogateescape"))


_SHAPE: Final = (True, False, False, 0, 0, None, "strict", WINDOW, PACKET)
"""allow_pty, line_editor, line_echo, line_history, max_line_length, encoding, errors, window, max_pktsize."""


_TUNNEL: Final = (None, "strict", WINDOW, PACKET)
"""encoding, errors, window, max_pktsize."""


class PlainFrontChannel(StrictChannel, SSHServerChannel[bytes]):
    pass


class PlainFront(StrictConnection, SSHServerConnection):
    """On asyncssh's own path: where the packet path has not been tested."""

    def _new_channel(self) -> SSHServerChannel[bytes]:
        self._update_recv_pktlen(PACKET)
        return PlainFrontChannel(self, self._loop, *_SHAPE)

    def _new_tunnel(self) -> SSHTCPChannel[bytes]:
        self._update_recv_pktlen(PACKET)
        return SSHTCPChannel(self, self._loop, *_TUNNEL)


class FastFrontChannel(StrictChannel, PacedServerChannel):
    pass


class FastFront(StrictConnection, FastServerConnection):
    """On the packet path."""

    def _new_channel(self) -> SSHServerChannel[bytes]:
        self._update_recv_pktlen(PACKET)
        return FastFrontChannel(self, self._loop, *_SHAPE)

    def _new_tunnel(self) -> SSHTCPChannel[bytes]:
        self._update_recv_pktlen(PACKET)
        return PacedTCPChannel(self, self._loop, *_TUNNEL)


def _plain_key(data: bytes) -> SSHKey | None:
    """A bare public key. A certificate is none, and neither is an algorithm we do not know."""
    try:
        key = decode_ssh_public_key(data)
    except asyncssh.KeyImportError:
        return None
    key.set_touch_required(True)
    return key


def _modern(signature: bytes) -> bool:
    try:
        return SSHPacket(signature).get_string().decode("ascii", "replace") in FRONT_SIGNATURES
    except PacketDecodeError:
        return False


def _username(request: SSHPacket) -> str:
    """Who a request for sign-in says it is for, whatever bytes it says (RFC 4252, 5)."""
    return SSHPacket(request.get_full_payload()[1:]).get_string().decode("utf-8", "replace")


def _name(kind: bytes) -> str:
    return _KINDS.get(kind) or shown(kind.decode("ascii", "replace"))


def _where(kind: bytes, rest: SSHPacket) -> str:
    """What a refused request was about, as far as it can be read: the address, the path, the variable's name."""
    try:
        text = rest.get_string().decode("utf-8", "replace")
        port = rest.get_uint32() if kind == b"tcpip-forward" else None
    except PacketDecodeError:
        return ""
    return shown(text if port is None else f"{text}:{port}")
