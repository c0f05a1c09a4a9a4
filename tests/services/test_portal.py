"""The suppliers' web door: who comes in, from where, until when; and that it leads to no role (R-16)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from bastion import clock
from bastion.domain.lock import LockScope
from bastion.domain.parties import Role
from bastion.errors import (
    AuthenticationFailed,
    Conflict,
    FreshFactorNeeded,
    Invalid,
    Locked,
    NotFound,
    PolicyRefused,
    TooManyAttempts,
    WeakPassword,
)
from bastion.services.directory import SupplierForm
from bastion.services.people import TechnicianForm
from bastion.services.portal import Owner
from bastion.services.supplier_tokens import MAX_TOKENS
from tests.services.house import OPERATOR, PASSWORD, SOURCE, enrol, public_line, set_up

FORM = TechnicianForm("alice", "Alice Martin", "a@acme", "acme", "en")


def code_of(secret: str, step: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.now(), counter_offset=step)


@pytest.fixture
async def totp(house) -> str:
    """Alice has set herself up for the web; her authenticator's secret. The code of the step before is spent."""
    return await set_up(house, house.alice)


@pytest.fixture
async def token(house, totp) -> str:
    return (await house.services.portal.sign_in("alice", PASSWORD, code_of(totp), SOURCE))[1]


async def test_password_and_code_make_a_technician_and_never_a_role(house, totp):
    actor, token = await house.services.portal.sign_in("Alice", PASSWORD, code_of(totp), SOURCE)
    assert (actor.id, actor.supplier_id, actor.roles) == (house.alice.id, house.alice.supplier_id, frozenset())
    guest = await house.services.portal.guest(token, SOURCE)
    assert guest is not None
    assert guest.actor.roles == frozenset()
    assert not guest.correspondent
    assert (await house.event("auth:succeeded")).fields["door"] == "portal"


async def test_R16_neither_doors_cookie_opens_the_other(house, token):
    assert await house.services.authentication.actors_of_sessions([(token, SOURCE)]) == {}
    assert await house.services.authentication.actor_of_token(token, SOURCE) is None
    assert await house.services.portal.guest("", SOURCE) is None
    assert await house.services.portal.guest(token + "x", SOURCE) is None


async def test_R16_staff_do_not_come_in_by_this_door(house):
    password, secret = await enrol(house, house.eve)
    with pytest.raises(AuthenticationFailed):
        await house.services.portal.sign_in("eve", password, code_of(secret, 1), SOURCE)


@pytest.mark.parametrize(
    ("login", "password", "step"),
    [("alice", "wrong horse battery", 0), ("nobody", PASSWORD, 0), ("alice", PASSWORD, 5), ("alice", "", 0)],
)
async def test_one_sentence_for_every_failure(house, totp, login, password, step):
    with pytest.raises(AuthenticationFailed) as failure:
        await house.services.portal.sign_in(login, password, code_of(totp, step), SOURCE)
    assert type(failure.value) is AuthenticationFailed
    assert (await house.event("auth:failed")).fields["door"] == "portal"


async def test_T21_a_code_counts_once_across_both_doors(house, totp):
    code = code_of(totp)
    await house.services.authentication.technician_code("alice", "SHA256:x", code, SOURCE)
    with pytest.raises(AuthenticationFailed):
        await house.services.portal.sign_in("alice", PASSWORD, code, SOURCE)
    later = code_of(totp, 1)
    await house.services.portal.sign_in("alice", PASSWORD, later, SOURCE)
    with pytest.raises(AuthenticationFailed):
        await house.services.authentication.technician_code("alice", "SHA256:x", later, SOURCE)


async def test_T28_who_fails_too_often_waits(house, totp):
    for _ in range(5):
        with pytest.raises(AuthenticationFailed):
            await house.services.portal.sign_in("alice", "wrong horse battery", "000000", SOURCE)
    with pytest.raises(TooManyAttempts):
        await house.services.portal.sign_in("alice", PASSWORD, code_of(totp), SOURCE)
    assert (await house.event("auth:locked_out")).fields["door"] == "portal"
    await house.services.portal.sign_in("alice", PASSWORD, code_of(totp), "127.0.0.9")


async def test_R5_only_from_the_declared_networks_and_he_reads_why(house, totp):
    with pytest.raises(PolicyRefused, match="declared"):
        await house.services.portal.sign_in("alice", PASSWORD, code_of(totp), "192.0.2.1")
    with pytest.raises(AuthenticationFailed):
        await house.services.portal.sign_in("alice", PASSWORD, "000000", "192.0.2.1")
    assert (await house.event("auth:failed")).fields["stage"] == "code"


async def test_R5_a_stolen_cookie_is_worth_nothing_elsewhere(house, token):
    assert await house.services.portal.guest(token, "192.0.2.1") is None
    assert (await house.event("portal:session_ended")).source == "192.0.2.1"


