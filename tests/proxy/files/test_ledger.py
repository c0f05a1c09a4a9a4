"""Lines and events: what was done to which file, also when it fails or breaks off."""

import pytest

from bastion.domain.events import KINDS, FieldClass
from bastion.proxy.files import ledger as ledgers
from bastion.proxy.files import rights, wire
from bastion.proxy.files.rights import NO_UPLOAD
from recordings.files import FileLine
from tests.proxy.files.table import (
    DOWN,
    Table,
    close,
    data,
    handle,
    named,
    number,
    ok,
    open_,
    packet,
    read,
    sha,
    status,
    write,
)  # fmt: skip
from web import facts

R, W, C = 1, 2, 8


def test_a_file_that_is_sent_has_a_line_before_and_one_after_and_one_event():
    table = Table()
    table.ask(open_(1, b"/fw/a.bin", W | C))
    assert table.lines == [FileLine("put", "in", "/fw/a.bin", outcome="begun")]
    table.tell(handle(1, b"h"))
    table.ask(write(2, b"h", 0, b"abc"), write(3, b"h", 3, b"def"))
    table.now = 2.5
    table.tell(ok(2), ok(3))
    line = table.closed()
    assert line == FileLine("put", "in", "/fw/a.bin", "", 6, sha(b"abcdef"), "", 2.5, "done")
    assert len(table.lines) == 2
    assert [(fact.tag, fact.fields) for fact in table.facts] == [("file:passed", {
        "op": "put", "direction": "in", "path": "/fw/a.bin", "target": "", "size": 6, "sha256": sha(b"abcdef"),
        "pieces": "", "seconds": 2.5, "outcome": "done", "detail": "",
    })]  # fmt: skip


def test_a_file_that_is_fetched_is_digested_from_what_the_technician_gets():
    table = Table()
    table.opened(b"/log", R)
    table.ask(*(read(at, b"h", at * 4, 4) for at in range(4)))
    table.tell(data(1, b"efgh"), data(0, b"abcd"), data(2, b"ij"), status(3, wire.EOF))
    table.ask(read(5, b"h", 10, 2))
    table.tell(status(5, wire.EOF))
    line = table.closed()
    assert (line.op, line.direction, line.size, line.sha256, line.pieces, line.outcome) == (
        "get", "out", 10, sha(b"abcdefghij"), "", "done",
    )  # fmt: skip


def test_a_short_answer_is_completed_by_the_next_one():
    table = Table()
    table.opened(b"/log", R)
    table.ask(read(1, b"h", 0, 4), read(2, b"h", 4, 4))
    table.tell(data(1, b"ab"), data(2, b"efgh"))
    table.ask(read(3, b"h", 2, 2))
    table.tell(data(3, b"cd"))
    assert (table.closed().sha256, table.lines[-1].pieces) == (sha(b"abcdefgh"), "")


@pytest.mark.parametrize("failing", ["write", "close"])
def test_a_write_the_device_refuses_makes_the_file_failed(failing):
    table = Table()
    table.opened(b"/f", W)
    table.ask(write(1, b"h", 0, b"abc"), close(2, b"h"))
    no = status(1 if failing == "write" else 2, wire.FAILURE, b"No space left on device\n")
    table.tell(no if failing == "write" else ok(1), no if failing == "close" else ok(2))
    line = table.lines[-1]
    assert (line.size, line.sha256, line.outcome) == (3, sha(b"abc"), r"failed: No space left on device\n")
    assert (table.facts[-1].fields["outcome"], table.facts[-1].fields["detail"]) == (
        "failed", r"No space left on device\n",
    )  # fmt: skip


def test_a_file_the_device_does_not_open_has_failed():
    table = Table()
    table.ask(open_(1, b"/f", R))
    table.tell(status(1, wire.NO_SUCH_FILE))
    assert table.lines[-1] == FileLine("get", "out", "/f", outcome="failed: no such file")
    assert len(table.facts) == 1


def test_a_read_that_fails_makes_the_file_failed_but_its_end_does_not():
    table = Table()
    table.opened(b"/f", R)
    table.ask(read(1, b"h", 0, 4), read(2, b"h", 4, 4))
    table.tell(status(1, wire.EOF), status(2, 77))
    assert table.closed().outcome == "failed: code 77"


