"""Proving who somebody is: technicians by key and then code, staff by password and code, programs by token.

One sentence answers every failure (`AuthenticationFailed`), so that a stranger learns nothing; the audit chain holds
the cause. A code is used once (T21); `attempts` counts who tries (T28).
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import pyotp

from bastion import clock
from bastion.domain.credentials import Credential, WebSession
from bastion.domain.parties import Actor, ActorKind, Staff, Technician, narrowed
from bastion.errors import AuthenticationFailed, FreshFactorNeeded
from bastion.secret import Secret
from bastion.services import sign_ins
from bastion.services.actors import all_now, reviewed, staff_actor, stranger, technician_actor
from bastion.services.attempts import CODE_SECONDS, KNOWN_FOR, Attempts
from bastion.services.passwords import Passwords, check_password
from bastion.services.sealing import totp_aad
from bastion.services.sign_ins import SignIn
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from bastion.store.vault import Vault

WEB_SESSION_LENGTH: Final = timedelta(hours=10)
NOT_THE_OLD_ONE: Final = "This is not your present password. Type it again."
WRONG_CODE: Final = "This code is wrong or was used already. Wait for the next one, then type it."
"""One sentence for every cause: a wrong code and a used one must not be told apart."""
FIRST_CODE: Final = (
    "The code does not match. Type the one that your authenticator shows now, and check the phone’s clock."
)
"""To whom a good invitation has shown the authenticator: there is nothing else that he could have wrong."""
FRESH_FACTOR: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class KeyOutcome:
    """A proved key. While a proof of the second factor stands for this very `grant_id`, `actor` may come in by it."""

    fingerprint: str
    actor: Actor | None = None
    grant_id: str = ""


Keep = Callable[[UnitOfWork, datetime], Awaitable[None]]
"""What else belongs into the transaction that proves somebody."""


def hash_token(token: str) -> str:
    """Tokens carry 256 bits of chance, so a plain digest is enough to keep them unusable when read."""
    return hashlib.sha256(token.encode()).hexdigest()


class Authentication:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self.passwords = Passwords()
        self.attempts = Attempts(database)

    # -- technicians, over SSH -----------------------------------------------------------------------------------------
    async def known_key(self, login: str, public: str) -> bool:
        """Tell whether an *offered* key could do. Nothing is proved yet: no audit, no right (T4)."""
        async with self._database.read(quick=True) as uow:
            return await self._technician_with_key(uow, login, public) is not None

    async def key_proved(self, login: str, public: str, source: str, device_code: str) -> KeyOutcome:
        """The client has signed with the key. Say whether a code must follow; raise `AuthenticationFailed`."""
        now = clock.now()
        async with self._database.read(quick=True) as uow:
            found = await self._technician_with_key(uow, login, public)
            if found is None:
                raise AuthenticationFailed("key is not registered")
            technician, fingerprint = found
            proof = await uow.proofs.standing(technician.id, fingerprint, source, device_code, now)
        if proof is None:
            return KeyOutcome(fingerprint)
        return KeyOutcome(fingerprint, technician_actor(technician, source, now), proof.grant_id)

    async def technician_code(self, login: str, fingerprint: str, code: str, source: str, client: str = "") -> Actor:
        """Check the second factor; return the actor, or raise `AuthenticationFailed`."""
        await self.attempts.count(login, source, "ssh", known=True)  # by his key
        async with self._database.write(quick=True) as uow:
            technician = await uow.technicians.by_login(login)
            usable = technician is not None and technician.usable(clock.now())
            if usable and technician is not None and await self.code_is_right(uow, technician.id, code):
                now = clock.now()
                actor = technician_actor(technician, source, now)
                await sign_ins.keep(uow, actor, SignIn(fingerprint, client, "key totp"), now)
                return actor
        await self.refused(login, source, "ssh", "code", "wrong, used or missing code", client)
        raise AuthenticationFailed("code")

    async def came_in(self, actor: Actor, sign_in: SignIn) -> None:
        """Keep a sign-in by a standing proof that led to no session."""
        async with self._database.write(quick=True) as uow:
            await sign_ins.keep(uow, actor, sign_in, clock.now())

    async def refused(self, login: str, source: str, door: str, stage: str, why: str, client: str = "") -> None:
        """Audit a failed attempt at a door. Only tries at a secret are counted, and that before they are judged."""
        now = clock.now()
        async with self._database.write(quick=True) as uow:
            await uow.audit.append(
                "auth:failed", actor=stranger(source), subject=("login", login[:64]), at=now,
                door=door, stage=stage, why=why, client=client, login=login,
            )  # fmt: skip

    async def unproved(self, counts: Mapping[str, int], door: str) -> None:
        """Audit how many connections of each source, an address or a network, ended before anybody proved himself."""
        now = clock.now()
        async with self._database.write(quick=True) as uow:
            for source, count in counts.items():
                await uow.audit.append(
                    "auth:unproved", actor=stranger(source), subject=("source", source), at=now, door=door, count=count
                )

    # -- staff, in the console -----------------------------------------------------------------------------------------
    async def sign_in(self, login: str, password: str, code: str, source: str) -> tuple[Actor, str]:
        """Return the actor and the cookie's token; raise `AuthenticationFailed` for whatever is wrong."""
        async with self._database.read() as uow:
            staff = await uow.staff.by_login(login)
            ident = staff.id if staff else ""  # looked for in any case (T33)
            credential = await uow.credentials.get(ident)
            known = await uow.web_sessions.seen(ident, source, clock.now() - KNOWN_FOR)
        tried = await self.attempts.count(login, source, "console", known=known)
        right = await self.passwords.matches(credential.password_hash if credential else "", password)
        person = staff if staff is not None and staff.active and right else None
        entered = await self._start_web_session(person, code, source)
        if entered is not None:
            return entered
        await self.refused(login, source, "console", "password" if not right else "code", "sign-in refused")
        raise await tried.failed("console")

    async def actors_of_sessions(self, browsers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Actor]:
        """Who is behind each cookie (token, source), re-read each time: roles of this very second (T25). Many at once:
        after a decision two hundred pages ask in one moment, and one reading of the database serves them all. Without
        those behind whom there is nobody.
        """
        now, hashed = clock.now(), {one: hash_token(one[0]) for one in browsers}
        async with self._database.read(quick=True) as uow:
            sessions = {one.id: one for one in await uow.web_sessions.some(hashed.values()) if one.usable(now)}
            staff = await uow.staff.some(session.staff_id for session in sessions.values())
            able = await all_now(uow, [one for one in staff if one.active], now)
        return {
            (token, source): replace(able[session.staff_id], source=source, factor_at=session.factor_at)
            for (token, source), ident in hashed.items()
            if (session := sessions.get(ident)) is not None and session.staff_id in able
        }

    async def confirm_factor(self, actor: Actor, code: str, token: str = "") -> Actor:
        """A fresh code for a decision. Returns the actor with the factor's time; raises `AuthenticationFailed`."""

        async def keep(uow: UnitOfWork, now: datetime) -> None:
            session = await uow.web_sessions.get(hash_token(token)) if token else None
            if session is not None and session.staff_id == actor.id:
                await uow.web_sessions.save(replace(session, factor_at=now))

        return await self.prove_again(actor, code, "console", keep)

    async def prove_again(self, actor: Actor, code: str, door: str, keep: Keep) -> Actor:
        """Take a fresh code at a door; `keep` notes the moment in the browser's session."""
        await self.attempts.count(actor.login, actor.source, door, known=True)
        now = clock.now()
        async with self._database.write() as uow:
            if await self.code_is_right(uow, actor.id, code):
                await uow.failures.clear(actor.login, actor.source)
                await keep(uow, now)
                await uow.audit.append("auth:factor_refreshed", actor=actor, subject=_itself(actor), at=now)
                return replace(actor, factor_at=now)
        await self.refused(actor.login, actor.source, door, "code", "wrong, used or missing code")
        raise AuthenticationFailed("code", sentence=WRONG_CODE)

    @staticmethod
    def is_fresh(actor: Actor) -> bool:
        return is_fresh(actor)

    @staticmethod
    def fresh_until(actor: Actor) -> datetime | None:
        """Until when no new code is asked for; `None` when one is needed now."""
        return actor.factor_at + FRESH_FACTOR if actor.factor_at is not None and is_fresh(actor) else None

    def require_fresh(self, actor: Actor) -> None:
        """Decisions ask for a code proved within `FRESH_FACTOR`; the machine's own operator is beyond that."""
        if actor.kind is not ActorKind.OPERATOR and not self.is_fresh(actor):
            raise FreshFactorNeeded(f"{actor.login}")

    async def sign_out(self, actor: Actor, token: str) -> None:
        async with self._database.write() as uow:
            session = await uow.web_sessions.get(hash_token(token))
            if session is not None and session.ended_at is None:
                await uow.web_sessions.save(replace(session, ended_at=clock.now()))
                await uow.audit.append(
                    "auth:signed_out", actor=actor, subject=("staff", actor.id), at=clock.now(), door="console"
                )

    async def change_password(self, actor: Actor, old: str, new: str) -> None:
        """Replace one's own password; every web session and token of the person ends (T25)."""

        async def end(uow: UnitOfWork, now: datetime) -> None:
            await revoke_tokens(uow, actor.id, now)
            await end_web_sessions(uow, actor.id, now)

        await self.replace_password(actor, old, new, "console", end)

    async def replace_password(self, actor: Actor, old: str, new: str, door: str, end: Keep) -> None:
        """Take a new password for the right old one; `end` ends what was signed in under it."""
        check_password(new)
        await self.attempts.count(actor.login, actor.source, door, known=True)
        async with self._database.read() as uow:
            credential = await uow.credentials.get(actor.id)
        if not await self.passwords.matches(credential.password_hash if credential else "", old):
            await self.refused(actor.login, actor.source, door, "password", "old password is wrong")
            raise AuthenticationFailed("old password", field="old", sentence=NOT_THE_OLD_ONE)
        hashed, now = await self.passwords.hash(new), clock.now()
        async with self._database.write() as uow:
            await uow.failures.clear(actor.login, actor.source)
            current = await uow.credentials.get(actor.id)
            if current is not None:
                await uow.credentials.put(replace(current, password_hash=hashed, password_changed_at=now))
            await end(uow, now)
            await uow.audit.append("auth:password_changed", actor=actor, subject=_itself(actor), at=now)

    # -- programs ------------------------------------------------------------------------------------------------------
    async def actor_of_token(self, bearer: str, source: str) -> Actor | None:
        """The actor behind an API token: never more than its owner may now, nor than the token itself."""
        now = clock.now()
        async with self._database.read(quick=True) as uow:
            token = await uow.tokens.by_hash(hash_token(bearer))
            if token is None or token.revoked_at is not None or now >= token.expires_at:
                return None
            staff = await uow.staff.get(token.staff_id)
            if staff is None or not staff.active:
                return None
            actor = await reviewed(uow, staff_actor(staff, source, None), now)
        kept = narrowed(actor.assignments, token.roles, token.facilities)
        withheld = tuple(sorted(set(actor.assignments) - set(kept)))
        return replace(actor, assignments=kept, withheld=withheld, token_id=token.id)

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _technician_with_key(self, uow: UnitOfWork, login: str, public: str) -> tuple[Technician, str] | None:
        found = await uow.keys.holder(login, public)
        return found if found is not None and found[0].usable(clock.now()) else None

    async def _start_web_session(self, staff: Staff | None, code: str, source: str) -> tuple[Actor, str] | None:
        """`None` for a wrong code, and for nobody, whose code is looked for too: else time tells a password (T33)."""
        now, token = clock.now(), secrets.token_urlsafe(32)
        async with self._database.write() as uow:
            proved = await self.code_is_right(uow, staff.id if staff else "", code)
            if staff is None or not proved:
                return None
            await uow.failures.clear(staff.login, source)
            await uow.web_sessions.add(
                WebSession(hash_token(token), staff.id, now, now + WEB_SESSION_LENGTH, factor_at=now, source=source)
            )
            actor = staff_actor(staff, source, now)
            await uow.audit.append(
                "auth:succeeded", actor=actor, subject=("staff", staff.id), at=now,
                door="console", factors="password totp",
            )  # fmt: skip
        return actor, token

    async def code_is_right(self, uow: UnitOfWork, subject_id: str, code: str) -> bool:
        """True once per code and person: the time step is spent in the same transaction (T21).

        Where there is none, a code is held against a secret of nobody: as much work (T33).
        """
        credential = await uow.credentials.get(subject_id)
        known = credential is not None and bool(credential.totp_sealed)
        secret = self._totp_secret(credential if credential is not None and known else self._nobodys())
        now = clock.now()
        step = matching_step(secret, code, now)
        right = known and step is not None and await uow.totp_uses.consume(subject_id, step)
        if right and credential is not None and credential.totp_proved_at is None:
            await uow.credentials.proved(credential, now)
        return right

    def _nobodys(self) -> Credential:
        return Credential("", totp_sealed=self._vault.seal(Secret.of(pyotp.random_base32()), totp_aad("")))

    def _totp_secret(self, credential: Credential) -> str:
        return self._vault.unseal(credential.totp_sealed, totp_aad(credential.subject_id)).reveal().decode()


