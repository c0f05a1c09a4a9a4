"""T24: a token obeys every rule its owner does, and expires, and narrows."""

from dataclasses import replace

import pytest

from bastion import clock
from bastion.domain.parties import Role
from bastion.services.people import StaffForm
from tests.services.house import OPERATOR
from tests.web.api.conftest import problem


async def test_T24_a_token_speaks_for_its_owner(eve, house):
    me = (await eve.ask("GET", "/me")).json()
    assert (me["login"], me["roles"]) == (house.eve.login, ["approver"])


async def test_T24_a_token_may_be_less_but_never_more_than_its_owner(program, house):
    narrow = await program(house.ruth).take_token(frozenset({Role.SECURITY}))
    assert (await narrow.ask("GET", "/me")).json()["roles"] == ["security"]
    assert problem(await narrow.ask("POST", "/facilities", code="x", name="X")) == (403, "forbidden")
    former = StaffForm("ruth", "Ruth", "ruth@chu", frozenset({Role.AUDITOR}), (), "en", id=house.ruth.id)
    await house.services.people.save_staff(OPERATOR, former)
    assert problem(await narrow.ask("GET", "/me")) == (403, "forbidden")


async def test_T24_a_token_dies_with_its_owner_by_revocation_and_by_age(program, house, eve, monkeypatch):
    (token,) = (await eve.ask("GET", "/tokens")).json()
    other = await program(house.eve).take_token()
    assert (await other.ask("DELETE", f"/tokens/{token['id']}")).status_code == 204
    assert problem(await eve.ask("GET", "/me")) == (401, "authentication_failed")

    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now.replace(year=now.year + 1))
    assert problem(await other.ask("GET", "/me")) == (401, "authentication_failed")
    monkeypatch.undo()

    gone = StaffForm("eve", "Eve", "eve@chu", frozenset({Role.APPROVER}), ("chu",), "en", active=False, id=house.eve.id)
    await house.services.people.save_staff(OPERATOR, gone)
    assert problem(await other.ask("GET", "/me")) == (401, "authentication_failed")


async def test_T24_nobody_revokes_anothers_token(program, house, eve):
    (token,) = (await eve.ask("GET", "/tokens")).json()
    stranger = await program(house.max).take_token()
    assert problem(await stranger.ask("DELETE", f"/tokens/{token['id']}")) == (404, "not_found")


async def test_T24_a_token_makes_no_token(eve):
    assert problem(await eve.ask("POST", "/tokens", label="more", days=1)) == (405, "method_not_allowed")


@pytest.mark.parametrize("code", ["", " ", "000000", "abcdef"])
async def test_T24_a_token_alone_decides_nothing(eve, house, code):
    request = await house.asked()
    answer = await eve.ask("POST", f"/requests/{request.id}/approve", version=1, minutes=30, code=code)
    assert problem(answer) in {(403, "fresh_factor_needed"), (401, "authentication_failed")}
    async with house.database.read() as uow:
        kept = await uow.requests.get(request.id)
    assert replace(kept) == request
