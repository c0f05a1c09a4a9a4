"""R-19: the latest campaign that has spoken counts; what was begun and decided is kept."""

from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from bastion.domain.review import Campaign, Remit, ReviewLine, RightKind, Sought, Verdict, Word
from bastion.errors import BastionError
from bastion.store.database import Database
from tests.bench.scale.plans import statements
from tests.store.samples import NOW

DAY = timedelta(days=1)
PEOPLE = RightKind.TECHNICIAN
OLD = Campaign("c1", "H1", ("*",), NOW + 10 * DAY, "Ruth", NOW)
NEW = Campaign("c2", "H2", ("*",), NOW + 40 * DAY, "Ruth", NOW + 20 * DAY)
LINE = ReviewLine("l1", "c1", PEOPLE, "t1", "", "Alice", "Acme")


def decided(line: ReviewLine, verdict: Verdict) -> ReviewLine:
    return replace(line, verdict=verdict, decided_at=NOW + DAY, decided_by="Eve")


@pytest.fixture
async def begun(database):
    async with database.write() as uow:
        await uow.campaigns.add(OLD)
        await uow.campaigns.add(NEW)
        await uow.review_lines.add_all([LINE, replace(LINE, id="l2", campaign_id="c2")])


@pytest.mark.usefixtures("begun")
async def test_silence_speaks_on_the_day_and_a_later_campaign_before_it_does_not(database):
    async with database.read() as uow:
        said = [await uow.review_lines.words(PEOPLE, {"t1", "\x00"}, NOW + days * DAY) for days in (9, 10, 30, 40)]
        one = Word(("*",), None)
        assert said == [{}, {("t1", ""): [one]}, {("t1", ""): [one]}, {("t1", ""): [one, one]}]
        assert await uow.review_lines.words(RightKind.STAFF, {"t1"}, NOW + 50 * DAY) == {}
        assert await uow.review_lines.words(PEOPLE, set(), NOW + 50 * DAY) == {}
        assert await uow.review_lines.decided(PEOPLE, {"t1"}) == {}


@pytest.mark.usefixtures("begun")
async def test_the_latest_word_counts(database):
    async with database.write() as uow:
        (found,) = await uow.review_pages.chosen(NEW, Remit("nobody"), ["l1", "l2", "\x00"])
        await uow.review_lines.save(decided(found.line, Verdict.CONFIRMED))
        silent, kept = Word(("*",), None), Word(("*",), Verdict.CONFIRMED, NOW + DAY)
        assert await uow.review_lines.words(PEOPLE, ["t1"], NOW + 30 * DAY) == {("t1", ""): [silent, kept]}
        assert await uow.review_lines.decided(PEOPLE, ["t1"]) == {("t1", ""): [kept]}
        await uow.review_lines.save(decided(LINE, Verdict.WITHDRAWN))
        gone = Word(("*",), Verdict.WITHDRAWN, NOW + DAY)
        assert await uow.review_lines.words(PEOPLE, ["t1"], NOW + 30 * DAY) == {("t1", ""): [gone, kept]}


@pytest.mark.usefixtures("begun")
@pytest.mark.parametrize(
    "changed",
    [
        replace(LINE, subject_id="t2"),
        replace(LINE, name="Bob"),
        replace(LINE, place="f1"),
        replace(LINE, verdict=Verdict.CONFIRMED),
        replace(LINE, decided_by="Eve"),
    ],
)
async def test_the_database_refuses_half_a_decision_and_another_right(database, changed):
    with pytest.raises(BastionError):
        async with database.write() as uow:
            await uow.review_lines.save(changed)


@pytest.mark.usefixtures("begun")
async def test_a_decision_may_change_and_not_vanish_and_a_campaign_stays_as_it_was(database):
    async with database.write() as uow:
        await uow.review_lines.save(decided(LINE, Verdict.WITHDRAWN))
        await uow.review_lines.save(decided(LINE, Verdict.CONFIRMED))
    for work in (
        lambda uow: uow.review_lines.save(LINE),
        lambda uow: uow.campaigns.save(replace(OLD, due_at=NOW + 90 * DAY)),
    ):
        with pytest.raises(BastionError):
            async with database.write() as uow:
                await work(uow)


async def test_a_list_of_reviews_is_counted_and_a_page_of_one_read_by_their_indexes_on_postgres(postgres_url):
    """Of eight reviews with thousands of lines each: the planner of an analysed database is asked."""
    database = await Database.open(postgres_url)
    several = [replace(OLD, id=f"c{number}") for number in range(8)]
    lines = [
        replace(LINE, id=f"{campaign.id}-{number}", campaign_id=campaign.id, subject_id=f"t{number}")
        for campaign in several
        for number in range(2000)
    ]
    async with database.write() as uow:
        for campaign in several:
            await uow.campaigns.add(campaign)
        await uow.review_lines.add_all([decided(one, Verdict.CONFIRMED) for one in lines])
    server = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    try:
        await server.execute("analyze")
        with statements() as heard:
            async with database.read() as uow:
                counted = await uow.review_lines.counts([one.id for one in several])
                page = await uow.review_pages.page(several[3], Remit("nobody"), Sought(), NOW, limit=50, offset=0)
        plans = [[row[0] for row in await server.fetch(f"explain {said}", *values)] for said, values in heard]
    finally:
        await server.close()
        await database.close()
    assert counted == {one.id: {Verdict.CONFIRMED: 2000} for one in several}
    assert len(page) == 50
    for plan, index in zip(plans, ("ix_review_lines_campaign", "ix_review_lines_page"), strict=True):
        assert any(index in step for step in plan), plan
        assert not any("Seq Scan on review_lines" in step for step in plan), plan
