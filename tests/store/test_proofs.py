import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion.domain.credentials import ApiToken, Credential, FactorProof, SealedSecret, WebSession
from bastion.domain.parties import Role
from bastion.errors import Conflict, Invalid, NotFound
from bastion.store.database import Database
from tests.store.samples import HOUR, NOW, SECRET, a_grant, a_request

CREDENTIAL = Credential("stf-1", "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA", b"\x00\xff", NOW, NOW)
TOKEN = ApiToken("tok-1", "stf-1", "scripts", "a" * 64, NOW, NOW + HOUR, roles=frozenset({Role.AUDITOR}))
BROWSER = WebSession("b" * 64, "stf-1", NOW, NOW + HOUR, NOW, "192.0.2.1")
PROOF = FactorProof("pro-1", "tec-1", "SHA256:aaaa", "192.0.2.7", "gra-1", NOW + HOUR)


async def test_a_credential_is_put_and_put_again(hospital: Database) -> None:
    async with hospital.write() as uow:
        assert await uow.credentials.get("stf-1") is None
        await uow.credentials.put(CREDENTIAL)
        await uow.credentials.put(Credential("stf-2"))
        assert await uow.credentials.get("stf-1") == CREDENTIAL
        changed = replace(CREDENTIAL, totp_sealed=b"new", totp_enrolled_at=None)
        await uow.credentials.put(changed)
        assert await uow.credentials.all() == [changed, Credential("stf-2")]


async def test_that_a_first_code_was_right_is_kept_once_and_of_this_authenticator_alone(hospital: Database) -> None:
    async with hospital.write() as uow:
        await uow.credentials.put(CREDENTIAL)
        await uow.credentials.proved(replace(CREDENTIAL, totp_sealed=b"another"), NOW)
        assert await uow.credentials.get("stf-1") == CREDENTIAL
        for at in (NOW + HOUR, NOW + 2 * HOUR):
            await uow.credentials.proved(CREDENTIAL, at)
        assert await uow.credentials.get("stf-1") == replace(CREDENTIAL, totp_proved_at=NOW + HOUR)


async def test_only_an_argon2id_hash_is_kept(hospital: Database) -> None:
    with pytest.raises(Invalid):
        async with hospital.write() as uow:
            await uow.credentials.put(replace(CREDENTIAL, password_hash="hunter2"))


async def test_a_code_counts_once(hospital: Database) -> None:
    async with hospital.write() as uow:
        assert await uow.totp_uses.consume("stf-1", 59_000_000)
        assert not await uow.totp_uses.consume("stf-1", 59_000_000)
        assert await uow.totp_uses.consume("stf-1", 59_000_001)
        assert await uow.totp_uses.consume("tec-1", 59_000_000)
    async with hospital.write() as uow:
        assert not await uow.totp_uses.consume("stf-1", 59_000_001)
        assert await uow.totp_uses.forget(59_000_001) == 2
        assert not await uow.totp_uses.consume("stf-1", 59_000_001)


async def test_T21_a_code_sent_ten_times_at_once_counts_once(hospital: Database) -> None:
    async def send() -> bool:
        async with hospital.write() as uow:
            return await uow.totp_uses.consume("stf-1", 1)

    assert sum(await asyncio.gather(*(send() for _ in range(10)))) == 1


async def test_failures_are_counted_by_name_and_source(hospital: Database) -> None:
    async with hospital.write() as uow:
        for number in range(3):
            await uow.failures.add("alice", "192.0.2.7", NOW + timedelta(minutes=number))
        await uow.failures.add("ALICE", "192.0.2.8", NOW)
        await uow.failures.add("bob", "192.0.2.7", NOW)
        count = uow.failures.count
        assert await count("alice", "192.0.2.7", NOW) == 3
        assert await count("Alice", "", NOW) == 4
        assert await count("", "192.0.2.7", NOW) == 4
        assert await count("alice", "192.0.2.7", NOW + timedelta(minutes=2)) == 1
        await uow.failures.clear("alice", "192.0.2.7")
        assert await count("alice", "", NOW) == 1
        await uow.failures.clear("alice")
        assert await count("alice", "", NOW) == 0
        assert await uow.failures.forget(NOW + HOUR) == 1


@pytest.mark.parametrize("name", ["x" * 10_000, "a\x00b", "\ud800", "-oProxyCommand=x", "a\nb"])
async def test_a_hostile_name_is_counted_too(hospital: Database, name: str) -> None:
    async with hospital.write() as uow:
        await uow.failures.add(name, "192.0.2.7", NOW)
        assert await uow.failures.count(name, "192.0.2.7", NOW) == 1
        assert await uow.failures.count("somebody else", "192.0.2.7", NOW) == 0
        await uow.failures.clear(name, "192.0.2.7")
        assert await uow.failures.count(name, "", NOW) == 0


