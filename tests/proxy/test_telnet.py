"""Telnet: taken apart at any chunk boundary, bounded whatever the device sends, and a real telnetd at the other end."""

import asyncio
import hashlib
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bastion.proxy import telnet
from bastion.proxy.frames import Break, Data, Eof, Exit, Resize, Signal
from bastion.proxy.telnet import Decoder, TelnetBroken, TelnetEnd, encoded
from tests.proxy.ends import HandEnd
from tests.proxy.peers import DEVICE, LOOPBACK, Ear, served, telnetd

IAC, SB, SE = b"\xff", b"\xff\xfa", b"\xff\xf0"
WILL, WONT, DO, DONT = b"\xff\xfb", b"\xff\xfc", b"\xff\xfd", b"\xff\xfe"
BINARY, ECHO, SGA, TTYPE, NAWS = b"\0", b"\x01", b"\x03", b"\x18", b"\x1f"


# -- the signs ---------------------------------------------------------------------------------------------------------
def decoded(chunks, *, binary=False):
    seen = []
    decoder = Decoder(
        lambda verb, option: seen.append((verb, option)), lambda option, text: seen.append((option, text))
    )
    decoder.binary = binary
    return b"".join(decoder.feed(chunk) for chunk in chunks), seen


def cut(data, places):
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


TYPICAL = st.lists(st.sampled_from([b"\xff", b"\r", b"\n", b"\0", b"\xf0", b"\xfa", b"a", b"\xfd\x18"])).map(b"".join)


@given(data=TYPICAL | st.binary(), places=st.lists(st.integers(0, 400)), binary=st.booleans())
def test_what_is_said_comes_out_the_same_wherever_it_is_cut(data, places, binary):
    assert decoded(cut(encoded(data, binary=binary), places), binary=binary)[0] == data


@given(data=TYPICAL | st.binary(), places=st.lists(st.integers(0, 400)), binary=st.booleans())
def test_what_is_typed_is_dressed_the_same_wherever_it_is_cut(data, places, binary):
    whole = encoded(data, binary=binary)
    assert b"".join(encoded(chunk, binary=binary) for chunk in cut(data, places)) == whole


@given(places=st.lists(st.integers(0, 400)))
def test_signs_are_found_wherever_they_are_cut(places):
    stream = (
        b"a\r\0b"
        + DO
        + NAWS
        + b"c\xff\xffd\xff\xf1\r"
        + SB
        + TTYPE
        + b"\x01x\xff\xffy"
        + SE
        + b"\0e\xff\xf9\xff\xf2\r\nf"
    )
    assert decoded(cut(stream, places)) == (b"a\rbc\xffd\re\r\nf", [(253, 31), (24, b"\x01x\xffy")])


def test_a_zero_byte_that_does_not_follow_a_carriage_return_is_kept():
    assert decoded([b"\r\xff\xff\0\0", b"\r", b"x\0"])[0] == b"\r\xff\0\0\rx\0"


def test_a_sub_negotiation_that_is_not_ended_properly_ends_at_the_next_sign():
    assert decoded([SB + TTYPE + b"\x01" + DO + NAWS + b"a" + SB + SE + b"b"]) == (b"ab", [(24, b"\x01"), (253, 31)])


@given(chunks=st.lists(st.binary(max_size=60), max_size=60))
def test_no_bytes_whatever_break_the_decoder(chunks):
    decoded(chunks)


# -- options -----------------------------------------------------------------------------------------------------------
class Bench:
    """A TelnetEnd whose device is played by hand."""

    def __init__(self, term="xterm-256color", size=None) -> None:
        self.stream = HandEnd()
        self.end = TelnetEnd(self.stream, term, size)
        self.end.attach(ear := Ear())
        self.ear = ear

    def says(self, data: bytes) -> bytes:
        """What the device says, and what it is answered."""
        before = len(self.stream.bytes())
        self.stream.send(data)
        return self.stream.bytes()[before:]

    def types(self, *frames) -> bytes:
        before = len(self.stream.bytes())
        for frame in frames:
            self.end.write(frame)
        return self.stream.bytes()[before:]


@pytest.fixture
async def bench():
    return Bench()


async def test_it_says_nothing_before_it_is_asked(bench):
    assert bench.says(b"login: ") == b""
    assert bench.ear.text == "login: "


