import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.access_request import TABLE, AccessRequest, InterventionKind, Person, RequestEvent, RequestState
from bastion.domain.conditions import Terms
from bastion.errors import AlreadyAgreed, IllegalTransition, SelfApproval

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVE, MAX, ALICE = Person("eve", "Eve"), Person("max", "Max"), Person("alice", "Alice", "acme")


def request(quorum: int = 1, created_by: Person = ALICE) -> AccessRequest:
    return AccessRequest(
        id="0123456789abcdef", technician_id="alice", technician_name="Alice", supplier_id="acme", device_id="ct",
        facility_id="chu", account_id="svc", kind=InterventionKind.TELEMAINTENANCE, reason="tube", work_order="W1",
        wanted=2 * HOUR, created_at=NOW, expires_at=NOW + HOUR, created_by=created_by, quorum=quorum,
        max_duration=4 * HOUR, policy_hash="h", policy_ids=("p",),
    )  # fmt: skip


def test_one_agreement_is_enough_for_a_quorum_of_one():
    agreed = request().approve(EVE, HOUR, "fine", NOW)
    assert agreed.state(NOW) is RequestState.APPROVED
    assert (agreed.agreed, agreed.missing, agreed.decided_by) == (HOUR, 0, "Eve")


def test_a_quorum_of_two_needs_two_different_people_and_takes_the_shortest_time():
    once = request(2).approve(EVE, 2 * HOUR, "", NOW)
    assert (once.state(NOW), once.missing, once.decided_at) == (RequestState.PENDING, 1, None)
    with pytest.raises(AlreadyAgreed):
        once.approve(EVE, HOUR, "", NOW)
    assert once.approve(MAX, HOUR, "", NOW).agreed == HOUR


@pytest.mark.parametrize("person", [ALICE, Person("alice", "Alice"), Person("bob", "Bob", "acme")])
def test_T32_the_requester_and_his_company_never_decide(person):
    with pytest.raises(SelfApproval):
        request().approve(person, HOUR, "", NOW)
    with pytest.raises(SelfApproval):
        request().deny(person, "", NOW)


def test_T32_staff_who_asked_on_behalf_do_not_decide():
    with pytest.raises(SelfApproval):
        request(created_by=EVE).approve(EVE, HOUR, "", NOW)


def test_the_policy_and_the_wish_cap_what_an_approver_gives():
    assert request().approve(EVE, 9 * HOUR, "", NOW).agreed == 2 * HOUR
    assert replace(request(), max_duration=HOUR).approve(EVE, 2 * HOUR, "", NOW).agreed == HOUR


def test_it_expires_by_the_clock_alone():
    late = NOW + HOUR
    assert request().state(late - timedelta(microseconds=1)) is RequestState.PENDING
    assert request().state(late) is RequestState.EXPIRED
    with pytest.raises(IllegalTransition):
        request().approve(EVE, HOUR, "", late)


def test_withdrawing_and_denying_end_it():
    assert request().withdraw(ALICE, "not needed", NOW).state(NOW) is RequestState.WITHDRAWN
    denied = request().deny(EVE, "patient on the table", NOW)
    assert (denied.state(NOW), denied.decision_note) == (RequestState.DENIED, "patient on the table")


def test_every_illegal_event_raises_and_changes_nothing():
    acts = {
        RequestEvent.APPROVE: lambda r: r.approve(EVE, HOUR, "", NOW),
        RequestEvent.DENY: lambda r: r.deny(EVE, "", NOW),
        RequestEvent.WITHDRAW: lambda r: r.withdraw(ALICE, "", NOW),
    }
    for state, event in itertools.product(RequestState, RequestEvent):
        before = replace(request(), stored_state=state)
        if event in TABLE[state]:
            assert acts[event](before).stored_state in TABLE[state][event]
            continue
        with pytest.raises(IllegalTransition):
            acts[event](before)
        assert before.stored_state is state


def test_people_can_say_its_short_name():
    assert request().ref == "89ABCDEF"


def test_its_short_names_are_the_ends_of_its_ids():
    assert replace(request(), batch_id="fedcba9876543210").batch_ref == "76543210"
    assert (request().ref, request().batch_ref) == ("89ABCDEF", "")


def test_what_was_decided_in_time_does_not_expire():
    assert request().deny(EVE, "no", NOW).state(NOW + 9 * HOUR) is RequestState.DENIED


def test_it_begins_when_the_last_of_those_who_put_it_off_says_so():
    tomorrow = Terms(start=NOW + 24 * HOUR)
    assert (request().begins, request(2).approve(EVE, HOUR, "", NOW).put_off) == (None, False)
    assert request(2).approve(EVE, HOUR, "", NOW, tomorrow).begins == NOW + 24 * HOUR
    once = replace(request(2), start=NOW + HOUR).approve(EVE, HOUR, "", NOW, tomorrow)
    assert (once.begins, once.put_off) == (NOW + 24 * HOUR, True)
    assert once.approve(MAX, HOUR, "", NOW, Terms(start=NOW + 2 * HOUR)).begins == NOW + 24 * HOUR


def test_nothing_is_decided_before_the_last_of_the_quorum_says_so():
    once = request(2).approve(EVE, HOUR, "as far as I am concerned", NOW)
    assert (once.decided_at, once.decided_by, once.decision_note) == (None, "", "")
    both = once.approve(MAX, HOUR, "go", NOW)
    assert (both.decided_at, both.decided_by, both.decision_note) == (NOW, "Max", "go")


def test_T32_a_company_is_compared_with_a_company_and_having_none_is_no_company():
    assert request().approve(Person("zoe", "Zoe", "other"), HOUR, "", NOW).approvals
    assert replace(request(), supplier_id="").approve(EVE, HOUR, "", NOW).approvals
