"""R-19: of one review a reader gets what waits first, each state as the clock has it, and what he may decide on."""

from dataclasses import replace

import pytest

from bastion.domain.review import LineState, Remit, RightKind, Sought, Verdict
from tests.store.samples import NOW
from tests.store.test_reviews import DAY, LINE, NEW, OLD, begun, decided

__all__ = ["begun"]
NOBODY = Remit("nobody")
ROLE = replace(LINE, id="l3", kind=RightKind.STAFF, subject_id="s1", right="approver", name="Eve", place="f1")
ELSEWHERE = replace(ROLE, id="l4", subject_id="s2", name="Max", place="f2")
WINDOW = replace(LINE, id="l5", kind=RightKind.WINDOW, subject_id="w1", name="ct-01", place="f1")


@pytest.fixture
async def pages(database, begun):
    """Four lines of the older review, of which one is decided, and one of the newer."""
    async with database.write() as uow:
        await uow.review_lines.add_all([ROLE, ELSEWHERE, WINDOW])
        await uow.review_lines.save(decided(LINE, Verdict.CONFIRMED))
    async with database.read() as uow:
        yield uow.review_pages


async def ids(pages, remit=NOBODY, **sought) -> list[str]:
    found = await pages.page(OLD, remit, Sought(**sought), NOW, limit=10, offset=0)
    return [one.line.id for one in found]


async def test_what_waits_stands_first_and_each_review_has_its_own_lines(pages):
    shown = await ids(pages)
    assert (sorted(shown), shown[-1]) == (["l1", "l3", "l4", "l5"], "l1")
    assert [await pages.count(one, NOBODY, Sought(), NOW) for one in (OLD, NEW)] == [4, 1]


@pytest.mark.parametrize(("days", "waits", "suspended"), [(9, 3, 0), (10, 0, 3)])
async def test_what_is_open_is_suspended_when_the_day_has_come(pages, days, waits, suspended):
    expected = {
        LineState.OPEN: waits, LineState.SUSPENDED: suspended, LineState.CONFIRMED: 1, LineState.WITHDRAWN: 0,
    }  # fmt: skip
    for state, number in expected.items():
        assert await pages.count(OLD, NOBODY, Sought(state=state), NOW + days * DAY) == number, state


async def test_a_hospital_s_leader_decides_on_the_roles_that_are_held_there_and_on_nothing_else_by_that(pages):
    there = Remit("nobody", places=frozenset({"f1"}))
    assert await ids(pages, there, mine=True) == ["l3"]
    assert sorted(await ids(pages, there, mine=False)) == ["l1", "l4", "l5"]
    assert await ids(pages, replace(there, own="s1"), mine=True) == []


@pytest.mark.parametrize(("text", "found"), [("eve", ["l3"]), ("acme", 4), ("\x00", []), ("nobody", [])])
async def test_a_name_or_a_company_is_looked_for_and_what_can_be_none_finds_nothing(pages, text, found):
    shown = await ids(pages, text=text)
    assert (len(shown) if isinstance(found, int) else shown) == found
