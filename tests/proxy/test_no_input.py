"""A command that is given no input: what passes, what does not, and how it is told."""

import pytest

from bastion.proxy.frames import Data, Eof, Exit, Resize, Signal, Stream
from bastion.proxy.live_session import REFUSED
from bastion.proxy.no_input import NoInput
from tests.proxy.fakes import FakeEnd


class Heard:
    def __init__(self) -> None:
        self.frames = []
        self.why = ""
        self.held = 0

    def deliver(self, frame) -> None:
        self.frames.append(frame)

    def ended(self, why) -> None:
        self.why = why

    def hold(self) -> None:
        self.held += 1

    def release(self) -> None:
        self.held -= 1


@pytest.fixture
def deaf():
    end, told = FakeEnd(), []
    deaf = NoInput(end, lambda: told.append("refused"))
    deaf.technician, deaf.told, deaf.heard = end, told, Heard()
    deaf.attach(deaf.heard)
    return deaf


def test_the_first_byte_ends_the_input_and_none_passes(deaf):
    for frame in (Data(b"a"), Data(b"b"), Eof()):
        deaf.technician.say(frame)
    assert (deaf.heard.frames, deaf.told) == ([Eof()], ["refused"])


def test_what_is_no_byte_passes_before_and_after(deaf):
    deaf.technician.say(Signal("INT"))
    assert not deaf.refuse(), "the short way shows it what was sent"
    deaf.technician.say(Resize(80, 24))
    deaf.technician.say(Signal("TERM"))
    assert deaf.heard.frames == [Signal("INT"), Eof(), Resize(80, 24), Signal("TERM")]


def test_who_sends_nothing_is_told_the_status_as_it_is(deaf):
    deaf.technician.say(Eof())
    deaf.write(Data(b"out"))
    deaf.write(Exit(0))
    assert (deaf.heard.frames, deaf.told) == ([Eof()], [])
    assert deaf.technician.got == [Data(b"out"), Exit(0)]


@pytest.mark.parametrize(
    ("said", "told"), [(Exit(0), Exit(REFUSED)), (Exit(3), Exit(3)), (Exit(0, "KILL"), Exit(0, "KILL"))]
)
def test_whoever_sent_something_is_not_told_of_a_success(deaf, said, told):
    deaf.technician.say(Data(b"a"))
    deaf.write(Data(b"e", Stream.ERR))
    deaf.write(said)
    assert deaf.technician.got == [Data(b"e", Stream.ERR), told]


def test_back_pressure_and_the_end_pass_both_ways(deaf):
    deaf.pause()
    assert deaf.technician.paused
    deaf.resume()
    deaf.technician.sink.hold()
    deaf.technician.sink.hold()
    deaf.technician.sink.release()
    deaf.technician.leave("gone")
    deaf.close()
    assert (deaf.technician.paused, deaf.heard.held, deaf.heard.why, deaf.technician.closed) == (False, 1, "gone", 1)