def _itself(actor: Actor) -> tuple[str, str]:
    return actor.kind.value, actor.id


def is_fresh(actor: Actor) -> bool:
    """Whether the actor proved his second factor a moment ago."""
    return actor.factor_at is not None and clock.now() - actor.factor_at <= FRESH_FACTOR


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step `code` belongs to, at most one step of 30 s away from `now`; else `None` (RFC 6238)."""
    digits = code.replace(" ", "")
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // CODE_SECONDS
    matching = [
        step for step in (present - 1, present, present + 1)
        if secrets.compare_digest(totp.generate_otp(step), digits)
    ]  # fmt: skip
    return matching[0] if matching else None


async def end_web_sessions(uow: UnitOfWork, staff_id: str, now: datetime) -> None:
    """Sign a person out everywhere (T25); a link that was mailed to him opens nothing any more either."""
    await uow.decision_links.void(staff_id, now)
    for session in await uow.web_sessions.of(staff_id):
        if session.ended_at is None:
            await uow.web_sessions.save(replace(session, ended_at=now))


async def revoke_tokens(uow: UnitOfWork, staff_id: str, now: datetime) -> None:
    """A token made under an old password or authenticator ends with it (T25)."""
    for token in await uow.tokens.of(staff_id):
        if token.usable(now):
            await uow.tokens.save(replace(token, revoked_at=now))
