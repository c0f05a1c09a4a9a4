import asyncio
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from bastion import clock
from bastion.domain.credentials import WebSession
from bastion.domain.parties import Role
from bastion.errors import AuthenticationFailed, TooManyAttempts, WeakPassword
from bastion.services.attempts import MAX_FAILURES, MAX_FROM_SOURCE, PATIENCE
from bastion.services.authentication import Authentication, hash_token, matching_step
from bastion.services.people import StaffForm, TechnicianForm
from tests.services.house import CONNECTION, OPERATOR, PASSWORD, SOURCE, enrol, public_line


def code(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.now() + timedelta(seconds=30 * steps))


@pytest.fixture
def later(monkeypatch):
    """Move the services' clock by whole steps, so that the next code is due."""

    def move(steps: int) -> None:
        real = clock.now
        monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=30 * steps))

    return move


# -- technicians -------------------------------------------------------------------------------------------------------
async def test_T04_an_offered_key_proves_and_audits_nothing(house):
    auth = house.services.authentication
    assert await auth.known_key("alice", house.alice_key)
    assert not await auth.known_key("alice", public_line())
    assert not await auth.known_key("bob", house.alice_key)
    assert not await auth.known_key("nobody", house.alice_key)
    assert await house.tags("auth:s") == []
    assert await house.tags("auth:f") == []


async def test_a_proved_key_asks_for_a_code(house):
    outcome = await house.services.authentication.key_proved("alice", house.alice_key, SOURCE, "ct-01")
    assert outcome.actor is None
    assert outcome.fingerprint.startswith("SHA256:")
    with pytest.raises(AuthenticationFailed):
        await house.services.authentication.key_proved("alice", public_line(), SOURCE, "ct-01")


async def test_T21_a_code_is_used_once_even_by_two_connections_at_once(house):
    auth, right = house.services.authentication, code(house.alice_totp, 1)
    acts = [auth.technician_code("alice", "SHA256:x", right, SOURCE) for _ in range(2)]
    outcomes = await asyncio.gather(*acts, return_exceptions=True)
    assert sorted(isinstance(o, AuthenticationFailed) for o in outcomes) == [False, True]
    with pytest.raises(AuthenticationFailed):
        await auth.technician_code("alice", "SHA256:x", right, SOURCE)


@pytest.mark.parametrize("bad", ["", " ", "000000", "12345", "1234567", "abcdef", "１２３４５６", "0" * 10_000])
async def test_T05_empty_and_odd_codes_fail(house, bad):
    with pytest.raises(AuthenticationFailed):
        await house.services.authentication.technician_code("alice", "SHA256:x", bad, SOURCE)
    assert (await house.event("auth:failed")).fields["stage"] == "code"


def test_T21_drift_is_one_step_at_most():
    secret, now = pyotp.random_base32(), clock.now()
    at = [pyotp.TOTP(secret).at(now + timedelta(seconds=30 * step)) for step in (-2, -1, 0, 1, 2)]
    assert [matching_step(secret, c, now) is not None for c in at] == [False, True, True, True, False]


@pytest.mark.parametrize("change", [{"active": False}, {"valid_until": clock.now() - timedelta(days=1)}])
async def test_T24_a_leaver_gets_in_nowhere(house, change):
    form = replace(TechnicianForm("alice", "Alice", "", "acme", id=house.alice.id), **change)
    await house.services.people.save_technician(OPERATOR, form)
    auth = house.services.authentication
    assert not await auth.known_key("alice", house.alice_key)
    with pytest.raises(AuthenticationFailed):
        await auth.key_proved("alice", house.alice_key, SOURCE, "")
    with pytest.raises(AuthenticationFailed):
        await auth.technician_code("alice", "SHA256:x", code(house.alice_totp), SOURCE)


async def test_T28_five_failures_lock_out_that_login_from_that_source_only(house):
    auth = house.services.authentication
    for _ in range(5):
        with pytest.raises(AuthenticationFailed):
            await auth.technician_code("alice", "SHA256:x", "000000", "127.0.0.66")
    with pytest.raises(TooManyAttempts):
        await auth.technician_code("alice", "SHA256:x", code(house.alice_totp, 1), "127.0.0.66")
    assert "auth:locked_out" in await house.tags("auth")
    actor = await auth.technician_code("alice", "SHA256:x", code(house.alice_totp, 1), SOURCE)
    assert actor.login == "alice"


