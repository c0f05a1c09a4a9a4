"""R-26, R-27: what an emergency is, who may look at it afterwards, and when it is late."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.emergency import LEAST_NAME, MAX_NAME, Call, Emergency, EmergencyStatus, Outcome
from bastion.domain.parties import Actor, ActorKind
from bastion.domain.working_days import WorkingDays
from bastion.errors import Conflict, IllegalTransition, Invalid, SelfReview

NOW = datetime(2026, 11, 25, 22, tzinfo=UTC)  # a Wednesday
DAY = timedelta(days=1)
ONE = Emergency("req-1234abcd", "sup", "dev", "fac", "Dr  Anne Roux", "Alice", "4512", "stf-9", NOW)
AGREED = ONE.agreed(("stf-1",), NOW, WorkingDays(3), "Europe/Paris", by_caller=False)


def reviewer(ident: str = "stf-2", login: str = "paul", name: str = "Paul") -> Actor:
    return Actor(ActorKind.STAFF, ident, login, name)


def test_it_waits_is_due_is_overdue_is_reviewed():
    assert ONE.status(NOW) is EmergencyStatus.ASKED
    assert AGREED.review_due_at == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert AGREED.status(AGREED.review_due_at - timedelta(microseconds=1)) is EmergencyStatus.DUE
    assert AGREED.status(AGREED.review_due_at) is EmergencyStatus.OVERDUE
    done = AGREED.review(reviewer(), Outcome.JUSTIFIED, "  read the recording ", 1, NOW + 9 * DAY, askers={"alice"})
    assert (done.status(NOW), done.reviewed_by, done.review_note) == (
        EmergencyStatus.REVIEWED, "Paul", "read the recording",
    )  # fmt: skip
    assert done.ref == "1234ABCD"


def test_more_time_does_not_move_the_review_and_adds_who_agreed():
    more = AGREED.agreed(("stf-1", "stf-3"), NOW + DAY, WorkingDays(3), "Europe/Paris", by_caller=True)
    assert (more.review_due_at, more.agreed_at) == (AGREED.review_due_at, NOW)
    assert (more.agreed_ids, more.agreed_by_caller) == (("stf-1", "stf-3"), True)
    assert more.agreed(("stf-4",), NOW, WorkingDays(3), "Europe/Paris", by_caller=False).agreed_by_caller


@pytest.mark.parametrize(
    "person",
    [reviewer("stf-1"), reviewer("stf-9"), reviewer("x", "x", "dr anne roux"), reviewer("x", "DR ANNE ROUX", "x")],
)
def test_neither_who_agreed_nor_who_called_reviews(person):
    with pytest.raises(SelfReview):
        AGREED.review(person, Outcome.JUSTIFIED, "read the recording", 1, NOW, askers={"alice"})


def test_a_review_needs_an_agreement_words_and_the_present_version():
    with pytest.raises(IllegalTransition):
        ONE.review(reviewer(), Outcome.JUSTIFIED, "read the recording", 1, NOW, askers={"alice"})
    with pytest.raises(Conflict):
        AGREED.review(reviewer(), Outcome.JUSTIFIED, "read the recording", 2, NOW, askers={"alice"})
    for words in ("ok", " " * 40, "x" * 2001):
        with pytest.raises(Invalid) as refused:
            AGREED.review(reviewer(), Outcome.JUSTIFIED, words, 1, NOW, askers={"alice"})
        assert refused.value.field == "note"
    done = AGREED.review(reviewer(), Outcome.NOT_JUSTIFIED, "read the recording", 1, NOW, askers={"alice"})
    with pytest.raises(IllegalTransition):
        done.review(reviewer(), Outcome.JUSTIFIED, "read the recording", 1, NOW, askers={"alice"})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"caller": " x "}, "caller"), ({"caller": ""}, "caller"), ({"caller": "x" * 201}, "caller"),
        ({"call_back": "a\x1b[2J"}, "call_back"), ({"callee": "a\u202eb"}, "callee"),
    ],
)  # fmt: skip
def test_a_call_names_somebody_in_plain_characters(changes, field):
    with pytest.raises(Invalid) as refused:
        replace(Call("Anne Roux", "Alice", "4512"), **changes).checked()
    assert refused.value.field == field
    assert Call("  Anne ", "", " 12 ").checked() == Call("Anne", "", "12")


def test_a_caller_has_a_name_of_two_to_two_hundred_characters():
    for name in ("x" * LEAST_NAME, "x" * MAX_NAME):
        assert Call(name).checked().caller == name
    for name in ("x" * (LEAST_NAME - 1), "x" * (MAX_NAME + 1)):
        with pytest.raises(Invalid):
            Call(name).checked()
