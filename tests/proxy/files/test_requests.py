"""What the technician may ask. Every refusal is answered, noted, and no byte of it reaches the device."""

import itertools

import pytest

from bastion.domain.device import FileRight
from bastion.proxy.files import rights as may
from bastion.proxy.files import wire
from bastion.proxy.files.wire import GateError
from tests.proxy.files.table import (
    ALL,
    DELETE,
    DOWN,
    NOTHING,
    RENAME,
    UP,
    Table,
    answers,
    close,
    extended,
    handle,
    init,
    long,
    name,
    named,
    number,
    ok,
    open_,
    packet,
    read,
    sha,
    string,
    version,
    write,
)  # fmt: skip

R, W, A, C, T, X = 1, 2, 4, 8, 16, 32
ATTRS = number(4) + number(0o644)

OPERATIONS = {
    "read": (open_(1, b"/f", R), DOWN),
    "no flags": (open_(1, b"/f", 0), DOWN),
    "write": (open_(1, b"/f", W), UP),
    "append": (open_(1, b"/f", A), UP),
    "create": (open_(1, b"/f", C), UP),
    "truncate": (open_(1, b"/f", T), UP),
    "create new": (open_(1, b"/f", W | C | X), UP),
    "read and write": (open_(1, b"/f", R | W), UP | DOWN),
    "read and truncate": (open_(1, b"/f", R | T), UP | DOWN),
    "mkdir": (packet(wire.MKDIR, number(1), string(b"/d"), ATTRS), UP),
    "setstat": (packet(wire.SETSTAT, number(1), string(b"/f"), ATTRS), UP),
    "lsetstat": (extended(1, b"lsetstat@openssh.com", string(b"/f"), ATTRS), UP),
    "remove": (named(wire.REMOVE, 1, b"/f"), DELETE),
    "rmdir": (named(wire.RMDIR, 1, b"/d"), DELETE),
    "rename": (named(wire.RENAME, 1, b"/f", b"/g"), RENAME),
    "posix-rename": (extended(1, b"posix-rename@openssh.com", string(b"/f"), string(b"/g")), RENAME),
    "symlink": (named(wire.SYMLINK, 1, b"/f", b"/g"), UP | RENAME),
    "hardlink": (extended(1, b"hardlink@openssh.com", string(b"/f"), string(b"/g")), UP | RENAME),
    "stat": (named(wire.STAT, 1, b"/f"), NOTHING),
    "lstat": (named(wire.LSTAT, 1, b"/f"), NOTHING),
    "realpath": (named(wire.REALPATH, 1, b"."), NOTHING),
    "readlink": (named(wire.READLINK, 1, b"/l"), NOTHING),
    "opendir": (named(wire.OPENDIR, 1, b"/"), NOTHING),
    "statvfs": (extended(1, b"statvfs@openssh.com", string(b"/")), NOTHING),
    "limits": (extended(1, b"limits@openssh.com"), NOTHING),
    "expand-path": (extended(1, b"expand-path@openssh.com", string(b"~")), NOTHING),
    "home-directory": (extended(1, b"home-directory", string(b"")), NOTHING),
    "users-groups": (extended(1, b"users-groups-by-id@openssh.com", string(b""), string(b"")), NOTHING),
}
SUBSETS = [frozenset(some) for size in range(5) for some in itertools.combinations(FileRight, size)]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_passes_with_exactly_its_rights(operation):
    asked, needs = OPERATIONS[operation]
    for rights in SUBSETS:
        table = Table(rights)
        allowed = needs <= rights
        assert table.ask(asked) is allowed, rights
        assert bytes(table.device) == (asked if allowed else b"")
        assert answers(table.technician) == ([] if allowed else [(1, wire.PERMISSION_DENIED)])
        if not allowed:
            assert [line.outcome.startswith("refused: ") for line in table.lines] == [True]
            assert [fact.tag for fact in table.facts] == ["file:refused"]


FILE_ONES = {
    "fsetstat": (packet(wire.FSETSTAT, number(1), string(b"h"), ATTRS), UP),
    "fstat": (packet(wire.FSTAT, number(1), string(b"h")), NOTHING),
    "fsync": (extended(1, b"fsync@openssh.com", string(b"h")), NOTHING),
    "fstatvfs": (extended(1, b"fstatvfs@openssh.com", string(b"h")), NOTHING),
    "close": (close(1, b"h"), NOTHING),
}


@pytest.mark.parametrize("operation", FILE_ONES)
def test_an_operation_on_a_handle_needs_its_rights_and_an_open_file(operation):
    asked, needs = FILE_ONES[operation]
    for rights in (DOWN, ALL):
        table = Table(rights)
        table.opened(b"/f", R)
        table.device.clear()
        assert table.ask(asked) is (needs <= rights)
    table = Table()
    assert not table.ask(asked)
    assert (bytes(table.device), answers(table.technician)) == (b"", [(1, wire.FAILURE)])