async def test_what_is_known_is_agreed_to_and_what_is_not_is_refused(bench):
    assert bench.says(WILL + ECHO + WILL + SGA) == DO + ECHO + DO + SGA
    assert bench.says(DO + SGA) == WILL + SGA
    assert bench.says(DO + ECHO) == WONT + ECHO  # we never echo to a device
    assert bench.says(DO + b"\x27" + WILL + b"\x27") == WONT + b"\x27" + DONT + b"\x27"  # the environment stays here
    assert bench.says(WILL + NAWS) == DONT + NAWS


async def test_an_answer_is_not_answered(bench):
    asked = WILL + ECHO + DO + SGA
    assert bench.says(asked) != b""
    assert bench.says(asked * 3) == b""
    assert bench.says(WONT + ECHO + DONT + SGA) == DONT + ECHO + WONT + SGA
    assert bench.says((WONT + ECHO + DONT + SGA) * 3 + WONT + b"\x55") == b""


async def test_the_window_is_told_when_asked_for_and_when_it_changes():
    bench = Bench(size=Resize(132, 50))
    assert bench.types(Resize(100, 30)) == b""
    assert bench.says(DO + NAWS) == WILL + NAWS + SB + NAWS + b"\0\x64\0\x1e" + SE
    assert bench.types(Resize(255, 70000)) == SB + NAWS + b"\0\xff\xff\xff\xff\xff\xff" + SE
    assert bench.says(DONT + NAWS) == WONT + NAWS
    assert bench.types(Resize(80, 24)) == b""


@pytest.mark.parametrize(
    ("term", "told"),
    [("xterm-256color", b"XTERM-256COLOR"), ("", b"UNKNOWN"), ("vt\xff\xf0100\n'", b"VT100"), ("a" * 99, b"A" * 40)],
)
async def test_the_terminal_is_told_when_asked_for(term, told):
    bench = Bench(term)
    assert bench.says(SB + TTYPE + b"\x01" + SE) == b""
    assert bench.says(DO + TTYPE) == WILL + TTYPE
    assert bench.says(SB + TTYPE + b"\x01" + SE) == SB + TTYPE + b"\0" + told + SE
    assert bench.says(SB + TTYPE + SE + SB + NAWS + b"\x01" + SE) == b""


async def test_each_way_is_binary_when_it_was_agreed(bench):
    assert bench.types(Data(b"a\r\xff")) == b"a\r\0\xff\xff"
    bench.says(DO + BINARY + b"x\r\0")
    assert bench.types(Data(b"a\r\xff")) == b"a\r\xff\xff"
    bench.says(WILL + BINARY + b"y\r\0")
    assert bench.ear.data == b"x\ry\r\0"


async def test_signals_and_breaks_have_telnets_own_signs(bench):
    assert bench.types(Signal("INT"), Break(500), Signal("QUIT")) == b"\xff\xf4\xff\xf3\xff\xee"
    assert bench.types(Signal("HUP"), Signal("TERM")) == b""
    with pytest.raises(TypeError):
        bench.end.write(Exit(0))


async def test_the_end_of_input_is_told_and_the_devices_end_is_the_end(bench):
    bench.types(Eof())
    assert bench.stream.got == [Eof()]
    bench.stream.send(b"bye", Eof())
    assert (bench.ear.text, bench.ear.endings, bench.stream.closed) == ("bye", ["closed by the device"], 1)


async def test_back_pressure_passes_through(bench):
    bench.end.pause()
    assert bench.stream.paused
    bench.end.resume()
    assert not bench.stream.paused
    bench.end.hold()
    bench.end.release()
    assert bench.ear.holds == ["hold", "release"]


# -- hostile devices ---------------------------------------------------------------------------------------------------
FLOODS = {
    "options": DO + NAWS + DONT + NAWS, "unknown options": WILL + b"\x63", "no answer due": WILL + ECHO,
    "questions": DO + TTYPE + SB + TTYPE + b"\x01" + SE,
}  # fmt: skip


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
async def test_a_flood_of_requests_ends_the_connection(bench, flood):
    answered = bench.says(b"before" + flood * 10_000 + b"after")
    assert len(answered) < 20_000
    assert bench.ear.endings == ["telnet: more option requests than any device has"]
    assert bench.stream.closed == 1
    bench.says(b"more")
    assert "more" not in bench.ear.text


