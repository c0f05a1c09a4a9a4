import hashlib
import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bastion.domain.events import AuditEvent, Severity
from bastion.store.audit_chain import GENESIS, Head, Inspector, canonical, linked

AT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def chain(length: int) -> list[AuditEvent]:
    events: list[AuditEvent] = []
    previous = GENESIS
    for seq in range(1, length + 1):
        event = AuditEvent(
            seq, AT, "session:closed", Severity.NOTICE, "system", "system", "bastion", "", "session", f"s{seq}", "f",
            {"reason": "cut"}, previous, "",
        )  # fmt: skip
        events.append(linked(event))
        previous = events[-1].digest
    return events


def judged(events: list[AuditEvent], head: Head | None = None, known: Head | None = None) -> tuple[bool, int | None]:
    whole = chain(len(events))
    inspector = Inspector(head or Head(len(whole), whole[-1].digest if whole else GENESIS), known)
    for event in events:
        inspector.see(event)
    verdict = inspector.finish()
    assert bool(verdict.why) != verdict.ok
    return verdict.ok, verdict.broken_at


def test_the_canonical_form_is_plain_json_anybody_can_make() -> None:
    event = chain(1)[0]
    facts = json.loads(canonical(event))
    assert facts.keys() == {field.name for field in fields(AuditEvent)} - {"digest"}
    assert facts["at"] == "2026-03-29T01:30:00.000000+00:00"
    again = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert event.digest == hashlib.sha256(again).hexdigest()


def test_the_digest_does_not_depend_on_the_zone() -> None:
    event = chain(1)[0]
    elsewhere = replace(event, at=AT.astimezone(timezone(timedelta(hours=2))))
    assert linked(elsewhere).digest == event.digest


@pytest.mark.parametrize("name", [field.name for field in fields(AuditEvent) if field.name != "digest"])
def test_the_digest_covers_every_field(name: str) -> None:
    event = chain(1)[0]
    other = {"seq": 9, "at": AT + timedelta(microseconds=1), "severity": Severity.ALARM, "fields": {"reason": "idle"}}
    assert linked(replace(event, **{name: other.get(name, "other")})).digest != event.digest


def test_a_sound_chain_is_sound() -> None:
    assert judged([], Head(0, GENESIS)) == (True, None)
    assert judged(chain(5)) == (True, None)


@given(st.integers(1, 6), st.data())
def test_an_edit_is_found_where_it_is(length: int, data: st.DataObject) -> None:
    events = chain(length)
    at = data.draw(st.integers(0, length - 1))
    events[at] = replace(events[at], actor_name="somebody else")
    assert judged(events) == (False, at + 1)


@given(st.integers(2, 6), st.data())
def test_an_edit_with_its_digest_made_good_is_found_behind_it(length: int, data: st.DataObject) -> None:
    events = chain(length)
    at = data.draw(st.integers(0, length - 2))
    events[at] = linked(replace(events[at], actor_name="somebody else"))
    assert judged(events) == (False, at + 2)


@given(st.integers(2, 6), st.data())
def test_a_deletion_is_found_where_it_was(length: int, data: st.DataObject) -> None:
    events = chain(length)
    at = data.draw(st.integers(0, length - 2))
    head = Head(length, events[-1].digest)
    del events[at]
    assert judged(events, head) == (False, at + 1)


@given(st.integers(2, 6), st.data())
def test_a_swap_is_found(length: int, data: st.DataObject) -> None:
    events = chain(length)
    at = data.draw(st.integers(0, length - 2))
    one, other = events[at], events[at + 1]
    events[at], events[at + 1] = replace(other, seq=one.seq), replace(one, seq=other.seq)
    assert judged(events) == (False, at + 1)


def test_an_insertion_is_found() -> None:
    events = chain(3)
    head = Head(3, events[-1].digest)
    extra = linked(replace(events[1], subject_id="new"))
    assert judged([events[0], extra, *(replace(e, seq=e.seq + 1) for e in events[1:])], head) == (False, 3)
    assert judged([linked(replace(events[0], seq=0)), *events], head) == (False, 1)


def test_a_tail_that_was_cut_off_is_found() -> None:
    events = chain(5)
    assert judged(events[:3], Head(5, events[-1].digest)) == (False, 4)
    assert judged([], Head(5, events[-1].digest)) == (False, 1)


def test_a_tail_beyond_the_head_is_found() -> None:
    events = chain(5)
    assert judged(events, Head(4, events[3].digest)) == (False, 5)


def test_a_head_that_is_another_one_is_found() -> None:
    assert judged(chain(5), Head(5, "f" * 64)) == (False, 6)


def test_a_chain_made_anew_is_found_by_a_head_noted_elsewhere() -> None:
    events = chain(5)
    assert judged(events, known=Head(3, events[2].digest)) == (True, None)
    assert judged(events, known=Head(3, "f" * 64)) == (False, 3)
    assert judged(events, known=Head(6, "f" * 64)) == (False, 6)
