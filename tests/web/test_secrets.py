"""Each secret opens one door: what a link, a cookie or a token opens, none of the others does (T34)."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bastion.domain.parties import Role
from bastion.errors import BastionError, Unavailable
from tests.services.house import OPERATOR, SOURCE, House
from tests.web.pages.test_deciding import link_to
from tests.web.visitor import seated

Door = Callable[[str, str], Awaitable[Any]]


def doors(house: House) -> dict[str, Door]:
    """By what opens it: the door itself, which answers with somebody, nobody, or a refusal."""
    use = house.services

    async def cookie(token: str, source: str) -> Any:
        return (await use.authentication.actors_of_sessions([(token, source)])).get((token, source))

    return {
        "link that sets up staff": use.enrolment.begin,
        "link that sets up a technician": use.invitations.look,
        "link that decides": use.decision_links.look,
        "cookie of the console": cookie,
        "cookie of the suppliers": use.portal.guest,
        "token of the staff": use.authentication.actor_of_token,
        "token of a supplier": use.supplier_tokens.guest,
    }


async def secrets(house: House) -> dict[str, str]:
    use, eve = house.services, house.staff(house.eve)
    return {
        "link that sets up staff": await use.enrolment.invite(OPERATOR, house.max.id),
        "link that sets up a technician": await use.invitations.invite(OPERATOR, house.bob.id),
        "link that decides": await link_to(house, await house.asked()),
        "cookie of the console": (await seated(house, house.eve, fresh=True))[1],
        "cookie of the suppliers": (await seated(house, house.alice, fresh=True))[1],
        "token of the staff": (await use.tokens.create(eve, "x", 1, frozenset({Role.APPROVER})))[1],
        "token of a supplier": (await use.supplier_tokens.create(house.technician(), "x", 1, writes=True))[1],
    }


async def opens(door: Door, secret: str) -> bool:
    try:
        return await door(secret, SOURCE) is not None
    except Unavailable:
        raise
    except BastionError:
        return False


NAMES = (
    "link that sets up staff", "link that sets up a technician", "link that decides", "cookie of the console",
    "cookie of the suppliers", "token of the staff", "token of a supplier",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_T34_it_opens_its_own_door_and_no_other(house, name):
    """Its own last: whatever was tried elsewhere has used nothing up."""
    secret, there = (await secrets(house))[name], doors(house)
    assert there.keys() == {*NAMES}
    assert [other for other in there if other != name and await opens(there[other], secret)] == []
    assert await opens(there[name], secret)
