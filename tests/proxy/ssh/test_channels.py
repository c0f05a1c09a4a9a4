"""asyncssh's channels as Ends, on real connections between a real client and server of asyncssh."""

import asyncio
from dataclasses import dataclass

import asyncssh
import pytest

from bastion.errors import ChannelRefused
from bastion.proxy.frames import Break, Data, Eof, Exit, Resize, Signal, Stream
from bastion.proxy.ssh.channels import DeviceEnd, TechnicianEnd


class Listener:
    """A Sink that remembers."""

    def __init__(self) -> None:
        self.got, self.over, self.holds = [], [], []

    def deliver(self, frame) -> None:
        self.got.append(Data(bytes(frame.data), frame.stream) if isinstance(frame, Data) else frame)

    def ended(self, why) -> None:
        self.over.append(why)

    def hold(self) -> None:
        self.holds.append(True)

    def release(self) -> None:
        self.holds.append(False)

    @property
    def data(self) -> bytes:
        return b"".join(f.data for f in self.got if isinstance(f, Data))


@dataclass
class Pair:
    """A technician's End and a device's End, each with asyncssh at the other side."""

    client: asyncssh.SSHClientConnection
    ends: list
    started: list
    gone: list
    refused: list

    def channel_started(self, end) -> None:
        self.started.append(end)

    def channel_gone(self, end) -> None:
        self.gone.append(end)

    def refuse(self, kind, detail="", *, remark=True) -> ChannelRefused:
        self.refused.append((kind, detail))
        return ChannelRefused(detail, kind=kind)


@pytest.fixture
async def pair():
    made = Pair(None, [], [], [], [])

    class Server(asyncssh.SSHServer):
        def begin_auth(self, username):
            return False

        def session_requested(self):
            made.ends.append(TechnicianEnd(made))
            return made.ends[-1]

    key = asyncssh.generate_private_key("ssh-ed25519")
    acceptor = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=Server, server_host_keys=[key], line_editor=False, encoding=None
    )
    made.client = await asyncssh.connect(
        "127.0.0.1", acceptor.get_port(), known_hosts=None, config=None, client_keys=None, agent_path=None, username="a"
    )
    yield made
    made.client.abort()
    acceptor.close()


async def opened(pair, command="cat", **options):
    """A device End that talks to a technician End; both are ours."""
    _chan, end = await pair.client.create_session(
        lambda: DeviceEnd(pair.gone.append), command, encoding=None, **options
    )  # fmt: skip
    return end, pair.started[-1]


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def test_what_was_asked_is_known(pair):
    _, end = await opened(
        pair,
        None,
        request_pty="force",
        term_type="xterm-256color",
        term_size=(101, 33, 7, 9),
        term_modes={1: 3, 19: 7, 149: 8},
    )
    asked = end.asked
    assert (asked.pty, asked.term, asked.size, asked.command) == (True, "xterm-256color", Resize(101, 33), None)
    assert asked.modes == {1: 3}


async def test_a_hostile_terminal_type_is_made_harmless(pair):
    _, end = await opened(pair, None, request_pty="force", term_type="x\x1b]0;owned\x07" + "y" * 500)
    assert end.asked.term == "x0owned" + "y" * 53


async def test_frames_cross_both_ways_and_in_order(pair):
    device, technician = await opened(pair, None, request_pty="force", term_type="vt100")
    here, there = Listener(), Listener()
    device.attach(here)
    technician.attach(there)
    for frame in (Data(b"ls"), Resize(80, 24), Signal("INT"), Break(100), Eof()):
        device.write(frame)
    await until(lambda: Eof() in there.got)
    assert there.got == [Data(b"ls"), Resize(80, 24), Signal("INT"), Break(100), Eof()]
    for frame in (Data(b"out"), Data(b"err", Stream.ERR), Eof(), Exit(7)):
        technician.write(frame)
    await until(lambda: here.over)
    assert here.got == [Data(b"out"), Data(b"err", Stream.ERR), Eof(), Exit(7)]


async def test_a_signal_nobody_has_named_goes_no_further_and_is_noted(pair):
    device, technician = await opened(pair)
    there = Listener()
    technician.attach(there)
    for name in ("INT", "SIGINT", "int", "x" * 500, "canary@example.com", "TERM"):
        device.channel.send_signal(name)
    device.write(Eof())
    await until(lambda: Eof() in there.got)
    assert there.got == [Signal("INT"), Signal("TERM"), Eof()]
    assert pair.refused == [("signal", name) for name in ("SIGINT", "int", "x" * 64, "canary@example.com")]