async def _leave(house):
    await house.services.people.save_technician(OPERATOR, replace(FORM, active=False, id=house.alice.id))


async def _return(house):
    await house.services.people.save_technician(OPERATOR, replace(FORM, id=house.alice.id))


async def _supplier(house, **changes):
    form = SupplierForm("acme", "Acme Imaging", ("127.0.0.0/8",), id=house.alice.supplier_id)
    await house.services.directory.save_supplier(OPERATOR, replace(form, **changes))


async def test_T25_who_has_left_is_out_and_stays_out_when_he_comes_back(house, token):
    await _leave(house)
    await _return(house)
    assert await house.services.portal.guest(token, SOURCE) is None


async def test_R18_an_ended_contract_closes_the_door_that_second(house, token, totp):
    await _supplier(house, contract_end=clock.now() - timedelta(seconds=1))
    await _supplier(house)
    assert await house.services.portal.guest(token, SOURCE) is None
    await _supplier(house, contract_end=clock.now() - timedelta(seconds=1))
    with pytest.raises(PolicyRefused, match="contract"):
        await house.services.portal.sign_in("alice", PASSWORD, code_of(totp, 1), SOURCE)


async def test_R18_a_contract_that_runs_out_by_the_clock_ends_the_session(house, token, monkeypatch):
    await _supplier(house, contract_end=clock.now() + timedelta(hours=1))
    assert await house.services.portal.guest(token, SOURCE) is not None
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=1))
    assert await house.services.portal.guest(token, SOURCE) is None
    assert "portal:session_ended" in await house.tags("portal:")


async def test_a_session_lasts_eight_hours(house, token, monkeypatch):
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=7, minutes=59))
    assert await house.services.portal.guest(token, SOURCE) is not None
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=8))
    assert await house.services.portal.guest(token, SOURCE) is None


@pytest.mark.parametrize(
    ("scope", "code"), [(LockScope.ALL, ""), (LockScope.SUPPLIER, "acme"), (LockScope.TECHNICIAN, "alice")]
)
async def test_T25_a_cut_ends_the_session_also_once_it_is_lifted_and_says_why_at_the_door(
    house, token, totp, scope, code
):
    lock = await house.services.locks.impose(OPERATOR, scope, code, "intrusion at Acme")
    assert await house.services.portal.guest(token, SOURCE) is None
    with pytest.raises(Locked) as cut:
        await house.services.portal.sign_in("alice", PASSWORD, code_of(totp, 1), SOURCE)
    assert "intrusion at Acme" in cut.value.public
    await house.services.locks.lift(OPERATOR, lock.id, "over")
    assert await house.services.portal.guest(token, SOURCE) is None


@pytest.mark.parametrize(
    ("scope", "code"), [(LockScope.ALL, ""), (LockScope.SUPPLIER, "acme"), (LockScope.TECHNICIAN, "alice")]
)
async def test_T25_a_cut_that_was_over_before_he_came_back_has_ended_his_session_too(house, token, scope, code):
    lock = await house.services.locks.impose(OPERATOR, scope, code, "intrusion at Acme")
    await house.services.locks.lift(OPERATOR, lock.id, "over")
    assert await house.services.portal.guest(token, SOURCE) is None


async def test_a_cut_of_another_company_or_of_a_device_leaves_him_alone(house, token):
    await house.services.locks.impose(OPERATOR, LockScope.SUPPLIER, "other", "x y z")
    await house.services.locks.impose(OPERATOR, LockScope.DEVICE, "ct-01", "x y z")
    assert await house.services.portal.guest(token, SOURCE) is not None


async def test_T25_signing_out_a_new_password_and_a_new_authenticator_end_sessions(house, token, totp):
    portal = house.services.portal
    actor = (await portal.guest(token, SOURCE)).actor
    await portal.sign_out(actor, token)
    assert await portal.guest(token, SOURCE) is None
    _, token = await portal.sign_in("alice", PASSWORD, code_of(totp, 1), SOURCE)
    with pytest.raises(AuthenticationFailed):
        await portal.change_password(actor, "wrong horse battery", "another horse battery")
    with pytest.raises(WeakPassword):
        await portal.change_password(actor, PASSWORD, "short")
    assert await portal.guest(token, SOURCE) is not None
    await portal.change_password(actor, PASSWORD, "another horse battery")
    assert await portal.guest(token, SOURCE) is None
    await house.services.enrolment.technician_totp(OPERATOR, house.alice.id)
    with pytest.raises(AuthenticationFailed):
        await portal.sign_in("alice", "another horse battery", code_of(totp, 1), SOURCE)


