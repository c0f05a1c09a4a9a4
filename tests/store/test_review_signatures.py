"""R-19: a campaign has one signature, which stays as it was given, and so does what it is under."""

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bastion.domain.review import Remit, ReviewSignature, RightKind, Verdict
from bastion.errors import BastionError, Conflict
from bastion.store import tables as t
from tests.store.samples import NOW
from tests.store.tampering import attempt
from tests.store.test_reviews import DAY, LINE, NEW, OLD, begun, decided

__all__ = ["begun"]
SIGNED = ReviewSignature("c1", "Ruth", NOW + 3 * DAY, 1, 0, 0, "a" * 64, "seen")
TABLE = "kind,name\r\ntechnician,Alice é\r\n"


@pytest.fixture
async def signed(database, begun):
    async with database.write() as uow:
        await uow.review_lines.save(decided(LINE, Verdict.CONFIRMED))
        await uow.review_signatures.sign(SIGNED, TABLE)


@pytest.mark.usefixtures("signed")
async def test_a_signature_is_read_as_it_was_given_and_with_it_the_table(database):
    async with database.read() as uow:
        assert await uow.review_signatures.get("c1") == SIGNED
        assert await uow.review_signatures.get("c2") is None
        assert await uow.review_signatures.some(["c1", "c2"]) == [SIGNED]
        assert await uow.review_signatures.statement("c1") == TABLE


@pytest.mark.usefixtures("signed")
async def test_a_campaign_has_one_signature(database):
    with pytest.raises(Conflict):
        async with database.write() as uow:
            await uow.review_signatures.sign(replace(SIGNED, signed_by="Max"), TABLE)


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize(
    "deed",
    [
        sa.update(t.review_signatures).values(signed_by="Max"),
        sa.update(t.review_signatures).values(remark=""),
        sa.update(t.review_signatures).values(statement="other"),
        sa.delete(t.review_signatures),
    ],
)
async def test_what_was_signed_neither_changes_nor_goes(database, deed):
    with pytest.raises(BastionError, match=r"what (was signed|happened)"):
        await attempt(database, deed)


@pytest.mark.usefixtures("begun")
@pytest.mark.parametrize(
    "wrong",
    [
        replace(SIGNED, signed_by=""),
        replace(SIGNED, confirmed=0),
        replace(SIGNED, suspended=-1, confirmed=2),
        replace(SIGNED, digest="a" * 63),
        replace(SIGNED, campaign_id="c9"),
    ],
)
async def test_the_database_refuses_what_is_no_signature(database, wrong):
    with pytest.raises(BastionError):
        async with database.write() as uow:
            await uow.review_signatures.sign(wrong, TABLE)


async def to_sign(database, days):
    async with database.read() as uow:
        return [one.id for one in await uow.campaigns.to_sign(NOW + days * DAY)]


@pytest.mark.usefixtures("begun")
async def test_what_waits_for_a_signature(database):
    """Once each line is decided, or the day has come; no longer once it is signed."""
    second = replace(LINE, id="l3", kind=RightKind.WINDOW)
    async with database.write() as uow:
        await uow.review_lines.add(second)
        await uow.review_lines.save(decided(LINE, Verdict.CONFIRMED))
    assert await to_sign(database, 5) == []
    assert await to_sign(database, 9.99) == []
    assert await to_sign(database, 10) == [OLD.id]
    assert await to_sign(database, 40) == [OLD.id, NEW.id]
    async with database.write() as uow:
        await uow.review_lines.save(decided(second, Verdict.WITHDRAWN))
    assert await to_sign(database, 5) == [OLD.id]
    async with database.write() as uow:
        await uow.review_signatures.sign(SIGNED, TABLE)
    assert await to_sign(database, 10) == []
    assert await to_sign(database, 40) == [NEW.id]


@pytest.mark.usefixtures("begun")
@pytest.mark.parametrize("how", ["to sign", "to decide"])
async def test_lines_are_held_until_whoever_signs_or_decides_is_done(database, how):
    """Whoever would decide on one meanwhile waits: what is signed is what stood there."""

    async def decide() -> None:
        async with database.write() as uow:
            await uow.review_lines.save(decided(LINE, Verdict.CONFIRMED))

    async with database.write() as uow:
        pages, nobody = uow.review_pages, Remit("nobody")
        read = pages.whole(OLD, nobody, hold=True) if how == "to sign" else pages.chosen(OLD, nobody, ["l1"])
        assert [one.line.id for one in await read] == ["l1"]
        other = asyncio.ensure_future(decide())
        assert await asyncio.wait([other], timeout=0.5) == (set(), {other})
    await other
