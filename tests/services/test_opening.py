"""What opening a session leaves behind for its further connections (R-11)."""

from datetime import timedelta

import sqlalchemy as sa

from bastion import clock
from bastion.store import tables as t


async def test_a_code_stands_for_as_long_as_the_hospital_says(house):
    house.services.sessions._opening._proof_length = timedelta(minutes=5)
    begun = clock.now()
    await house.opened()
    async with house.database.read() as uow:
        ((expires,),) = await uow.proofs._tx.rows(sa.select(t.factor_proofs.c.expires_at))
    assert begun + timedelta(minutes=5) <= expires <= clock.now() + timedelta(minutes=5)


async def test_and_no_longer_than_the_grant(house):
    house.services.sessions._opening._proof_length = timedelta(hours=12)
    opened = await house.opened()
    async with house.database.read() as uow:
        ((expires,),) = await uow.proofs._tx.rows(sa.select(t.factor_proofs.c.expires_at))
    assert expires == opened.grant.end
