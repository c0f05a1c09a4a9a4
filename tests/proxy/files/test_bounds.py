"""How much one channel may ask for at once, and what happens at the bound."""

import pytest

from bastion.proxy.files import requests, rights, wire
from bastion.proxy.files.gate import HOLD_AT, RELEASE_AT
from bastion.proxy.files.lane import MOST_WAITING
from bastion.proxy.files.wire import GateError
from tests.proxy.files.table import (
    NOTHING,
    Table,
    answers,
    close,
    data,
    handle,
    named,
    number,
    ok,
    open_,
    packet,
    packets,
    read,
    status,
    write,
)

R, W = 1, 2


def test_a_client_that_opens_a_thousand_files_is_stopped_at_512_and_may_go_on_when_it_closes_some():
    table = Table()
    for at in range(1000):
        table.ask(open_(at, b"/f%d" % at, R))
        if at < requests.MOST_FILES:
            table.tell(handle(at, b"%d" % at))
    assert answers(table.technician) == [(at, wire.FAILURE) for at in range(512, 1000)]
    assert not table.ask(named(wire.OPENDIR, 2000, b"/"))
    table.ask(close(2001, b"7"))
    assert not table.ask(open_(2002, b"/g", R))
    table.tell(ok(2001))
    assert table.ask(open_(2003, b"/g", R))
    table.tell(status(2003, wire.NO_SUCH_FILE))
    assert table.ask(named(wire.OPENDIR, 2004, b"/"))
    table.tell(status(2004, wire.NO_SUCH_FILE))
    assert table.ask(named(wire.OPENDIR, 2005, b"/"))
    table.tell(handle(2005, b"d"))
    table.ask(close(2006, b"d"))
    table.tell(ok(2006))
    assert table.ask(open_(2007, b"/g", R))


def test_operations_on_names_in_flight_are_bounded():
    table = Table()
    for at in range(600):
        table.ask(named(wire.REMOVE, at, b"/f"))
    assert answers(table.technician) == [(at, wire.FAILURE) for at in range(512, 600)]
    table.tell(ok(0), status(1, wire.FAILURE))
    assert table.ask(named(wire.REMOVE, 700, b"/f"), named(wire.REMOVE, 701, b"/f"))
    assert not table.ask(named(wire.REMOVE, 702, b"/f"))


def test_requests_in_flight_hold_the_technician_back_and_let_him_go_on():
    table = Table()
    table.opened(b"/f", R)
    for at in range(HOLD_AT):
        table.ask(read(at, b"h", at, 1))
    assert table.holds == [True]
    for at in range(HOLD_AT - RELEASE_AT):
        whole = table.tell(data(at, b"x"))
    assert table.holds == [True, False]
    assert not whole, "what the technician has sent meanwhile is heard at once, so this answer must have gone before"
    assert packets(table.technician)[-1] == data(at, b"x")


def test_an_answer_to_what_was_held_back_does_not_overtake_the_reply_under_way():
    table = Table()
    table.opened(b"/f", R)
    table.gate._hold = lambda on: None if on else table.ask(named(wire.REMOVE, 9, b"a\0"))
    for at in range(20_000, 20_000 + HOLD_AT):
        table.ask(read(at, b"h", 0, 100))
    for at in range(20_000, 20_000 + HOLD_AT - RELEASE_AT):
        table.tell(data(at, b"x" * 100)[:50])
        table.tell(data(at, b"x" * 100)[50:])
    found = [p[4] for p in packets(table.technician)[1:]]
    assert (found.count(wire.STATUS), found.count(wire.DATA)) == (1, HOLD_AT - RELEASE_AT)


def test_requests_in_flight_are_bounded_even_if_nobody_is_held_back(monkeypatch):
    monkeypatch.setattr(requests, "MOST_REQUESTS", 10)
    table = Table()
    table.opened(b"/f", R | W)
    for at in range(10):
        assert table.ask(read(at, b"h", 0, 1))
    assert not table.ask(read(10, b"h", 0, 1))
    assert not table.ask(write(11, b"h", 0, b"x"))
    assert answers(table.technician) == [(10, wire.FAILURE), (11, wire.FAILURE)]


def test_refusals_that_cannot_be_delivered_are_bounded():
    table = Table()
    table.opened(b"/f", R)
    table.ask(read(1, b"h", 0, 1000))
    table.tell(data(1, b"x" * 1000)[:500])
    for at in range(MOST_WAITING):
        table.ask(packet(99, number(at)))
    with pytest.raises(GateError, match="too many refused"):
        table.ask(packet(99, number(1)))


def test_each_sentence_is_told_once_beside_the_protocol_however_often_it_is_the_answer():
    table = Table(NOTHING)
    for at in range(200):
        table.ask(named(wire.REMOVE, 2 * at, b"/f"), open_(2 * at + 1, b"/f", W))
    assert len(answers(table.technician)) == 400
    assert table.told == [rights.NO_DELETE.sentence, rights.NO_UPLOAD.sentence]
    assert all(sentence.encode() in table.technician for sentence in table.told)
