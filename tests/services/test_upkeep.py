"""What the doors remember of who came and who tried is kept as long as it counts, and no longer."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bastion import clock
from bastion.domain.credentials import FactorProof, WebSession
from bastion.domain.portal import PortalSession
from bastion.services.attempts import CODE_SECONDS, FAILURE_WINDOW, KNOWN_FOR
from bastion.store import tables as t
from tests.services.house import SOURCE, House

SECOND = timedelta(seconds=1)


async def remembered(house: House) -> tuple[int, ...]:
    """How many tries, used codes, browsers at either door, and proofs."""
    tables = (t.auth_failures, t.totp_uses, t.web_sessions, t.portal_sessions, t.factor_proofs)
    async with house.database.read() as uow:
        counts = [await uow.transaction.rows(sa.select(sa.func.count()).select_from(one)) for one in tables]
    return tuple(rows[0][0] for rows in counts)


async def came(house: House, grant_id: str, at: datetime) -> None:
    """A try and a code at that moment; sessions and a proof that ended then."""
    async with house.database.write() as uow:
        await uow.failures.add("max", SOURCE, at)
        await uow.totp_uses.consume(house.eve.id, int(at.timestamp()) // CODE_SECONDS)
        await uow.web_sessions.add(WebSession("a" * 64, house.eve.id, at - SECOND, at, at, SOURCE))
        await uow.portal_sessions.add(PortalSession("b" * 64, house.alice.id, at - SECOND, at, at, SOURCE))
        await uow.proofs.add(FactorProof("f", house.alice.id, "SHA256:x", SOURCE, grant_id, at))


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        (timedelta(), (1, 1, 1, 1, 1)),
        (SECOND, (1, 1, 1, 1, 0)),
        (timedelta(minutes=4), (1, 1, 1, 1, 0)),
        (timedelta(minutes=6), (1, 0, 1, 1, 0)),
        (FAILURE_WINDOW, (1, 0, 1, 1, 0)),
        (FAILURE_WINDOW + SECOND, (0, 0, 1, 1, 0)),
        (KNOWN_FOR, (0, 0, 1, 1, 0)),
        (KNOWN_FOR + SECOND, (0, 0, 0, 0, 0)),
    ],
)
async def test_T28_what_still_counts_is_kept_and_what_does_not_is_forgotten(house: House, monkeypatch, gone, left):
    """A try for a quarter of an hour, a code for five minutes, a browser for a month, a proof until its end."""
    request = await house.approved()
    now = clock.now()
    await came(house, request.grant_id, now)
    monkeypatch.setattr(clock, "now", lambda: now + gone)
    await house.services.upkeep.forget_at_doors()
    assert await remembered(house) == left