async def test_tokens_are_found_by_hash(hospital: Database) -> None:
    async with hospital.write() as uow:
        await uow.tokens.add(TOKEN)
        assert await uow.tokens.by_hash("a" * 64) == TOKEN
        assert await uow.tokens.by_hash("b" * 64) is None
        assert await uow.tokens.of("stf-1") == [TOKEN]
        assert await uow.tokens.of("stf-2") == []
        revoked = replace(TOKEN, revoked_at=NOW)
        await uow.tokens.save(revoked)
        assert await uow.tokens.get("tok-1") == revoked


async def test_a_token_hash_is_there_once(hospital: Database) -> None:
    async with hospital.write() as uow:
        await uow.tokens.add(TOKEN)
    with pytest.raises(Conflict):
        async with hospital.write() as uow:
            await uow.tokens.add(replace(TOKEN, id="tok-2"))


async def test_browsers_come_and_go(hospital: Database) -> None:
    async with hospital.write() as uow:
        await uow.web_sessions.add(BROWSER)
        assert await uow.web_sessions.get(BROWSER.id) == BROWSER
        assert await uow.web_sessions.of("stf-1") == [BROWSER]
        await uow.web_sessions.save(replace(BROWSER, ended_at=NOW))
        assert await uow.web_sessions.forget(NOW + HOUR) == 0
        assert await uow.web_sessions.forget(NOW + 2 * HOUR) == 1
        assert await uow.web_sessions.all() == []


async def test_a_proof_stands_for_one_key_one_source_one_grant(granted: Database) -> None:
    async with granted.write() as uow:
        await uow.proofs.add(PROOF)
        standing = uow.proofs.standing
        assert await standing("tec-1", "SHA256:aaaa", "192.0.2.7", "CT-01", NOW) == PROOF
        assert await standing("tec-2", "SHA256:aaaa", "192.0.2.7", "ct-01", NOW) is None
        assert await standing("tec-1", "SHA256:bbbb", "192.0.2.7", "ct-01", NOW) is None
        assert await standing("tec-1", "SHA256:aaaa", "192.0.2.8", "ct-01", NOW) is None
        assert await standing("tec-1", "SHA256:aaaa", "192.0.2.7", "ct-02", NOW) is None
        assert await standing("tec-1", "SHA256:aaaa", "192.0.2.7", "ct\x00", NOW) is None
        assert await standing("tec-1", "SHA256:aaaa", "192.0.2.7", "ct-01", NOW + HOUR) is None
        assert await uow.proofs.revoke_grant("gra-1") == 1
        assert await standing("tec-1", "SHA256:aaaa", "192.0.2.7", "ct-01", NOW) is None
        await uow.proofs.add(PROOF)
        assert await uow.proofs.forget(NOW + 2 * HOUR) == 1


async def test_a_proof_stands_only_for_the_grant_a_session_would_open_under(granted: Database) -> None:
    """Of two open grants on a device the one that ends last counts; a proof given for the other spares no code."""
    async with granted.write() as uow:
        await uow.proofs.add(PROOF)
        await uow.requests.add(a_request(2))
        await uow.grants.add(a_grant(2, end=a_grant().end + HOUR))
        assert await uow.proofs.standing("tec-1", "SHA256:aaaa", "192.0.2.7", "ct-01", NOW) is None
        revoked = (await uow.grants.get("gra-2")).revoke("Bob", "over", NOW)
        await uow.grants.save(revoked)
        assert await uow.proofs.standing("tec-1", "SHA256:aaaa", "192.0.2.7", "ct-01", NOW) == PROOF


async def test_a_sealed_secret_is_replaced(hospital: Database) -> None:
    newer = replace(SECRET, sealed=b"other", key_id="8899aabbccddeeff")
    async with hospital.write() as uow:
        await uow.secrets.replace(newer)
        assert await uow.secrets.get("sec-1") == newer
        assert await uow.secrets.all() == [newer]
    with pytest.raises(NotFound):
        async with hospital.write() as uow:
            await uow.secrets.replace(replace(SECRET, id="none"))


async def test_a_secret_in_use_cannot_go(hospital: Database) -> None:
    async with hospital.write() as uow:
        await uow.secrets.add(SealedSecret("spare", b"x", "k", NOW))
        assert await uow.secrets.remove("spare")
        assert not await uow.secrets.remove("spare")
    with pytest.raises(Conflict):
        async with hospital.write() as uow:
            await uow.secrets.remove("sec-1")