async def test_T28_a_quarter_of_an_hour_after_the_failures_he_may_try_again(house, later):
    auth = house.services.authentication
    for _ in range(6):
        with pytest.raises((AuthenticationFailed, TooManyAttempts)):
            await auth.technician_code("alice", "SHA256:x", "000000", "127.0.0.66")
    later(31)
    assert (await auth.technician_code("alice", "SHA256:x", code(house.alice_totp), "127.0.0.66")).login == "alice"


async def test_T28_what_is_tried_at_a_shut_address_does_not_keep_it_shut(house, later):
    auth = house.services.authentication
    await flooded(auth, SOURCE)
    later(20)
    tries = [auth.attempts.count(f"more{number}", SOURCE, "console") for number in range(MAX_FROM_SOURCE)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(one) for one in outcomes] == [TooManyAttempts] * MAX_FROM_SOURCE
    later(11)
    assert not (await auth.attempts.count("somebody", SOURCE, "console")).flooded


async def test_T28_a_login_without_end_is_cut_short_where_the_trail_names_it(house):
    for _ in range(5):
        await house.services.authentication.attempts.count("x" * 300, SOURCE, "console")
    with pytest.raises(TooManyAttempts):
        await house.services.authentication.attempts.count("x" * 300, SOURCE, "console")
    assert (await house.event("auth:locked_out")).subject_id == "x" * 64


async def test_a_standing_proof_spares_the_code_for_this_grant_key_and_source(house):
    await house.opened()
    auth = house.services.authentication
    # The house opens with the fingerprint "SHA256:x"; only that very key rides on the proof.
    async with house.database.read() as uow:
        found = await uow.proofs.standing(house.alice.id, "SHA256:x", SOURCE, "ct-01", clock.now())
        assert found is not None
        assert await uow.proofs.standing(house.alice.id, "SHA256:y", SOURCE, "ct-01", clock.now()) is None
        assert await uow.proofs.standing(house.alice.id, "SHA256:x", "127.0.0.2", "ct-01", clock.now()) is None
    assert (await auth.key_proved("alice", house.alice_key, SOURCE, "ct-01")).actor is None


async def behind(auth, token, source=SOURCE):
    """Who is behind a cookie; a forged one that is asked for with it is nobody's."""
    told = await auth.actors_of_sessions([(token, source), ("forged", source)])
    assert told.keys() <= {(token, source)}
    return told.get((token, source))


# -- staff -------------------------------------------------------------------------------------------------------------
async def test_sign_in_needs_password_and_code(house, later):
    auth = house.services.authentication
    _password, totp = await enrol(house, house.eve)
    for password, number in ((PASSWORD, "000000"), ("wrong password here", code(totp, 1)), ("", ""), (PASSWORD, "")):
        with pytest.raises(AuthenticationFailed):
            await auth.sign_in("eve", password, number, SOURCE)
    with pytest.raises(AuthenticationFailed):
        await auth.sign_in("nobody", PASSWORD, code(totp, 1), SOURCE)
    actor, token = await auth.sign_in("eve", PASSWORD, code(totp, 1), "127.0.0.3")
    assert auth.is_fresh(actor)
    again = await behind(auth, token, SOURCE)
    assert again.login == "eve"
    assert await behind(auth, "forged", SOURCE) is None
    assert await auth.actors_of_sessions([]) == {}
    later(3 * 24 * 60)
    assert await behind(auth, token, SOURCE) is None


async def test_T25_signing_out_and_losing_the_account_end_the_session(house):
    auth = house.services.authentication
    _password, totp = await enrol(house, house.eve)
    actor, token = await auth.sign_in("eve", PASSWORD, code(totp, 1), SOURCE)
    await auth.sign_out(actor, token)
    assert await behind(auth, token, SOURCE) is None


async def test_T25_a_change_of_role_or_password_ends_every_session(house, later):
    auth = house.services.authentication
    _password, totp = await enrol(house, house.eve)
    _actor, token = await auth.sign_in("eve", PASSWORD, code(totp, 1), SOURCE)
    await house.services.people.save_staff(OPERATOR, StaffForm("eve", "Eve", "", frozenset(), id=house.eve.id))
    assert await behind(auth, token, SOURCE) is None
    later(2)
    actor, token = await auth.sign_in("eve", PASSWORD, code(totp), SOURCE)
    with pytest.raises(WeakPassword):
        await auth.change_password(actor, PASSWORD, "short")
    with pytest.raises(AuthenticationFailed):
        await auth.change_password(actor, "wrong old password", "a new long password")
    await auth.change_password(actor, PASSWORD, "a new long password")
    assert await behind(auth, token, SOURCE) is None


