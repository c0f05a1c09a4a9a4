from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.parties import Role
from bastion.errors import Forbidden, FreshFactorNeeded, Invalid, NotFound, PolicyRefused
from bastion.services.people import StaffForm
from tests.services.house import OPERATOR, SOURCE

ADMIN, SECURITY, APPROVER = (frozenset({r}) for r in (Role.ADMIN, Role.SECURITY, Role.APPROVER))


async def test_T24_a_token_never_does_more_than_its_owner(house, monkeypatch):
    ruth = house.staff(house.ruth)
    _token, text = await house.services.tokens.create(ruth, "scripts", 1, SECURITY)
    actor = await house.services.authentication.actor_of_token(text, SOURCE)
    assert (actor.roles, actor.factor_at, actor.source) == (SECURITY, None, SOURCE)
    await house.services.people.save_staff(OPERATOR, StaffForm("ruth", "Ruth", "", ADMIN, id=house.ruth.id))
    assert (await house.services.authentication.actor_of_token(text, SOURCE)).roles == frozenset()
    late = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: late)
    assert await house.services.authentication.actor_of_token(text, SOURCE) is None


@pytest.mark.parametrize("duty", [Role.ADMIN, Role.SECURITY, Role.AUDITOR])
async def test_T24_R23_what_a_token_leaves_out_stands_against_its_owner_all_the_same(house, duty):
    """Whoever may not agree for what else he is does not agree, release, or ask by a token that leaves that out."""
    made = await house.services.people.save_staff(
        OPERATOR, StaffForm("two", "Two Duties", "two@chu", frozenset({Role.APPROVER, duty}), ("chu",))
    )
    _token, text = await house.services.tokens.create(house.staff(made), "scripts", 1, APPROVER)
    token = replace(await house.services.authentication.actor_of_token(text, SOURCE), factor_at=clock.now())
    for actor in (house.staff(made), token):
        with pytest.raises(PolicyRefused):
            await house.services.access.request(actor, house.draft(technician_login="alice"))
    request = await house.asked()
    for actor in (house.staff(made), token):
        with pytest.raises(Forbidden):
            await house.services.approvals.approve(actor, request.id, request.version, 30, "ok")
        with pytest.raises(Forbidden):
            house.services.decisions.require_release(actor, request, house.device, clock.now())
    assert token.roles == APPROVER
    _other, text = await house.services.tokens.create(house.staff(house.eve), "scripts", 1, APPROVER)
    eve = replace(await house.services.authentication.actor_of_token(text, SOURCE), factor_at=clock.now())
    await house.services.approvals.approve(eve, request.id, request.version, 30, "ok")


async def test_T24_tokens_cannot_be_widened_nor_make_tokens(house):
    ruth = house.staff(house.ruth)
    with pytest.raises(Forbidden):
        await house.services.tokens.create(ruth, "x", 1, APPROVER)
    with pytest.raises(Forbidden):
        await house.services.tokens.create(replace(ruth, token_id="t"), "x", 1, SECURITY)
    with pytest.raises(FreshFactorNeeded):
        await house.services.tokens.create(house.staff(house.ruth, fresh=False), "x", 1, SECURITY)
    with pytest.raises(Invalid):
        await house.services.tokens.create(ruth, "x", 9999, SECURITY)


async def test_a_revoked_token_is_dead_and_kept_hashed(house):
    ruth = house.staff(house.ruth)
    token, text = await house.services.tokens.create(ruth, "scripts", 1, SECURITY)
    assert text not in repr(token)
    assert [t.label for t in await house.services.tokens.mine(ruth)] == ["scripts"]
    with pytest.raises(NotFound):
        await house.services.tokens.revoke(house.staff(house.eve), token.id)
    await house.services.tokens.revoke(ruth, token.id)
    assert await house.services.authentication.actor_of_token(text, SOURCE) is None
    assert await house.services.authentication.actor_of_token("bst_forged", SOURCE) is None
