"""What is judged is judged at the instant after the wait for others; and a login's new secret waits too."""

from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.parties import Role, system_actor
from bastion.services.people import StaffForm
from bastion.store.access import Locks
from bastion.store.directory import Accounts
from tests.services.house import OPERATOR
from tests.services.professionals import ROUX
from tests.services.test_contract_ends import contract
from tests.services.test_mistaken import an_account, an_endpoint


async def endpoint(house):
    one = await an_endpoint(house)
    return house.services.mistaken.withdraw_endpoint(OPERATOR, one.id, one.version)


async def account(house):
    one = await an_account(house)
    return house.services.mistaken.withdraw_account(OPERATOR, one.id, one.version)


async def professional(house):
    form = StaffForm("denis", "Denis", "d@chu", frozenset({Role.ADMIN}), (), "en")
    denis = house.staff(await house.services.people.save_staff(OPERATOR, form))
    return house.services.professionals.add(denis, ROUX)


async def request(house):
    return house.asked()


ACTS = {
    "directory:endpoint_withdrawn": endpoint,
    "directory:account_withdrawn": account,
    "professional:added": professional,
    "request:created": request,
}


@pytest.mark.parametrize("tag", ACTS)
async def test_the_trail_has_the_instant_after_the_wait(house, waits, tag):
    act = await ACTS[tag](house)
    after = clock.now() + timedelta(hours=1)
    waits(hours=1)
    await act
    assert (await house.event(tag)).at >= after


async def test_R18_what_a_contract_carried_is_taken_back_at_the_instant_after_the_wait(house, later, waits):
    await house.approved(30)
    await contract(house, clock.now() + timedelta(minutes=5))
    later(minutes=6)
    after = clock.now() + timedelta(minutes=1)
    waits(minutes=1)
    assert await house.services.contract_ends.settle(system_actor()) == 1
    assert (await house.event("grant:revoked")).at >= after


async def test_a_new_secret_is_kept_only_by_who_holds(house, monkeypatch):
    """Else another takes the login away between the look at it and the keeping of its secret."""
    known, steps = await an_account(house), []
    for what, name in ((Locks, "hold"), (Accounts, "of")):
        real = getattr(what, name)

        async def noted(*args: object, real=real, name: str = name) -> object:
            steps.append(name)
            return await real(*args)

        monkeypatch.setattr(what, name, noted)
    await an_account(house, ident=known.id)
    assert steps[:2] == ["hold", "of"]
