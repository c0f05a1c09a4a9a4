"""A link that works once sets a technician up, and again after a loss (T20, T51)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from bastion import clock
from bastion.errors import (
    AuthenticationFailed,
    BastionError,
    Forbidden,
    FreshFactorNeeded,
    Invalid,
    LinkSpent,
    NotFound,
    TooManyAttempts,
    WeakPassword,
)
from bastion.services.invitations import Answers
from bastion.services.people import TechnicianForm
from tests.services.house import OPERATOR, PASSWORD, SOURCE, public_line, set_up


@pytest.fixture
def links(house):
    return house.services.invitations


async def answers(links, link: str, step: int = 0, **more) -> Answers:
    secret = pyotp.parse_uri((await links.look(link, SOURCE)).authenticator).secret
    return Answers(PASSWORD, pyotp.TOTP(secret).at(clock.now(), counter_offset=step), **more)


async def test_a_new_technician_sets_password_key_and_authenticator_with_one_link(house, links):
    carl = await house.services.people.save_technician(OPERATOR, TechnicianForm("carl", "Carl", "c@x", "acme", "en"))
    link = await links.invite(OPERATOR, carl.id)
    shown = await links.look(link, SOURCE)
    assert (shown.technician, shown.keys) == (carl, 0)
    given, line = await answers(links, link), public_line()
    with pytest.raises(Invalid) as missing:
        await links.accept(link, given, SOURCE)
    assert missing.value.field == "key"
    assert await links.accept(link, replace(given, key=line + " carl@laptop", label="laptop"), SOURCE) == carl
    (key,) = (await house.services.people.technician(OPERATOR, carl.id)).keys
    assert key.public == " ".join(line.split()[:2])
    assert await house.services.authentication.known_key("carl", key.public)
    secret = pyotp.parse_uri(shown.authenticator).secret
    actor, _ = await house.services.portal.sign_in(
        "carl", PASSWORD, pyotp.TOTP(secret).at(clock.now(), counter_offset=1), SOURCE
    )
    assert actor.id == carl.id
    assert await house.tags("portal:") == ["portal:invited", "portal:enrolled"]


async def test_T20_the_secret_has_256_bits_and_is_kept_as_a_digest_alone(house, links):
    link = await links.invite(OPERATOR, house.alice.id)
    assert len(link) == 43
    assert link != await links.invite(OPERATOR, house.alice.id)
    async with house.database.read() as uow:
        kept = await uow.portal_invitations.all()
        trail = [e.fields for e in await uow.audit.search(limit=50)]
    assert link not in repr(kept)
    assert link not in repr(trail)


async def test_T20_a_used_link_opens_nothing_and_its_replay_is_in_the_trail(house, links):
    link = await links.invite(OPERATOR, house.alice.id)
    given = await answers(links, link)
    await links.accept(link, given, SOURCE)
    for again in (links.look(link, SOURCE), links.accept(link, given, SOURCE)):
        with pytest.raises(LinkSpent):
            await again
        event = await house.event("auth:failed")
        assert (event.fields["door"], event.fields["why"]) == ("link", "used")


async def test_an_expired_a_replaced_and_an_unknown_link_say_the_same(house, links, monkeypatch):
    first = await links.invite(OPERATOR, house.alice.id)
    second = await links.invite(OPERATOR, house.alice.id)
    sentences = set()
    for link, why in ((first, "replaced or taken back"), ("nothing", "unknown"), ("", "unknown")):
        with pytest.raises(LinkSpent) as refused:
            await links.look(link, SOURCE)
        sentences.add(refused.value.public)
        assert (await house.event("auth:failed")).fields["why"] == why
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=72))
    with pytest.raises(LinkSpent) as refused:
        await links.look(second, SOURCE)
    assert (await house.event("auth:failed")).fields["why"] == "expired"
    assert sentences == {refused.value.public}


async def test_who_tries_links_one_after_the_other_is_slowed_down(links):
    for number in range(50):
        with pytest.raises(LinkSpent):
            await links.look(f"guess {number}", "203.0.113.66")
    with pytest.raises(TooManyAttempts):
        await links.look("guess 50", "203.0.113.66")


async def test_two_at_once_one_wins_the_other_is_told(house, links):
    link = await links.invite(OPERATOR, house.alice.id)
    first, second = await answers(links, link), await answers(links, link, 1)
    done = await asyncio.gather(
        links.accept(link, first, SOURCE), links.accept(link, second, SOURCE), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in done) == ["LinkSpent", "Technician"]


async def test_after_a_loss_the_old_authenticator_sessions_and_lost_keys_are_void(house, links):
    secret = await set_up(house, house.alice)
    _, token = await house.services.portal.sign_in("alice", PASSWORD, pyotp.TOTP(secret).now(), SOURCE)
    await house.opened()
    proof = (house.alice.login, house.alice_key, SOURCE, "ct-01")
    again = await links.invite(OPERATOR, house.alice.id)
    assert await house.services.portal.guest(token, SOURCE) is not None
    given = await answers(links, again, 1, fresh_start=True)
    with pytest.raises(Invalid):
        await links.accept(again, given, SOURCE)
    await links.accept(again, replace(given, key=public_line()), SOURCE)
    assert await house.services.portal.guest(token, SOURCE) is None
    with pytest.raises(AuthenticationFailed):
        await house.services.authentication.key_proved(*proof)
    late = pyotp.TOTP(secret).at(clock.now(), counter_offset=1)
    with pytest.raises(AuthenticationFailed):
        await house.services.portal.sign_in("alice", PASSWORD, late, SOURCE)
    assert len((await house.services.people.technician(OPERATOR, house.alice.id)).keys) == 1


async def test_keys_there_are_stay_when_they_are_not_lost(house, links):
    link = await links.invite(OPERATOR, house.alice.id)
    await links.accept(link, await answers(links, link, key=public_line()), SOURCE)
    assert len((await house.services.people.technician(OPERATOR, house.alice.id)).keys) == 2


async def test_a_parallel_connections_proof_ends_with_the_old_authenticator(house, links):
    opened = await house.opened()
    fingerprint = (await house.services.people.technician(OPERATOR, house.alice.id)).keys[0].fingerprint
    async with house.database.read() as uow:
        before = await uow.proofs.standing(house.alice.id, "SHA256:x", SOURCE, "ct-01", clock.now())
    assert before is not None
    assert opened.record.technician_id == house.alice.id
    assert fingerprint
    link = await links.invite(OPERATOR, house.alice.id)
    await links.accept(link, await answers(links, link), SOURCE)
    async with house.database.read() as uow:
        assert await uow.proofs.standing(house.alice.id, "SHA256:x", SOURCE, "ct-01", clock.now()) is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"password": "short"}, WeakPassword),
        ({"code": "000000"}, AuthenticationFailed),
        ({"code": ""}, AuthenticationFailed),
        ({"key": 'command="sh" ssh-ed25519 AAAA'}, Invalid),
        ({"key": "ssh-ed25519 AAAA\nssh-ed25519 BBBB"}, Invalid),
    ],
)
async def test_T13_what_is_wrong_uses_nothing_up(house, links, changes, error):
    link = await links.invite(OPERATOR, house.alice.id)
    given = await answers(links, link)
    with pytest.raises(error):
        await links.accept(link, replace(given, **changes), SOURCE)
    await links.accept(link, given, SOURCE)


async def test_T32_who_may_invite(house, links):
    speaker = house.technician()
    for actor in (house.staff(house.eve), house.staff(house.max)):
        with pytest.raises(Forbidden):
            await links.invite(actor, house.alice.id)
    for who in (house.alice.id, house.bob.id, "nothing"):
        with pytest.raises(NotFound):
            await links.invite(speaker, who)
    await house.services.company.name_correspondent(OPERATOR, house.alice.id, named=True)
    for who in (house.bob.id, "nothing"):
        with pytest.raises(NotFound):
            await links.invite(speaker, who)
    with pytest.raises(FreshFactorNeeded):
        await links.invite(replace(speaker, factor_at=None), house.alice.id)
    assert await links.invite(speaker, house.alice.id)
    token = replace(house.staff(house.ruth), token_id="t", factor_at=None)
    with pytest.raises(FreshFactorNeeded):
        await links.invite(token, house.alice.id)


async def test_an_account_out_of_use_is_invited_to_nothing(house, links):
    link = await links.invite(OPERATOR, house.alice.id)
    form = TechnicianForm("alice", "Alice Martin", "a@acme", "acme", "en", active=False, id=house.alice.id)
    given = await answers(links, link)
    await house.services.people.save_technician(OPERATOR, form)
    with pytest.raises(BastionError):
        await links.invite(OPERATOR, house.alice.id)
    await house.services.people.save_technician(OPERATOR, replace(form, active=True))
    with pytest.raises(LinkSpent):
        await links.accept(link, given, SOURCE)