async def test_confirming_a_factor_makes_the_actor_fresh(house, later):
    auth = house.services.authentication
    _password, totp = await enrol(house, house.eve)
    stale = house.staff(house.eve, fresh=False)
    with pytest.raises(AuthenticationFailed):
        await auth.confirm_factor(stale, "000000")
    assert auth.is_fresh(await auth.confirm_factor(stale, code(totp, 1)))
    assert not auth.is_fresh(stale)


async def test_T28_tries_at_the_same_moment_count_too(house):
    auth = house.services.authentication
    tries = [auth.technician_code("alice", "SHA256:x", "000000", "127.0.0.66") for _ in range(20)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(o, TooManyAttempts) for o in outcomes) == 15
    assert (await house.tags("auth:locked_out")) == ["auth:locked_out"]


async def flooded(auth, source):
    """A stranger tries one login after the other from there, until the door is shut for him."""
    for number in range(MAX_FROM_SOURCE):
        await auth.attempts.count(f"nobody{number}", source, "console")


async def test_T28_a_source_that_tries_login_after_login_is_stopped_without_filling_the_trail(house):
    auth = house.services.authentication
    await flooded(auth, SOURCE)
    tries = [auth.sign_in(f"more{number}", "x", "000000", SOURCE) for number in range(5)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(one) for one in outcomes] == [TooManyAttempts] * 5
    assert (await house.tags("auth:locked_out")) == ["auth:locked_out"]


async def test_T28_who_is_known_at_an_address_comes_in_whatever_strangers_try_there(house, later):
    auth = house.services.authentication
    password, totp = await enrol(house, house.eve)
    await auth.sign_in("eve", password, code(totp, 1), SOURCE)
    await flooded(auth, SOURCE)
    with pytest.raises(TooManyAttempts):  # not told apart from those who are not known there (T33)
        await auth.sign_in("eve", "a wrong password", "000000", SOURCE)
    with pytest.raises(TooManyAttempts):
        await auth.sign_in("max", password, "000000", SOURCE)
    later(1)
    assert await auth.confirm_factor(house.staff(house.eve, fresh=False), code(totp, 1))
    later(1)
    assert (await auth.sign_in("eve", password, code(totp, 1), SOURCE))[0].id == house.eve.id
    await flooded(auth, "127.0.0.8")
    later(1)
    with pytest.raises(TooManyAttempts):
        await auth.sign_in("eve", password, code(totp, 1), "127.0.0.8")


async def test_T28_that_an_address_is_shut_stands_in_the_trail_whoever_filled_it(house):
    auth = house.services.authentication
    for number in range(MAX_FROM_SOURCE + 2):
        await auth.attempts.count(f"known{number}", SOURCE, "ssh", known=True)
    for login in ("one", "two"):
        with pytest.raises(TooManyAttempts):
            await auth.attempts.count(login, SOURCE, "console")
    event = await house.event("auth:locked_out")
    assert (event.source, event.fields["login"]) == (SOURCE, "one")
    assert (await house.tags("auth:locked_out")) == ["auth:locked_out"]


async def test_T28_whose_tries_have_run_out_writes_no_line_for_each_at_a_shut_address(house):
    """He had exactly five when others filled it, and no more of his are counted there."""
    attempts = house.services.authentication.attempts
    for _ in range(MAX_FAILURES):
        await attempts.count("alice", SOURCE, "console")
    for number in range(MAX_FROM_SOURCE - MAX_FAILURES):
        await attempts.count(f"nobody{number}", SOURCE, "console")
    tries = [attempts.count("alice", SOURCE, "console") for _ in range(5)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(one) for one in outcomes] == [TooManyAttempts] * 5
    assert (await house.tags("auth:locked_out")) == ["auth:locked_out"]


async def test_T33_a_flooded_address_is_answered_as_late_for_whoever_is_known_there_as_for_others(house):
    auth, loop = house.services.authentication, asyncio.get_running_loop()
    password, totp = await enrol(house, house.eve)
    await auth.sign_in("eve", password, code(totp, 1), SOURCE)
    await flooded(auth, SOURCE)
    for login in ("eve", "nobody"):
        begun = loop.time()
        with pytest.raises(TooManyAttempts):
            await auth.sign_in(login, "a wrong password", "000000", SOURCE)
        assert loop.time() - begun >= PATIENCE


