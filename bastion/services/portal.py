"""The suppliers' web door: signing in with password and code, staying signed in, and what a technician keeps himself.

Apart from the console (R-16): a technician's session is a row of another table, and no way leads from it to a role. A
session is judged anew at each request, so that a leaver, an ended contract and a cut close it at once (R-18, T25).
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.grant import Grant
from bastion.domain.ids import new_id
from bastion.domain.lock import Subject, first_hit
from bastion.domain.parties import Actor, ActorKind, Supplier, Technician, TechnicianKey
from bastion.domain.portal import PortalSession
from bastion.domain.session_record import SessionRecord
from bastion.errors import AlreadyExists, AuthenticationFailed, BastionError, Invalid, Locked, NotFound
from bastion.services.actors import technician_actor
from bastion.services.attempts import KNOWN_FOR, WRONG_SIGN_IN, Try
from bastion.services.authentication import Authentication, hash_token
from bastion.services.decisions import Decisions, refusal
from bastion.services.forms import MAX_NAME, check_language, plain
from bastion.services.joins import found
from bastion.services.keys import fingerprint_of, public_key
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

DOOR: Final = "portal"
SESSION_LENGTH: Final = timedelta(hours=8)
MAX_KEYS: Final = 10


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is signed in, and whether he speaks for his company at this moment."""

    actor: Actor
    correspondent: bool


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a row is, and of a request what became of it."""

    technician_id: str
    supplier_id: str
    facility_id: str
    state: str = ""
    """Of a request, how it stands now."""

    def near(self, actor: Actor) -> bool:
        """Whether it may concern somebody, whatever his part in his company is just now."""
        return actor.id == self.technician_id or actor.supplier_id == self.supplier_id


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """What a technician sees of himself."""

    technician: Technician
    supplier: Supplier
    keys: tuple[TechnicianKey, ...]
    enrolled_at: datetime | None


class Portal:
    def __init__(self, database: Database, decisions: Decisions, authentication: Authentication) -> None:
        self._database = database
        self._decisions = decisions
        self._authentication = authentication

    # -- coming in and going out ---------------------------------------------------------------------------------------
    async def sign_in(self, login: str, password: str, code: str, source: str) -> tuple[Actor, str]:
        """Return the actor and the cookie's token; raise `AuthenticationFailed` for whatever is wrong.

        Only who has shown both factors reads why else he is not let in: `Locked`, `PolicyRefused`.
        """
        async with self._database.read() as uow:
            technician = await uow.technicians.by_login(login)
            ident = technician.id if technician else ""  # looked for in any case (T33)
            credential = await uow.credentials.get(ident)
            known = await uow.portal_sessions.seen(ident, source, clock.now() - KNOWN_FOR)
        tried = await self._authentication.attempts.count(login, source, DOOR, known=known)
        stored = credential.password_hash if credential else ""
        right = await self._authentication.passwords.matches(stored, password)
        if technician is None or not right or not technician.usable(clock.now()):
            async with self._database.write() as uow:  # as for a wrong code: else time tells a right password (T33)
                await self._authentication.code_is_right(uow, "", code)
            await self._authentication.refused(login, source, DOOR, "password", "sign-in refused")
            raise await tried.failed(DOOR)
        return await self._second_factor(technician, code, source, tried)

    async def _second_factor(self, technician: Technician, code: str, source: str, tried: Try) -> tuple[Actor, str]:
        now, token, login = clock.now(), secrets.token_urlsafe(32), technician.login
        actor = technician_actor(technician, source, now)
        async with self._database.write() as uow:
            proved = await self._authentication.code_is_right(uow, technician.id, code)
            trouble = await self.unwelcome(uow, actor, now) if proved else AuthenticationFailed(DOOR)
            if trouble is None:
                await uow.failures.clear(login, source)
                await uow.portal_sessions.add(
                    PortalSession(hash_token(token), technician.id, now, now + SESSION_LENGTH, now, source)
                )
                await uow.audit.append(
                    "auth:succeeded", actor=actor, subject=("technician", technician.id), at=now, door=DOOR,
                    factors="password totp",
                )  # fmt: skip
        if trouble is not None:
            stage = "door" if proved else "code"
            await self._authentication.refused(login, source, DOOR, stage, trouble.detail or trouble.code)
            raise trouble if proved else await tried.failed(DOOR)
        return actor, token

    async def guest(self, token: str, source: str) -> Guest | None:
        """Who stands behind a cookie, judged anew. A session whose owner is no longer welcome is over for good."""
        now, digest = clock.now(), hash_token(token)
        async with self._database.read() as uow:
            session = await uow.portal_sessions.get(digest)
            if session is None or not session.usable(now):
                return None
            technician = found(await uow.technicians.get(session.technician_id))
            actor = replace(technician_actor(technician, source, now), factor_at=session.factor_at)
            trouble = await self.unwelcome(uow, actor, now)
            if trouble is None:
                return Guest(actor, await speaks_for(uow, technician))
        await self._end(actor, digest, trouble)
        return None

    async def sign_out(self, actor: Actor, token: str) -> None:
        now = clock.now()
        async with self._database.write() as uow:
            session = await uow.portal_sessions.get(hash_token(token))
            if session is not None and session.ended_at is None:
                await uow.portal_sessions.save(replace(session, ended_at=now))
                await uow.audit.append(
                    "auth:signed_out", actor=actor, subject=("technician", actor.id), at=now, door=DOOR
                )

    async def confirm_factor(self, actor: Actor, code: str, token: str) -> Actor:
        """A fresh code for what needs one. Returns the actor with the factor's time."""

        async def keep(uow: UnitOfWork, now: datetime) -> None:
            session = await uow.portal_sessions.get(hash_token(token))
            if session is not None and session.technician_id == actor.id and session.ended_at is None:
                await uow.portal_sessions.save(replace(session, factor_at=now))

        return await self._authentication.prove_again(actor, code, DOOR, keep)

    async def owners(self, rows: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Owner]:
        """Whose each of these rows (topic, key) is; what is nobody's here is left out."""
        found: dict[tuple[str, str], Owner] = {}
        now = clock.now()
        async with self._database.read(quick=True) as uow:
            for topic, key in rows:
                row = await _row_of(uow, topic, key)
                if row is not None:
                    state = row.state(now) if isinstance(row, AccessRequest) else ""
                    found[topic, key] = Owner(row.technician_id, row.supplier_id, row.facility_id, state)
        return found

    @staticmethod
    def concerns(guest: Guest, owner: Owner) -> bool:
        """Whether somebody may hear that this row changed: his own, or as correspondent his company's (T33)."""
        return owner.technician_id == guest.actor.id or (
            guest.correspondent and owner.supplier_id == guest.actor.supplier_id
        )

    # -- what one keeps himself ----------------------------------------------------------------------------------------
    async def account(self, actor: Actor) -> OwnAccount:
        async with self._database.read() as uow:
            me = found(await uow.technicians.get(need_technician(actor)))
            credential = await uow.credentials.get(me.id)
            return OwnAccount(
                me, found(await uow.suppliers.get(me.supplier_id)), tuple(await uow.keys.of(me.id)),
                credential.totp_enrolled_at if credential else None,
            )  # fmt: skip

    async def set_language(self, actor: Actor, language: str) -> None:
        """Keep the language, for this door and for the terminal."""
        async with self._database.write() as uow:
            me = found(await uow.technicians.get(need_technician(actor)))
            await uow.technicians.save(replace(me, language=check_language(language)))

    async def change_password(self, actor: Actor, old: str, new: str) -> None:
        """Replace one's own password; every session and token of the person at this door ends (T25)."""
        me = need_technician(actor)

        async def end(uow: UnitOfWork, now: datetime) -> None:
            await uow.portal_sessions.end(now, technician_id=me)
            await uow.supplier_tokens.revoke(now, technician_id=me)

        await self._authentication.replace_password(actor, old, new, DOOR, end)

    async def add_key(self, actor: Actor, text: str, label: str = "") -> TechnicianKey:
        """Register a key of one's own, with a fresh code; what surrounds it in the text is dropped (T13)."""
        need_technician(actor)
        public = public_key(text)
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            me = found(await uow.technicians.get(actor.id))
            return await keep_key(uow, actor, me, public, label, clock.now())

    async def remove_key(self, actor: Actor, key_id: str) -> None:
        need_technician(actor)
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()
            me = found(await uow.technicians.get(actor.id))
            key = next((k for k in await uow.keys.of(me.id) if k.id == key_id), None)
            await drop_key(uow, actor, me, found(key, key_id), clock.now())

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def unwelcome(self, uow: UnitOfWork, actor: Actor, now: datetime) -> BastionError | None:
        """Why this person is not let in now; the policy judges the address and the contract (R-5, R-18)."""
        technician = found(await uow.technicians.get(actor.id))
        supplier = found(await uow.suppliers.get(technician.supplier_id))
        if not technician.usable(now):
            return AuthenticationFailed("technician is not usable", sentence=WRONG_SIGN_IN)
        hit = first_hit(await uow.locks.unlifted(), Subject(technician.id, supplier.id), now)
        if hit is not None:
            return Locked(hit.id, why=hit.reason)
        decision = self._decisions.at_the_door(actor, supplier, now)
        if not decision.allowed:
            return refusal(decision, actor.language)
        return None if supplier.under_contract(now) else AuthenticationFailed("no contract", sentence=WRONG_SIGN_IN)

    async def _end(self, actor: Actor, digest: str, trouble: BastionError) -> None:
        now = clock.now()
        async with self._database.write() as uow:
            session = await uow.portal_sessions.get(digest)
            if session is None or session.ended_at is not None:
                return
            await uow.portal_sessions.save(replace(session, ended_at=now))
            await uow.audit.append(
                "portal:session_ended", actor=actor, subject=("technician", actor.id), at=now,
                why=trouble.detail or trouble.code,
            )  # fmt: skip


