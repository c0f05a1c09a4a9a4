from datetime import timedelta

import pyotp
import pytest

from bastion import clock
from bastion.errors import AuthenticationFailed, Conflict, Forbidden, WeakPassword
from bastion.services.enrolment import INVITATION_LENGTH
from tests.services.house import OPERATOR, PASSWORD, SOURCE, enrol


async def test_T51_the_first_administrator_gets_a_one_time_secret_and_there_is_only_one_first(house):
    with pytest.raises(Conflict):
        await house.services.enrolment.first_administrator(OPERATOR, "root", "Root")


async def test_T51_an_invitation_works_once(house):
    secret = await house.services.enrolment.invite(OPERATOR, house.eve.id)
    _staff, uri = await house.services.enrolment.begin(secret, SOURCE)
    totp = pyotp.TOTP(pyotp.parse_uri(uri).secret)
    with pytest.raises(WeakPassword):
        await house.services.enrolment.finish(secret, "short", totp.now(), SOURCE)
    with pytest.raises(AuthenticationFailed):
        await house.services.enrolment.finish(secret, PASSWORD, "000000", SOURCE)
    await house.services.enrolment.finish(secret, PASSWORD, totp.at(clock.now()), SOURCE)
    for again in (house.services.enrolment.begin(secret, SOURCE), house.services.enrolment.begin("guess", SOURCE)):
        with pytest.raises(AuthenticationFailed):
            await again


async def test_T20_invitations_are_unguessable_and_end(house, monkeypatch):
    secrets = {await house.services.enrolment.invite(OPERATOR, house.eve.id) for _ in range(5)}
    assert all(len(s) >= 32 for s in secrets)
    late = clock.now() + INVITATION_LENGTH + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: late)
    with pytest.raises(AuthenticationFailed):
        await house.services.enrolment.begin(secrets.pop(), SOURCE)


async def test_only_administrators_invite_and_enrol(house):
    with pytest.raises(Forbidden):
        await house.services.enrolment.invite(house.staff(house.eve), house.max.id)
    with pytest.raises(Forbidden):
        await house.services.enrolment.technician_totp(house.staff(house.eve), house.alice.id)


async def test_a_new_authenticator_voids_the_old_one(house):
    await house.services.enrolment.technician_totp(OPERATOR, house.alice.id)
    with pytest.raises(AuthenticationFailed):
        await house.services.authentication.technician_code(
            "alice", "SHA256:x", pyotp.TOTP(house.alice_totp).at(clock.now()), SOURCE
        )


async def test_a_new_authenticator_ends_what_the_old_one_proved(house):
    await house.opened()
    async with house.database.read() as uow:
        assert await uow.proofs.standing(house.alice.id, "SHA256:x", SOURCE, "ct-01", clock.now())
    await house.services.enrolment.technician_totp(OPERATOR, house.alice.id)
    async with house.database.read() as uow:
        assert await uow.proofs.standing(house.alice.id, "SHA256:x", SOURCE, "ct-01", clock.now()) is None


async def test_rotating_the_vault_keeps_every_secret_usable(house):
    _password, totp = await enrol(house, house.eve)
    pending = await house.services.enrolment.invite(OPERATOR, house.max.id)
    count = await house.services.upkeep.rotate_vault(OPERATOR)
    assert count >= 3
    assert len(house.vault.key_ids) == 1
    later = pyotp.TOTP(totp).at(clock.now() + timedelta(seconds=30))
    assert (await house.services.authentication.sign_in("eve", PASSWORD, later, SOURCE))[0].login == "eve"
    assert (await house.services.enrolment.begin(pending, SOURCE))[0].login == "max"
    assert (await house.opened()).credential.secret.reveal() == b"canary-s3cret"
    with pytest.raises(Forbidden):
        await house.services.upkeep.rotate_vault(house.staff(house.eve))


async def test_T20_a_newer_invitation_voids_the_older(house):
    first = await house.services.enrolment.invite(OPERATOR, house.eve.id)
    second = await house.services.enrolment.invite(OPERATOR, house.eve.id)
    with pytest.raises(AuthenticationFailed):
        await house.services.enrolment.begin(first, SOURCE)
    assert (await house.services.enrolment.begin(second, SOURCE))[0].login == "eve"