def test_a_file_opened_for_both_has_both_lines_and_an_event_for_what_moved():
    table = Table()
    table.opened(b"/f", R | W)
    table.ask(write(1, b"h", 0, b"abc"))
    table.tell(ok(1))
    table.closed()
    assert [(s.op, s.outcome, s.size) for s in table.lines] == [
        ("put", "begun", 0), ("get", "begun", 0), ("put", "done", 3), ("get", "done", 0),
    ]  # fmt: skip
    assert [fact.fields["op"] for fact in table.facts] == ["put"]


@pytest.mark.parametrize(("asked", "op"), [
    (named(wire.REMOVE, 1, b"/f"), "remove"), (named(wire.RMDIR, 1, b"/f"), "rmdir"),
    (packet(wire.MKDIR, number(1), b"\0\0\0\2/f", number(0)), "mkdir"), (named(wire.RENAME, 1, b"/f", b"/g"), "rename"),
    (named(wire.SYMLINK, 1, b"/g", b"/f"), "link"),
    (packet(wire.SETSTAT, number(1), b"\0\0\0\2/f", number(0)), "setstat"),
])  # fmt: skip
def test_what_changes_the_device_is_noted_before_and_after(asked, op):
    for answer, outcome in ((ok(1), "done"), (status(1, wire.FAILURE, b"busy"), "failed: busy")):
        table = Table()
        table.ask(asked)
        assert table.story == [(op, "/f", "begun")]
        table.tell(answer)
        assert table.story[1:] == [(op, "/f", outcome)]
        assert [fact.tag for fact in table.facts] == ["file:passed"] * (op != "setstat")


def test_a_listing_has_one_line():
    for answer, outcome in ((handle(1, b"d"), "done"), (status(1, wire.NO_SUCH_FILE, b"gone"), "failed: gone"),
                            (ok(1), "failed: the device did not open it")):  # fmt: skip
        table = Table()
        table.ask(named(wire.OPENDIR, 1, b"/d"))
        table.tell(answer)
        assert (table.story, table.facts) == ([("list", "/d", outcome)], [])


# -- breaking off ------------------------------------------------------------------------------------------------------
def test_whatever_is_unfinished_breaks_off_with_what_truly_passed():
    table = Table()
    table.opened(b"/up", W, b"w", 900)
    table.opened(b"/down", R, b"r", 901)
    table.ask(open_(1, b"/unopened", R), named(wire.REMOVE, 2, b"/f"), read(3, b"r", 0, 100))
    table.ask(write(4, b"w", 0, b"x" * 100)[: 26 + 40])
    table.tell(data(3, b"y" * 100)[: 13 + 30])
    table.gate.ended("the device went away")
    table.gate.ended("again")
    assert [(s.op, s.path, s.size, s.sha256, s.outcome) for s in table.lines[4:]] == [
        ("put", "/up", 40, sha(b"x" * 40), "broken off"), ("get", "/down", 30, sha(b"y" * 30), "broken off"),
        ("get", "/unopened", 0, sha(b""), "broken off"), ("remove", "/f", 0, "", "broken off"),
    ]  # fmt: skip
    assert [fact.fields["detail"] for fact in table.facts] == ["the device went away"] * 4


def test_a_file_whose_closing_is_not_answered_breaks_off():
    table = Table()
    table.opened(b"/f", W)
    table.ask(close(1, b"h"))
    table.gate.ended("cut")
    assert table.story[-1] == ("put", "/f", "broken off")


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_file_fetched_to_its_very_end_is_whole_though_the_client_leaves_without_closing_it(order):
    """As lftp does."""
    table = Table()
    table.opened(b"/f", R)
    table.ask(read(1, b"h", 0, 8), read(2, b"h", 4, 8))
    answers = {1: data(1, b"abcd"), 2: status(2, wire.EOF)}
    table.tell(*(answers[n] for n in order))
    table.gate.ended("technician left")
    assert table.story == [("get", "/f", "begun"), ("get", "/f", "done")]
    assert (table.lines[-1].sha256, table.facts[-1].fields["detail"]) == (sha(b"abcd"), "")


