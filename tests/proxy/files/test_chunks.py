"""However the streams are cut, the same bytes pass, the same is refused and the same is written down."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bastion.domain.device import FileRight
from bastion.proxy.files import wire
from bastion.proxy.files.wire import Fields, GateError
from tests.proxy.files import table as say
from tests.proxy.files.table import Table

R, W, C = 1, 2, 8
PATHS = st.sampled_from([b"/f", b"/g", b"a\0b", b"caf\xe9", b"x" * 4097, b"n\nl"])
HANDLES = st.sampled_from([b"h0", b"h1", b"h2", b"none"])
OFFSETS = st.sampled_from([0, 50, 100, 150])
CONTENT = st.sampled_from([b"", b"a" * 50, b"bc" * 25, b"d" * 700])
BEHIND = st.sampled_from([b""] * 3 + [b"e" * 70])


KINDS = ["open", "write", "write", "read", "read", "close", "stat", "remove", "rename", "dir", "readdir", "odd", "junk"]


def asked(kind, at, draw):  # noqa: PLR0911 - one line a kind
    match kind:
        case "open":
            return say.open_(at, draw(PATHS), draw(st.sampled_from([R, W | C, R | W])))
        case "write":
            fields = say.string(draw(HANDLES)), say.long(draw(OFFSETS)), say.string(draw(CONTENT))
            return say.packet(wire.WRITE, say.number(at), *fields, draw(BEHIND))
        case "read":
            return say.read(at, draw(HANDLES), draw(OFFSETS), 50)
        case "close":
            return say.close(at, draw(HANDLES))
        case "readdir":
            return say.named(wire.READDIR, at, draw(HANDLES))
        case "rename":
            return say.named(wire.RENAME, at, draw(PATHS), draw(PATHS))
        case "odd":
            return say.packet(99, say.number(at))
        case "junk":
            return draw(st.binary(max_size=12))
    return say.named({"stat": wire.STAT, "remove": wire.REMOVE, "dir": wire.OPENDIR}[kind], at, draw(PATHS))


def answered(kind, at, handles, draw):
    fitting = {
        "open": say.handle(at, b"h%d" % handles), "dir": say.handle(at, b"h%d" % handles),
        "read": say.data(at, b"r" * 50), "readdir": say.name(at, b"x", draw(PATHS)),
    }.get(kind, say.ok(at))  # fmt: skip
    return draw(st.sampled_from([fitting] * 6 + [say.status(at, wire.FAILURE, b"no")]))


@st.composite
def turns(draw):
    """What both say, packet by packet: ("ask" | "tell", bytes). The device mostly answers what was asked."""
    said, waiting, handles = [], [], 0
    for at in range(draw(st.integers(0, 14))):
        kind = draw(st.sampled_from(KINDS))
        said.append(("ask", asked(kind, at, draw)))
        waiting.append((at, kind))
        for _ in range(min(draw(st.integers(0, 2)), len(waiting))):
            number, about = waiting.pop(draw(st.integers(0, len(waiting) - 1)))
            said.append(("tell", answered(about, number, handles, draw)))
            handles += about in {"open", "dir"}
    return said


def played(said, rights, pieces):
    """Play the turns; those who speak are cut where `pieces` says. Return everything that came of it."""
    table = Table(rights)
    error = ""
    for who, words in said:
        take, other = (
            (table.gate.from_technician, table.device) if who == "ask" else (table.gate.from_device, table.technician)
        )
        try:
            for piece in pieces(words):
                scratch = bytearray(piece)
                if take(memoryview(scratch)):
                    other += piece
                scratch[:] = b"\xee" * len(scratch)
        except GateError as stop:
            error = str(stop)
            break
    table.gate.ended("over")
    return bytes(table.device), bytes(table.technician), table.lines, table.facts, error


def whole(words):
    return [words] if words else []


@settings(max_examples=400, deadline=None)
@given(turns(), st.sets(st.sampled_from(FileRight)), st.data())
def test_any_cutting_gives_the_same(said, rights, draw):
    def cut(words):
        borders = sorted(draw.draw(st.sets(st.integers(0, len(words)), max_size=8)))
        return [words[a:b] for a, b in zip([0, *borders], [*borders, len(words)], strict=True)]

    rights = frozenset(rights)
    expected = played(said, rights, whole)
    assert played(said, rights, cut) == expected
    assert played(said, rights, lambda words: [words[at : at + 1] for at in range(len(words))]) == expected


@settings(max_examples=200, deadline=None)
@given(turns(), st.sets(st.sampled_from(FileRight)))
def test_several_packets_in_one_chunk_are_judged_as_one_by_one(said, rights):
    """Turns of one speaker run together into one chunk."""
    together: list[tuple[str, bytes]] = []
    for who, words in said:
        if together and together[-1][0] == who:
            together[-1] = (who, together[-1][1] + words)
        else:
            together.append((who, words))
    assert played(together, frozenset(rights), whole) == played(said, frozenset(rights), whole)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=12))
def test_no_bytes_from_anybody_raise_anything_but_a_gate_error(said):
    table = Table(greeted=False)
    table.ask(say.init())
    for asks, words in said:
        try:
            if words:
                (table.ask if asks else table.tell)(words)
        except GateError:
            break
    table.gate.ended("over")
    assert all(line.outcome for line in table.lines)


@settings(max_examples=300, deadline=None)
@given(turns(), st.data())
def test_what_passes_to_the_device_is_packets_that_were_asked_unchanged(said, draw):
    rights = frozenset(draw.draw(st.sets(st.sampled_from(FileRight))))
    device, *_, error = played(said, rights, whole)
    said_up = [words for who, words in said if who == "ask"]
    passed = say.packets(device)
    if not error and all(len(words) > 12 for words in said_up):
        left = iter(said_up)
        assert all(any(packet == without_surplus(words) for words in left) for packet in passed)


def without_surplus(packet):
    if packet[4] != wire.WRITE:
        return packet
    fields = Fields(packet[5:])
    number, handle, offset, content = fields.number(), fields.string(), fields.long(), fields.string()
    return say.write(number, handle, offset, content)


@pytest.mark.parametrize("step", [1, 2, 13, 26, 27, 100, 4096])
def test_a_long_write_and_a_long_answer_cut_anywhere(step):
    content = bytes(range(256)) * 100
    table = Table(step=step)
    table.opened(b"/f", R | W)
    table.device.clear()
    table.technician.clear()
    up = say.write(1, b"h", 0, content) + say.write(2, b"h", len(content), content)
    down = say.data(3, content) + say.data(4, content)
    table.ask(up)
    table.tell(say.ok(1), say.ok(2))
    table.ask(say.read(3, b"h", 0, 1 << 20), say.read(4, b"h", len(content), 1 << 20))
    table.technician.clear()
    table.tell(down)
    assert (bytes(table.device[: len(up)]), bytes(table.technician)) == (up, down)
    table.closed()
    assert {line.sha256 for line in table.lines[2:]} == {say.sha(content * 2)}


def test_content_and_whole_packets_pass_in_place():
    table = Table()
    table.opened(b"/f", W)
    stream = say.write(1, b"h", 0, b"x" * 100_000) + say.named(wire.STAT, 2, b"/") + say.write(3, b"h", 0, b"y" * 900)
    borders = [0, 30, 60_000, 100_010, len(stream) - 300, len(stream)]
    assert [table.gate.from_technician(memoryview(stream)[a:b]) for a, b in itertools.pairwise(borders)] == [True] * 5
