"""What a device may answer. A device that lies does not reach the technician's client."""

import pytest

from bastion.proxy.files import wire
from bastion.proxy.files.rights import UNSUPPORTED
from bastion.proxy.files.wire import GateError
from tests.proxy.files.table import (
    Table,
    answers,
    close,
    data,
    extended,
    handle,
    init,
    name,
    named,
    number,
    ok,
    open_,
    packet,
    read,
    sha,
    status,
    string,
    version,
    write,
)  # fmt: skip

R, W = 1, 2
REQUESTS = {
    "open": open_(1, b"/f", R), "opendir": named(wire.OPENDIR, 1, b"/"), "read": read(1, b"h", 0, 4),
    "write": write(1, b"h", 0, b"x"), "close": close(1, b"h"), "stat": named(wire.STAT, 1, b"/"),
    "readdir": named(wire.READDIR, 1, b"d"), "realpath": named(wire.REALPATH, 1, b"."),
    "remove": named(wire.REMOVE, 1, b"/f"), "limits": extended(1, b"limits@openssh.com"),
}  # fmt: skip
ANSWERS = {
    wire.HANDLE: handle(1, b"new"), wire.DATA: data(1, b"abcd"), wire.NAME: name(1, b"a"),
    wire.ATTRS: packet(wire.ATTRS, number(1), number(0)), wire.EXTENDED_REPLY: packet(201, number(1), bytes(32)),
    wire.STATUS: status(1, wire.FAILURE, b"no"),
}  # fmt: skip
FITTING = {
    "open": wire.HANDLE, "opendir": wire.HANDLE, "read": wire.DATA, "stat": wire.ATTRS, "readdir": wire.NAME,
    "realpath": wire.NAME, "limits": wire.EXTENDED_REPLY,
}  # fmt: skip


def prepared(**how) -> Table:
    table = Table(**how)
    table.opened(b"/f", R | W)
    table.ask(named(wire.OPENDIR, 902, b"/dir"))
    table.tell(handle(902, b"d"))
    table.device.clear()
    table.technician.clear()
    return table


@pytest.mark.parametrize("asked", REQUESTS)
@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_must_fit_its_request(asked, kind):
    table = prepared()
    table.ask(REQUESTS[asked])
    if kind in (FITTING.get(asked), wire.STATUS):
        assert table.tell(ANSWERS[kind])
        assert bytes(table.technician) == ANSWERS[kind]
    else:
        with pytest.raises(GateError):
            table.tell(ANSWERS[kind])
        assert bytes(table.technician) == b""


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("step", [1, 0])
def test_an_answer_nobody_asked_for_ends_the_channel(kind, step):
    table = prepared(step=step)
    with pytest.raises(GateError):
        table.tell(ANSWERS[kind])
    assert bytes(table.technician) == b""


def test_an_answer_comes_once():
    table = prepared()
    table.ask(named(wire.STAT, 1, b"/"))
    table.tell(ANSWERS[wire.ATTRS])
    with pytest.raises(GateError):
        table.tell(ANSWERS[wire.ATTRS])


def test_a_refused_request_is_not_answered_by_the_device():
    table = prepared()
    table.ask(packet(99, number(1)))
    with pytest.raises(GateError):
        table.tell(ok(1))


@pytest.mark.parametrize("lie", [
    data(1, b"12345"),  # more than asked for
    packet(wire.DATA, number(1), number(9), b"abc"), packet(wire.DATA, number(1), string(b"abc"), b"d"),
    number(5) + b"\x67" + number(1) + bytes(20), number(0) + b"\x67", number(2**18 + 1) + b"\x67",
    b"\xff\xff\xff\xff\x67",
])  # fmt: skip
@pytest.mark.parametrize("step", [1, 0])
def test_T15_a_device_that_lies_about_sizes_ends_the_channel(lie, step):
    table = prepared(step=step)
    table.ask(read(1, b"h", 0, 4))
    with pytest.raises(GateError):
        table.tell(lie)
    assert bytes(table.technician) == b""


def test_less_than_asked_for_is_no_lie():
    table = prepared()
    table.ask(read(1, b"h", 0, 4))
    assert table.tell(data(1, b"ab"))


@pytest.mark.parametrize("harmful", [b"../../.bashrc", b"a/b", b"a\0b", b"", b"..\\evil"])
@pytest.mark.parametrize("step", [1, 11, 0])
def test_T44_a_listing_with_a_harmful_name_is_withheld(harmful, step):
    table = prepared(step=step)
    table.ask(named(wire.READDIR, 1, b"d"), named(wire.READDIR, 2, b"d"))
    assert not table.tell(name(1, b"good", harmful))
    assert answers(table.technician) == [(1, wire.FAILURE)]
    assert table.lines[-1].op == "list"
    assert table.lines[-1].path == "/dir"
    assert table.lines[-1].outcome.startswith("refused: The device sent file names")
    assert table.facts[-1].fields["why"] == "harmful_names"
    table.technician.clear()
    table.tell(name(2, b"good"))
    assert bytes(table.technician) == name(2, b"good")