async def test_T13_a_key_of_ones_own_needs_a_fresh_code_and_options_are_inert(house, token):
    portal, line = house.services.portal, public_line()
    stale = replace((await portal.guest(token, SOURCE)).actor, factor_at=None)
    with pytest.raises(FreshFactorNeeded):
        await portal.add_key(stale, line)
    fresh = replace(stale, factor_at=clock.now())
    for text in (f'command="sh" {line}', f"{line}\n{public_line()}", "ssh-ed25519 AAAA\nssh-rsa B", ""):
        with pytest.raises(Invalid):
            await portal.add_key(fresh, text)
    assert len((await portal.account(fresh)).keys) == 2
    key = await portal.add_key(fresh, f"{line} me@laptop", "lap\x1b[31mtop")
    assert key.public == " ".join(line.split()[:2])
    assert key.label == "lap[31mtop"
    with pytest.raises(FreshFactorNeeded):
        await portal.remove_key(stale, key.id)
    await portal.remove_key(fresh, key.id)
    assert len((await portal.account(fresh)).keys) == 2


async def test_T33_anothers_key_is_refused_like_any_other_and_his_is_not_there_to_remove(house, token):
    portal, line = house.services.portal, public_line()
    theirs = await house.services.people.add_key(OPERATOR, house.bob.id, line)
    actor = (await portal.guest(token, SOURCE)).actor
    with pytest.raises(Invalid) as refused:
        await portal.add_key(actor, line)
    assert "use" in refused.value.public
    assert theirs.fingerprint not in refused.value.public
    with pytest.raises(NotFound):
        await portal.remove_key(actor, theirs.id)


async def test_ten_keys_are_enough(house, token):
    actor = (await house.services.portal.guest(token, SOURCE)).actor
    for _ in range(8):
        await house.services.portal.add_key(actor, public_line())
    with pytest.raises(Invalid, match="keys"):
        await house.services.portal.add_key(actor, public_line())


async def test_a_fresh_code_is_asked_for_and_kept_with_the_session(house, token, totp):
    portal = house.services.portal
    actor = replace((await portal.guest(token, SOURCE)).actor, factor_at=None)
    with pytest.raises(AuthenticationFailed):
        await portal.confirm_factor(actor, "000000", token)
    before = (await portal.guest(token, SOURCE)).actor.factor_at
    assert (await portal.confirm_factor(actor, code_of(totp, 1), token)).factor_at > before
    assert (await portal.guest(token, SOURCE)).actor.factor_at > before


async def test_T33_a_hint_is_for_whom_it_concerns(house, token):
    portal = house.services.portal
    request = await house.asked()
    guest = await portal.guest(token, SOURCE)
    row = ("request", request.id)
    owners = await portal.owners([row, ("request", "nothing"), ("rota", request.id)])
    assert owners == {row: Owner(house.alice.id, house.alice.supplier_id, house.device.facility_id, "pending")}
    owner = owners[row]
    assert portal.concerns(guest, owner)
    stranger = replace(guest, actor=house.technician(house.bob))
    assert not portal.concerns(stranger, owner)
    assert not portal.concerns(replace(stranger, correspondent=True), owner)
    assert not owner.near(stranger.actor)
    colleague = replace(guest, actor=replace(guest.actor, id="another"), correspondent=True)
    assert portal.concerns(colleague, owner)
    assert owner.near(colleague.actor)
    assert not portal.concerns(replace(colleague, correspondent=False), owner)


async def test_nobody_else_has_an_account_here(house):
    for actor in (house.staff(house.eve), OPERATOR):
        with pytest.raises(NotFound):
            await house.services.portal.account(actor)
        with pytest.raises(NotFound):
            await house.services.portal.set_language(actor, "fr")


async def test_the_language_is_kept_for_both_doors(house, token):
    actor = (await house.services.portal.guest(token, SOURCE)).actor
    await house.services.portal.set_language(actor, "fr")
    assert (await house.services.portal.guest(token, SOURCE)).actor.language == "fr"
    with pytest.raises(Invalid):
        await house.services.portal.set_language(actor, "de")


async def test_a_technician_who_is_an_admins_namesake_gets_nothing_of_it(house, totp):
    actor, _ = await house.services.portal.sign_in("alice", PASSWORD, code_of(totp), SOURCE)
    assert Role.ADMIN not in actor.roles
    assert actor.facilities == frozenset()


async def test_T24_of_many_tokens_asked_for_at_once_no_more_are_made_than_one_may_have(house):
    alice, create = house.technician(), house.services.supplier_tokens.create
    made = await asyncio.gather(
        *(create(alice, f"n{n}", 7, writes=False) for n in range(MAX_TOKENS + 3)), return_exceptions=True
    )
    assert [type(one) for one in made if isinstance(one, Exception)] == [Conflict] * 3
    assert len(await house.services.supplier_tokens.mine(alice)) == MAX_TOKENS