COPY = extended(1, b"copy-data", string(b"from"), long(0), long(0), string(b"to"), long(0))


@pytest.mark.parametrize(("flags", "passes"), [((R, W), True), ((W, W), False), ((R, R), False)])
def test_a_copy_on_the_device_needs_both_rights_and_fitting_handles(flags, passes):
    for rights in SUBSETS:
        table = Table(ALL)
        table.opened(b"/a", flags[0], b"from", 900)
        table.opened(b"/b", flags[1], b"to", 901)
        table.device.clear()
        table.gate._requests._rights = rights  # as if they had been opened under these
        assert table.ask(COPY) is (passes and rights >= UP | DOWN)


def test_T43_a_copy_stands_in_the_ledger_and_the_copied_file_has_no_digest_of_its_own():
    table = Table()
    table.opened(b"/a", R, b"from", 900)
    table.opened(b"/b", W, b"to", 901)
    table.ask(COPY)
    table.tell(ok(1))
    assert [(s.op, s.path, s.target, s.outcome) for s in table.lines[-2:]] == [
        ("link", "/b", "/a", "begun"), ("link", "/b", "/a", "done"),
    ]  # fmt: skip
    assert table.closed(b"to", 5).pieces == "scattered"


@pytest.mark.parametrize("asked", [
    extended(1, b"version-select", string(b"6")), extended(1, b"check-file-handle", string(b"h")),
    extended(1, b"ranges@asyncssh.com", string(b"h")), extended(1, b""), extended(1, b"POSIX-RENAME@openssh.com"),
    packet(21, number(1), string(b"/a"), string(b"/b")), packet(22, number(1)), packet(199, number(1)),
    packet(wire.STATUS, number(1), number(0)), packet(wire.EXTENDED_REPLY, number(1)), packet(0, number(1)),
])  # fmt: skip
def test_T43_what_is_unknown_is_refused_as_unsupported(asked):
    table = Table()
    assert not table.ask(asked)
    assert (bytes(table.device), answers(table.technician)) == (b"", [(1, wire.OP_UNSUPPORTED)])
    assert [fact.fields["why"] for fact in table.facts] == ["not_passed_on"]


def test_flags_of_later_versions_are_refused():
    table = Table()
    assert not table.ask(open_(1, b"/f", R | 0x40))
    assert answers(table.technician) == [(1, wire.OP_UNSUPPORTED)]


@pytest.mark.parametrize(("path", "code"), [
    (b"x" * 4096, None), (b"x" * 4097, wire.BAD_MESSAGE), (b"a\0b", wire.BAD_MESSAGE), (b"a\nb", None),
    (b"caf\xe9", None), (b"../../etc/passwd", None), (b"", None),
])  # fmt: skip
def test_hostile_paths(path, code):
    for asked in (open_(1, path, R), named(wire.STAT, 1, path), named(wire.RENAME, 1, b"/a", path)):
        table = Table()
        table.ask(asked)
        assert answers(table.technician) == ([] if code is None else [(1, code)])
        assert bytes(table.device) == (asked if code is None else b"")
        assert all("\n" not in line.path + line.target for line in table.lines)


# -- writes and reads --------------------------------------------------------------------------------------------------
def test_a_write_goes_only_to_a_file_opened_for_it():
    for flags, passes in ((W, True), (R | W, True), (R, False)):
        table = Table()
        table.opened(b"/f", flags)
        table.device.clear()
        asked = write(1, b"h", 0, b"x" * 100)
        assert table.ask(asked) is passes
        assert bytes(table.device) == (asked if passes else b"")
        assert answers(table.technician)[-1:] == [(1, wire.FAILURE)] * (not passes)


def test_a_read_comes_only_from_a_file_opened_for_it():
    for flags, passes in ((W, False), (R | W, True), (R, True), (0, True)):
        table = Table()
        table.opened(b"/f", flags)
        assert table.ask(read(1, b"h", 0, 10)) is passes


def test_a_handle_nobody_was_given_is_worth_nothing():
    table = Table()
    table.opened(b"/f", R | W)
    for asked in (write(1, b"g", 0, b"x"), read(2, b"g", 0, 1), close(3, b"g"), named(wire.READDIR, 4, b"h")):
        assert not table.ask(asked)
    assert [code for _, code in answers(table.technician)] == [wire.FAILURE] * 4


def test_a_closed_handle_is_closed_as_soon_as_the_technician_says_so():
    table = Table()
    table.opened(b"/f", W)
    assert table.ask(close(1, b"h"))
    assert not table.ask(write(2, b"h", 0, b"x"))


def test_the_content_of_a_refused_write_is_swallowed_and_what_follows_passes():
    table = Table(step=9)
    table.opened(b"/f", R)
    table.device.clear()
    after = named(wire.STAT, 3, b"/f")
    table.ask(write(2, b"h", 0, b"y" * 5000), after)
    assert bytes(table.device) == after


