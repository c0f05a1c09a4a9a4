"""The format: bounds hold, and every name can be read back from how it is shown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bastion.proxy.files import wire
from bastion.proxy.files.wire import Fields, GateError, escapes, text
from tests.proxy.files import table


@pytest.mark.parametrize(("name", "shown"), [
    (b"/fw/a.bin", "/fw/a.bin"), ("scanner é 中".encode(), "scanner é 中"), (b"caf\xe9", r"caf\xe9"),
    (b"a\nb", r"a\nb"), (b"a\\nb", r"a\\nb"), (b"\x1b[2J", r"\x1b[2J"), ("\u202egnp.exe".encode(), r"\u202egnp.exe"),
    ("\x85".encode(), r"\u0085"), (b"\x85", r"\x85"), (b"\xed\xa0\x80", r"\xed\xa0\x80"), (b"", ""),
    ("\U000e0001".encode(), r"\U000e0001"),
])  # fmt: skip
def test_a_name_is_shown_on_one_line(name, shown):
    assert text(name) == shown


@settings(deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_two_names_never_look_the_same(one, other):
    assert (text(one) == text(other)) == (one == other)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_what_is_shown_can_be_printed(name):
    assert text(name).isprintable()


@pytest.mark.parametrize(("name", "harmful"), [
    (b"a.bin", False), (b".", False), (b"..", False), (b"...", False), (b"a b\n", False), (b"a\\b", False),
    (b"a/b", True), (b"/etc/passwd", True), (b"../x", True), (b"a\0b", True), (b"", True), (b"x" * 4097, True),
    (b"..\\x", True), (b"a\\..\\b", True), (b"\\\\host\\x", True), (b"C:\\x", True), (b"C:", False),
])  # fmt: skip
def test_T44_names_that_lead_out_of_a_folder(name, harmful):
    assert escapes(name) is harmful


def test_a_status_is_what_the_format_says():
    assert wire.status(7, wire.FAILURE, "é") == table.status(7, wire.FAILURE, "é".encode())


@pytest.mark.parametrize("body", [b"", b"\0\0\0", b"\0\0\0\5abcd", b"\xff\xff\xff\xff"])
def test_a_field_longer_than_its_packet_is_an_error(body):
    with pytest.raises(GateError):
        Fields(body).string()
    with pytest.raises(GateError):
        Fields(body[:7]).long()


def test_names_are_found_behind_every_kind_of_attributes():
    full = table.number(0x8000000F) + bytes(28) + table.number(2) + table.string(b"a") * 4
    reply = table.name(1, b"one", b"two", attributes=full)
    assert wire.names(Fields(reply[9:])) == [b"one", b"two"]


@pytest.mark.parametrize("reply", [
    table.name(1, b"one", attributes=table.number(0x10)), table.packet(104, table.number(1), table.number(2**32 - 1)),
    table.packet(104, table.number(1), table.number(1), table.string(b"a")),
])  # fmt: skip
def test_names_that_cannot_be_read_are_an_error(reply):
    with pytest.raises(GateError):
        wire.names(Fields(reply[9:]))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(body):
    try:
        found = wire.names(Fields(body))
    except GateError:
        return
    assert isinstance(found, list)