async def test_the_size_of_a_window_in_pixels_stays_here(pair):
    device, technician = await opened(pair, None, request_pty="force", term_type="vt100")
    there = Listener()
    technician.attach(there)
    device.channel.change_terminal_size(90, 30, 1234, 5678)
    await until(lambda: there.got)
    assert there.got == [Resize(90, 30)]


async def test_an_exit_signal_is_passed_on_whole(pair):
    device, technician = await opened(pair)
    here = Listener()
    device.attach(here)
    technician.write(Exit(0, "SEGV", core_dumped=True, message="boom", language="en"))
    await until(lambda: here.over)
    assert here.got == [Exit(0, "SEGV", core_dumped=True, message="boom", language="en")]


async def test_what_comes_before_anybody_listens_is_kept_and_no_more_than_a_window(pair):
    device, technician = await opened(pair)
    for _ in range(64):
        device.write(Data(b"x" * 65536))
    await asyncio.sleep(0.2)
    assert len(technician._early) == 1, "reading stopped at once"
    there = Listener()
    technician.attach(there)
    device.write(Eof())
    await until(lambda: Eof() in there.got)
    assert len(there.data) == 64 * 65536


async def test_an_end_that_is_gone_before_anybody_listens_says_everything_then(pair):
    device, technician = await opened(pair)
    technician.write(Data(b"bye"))
    technician.write(Exit(3))
    await asyncio.sleep(0.2)
    here = Listener()
    device.attach(here)
    await until(lambda: here.over)
    assert here.got == [Data(b"bye"), Exit(3)]


async def test_only_the_last_size_is_kept_and_a_flood_of_signals_ends_the_channel(pair):
    device, technician = await opened(pair, None, request_pty="force", term_type="vt100")
    for number in range(1000):
        device.write(Resize(number, 24))
    await until(lambda: technician.asked.size.cols == 999)
    assert technician._early == [Resize(999, 24)]
    for _ in range(1000):
        device.write(Signal("USR1"))
    await until(lambda: pair.gone)


async def test_a_peer_that_does_not_read_is_told_of_once_and_again_when_it_does(pair):
    device, technician = await opened(pair)
    here, there = Listener(), Listener()
    technician.attach(there)
    device.attach(here)
    device.pause()
    for _ in range(64):
        technician.write(Data(b"x" * 65536))
    assert there.holds == [True]
    device.resume()
    await until(lambda: there.holds == [True, False])
    await until(lambda: len(here.data) == 64 * 65536)


async def test_paused_means_nothing_comes(pair):
    device, technician = await opened(pair)
    there = Listener()
    technician.attach(there)
    technician.pause()
    device.write(Data(b"x"))
    await asyncio.sleep(0.1)
    assert there.got == []
    technician.resume()
    await until(lambda: there.got == [Data(b"x")])


async def test_writing_and_closing_after_the_end_do_nothing(pair):
    device, technician = await opened(pair)
    technician.attach(Listener())
    device.close()
    await until(lambda: technician in pair.gone)
    for frame in (Data(b"late"), Eof(), Exit(1)):
        technician.write(frame)
    technician.close()
    technician.resume()
    assert technician.channel.is_closing()
    assert pair.gone == [technician]


async def test_data_for_a_channel_that_is_closing_is_dropped(pair):
    device, technician = await opened(pair)
    technician.write(Exit(0))
    technician.write(Data(b"late"))
    here = Listener()
    device.attach(here)
    await until(lambda: here.over)
    assert here.got == [Exit(0)]


async def test_a_refusal_is_a_sentence_on_stderr_and_a_status(pair):
    device, technician = await opened(pair)
    here = Listener()
    device.attach(here)
    technician.refuse("Not here.", 254)
    await until(lambda: here.over)
    assert here.got == [Data(b"Not here.\n", Stream.ERR), Exit(254)]


async def test_a_lost_connection_is_told_as_such_and_a_closed_channel_is_not(pair):
    _device, technician = await opened(pair)
    technician.close()
    await asyncio.sleep(0.1)
    assert [g for g in pair.gone if isinstance(g, str)] == []
    _device, technician = await opened(pair)
    technician.channel.get_connection().abort()
    await until(lambda: [g for g in pair.gone if isinstance(g, str)])


async def test_frames_that_cannot_go_that_way_are_a_fault(pair):
    device, technician = await opened(pair)
    with pytest.raises(TypeError):
        technician.write(Resize(80, 24))
    with pytest.raises(TypeError):
        device.write(Exit(0))
