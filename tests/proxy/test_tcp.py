"""Dialling: which addresses, judged once and for good (T50)."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager

import pytest

from bastion.errors import AddressRefused, DeviceUnreachable
from bastion.proxy.tcp import Networks
from tests.proxy.peers import DEVICE, Ear, dialled, served

# -- the address rule --------------------------------------------------------------------------------------------------
REFUSED = {
    "127.0.0.1": "this machine", "127.255.3.4": "this machine", "::1": "this machine",
    "0.0.0.0": "unspecified", "0.1.2.3": "unspecified", "::": "unspecified",
    "169.254.169.254": "cloud metadata", "100.100.100.200": "cloud metadata", "168.63.129.16": "cloud metadata",
    "192.0.0.192": "cloud metadata", "169.254.42.42": "cloud metadata", "fd00:ec2::254": "cloud metadata",
    "fd20:ce::254": "cloud metadata", "fd00:c1::a9fe:a9fe": "cloud metadata", "fd00:42::42": "cloud metadata",
    "169.254.0.1": "link-local", "fe80::1": "link-local", "fe80::1%eth0": "link-local", "febf::1": "link-local",
    "224.0.0.1": "multicast", "239.255.255.250": "multicast", "ff02::1": "multicast", "ff0e::1%eth0": "multicast",
    "255.255.255.255": "broadcast or reserved", "240.0.0.1": "broadcast or reserved",
    "::ffff:127.0.0.1": "an IPv4 address within IPv6", "::ffff:10.0.0.5": "an IPv4 address within IPv6",
    "::ffff:169.254.169.254%eth0": "an IPv4 address within IPv6", "::127.0.0.1": "an IPv4 address within IPv6",
    "::ffff:0:127.0.0.1": "an IPv4 address within IPv6", "64:ff9b::7f00:1": "an IPv4 address within IPv6",
    "64:ff9b::a9fe:a9fe": "an IPv4 address within IPv6", "64:ff9b:1::7f00:1": "an IPv4 address within IPv6",
    "2002:7f00:1::": "an IPv4 address within IPv6", "2001:0:7f00:1::": "an IPv4 address within IPv6",
}  # fmt: skip
ALLOWED = ("10.20.30.40", "172.16.0.9", "192.168.1.7", "100.64.0.1", "198.51.100.7", "2001:db8::7", "fd12:3456::1")


@pytest.mark.parametrize(("address", "why"), REFUSED.items())
def test_T50_no_device_has_such_an_address(address, why):
    assert Networks().why_not(address) == why


@pytest.mark.parametrize("address", ALLOWED)
def test_addresses_of_a_hospital_are_allowed(address):
    assert Networks().why_not(address) == ""


def test_a_named_network_is_allowed_and_no_other():
    networks = Networks(("127.0.0.0/24", "64:ff9b::/96"))
    assert networks.why_not("127.0.0.9") == networks.why_not("64:ff9b::7f00:1") == ""
    assert networks.why_not("127.0.1.1") == "this machine"
    assert networks.why_not("::ffff:127.0.0.9") == "an IPv4 address within IPv6"
    assert networks.why_not("::1") == "this machine"


def test_T50_the_bastions_own_addresses_are_this_machine_too(monkeypatch):
    monkeypatch.setattr(Networks, "_refused", ())
    assert Networks().why_not("127.0.0.1") == "this machine"  # found out by asking the kernel
    assert Networks().why_not("198.51.100.7") == ""


# -- dialling ----------------------------------------------------------------------------------------------------------
class Visitors:
    """A server that counts who comes."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, reader, writer) -> None:
        self.count += 1
        writer.write(writer.get_extra_info("sockname")[0].encode())
        await reader.read()