async def test_a_device_may_ask_again_now_and_then(bench, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(telnet.time, "monotonic", lambda: now)
    for _ in range(100):
        bench.says((WILL + ECHO + WONT + ECHO) * 20)  # a password prompt hides what is typed
        now += 5
    assert bench.ear.endings == []


async def test_a_sub_negotiation_without_end_is_not_kept(bench):
    bench.says(SB + TTYPE)
    for _ in range(50):
        bench.says(bytes(100))
    assert bench.ear.endings == ["telnet: a sub-negotiation without end"]
    assert len(bench.end._decoder._sub) < 4096


def test_a_long_sub_negotiation_is_broken_at_once():
    with pytest.raises(TelnetBroken):
        decoded([SB + TTYPE + bytes(2_000_000)])


@pytest.mark.timed
async def test_a_flood_of_signs_takes_no_memory(bench):
    begun = time.process_time()
    for _ in range(16):
        bench.says(b"\xff\xf1" * 32768)
    assert bench.ear.frames == bench.ear.endings == []
    assert time.process_time() - begun < 5


async def test_a_server_that_never_answers_stays_silent_and_can_be_closed():
    async def talk(_reader, _writer) -> None:
        await asyncio.sleep(30)

    async with served(talk) as port:
        end = await telnet.dial("127.0.0.1", port, LOOPBACK, 5, device=DEVICE)
        end.attach(ear := Ear())
        end.write(Data(b"hello?"))
        end.close()
        await ear.end()
        assert ear.frames == []


# -- a real telnetd ----------------------------------------------------------------------------------------------------
@pytest.fixture
async def shell():
    """A terminal on `old_device.py` behind inetutils' telnetd, signed in."""
    async with telnetd() as port:
        end = await telnet.dial(
            "127.0.0.1", port, LOOPBACK, 5, device=DEVICE, term="xterm-256color", size=Resize(132, 50)
        )
        end.attach(ear := Ear())
        await ear.hears("login: ")
        end.write(Data(b"service\r"))
        await ear.hears("Password: ")
        end.write(Data(b"s3cret-Pass\r"))
        await ear.hears("old$ ")
        yield end, ear
        end.close()


async def test_telnetd_window_terminal_and_signals(shell):
    end, ear = shell
    end.write(Data(b"size\r"))
    await ear.hears("132x50")
    end.write(Resize(255, 31))
    end.write(Data(b"size\r"))
    await ear.hears("255x31")
    end.write(Data(b"term\r"))
    await ear.hears("<xterm-256color>")
    end.write(Signal("INT"))
    await ear.hears("[interrupted]")
    end.write(Break(500))
    await ear.hears("[quit]")
    end.write(Data(b"exit\r"))
    assert await ear.end() == "closed by the device"


async def test_telnetd_gets_every_byte_as_it_was_typed(shell):
    end, ear = shell
    typed = b"\xff\xff\r\n\r\0\xff\xf0\xfa\xfd\x18" + bytes(b for b in range(256) if b not in b"\x03\x1a\x1c") * 4
    end.write(Data(b"bytes %d\r" % len(typed)))
    await ear.hears("ready")
    for at in range(0, len(typed), 7):
        end.write(Data(typed[at : at + 7]))
    await ear.hears(f"={typed.hex()}\r\n")


async def test_telnetd_floods_a_paused_terminal_and_nothing_is_lost(shell):
    end, ear = shell
    await asyncio.sleep(0.1)
    before = len(ear.data)
    size = 4 * 1024 * 1024
    end.write(Data(b"flood %d\r" % size))
    await ear.until(lambda: len(ear.data) > before + 65536)
    end.pause()
    count = len(ear.data)
    await asyncio.sleep(0.2)
    assert len(ear.data) == count
    end.resume()
    echo = len(b"flood %d\r\n" % size)
    await ear.until(lambda: len(ear.data) >= before + echo + size, seconds=30)
    shown = bytes(ear.data[before + echo :][:size])
    assert hashlib.sha256(shown).digest() == hashlib.sha256(bytes(range(256)) * (size // 256)).digest()