async def test_T28_who_knows_somebody_else_at_an_address_still_has_five_tries_at_him(house, later):
    auth = house.services.authentication
    password, totp = await enrol(house, house.eve)
    await auth.sign_in("eve", password, code(totp, 1), SOURCE)
    await flooded(auth, SOURCE)
    tries = [auth.sign_in("eve", "a wrong password", "000000", SOURCE) for _ in range(5)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(one) for one in outcomes] == [TooManyAttempts] * 5
    later(1)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(TooManyAttempts):
        await auth.sign_in("eve", password, code(totp, 1), SOURCE)
    assert asyncio.get_running_loop().time() - begun >= PATIENCE, "nor sooner than anybody else (T33)"


async def test_T25_tokens_end_with_the_password_they_were_made_under(house):
    auth = house.services.authentication
    await enrol(house, house.ruth)
    ruth = house.staff(house.ruth)
    _token, text = await house.services.tokens.create(ruth, "scripts", 1, frozenset({Role.ADMIN}))
    await auth.change_password(ruth, PASSWORD, "a new long password")
    assert await auth.actor_of_token(text, SOURCE) is None


async def test_T28_only_a_code_begins_to_count_anew_a_standing_proof_does_not(house):
    """Else whoever holds the key guesses four codes, comes by the proof, and guesses four more."""
    request, auth = await house.approved(), house.services.authentication
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    for _ in range(4):
        with pytest.raises(AuthenticationFailed):
            await auth.technician_code("alice", "SHA256:x", "000000", SOURCE)
    proof = replace(CONNECTION, factors="key proof", new=True)
    await house.services.sessions.open(house.technician(), request.grant_id, proof)
    with pytest.raises(AuthenticationFailed):
        await auth.technician_code("alice", "SHA256:x", "000000", SOURCE)
    with pytest.raises(TooManyAttempts):
        await auth.technician_code("alice", "SHA256:x", "000000", SOURCE)


async def test_many_browsers_at_once_are_each_their_own(house):
    """After a decision all open pages ask in one moment: nobody is taken for another, nor for himself elsewhere."""
    auth, now = house.services.authentication, clock.now()
    people = {"eve": house.eve, "max": house.max, "ruth": house.ruth}
    async with house.database.write() as uow:
        for number, (login, person) in enumerate(people.items()):
            for age in range(2):
                made = now - timedelta(minutes=30 * age + number)
                ends = now + timedelta(hours=1)
                await uow.web_sessions.add(WebSession(hash_token(f"{login}{age}"), person.id, made, ends, made))
        over = WebSession(hash_token("over"), house.eve.id, now - timedelta(hours=9), now - timedelta(seconds=1), now)
        await uow.web_sessions.add(over)
        await uow.web_sessions.add(replace(over, id=hash_token("out"), expires_at=ends, ended_at=now))
        await uow.staff.save(replace(house.ruth, active=False))
    asked = [(f"{login}{age}", f"127.0.0.{age}") for login in people for age in range(2)]
    asked += [("eve0", "127.0.0.9"), ("over", SOURCE), ("out", SOURCE), ("forged", SOURCE), ("", SOURCE)]
    found = await auth.actors_of_sessions(asked)
    assert {one for one in asked if one in found} == {one for one in asked if one[0][:3] in {"eve", "max"}}
    for (token, source), actor in found.items():
        assert (actor.login, actor.source) == (token[:3], source)
        assert actor == await behind(auth, token, source)
    assert found["eve0", "127.0.0.0"].factor_at != found["eve1", "127.0.0.1"].factor_at


async def test_a_password_is_kept_at_the_price_that_rfc_9106_sets(house):
    """Second recommended option: argon2id, 64 MiB, three passes, four lanes, a salt of 16 bytes, 32 bytes of hash."""
    kept = await Authentication(house.database, house.vault).passwords.hash(PASSWORD)
    _, kind, version, price, salt, digest = kept.split("$")
    assert (kind, version, price) == ("argon2id", "v=19", "m=65536,t=3,p=4")
    assert (len(salt) * 6 // 8, len(digest) * 6 // 8) == (16, 32)