@pytest.mark.parametrize("answers", [
    [data(1, b"abc"), status(2, wire.EOF)],  # a hole before the end
    [status(2, wire.EOF), data(1, b"abcd")[:-1]],  # the last byte never passed
    [status(1, wire.EOF), data(2, b"abcd")],  # it has grown since
    [data(1, b"abcd")],  # no word of an end
])  # fmt: skip
def test_what_is_not_certainly_the_whole_file_is_broken_off(answers):
    table = Table()
    table.opened(b"/f", R)
    table.ask(read(1, b"h", 0, 8), read(2, b"h", 4, 8))
    table.tell(*answers)
    table.gate.ended("technician left")
    assert table.story[-1] == ("get", "/f", "broken off")


def test_an_end_says_nothing_of_what_was_written():
    table = Table()
    table.opened(b"/f", R | W)
    table.ask(write(1, b"h", 0, b"abcd"), read(2, b"h", 0, 8))
    table.tell(ok(1), status(2, wire.EOF))
    table.gate.ended("technician left")
    assert ("put", "/f", "broken off") in table.story


@pytest.mark.parametrize("then", ["next", "end", "cut"])
def test_content_that_comes_after_the_answer_to_the_closing_still_counts(then):
    table = Table()
    table.opened(b"/f", R)
    table.ask(read(1, b"h", 0, 4), close(2, b"h"), named(wire.STAT, 3, b"/"))
    table.tell(ok(2))
    assert table.story == [("get", "/f", "begun")]
    table.tell(data(1, b"abcd") if then != "cut" else data(1, b"abcd")[:-2])
    if then == "next":
        table.tell(status(3, wire.NO_SUCH_FILE))
        assert table.story[1:] == [("get", "/f", "done")]
    table.gate.ended("over")
    content = b"ab" if then == "cut" else b"abcd"
    assert (table.lines[-1].sha256, table.lines[-1].outcome) == (
        sha(content), "broken off" if then == "cut" else "done",
    )  # fmt: skip
    assert len(table.lines) == 2


def test_nothing_unfinished_leaves_nothing():
    table = Table()
    table.opened(b"/f", W)
    table.closed()
    before = len(table.lines)
    table.gate.ended("over")
    assert len(table.lines) == before


# -- record before forward ---------------------------------------------------------------------------------------------
def test_what_cannot_be_noted_does_not_pass():
    def full(_line):
        raise OSError("no space")

    for asked in (open_(1, b"/f", R), named(wire.REMOVE, 1, b"/f"), named(wire.RENAME, 1, b"/f", b"/g")):
        table = Table()
        table.ledger.line = full
        with pytest.raises(OSError, match="no space"):
            table.ask(named(wire.STAT, 5, b"/") + asked)
        assert b"/f" not in table.device
        with pytest.raises(OSError, match="no space"):
            table.ask(named(wire.STAT, 6, b"/"))


# -- the trail ---------------------------------------------------------------------------------------------------------
def test_every_fact_is_classed_and_names_are_personal():
    table = Table(DOWN)
    table.opened(b"/f", R)
    table.closed()
    table.ask(named(wire.REMOVE, 1, b"/f"))
    for _ in range(ledgers.MOST_REFUSALS):
        table.ledger.turned_away(NO_UPLOAD, "put", "/f")
    table.gate.ended("over")
    assert {fact.tag for fact in table.facts} == {"file:passed", "file:refused"}
    for fact in table.facts:
        assert set(fact.fields) <= set(KINDS[fact.tag].fields)
        personal = {n for n, c in KINDS[fact.tag].fields.items() if c is FieldClass.PERSONAL}
        assert personal == {"path", "target", "detail"} & set(KINDS[fact.tag].fields)


def test_a_flood_of_refusals_is_counted_not_told_one_by_one():
    table = Table()
    for at in range(ledgers.MOST_REFUSALS + 5):
        table.ask(packet(99, number(at)))
    assert len(table.facts) == ledgers.MOST_REFUSALS
    table.gate.ended("over")
    assert table.facts[-1].fields["count"] == 5


def test_the_console_has_words_for_every_refusal():
    assert set(facts.FILE_REFUSALS) == {refusal.why for refusal in rights.REFUSALS}
