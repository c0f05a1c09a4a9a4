import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.announced_file import Announced
from bastion.domain.held_file import (
    KEPT,
    TABLE,
    WAITING,
    Checks,
    Content,
    Direction,
    FileEvent,
    FileState,
    HeldFile,
    Scan,
)
from bastion.errors import IllegalTransition, SelfApproval
from policies.model import Sas

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONTENT = Content(3, "ab" * 32)
CLEAN = Checks(Scan.CLEAN)


def held_file(sas: Sas = Sas.RULE) -> HeldFile:
    return HeldFile(
        "0123456789abcdef", "ses", "gra", "req", "ct", "chu", "acme", "alice", "Alice", "n1", Direction.IN,
        "/fw/a.bin", sas, NOW, NOW + timedelta(days=7),
    )  # fmt: skip


@pytest.mark.parametrize("checks", [CLEAN, Checks(Scan.CLEAN, announced=Announced.MATCHES)])
def test_the_rule_lets_through_what_was_looked_at_and_found_clean(checks):
    passed = held_file().arrive(CONTENT, checks, NOW)
    assert (passed.stored_state, passed.decided_at, passed.decided_by) == (FileState.RELEASED, NOW, "")
    assert (passed.content, passed.checks) == (CONTENT, checks)


@pytest.mark.parametrize("checks", [
    Checks(Scan.UNSCANNED, "clamd"), Checks(Scan.INFECTED, "Eicar"), Checks(Scan.CLEAN, announced=Announced.DIFFERS),
    Checks(Scan.CLEAN, findings=("dicom a.dcm 1",)),
])  # fmt: skip
def test_the_rule_holds_everything_else(checks):
    held = held_file().arrive(CONTENT, checks, NOW)
    assert (held.stored_state, held.decided_at) == (FileState.HELD, None)


def test_where_a_person_must_look_nothing_passes_by_rule_and_where_all_is_free_everything():
    assert held_file(Sas.PERSON).arrive(CONTENT, CLEAN, NOW).stored_state is FileState.HELD
    assert held_file(Sas.FREE).arrive(CONTENT, Checks(), NOW).stored_state is FileState.RELEASED


def test_a_person_releases_and_it_is_delivered_once():
    held = held_file(Sas.PERSON).arrive(CONTENT, CLEAN, NOW)
    released = held.release("eve", "Eve", "looked", NOW)
    assert (released.decided_by, released.note, released.decided_at) == ("Eve", "looked", NOW)
    delivered = released.deliver(NOW + timedelta(hours=1))
    assert delivered.delivered_at == NOW + timedelta(hours=1)
    with pytest.raises(IllegalTransition):
        delivered.deliver(NOW)


def test_nobody_releases_his_own():
    held = held_file(Sas.PERSON).arrive(CONTENT, CLEAN, NOW)
    for act in (held.release, held.refuse):
        with pytest.raises(SelfApproval):
            act("alice", "Alice", "", NOW)


@pytest.mark.parametrize("state", sorted(WAITING))
def test_its_time_is_over_by_the_clock_alone(state):
    waiting = replace(held_file(), stored_state=state)
    assert waiting.state(waiting.expires_at - timedelta(microseconds=1)) is state
    assert waiting.state(waiting.expires_at) is FileState.PURGED
    for act in (
        lambda: waiting.release("eve", "Eve", "", waiting.expires_at),
        lambda: waiting.deliver(waiting.expires_at),
    ):
        with pytest.raises(IllegalTransition):
            act()


def test_every_illegal_event_raises_and_changes_nothing():
    acts = {
        FileEvent.ARRIVE: lambda f: f.arrive(CONTENT, CLEAN, NOW),
        FileEvent.RELEASE: lambda f: f.release("eve", "Eve", "", NOW),
        FileEvent.REFUSE: lambda f: f.refuse("eve", "Eve", "", NOW),
        FileEvent.DELIVER: lambda f: f.deliver(NOW),
        FileEvent.BREAK: lambda f: f.break_off(NOW),
        FileEvent.PURGE: lambda f: f.purge(),
    }
    for state, event in itertools.product(FileState, FileEvent):
        before = replace(held_file(), stored_state=state)
        if event in TABLE[state]:
            assert acts[event](before).stored_state in TABLE[state][event]
            continue
        with pytest.raises(IllegalTransition):
            acts[event](before)
        assert before.stored_state is state


def test_content_is_kept_exactly_while_something_may_still_become_of_it():
    assert {state for state in FileState if TABLE[state]} == KEPT


def test_people_can_say_its_short_name():
    assert (held_file().ref, held_file().name) == ("89ABCDEF", "a.bin")