def test_a_path_that_was_asked_for_may_hold_slashes_but_is_one():
    table = prepared()
    for at, reply, passes in (
        (1, name(1, b"/home/../x"), True), (2, name(2, b"/a", b"/b"), False), (3, name(3, b"/a\0"), False),
        (4, name(4), False),
    ):  # fmt: skip
        table.ask(named(wire.REALPATH, at, b"."))
        assert table.tell(reply) is passes


@pytest.mark.parametrize("given", [b"h", b"x" * 257])
def test_a_handle_must_be_new_and_short(given):
    table = prepared()
    table.ask(open_(1, b"/g", R))
    with pytest.raises(GateError):
        table.tell(handle(1, given))


def test_a_handle_may_be_used_again_once_it_is_closed():
    table = prepared()
    table.ask(close(1, b"h"), open_(2, b"/g", W))
    table.tell(handle(2, b"h"), ok(1))
    table.ask(write(3, b"h", 0, b"new"))
    table.tell(ok(3))
    assert [(s.op, s.path, s.size) for s in table.lines if s.outcome == "done"] == [
        ("list", "/dir", 0), ("put", "/f", 0), ("get", "/f", 0),
    ]  # fmt: skip
    line = table.closed(b"h", 4)
    assert (line.path, line.size, line.sha256) == ("/g", 3, sha(b"new"))


@pytest.mark.parametrize("said", [
    version(speaks=2), version(speaks=4), version(speaks=6), version() + version(), packet(2), ok(1),
    packet(2, number(3), number(9)),
])  # fmt: skip
def test_a_greeting_that_cannot_be_ends_the_channel(said):
    table = Table(greeted=False)
    table.ask(init())
    table.ask(named(wire.STAT, 1, b"/"))
    with pytest.raises(GateError):
        table.tell(said)


def test_a_device_that_greets_unasked_ends_the_channel():
    with pytest.raises(GateError):
        Table(greeted=False).tell(version())


def test_the_greeting_passes_as_it_is():
    table = Table(greeted=False)
    table.ask(init())
    said = version(b"posix-rename@openssh.com", b"supported2", b"evil@example.com")
    assert table.tell(said)
    assert bytes(table.technician) == said


# -- answers of our own ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("first", [1, 12, 13, 14, 100, 112, 113])
def test_a_refusal_stands_between_two_packets_of_the_device(first):
    table = prepared()
    table.ask(read(1, b"h", 0, 100), read(2, b"h", 100, 100))
    stream = data(1, b"a" * 100) + data(2, b"b" * 100)
    table.tell(stream[:first])
    table.ask(packet(99, number(7)))
    table.tell(stream[first:])
    ours = wire.status(7, wire.OP_UNSUPPORTED, UNSUPPORTED.sentence)
    before = len(data(1, b"a" * 100)) if first > 12 else 0
    assert bytes(table.technician) == stream[:before] + ours + stream[before:]


def test_a_withheld_list_behind_the_end_of_content_is_answered_behind_it():
    table = prepared()
    table.ask(read(1, b"h", 0, 100), named(wire.READDIR, 2, b"d"))
    stream = data(1, b"a" * 100)
    table.tell(stream[:50])
    table.tell(stream[50:] + name(2, b"../x"))
    assert bytes(table.technician).startswith(stream)
    assert answers(table.technician) == [(2, wire.FAILURE)]


def test_a_refusal_waits_for_the_end_of_a_packet_that_ends_with_its_chunk():
    table = prepared()
    table.ask(read(1, b"h", 0, 100))
    stream = data(1, b"a" * 100)
    table.tell(stream[:50])
    table.ask(packet(99, number(7)), packet(99, number(8)))
    assert len(table.technician) == 50
    assert table.tell(stream[50:60])
    assert not table.tell(stream[60:])
    assert bytes(table.technician).startswith(stream)
    assert answers(table.technician) == [(7, wire.OP_UNSUPPORTED), (8, wire.OP_UNSUPPORTED)]


def test_T15_a_device_that_floods_keeps_at_most_one_packet_here():
    table = prepared(step=1000)
    table.ask(named(wire.READDIR, 1, b"d"))
    table.tell(
        (number(wire.LONGEST_PACKET) + b"\x68" + number(1) + b"\xff" * wire.LONGEST_PACKET)[: wire.LONGEST_PACKET]
    )
    assert len(table.gate._down._kept) == wire.LONGEST_PACKET
    with pytest.raises(GateError):
        table.tell(b"\xff" * 1000)
