"""R-19: what is not confirmed on the due day is suspended by the clock; a decision, also a late one, holds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.parties import Role
from bastion.domain.review import (
    LONGEST,
    REVIEWERS,
    Campaign,
    LineState,
    ReviewLine,
    RightKind,
    Verdict,
    Word,
    barred,
    barred_apart,
    checked,
    last_word,
    standing_withdrawals,
)
from bastion.errors import Invalid

NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)
DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
LINE = ReviewLine("l1", "c1", RightKind.TECHNICIAN, "t1", "", "Alice", "Acme")
CAMPAIGN = Campaign("c1", "H2", ("*",), NOW + 30 * DAY, "Ruth", NOW)


def test_silence_suspends_on_the_due_day_and_not_before():
    due = CAMPAIGN.due_at
    assert [LINE.state(due, at) for at in (NOW, due - INSTANT, due, due + 90 * DAY)] == [
        LineState.OPEN, LineState.OPEN, LineState.SUSPENDED, LineState.SUSPENDED,
    ]  # fmt: skip
    assert [CAMPAIGN.due(at) for at in (due - INSTANT, due)] == [False, True]


@pytest.mark.parametrize("verdict", Verdict)
def test_what_was_decided_holds_before_and_after(verdict):
    one = replace(LINE, verdict=verdict, decided_at=NOW, decided_by="Ruth")
    for at in (NOW, CAMPAIGN.due_at, CAMPAIGN.due_at + DAY):
        assert one.state(CAMPAIGN.due_at, at).value == verdict.value


@pytest.mark.parametrize("due", [NOW, NOW - DAY, NOW + LONGEST + INSTANT])
def test_a_review_is_due_after_today_and_within_half_a_year(due):
    with pytest.raises(Invalid):
        checked(replace(CAMPAIGN, due_at=due))


def test_the_longest_is_accepted():
    assert checked(replace(CAMPAIGN, due_at=NOW + LONGEST)).name == "H2"


def test_approvers_do_not_review_staff_and_auditors_nobody():
    assert Role.APPROVER not in REVIEWERS[RightKind.STAFF]
    assert all(Role.AUDITOR not in roles for roles in REVIEWERS.values())
    assert all(Role.APPROVER in REVIEWERS[kind] for kind in (RightKind.TECHNICIAN, RightKind.WINDOW))
    assert {*REVIEWERS} == {*RightKind}


GONE, KEPT = Verdict.WITHDRAWN, Verdict.CONFIRMED


def word(verdict: Verdict | None, *facilities: str) -> Word:
    return Word(facilities, verdict)


@pytest.mark.parametrize(
    ("said", "last"),
    [
        ([], None),
        ([word(KEPT, "f2")], None),
        ([word(GONE, "f1"), word(KEPT, "f2")], GONE),
        ([word(GONE, "f1"), word(KEPT, "f1", "f2")], KEPT),
        ([word(KEPT, "f1"), word(GONE, "*")], GONE),
        ([word(GONE, "*"), word(KEPT, "f1")], KEPT),
    ],
)
def test_the_latest_word_of_a_hospital_or_of_the_group_counts_there(said, last):
    found = last_word(said, "f1")
    assert (found.verdict if found else None) == last


@pytest.mark.parametrize(
    ("decided", "over", "standing"),
    [
        ([word(KEPT, "f1")], ["f1"], []),
        ([word(GONE, "f1")], ["f1"], [word(GONE, "f1")]),
        ([word(GONE, "f1")], ["f2"], []),
        ([word(GONE, "f1"), word(KEPT, "f2")], ["f1", "f2"], [word(GONE, "f1")]),
        ([word(GONE, "f1"), word(KEPT, "f1", "f2")], ["f1", "f2"], []),
        ([word(GONE, "*")], ["f1"], [word(GONE, "*")]),
        ([word(GONE, "f1")], ["*"], [word(GONE, "f1")]),
        ([word(GONE, "f1"), word(KEPT, "*")], ["*"], []),
        ([word(None, "f1")], ["f1"], []),
    ],
)
def test_R70_a_withdrawal_stands_until_its_own_hospital_is_heard_again(decided, over, standing):
    assert standing_withdrawals(decided, over) == standing


@pytest.mark.parametrize(
    ("said", "over"),
    [
        ([], []),
        ([word(KEPT, "f1")], []),
        ([word(GONE, "f1"), word(KEPT, "f2")], ["f1"]),
        ([word(None, "f1")], ["f1"]),
        ([word(None, "f1"), word(KEPT, "*")], []),
        ([word(KEPT, "f1"), word(None, "*")], ["f1"]),
        ([word(GONE, "*"), word(KEPT, "f1")], []),
    ],
)
def test_R19_a_right_does_not_hold_where_it_was_withdrawn_or_nobody_confirmed_it_in_time(said, over):
    """Of what is said in every hospital at once `EVERYWHERE` is not one of them."""
    assert barred_apart(said) == frozenset(over)
    assert barred(said, "f1") is (over == ["f1"])
