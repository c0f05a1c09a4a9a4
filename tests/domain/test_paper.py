"""R-67: what blocks, from when, and what is announced before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.paper import LONGEST, NAMES, Paper, PaperKind, PaperRule, checked, coming, ending, missing
from bastion.errors import IllegalTransition, Invalid

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
DAY = timedelta(days=1)
PAS, CHARTER = PaperKind.SECURITY_PLAN, PaperKind.CHARTER
INSTANT = timedelta(microseconds=1)


def paper(**changes) -> Paper:
    return replace(Paper("p", "s", PAS, "PAS-7", NOW, NOW + 9 * DAY, "", "Ruth", NOW), **changes)


def rule(kind=PAS, since=NOW) -> PaperRule:
    return PaperRule(kind, since, "Ruth", NOW)


def test_a_paper_holds_from_its_first_instant_to_just_before_its_last():
    one = paper()
    assert [one.valid(at) for at in (NOW - INSTANT, NOW, NOW + 9 * DAY - INSTANT, NOW + 9 * DAY)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert [one.over(at) for at in (NOW + 9 * DAY - INSTANT, NOW + 9 * DAY)] == [False, True]
    endless = paper(valid_to=None)
    assert endless.valid(NOW + 9999 * DAY)
    assert not endless.over(NOW + 9999 * DAY)


def test_a_withdrawn_paper_holds_no_longer_and_stays_withdrawn():
    gone = paper().withdraw("Ruth", NOW)
    assert not gone.valid(NOW)
    assert missing([gone], [rule()], NOW) == (PAS,)
    assert ending([gone], NOW, NOW + 30 * DAY) == ()
    with pytest.raises(IllegalTransition):
        gone.withdraw("Eve", NOW)


def test_a_required_paper_blocks_from_the_set_day_and_not_before():
    assert missing([], [rule(since=NOW + DAY)], NOW + DAY - INSTANT) == ()
    assert missing([], [rule(since=NOW + DAY)], NOW + DAY) == (PAS,)
    assert missing([], [rule(since=None)], NOW + 999 * DAY) == ()
    assert missing([], [], NOW) == ()


def test_another_paper_of_the_kind_is_enough_and_one_of_another_kind_is_not():
    late = NOW + 9 * DAY
    assert missing([paper()], [rule(), rule(CHARTER)], late) == (CHARTER, PAS)
    assert missing([paper(), paper(id="q", valid_to=None)], [rule()], late) == ()
    assert missing([paper(kind=CHARTER)], [rule()], NOW) == (PAS,)


def test_what_will_block_is_announced():
    assert coming([paper()], [rule()], NOW, NOW + 30 * DAY) == (PAS,)
    assert coming([paper()], [rule()], NOW, NOW + 9 * DAY - INSTANT) == ()
    assert coming([], [rule(since=NOW + DAY)], NOW, NOW + 30 * DAY) == (PAS,)
    assert coming([], [rule()], NOW, NOW + 30 * DAY) == (), "it blocks already"
    assert coming([paper(), paper(valid_to=None)], [rule()], NOW, NOW + 30 * DAY) == ()


def test_of_each_kind_the_paper_that_holds_longest_is_announced():
    longer = paper(id="q", valid_to=NOW + 20 * DAY)
    other = paper(id="r", kind=CHARTER, valid_to=NOW + 2 * DAY)
    assert ending([paper(), longer, other], NOW, NOW + 30 * DAY) == (longer, other)
    assert ending([longer, paper(), other], NOW, NOW + 19 * DAY) == (other,)
    assert ending([paper(), paper(valid_to=None)], NOW, NOW + 30 * DAY) == ()
    assert ending([paper()], NOW + 9 * DAY, NOW + 30 * DAY) == ()


@pytest.mark.parametrize("end", [NOW, NOW - DAY, NOW + LONGEST + INSTANT])
def test_a_paper_ends_after_it_begins(end):
    with pytest.raises(Invalid):
        checked(paper(valid_to=end))
    charter = paper(kind=CHARTER, valid_to=None)
    assert checked(charter) == charter


def test_every_kind_has_a_name():
    assert NAMES.keys() == set(PaperKind)
