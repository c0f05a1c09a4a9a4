"""The relay with a gate: what it lets pass, what it takes, and who is held back meanwhile."""

import pytest

from bastion.proxy.frames import ChannelFault, Data, Exit, Stream
from bastion.proxy.relay import Relay
from tests.proxy.fakes import FakeEnd, FakeTap


class FakeGate:
    """Takes what begins with "x"; `over` is why it ended."""

    def __init__(self) -> None:
        self.over: list[str] = []

    def from_technician(self, data) -> bool:
        if bytes(data) == b"nonsense":
            raise ChannelFault("a packet of an impossible length")
        return not bytes(data).startswith(b"x")

    def from_device(self, data) -> bool:
        return not bytes(data).startswith(b"x")

    def ended(self, why: str) -> None:
        self.over.append(why)


class Owner:
    def __init__(self) -> None:
        self.failed: list[Exception] = []
        self.ended: list[str] = []

    def relay_failed(self, _relay, error) -> None:
        self.failed.append(error)

    def relay_ended(self, _relay, outcome, problems) -> None:
        assert not problems
        self.ended.append(outcome)


@pytest.fixture
def gated():
    relay = Relay(FakeEnd(), FakeEnd(), [FakeTap()], Owner(), terminal=False, gate=FakeGate())
    relay.start()
    return relay


def test_what_the_gate_takes_goes_no_further_either_way(gated):
    for sink, end in ((gated.technician.sink, gated.device), (gated.device.sink, gated.technician)):
        sink.deliver(Data(b"passes"))
        sink.deliver(Data(b"x is taken"))
        assert end.got == [Data(b"passes")]


def test_what_a_device_says_beside_the_stream_is_not_the_gates(gated):
    gated.device.sink.deliver(Data(b"x", Stream.ERR))
    gated.device.sink.deliver(Exit(1))
    assert gated.technician.got == [Data(b"x", Stream.ERR), Exit(1)]


def test_what_cannot_be_read_ends_the_channel_and_not_the_session(gated):
    gated.technician.sink.deliver(Data(b"nonsense"))
    assert gated.device.got == []
    assert gated._owner.failed == []
    assert gated._owner.ended == ["fault: a packet of an impossible length"]
    assert gated._gate.over == ["fault: a packet of an impossible length"]
    assert b"impossible" in gated.technician.got[0].data


def test_the_gate_hears_of_the_end_once(gated):
    gated.close(outcome="session ended")
    gated.close()
    assert gated._gate.over == ["session ended"]


def test_who_does_not_read_the_answers_may_not_go_on_asking(gated):
    gated.technician.sink.hold()
    assert gated.technician.paused
    gated.technician.sink.release()
    assert not gated.technician.paused


def test_the_gate_may_hold_the_technician_back(gated):
    gated.gate_full(full=True)
    assert gated.technician.paused
    gated.gate_full(full=False)
    assert not gated.technician.paused