@pytest.mark.parametrize("step", [0, 1, 13, 26, 100, 126, 127, 500])
def test_what_stands_behind_the_content_of_a_write_does_not_pass(step):
    """Go's client, and with it rclone 1.60, sends its whole buffer whatever is in it. Nobody has hashed the rest."""
    table = Table(step=step)
    table.opened(b"/f", W)
    table.device.clear()
    content, last = b"y" * 100, write(3, b"h", 100, b"z")
    padded = packet(wire.WRITE, number(2), string(b"h"), long(0), string(content), b"\xaa" * 5000)
    table.ask(named(wire.STAT, 1, b"/f"), padded, last)
    assert bytes(table.device) == named(wire.STAT, 1, b"/f") + write(2, b"h", 0, content) + last
    table.tell(ok(1), ok(2), ok(3))
    line = table.closed()
    assert (line.size, line.sha256, line.outcome) == (101, sha(content + b"z"), "done")


# -- the greeting ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("said", [init(3), init(4), init(6), packet(1, number(3), string(b"x"), string(b"y"))])
@pytest.mark.parametrize("step", [1, 0])
def test_whatever_is_offered_the_device_is_asked_for_version_3(said, step):
    table = Table(greeted=False, step=step)
    table.ask(said)
    assert bytes(table.device) == init(3)


@pytest.mark.parametrize("said", [
    init(2), init(0), init() + init(), named(wire.STAT, 1, b"/"), write(1, b"h", 0, b""), packet(1),
])  # fmt: skip
def test_a_greeting_out_of_order_ends_the_channel(said):
    with pytest.raises(GateError):
        Table(greeted=False).ask(said)


# -- streams that cannot be read ---------------------------------------------------------------------------------------
BROKEN = {
    "no length": number(0) + b"\x11",
    "too long": number(wire.LONGEST_PACKET + 1) + b"\x06",
    "huge": b"\xff" * 5,
    "ends in a field": packet(wire.STAT, number(1), number(9), b"abc"),
    "no number": packet(wire.STAT, b"\0\0"),
    "write longer than its content": packet(wire.WRITE, number(1), string(b"h"), long(0), number(9), b"abc"),
    "write ends in its header": number(15) + b"\x06" + number(1) + string(b"h") + b"\0" * 20,
    "write with a huge handle": packet(wire.WRITE, number(1), string(b"h" * 257), long(0), string(b"abc")),
    "handle too long": packet(wire.READ, number(1), string(b"h" * 257), long(0), number(1)),
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("step", [1, 3, 0])
def test_a_stream_that_cannot_be_read_ends_before_a_wrong_byte_passes(broken, step):
    table = Table(step=step)
    table.opened(b"/f", W)
    table.device.clear()
    good = named(wire.STAT, 5, b"/f")
    with pytest.raises(GateError):
        table.ask(good + BROKEN[broken])
    assert bytes(table.device) == good
    with pytest.raises(GateError):
        table.ask(named(wire.STAT, 6, b"/f"))
    assert bytes(table.device) == good


def test_two_requests_under_one_number_end_the_channel():
    for second in (named(wire.STAT, 1, b"/"), write(1, b"h", 0, b"x"), read(1, b"h", 0, 1), open_(1, b"/", R)):
        table = Table()
        table.opened(b"/f", R | W)
        table.ask(named(wire.STAT, 1, b"/"))
        with pytest.raises(GateError):
            table.ask(second)


def test_every_refusal_has_a_word_and_a_sentence_of_its_own():
    assert len({r.why for r in may.REFUSALS}) == len({r.sentence for r in may.REFUSALS}) == len(may.REFUSALS)
    assert {value for value in vars(may).values() if isinstance(value, may.Refusal)} == set(may.REFUSALS)


def test_a_symlink_is_read_in_the_order_the_device_takes_it():
    for extension, path in ((b"posix-rename@openssh.com", "second"), (b"newline", "first")):
        table = Table(greeted=False)
        table.ask(init())
        table.tell(version(extension))
        table.ask(named(wire.SYMLINK, 1, b"first", b"second"))
        assert {table.lines[0].path, table.lines[0].target} == {"first", "second"}
        assert table.lines[0].path == path


def test_the_order_of_names_in_lines():
    table = Table()
    table.ask(named(wire.RENAME, 1, b"old", b"new"))
    table.ask(extended(2, b"hardlink@openssh.com", string(b"old"), string(b"new")))
    assert [(s.op, s.path, s.target) for s in table.lines] == [("rename", "old", "new"), ("link", "new", "old")]


def test_a_listing_may_be_read_on():
    table = Table()
    table.ask(named(wire.OPENDIR, 1, b"/"))
    table.tell(handle(1, b"d"))
    assert table.ask(named(wire.READDIR, 2, b"d"))
    assert table.tell(name(2, b".", b"..", b"a"))
    assert not table.ask(read(3, b"d", 0, 1))