SPELLINGS = ("127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "0", "::1", "::ffff:127.0.0.1")


@pytest.mark.parametrize("host", SPELLINGS)
async def test_T50_loopback_is_refused_however_it_is_spelled(host):
    visitors = Visitors()
    async with served(visitors) as port:
        with pytest.raises(AddressRefused) as refused:
            await dialled(port, host, Networks())
        await asyncio.sleep(0.05)
    assert visitors.count == 0
    assert DEVICE in refused.value.public
    assert "127" not in refused.value.public


@pytest.fixture
def names(monkeypatch):
    """Answers of the resolver, one list of addresses for each time it is asked; the last one stays."""
    answers, asked = [], []
    real = socket.getaddrinfo

    def resolve(host, port, *args, **kwargs):
        if host != "device.example":
            return real(host, port, *args, **kwargs)
        asked.append(host)
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return answers, asked


on_asyncio = pytest.mark.asyncio(loop_factories=["asyncio"])  # uvloop has a resolver of its own; it is not asked twice


@on_asyncio
async def test_T50_a_name_is_resolved_once_and_the_judged_address_is_dialled(names):
    answers, asked = names
    answers += [["127.0.0.1"], ["127.0.0.2"]]
    visitors = Visitors()
    async with served(visitors) as port, served(visitors, "127.0.0.2", port):
        end = await dialled(port, "device.example", Networks(("127.0.0.1/32",)))
        end.attach(ear := Ear())
        await ear.hears("127.0.0.1")
        end.close()
        await ear.end()
    assert (len(asked), visitors.count) == (1, 1)


@on_asyncio
async def test_T50_a_name_that_means_something_better_a_moment_later_stays_refused(names):
    answers, asked = names
    answers += [["169.254.169.254", "127.0.0.2"], ["127.0.0.1"]]
    async with served(Visitors()) as port:
        with pytest.raises(AddressRefused, match=r"169\.254\.169\.254: cloud metadata; 127\.0\.0\.2: this machine"):
            await dialled(port, "device.example", Networks(("127.0.0.1/32",)))
    assert len(asked) == 1


@on_asyncio
async def test_T50_of_several_addresses_only_the_allowed_are_tried(names):
    """Even when the allowed one does not answer, which is how a hostile name would steer us to the other."""
    answers, _ = names
    answers += [["127.0.0.2", "127.0.0.1", "127.0.0.3"]]
    visitors = Visitors()
    async with served(visitors, "127.0.0.2") as port, served(visitors, "127.0.0.3", port):
        with pytest.raises(DeviceUnreachable, match=r"^127\.0\.0\.1: "):
            await dialled(port, "device.example", Networks(("127.0.0.1/32",)))
    assert visitors.count == 0


@asynccontextmanager
async def black_hole(host="127.0.0.1"):
    """A port whose queue is full: connecting to it gets no answer at all."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        await asyncio.sleep(0.05)
        yield listener.getsockname()[1]
        for filler in fillers:
            filler.close()


@pytest.mark.timed
async def test_a_device_that_never_answers_is_given_up_in_time():
    async with black_hole() as port:
        begun = time.monotonic()
        with pytest.raises(DeviceUnreachable, match=r"127\.0\.0\.1"):
            await dialled(port, patience=0.3)
    assert 0.25 < time.monotonic() - begun < 1.5


@on_asyncio
async def test_one_silent_address_leaves_time_for_the_next(names):
    answers, _ = names
    answers += [["127.0.0.1", "127.0.0.2"]]
    async with black_hole() as port, served(Visitors(), "127.0.0.2", port):
        end = await dialled(port, "device.example", patience=1.0)
        end.attach(ear := Ear())
        await ear.hears("127.0.0.2")
        end.close()
        await ear.end()


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("127.0.0.1", 1),
        ("127.0.0.1", 65536),
        ("127.0.0.1", -1),
        ("no-such-name.invalid", 80),
        ("a\0b", 80),
        ("é" * 80, 80),
    ],
)
async def test_what_cannot_be_dialled_is_unreachable(host, port):
    with pytest.raises(DeviceUnreachable) as error:
        await dialled(port, host)
    assert error.value.public.startswith("The device ct-01 does not answer.")


async def test_a_dial_that_is_given_up_leaves_no_socket(recwarn):
    async with black_hole() as port:
        task = asyncio.create_task(dialled(port))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert not [w for w in recwarn if w.category is ResourceWarning]