async def _row_of(uow: UnitOfWork, topic: str, key: str) -> AccessRequest | Grant | SessionRecord | None:
    match topic:
        case "request":
            return await uow.requests.get(key)
        case "grant":
            return await uow.grants.get(key)
        case "session":
            return await uow.sessions.get(key)
    return None


# -- what the services of this door share ------------------------------------------------------------------------------
def need_technician(actor: Actor) -> str:
    """Nobody else has an account here; return the technician's id."""
    if actor.kind is not ActorKind.TECHNICIAN:
        raise NotFound(actor.login)
    return actor.id


async def speaks_for(uow: UnitOfWork, technician: Technician) -> bool:
    """Whether a technician is a correspondent of the company he works for now."""
    named = await uow.correspondents.get(technician.id)
    return named is not None and named.supplier_id == technician.supplier_id


async def keep_key(
    uow: UnitOfWork, actor: Actor, technician: Technician, public: str, label: str, now: datetime
) -> TechnicianKey:
    """Register a key. One that somebody else has is refused without saying whose it is, nor that it is (T33)."""
    if len(await uow.keys.of(technician.id)) >= MAX_KEYS:
        raise Invalid("keys", field="key", sentence="You have {count} keys; remove one first.", count=MAX_KEYS)
    key = TechnicianKey(new_id(now), technician.id, public, fingerprint_of(public), plain(label)[:MAX_NAME], now)
    try:
        await uow.keys.add(key)
    except AlreadyExists as error:
        raise Invalid(
            error.detail, field="key", sentence="This key cannot be used here. Make a new one with ssh-keygen."
        ) from error
    await uow.audit.append(
        "directory:key_added", actor=actor, subject=("technician", technician.id), at=now,
        fingerprint=key.fingerprint, login=technician.login,
    )  # fmt: skip
    return key


async def drop_key(uow: UnitOfWork, actor: Actor, technician: Technician, key: TechnicianKey, now: datetime) -> None:
    await uow.keys.remove(key.id)
    await uow.audit.append(
        "directory:key_removed", actor=actor, subject=("technician", technician.id), at=now,
        fingerprint=key.fingerprint, login=technician.login,
    )  # fmt: skip
