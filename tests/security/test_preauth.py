"""T46: what strangers may send before they have proved anything: noise, half-lines, hostile names."""

import asyncio
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bastion import clock
from bastion.errors import Invalid
from bastion.proxy.ssh import names
from bastion.services.authentication import matching_step
from bastion.services.keys import public_key

PLAIN = set(string.ascii_letters + string.digits + "._-@\\$")
NOISE = random.Random(46)
BLOBS = [
    b"",
    b"\0" * 5000,
    b"SSH-2.0-" + b"A" * 100_000 + b"\r\n",
    b"SSH-1.99-old\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"SSH-2.0-x\r\n" + b"\xff" * 4096,
    b"SSH-2.0-x\r\n" + (2**31).to_bytes(4, "big") + b"\x14" * 64,
    b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nSSH-2.0-x\r\n",
    *(b"SSH-2.0-fuzz\r\n" + NOISE.randbytes(NOISE.randrange(1, 3000)) for _ in range(25)),
]


@given(st.text())
def test_T46_T12_whatever_is_typed_as_a_login_is_plain_or_refused(text):
    name = names.parse(text)
    if name is not None:
        for part in (name.technician, name.device, name.account):
            assert set(part) <= PLAIN
            assert not part.startswith("-")
    assert names.shown(text).isascii()
    assert names.shown(text).isprintable()


@given(st.text() | st.text("0123456789 ", max_size=8))
def test_T46_T05_whatever_is_typed_as_a_code_is_answered(text):
    step = matching_step("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", text, clock.now())
    assert step is None or len(text.replace(" ", "")) == 6


@given(st.text() | st.text().map("ssh-ed25519 ".__add__))
def test_T46_T13_whatever_is_pasted_as_a_key_is_a_key_or_refused(text):
    with pytest.raises(Invalid):
        public_key(text)


async def throw(port: int, blob: bytes) -> bytes:
    """Send noise, say no more, and return what the bastion had to say about it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(blob)
        writer.write_eof()
        async with asyncio.timeout(15):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_T46_noise_at_the_door_changes_nothing_for_the_next_technician(hospital):
    answers = await asyncio.gather(*(throw(hospital.listener.port, blob) for blob in BLOBS))
    assert all(b"Traceback" not in answer for answer in answers)
    assert not [answer for answer in answers if b"alice" in answer or b"ct-01" in answer]
    await hospital.grant()
    done = await hospital.ssh("echo", "still here")
    assert (done.status, done.out) == (0, b"still here\n")
