"""Tokens of suppliers' people: shown once, kept as a hash, expiring, never more than their owner may (T24).

Each use is judged as a sign-in at the suppliers' entrance is: the person, the contract, the network, a cut, at that
very second (R-18, R-5).
"""

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bastion import clock
from bastion.domain.ids import new_id
from bastion.domain.parties import EVERYWHERE, Actor
from bastion.domain.supplier_token import SupplierToken
from bastion.errors import Conflict, Forbidden, Invalid, NotFound
from bastion.services.actors import technician_actor
from bastion.services.authentication import Authentication, hash_token
from bastion.services.forms import need_admin_of
from bastion.services.joins import found
from bastion.services.portal import Guest, Portal, need_technician, speaks_for
from bastion.store.database import Database

PREFIX: Final = "bsp_"
MAX_DAYS: Final = 92
MAX_TOKENS: Final = 10
MAX_LABEL: Final = 100


class SupplierTokens:
    def __init__(self, database: Database, authentication: Authentication, portal: Portal) -> None:
        self._database = database
        self._authentication = authentication
        self._portal = portal

    async def create(
        self, actor: Actor, label: str, days: int, *, writes: bool, people: bool = False
    ) -> tuple[SupplierToken, str]:
        """Return the token and its text, which is not kept. Made with a fresh code; a token cannot make another one.

        One for the company's `people` only a correspondent makes; what it changes takes a fresh code each time.
        """
        need_technician(actor)
        if actor.token_id:
            raise Forbidden("tokens are made by people at the entrance")
        self._authentication.require_fresh(actor)
        if not 1 <= days <= MAX_DAYS:
            raise Invalid("days", field="days", sentence="A token lasts from 1 to {limit} days.", limit=MAX_DAYS)
        now, text = clock.now(), PREFIX + secrets.token_urlsafe(32)
        async with self._database.write() as uow:
            await uow.locks.hold()  # of many at once each counts the others
            me = found(await uow.technicians.get(actor.id))
            if sum(one.usable(now) for one in await uow.supplier_tokens.of(me.id)) >= MAX_TOKENS:
                raise Conflict("tokens", sentence="You have enough tokens; revoke one first.")
            if people and not await speaks_for(uow, me):
                raise Forbidden("no correspondent", sentence="Only who speaks for his company may do this.")
            token = SupplierToken(
                new_id(now), me.id, me.supplier_id, label.strip()[:MAX_LABEL], hash_token(text), writes, now,
                now + timedelta(days=days), people=people,
            )  # fmt: skip
            await uow.supplier_tokens.add(token)
            await uow.audit.append(
                "token:created", actor=actor, subject=("technician", me.id), at=now, token=token.id, label=token.label,
                expires=token.expires_at.isoformat(), writes="yes" if writes else "",
                manages="yes" if people else "",
            )  # fmt: skip
        return token, text

    async def guest(self, bearer: str, source: str) -> tuple[Guest, SupplierToken] | None:
        """Who stands behind a token, and what it lets him do; nobody, if it opens nothing now."""
        now = clock.now()
        async with self._database.read() as uow:
            token = await uow.supplier_tokens.by_hash(hash_token(bearer))
            if token is None or not token.usable(now):
                return None
            technician = found(await uow.technicians.get(token.technician_id))
            actor = replace(technician_actor(technician, source, now), factor_at=None, token_id=token.id)
            if technician.supplier_id != token.supplier_id or await self._portal.unwelcome(uow, actor, now):
                return None
            return Guest(actor, await speaks_for(uow, technician)), token

    async def mine(self, actor: Actor) -> list[SupplierToken]:
        async with self._database.read() as uow:
            return await uow.supplier_tokens.of(need_technician(actor))

    async def of(self, actor: Actor, technician_id: str) -> list[SupplierToken]:
        """Those of one technician, for administrators; what a token is worth nobody can read, it is not kept."""
        need_admin_of(actor, EVERYWHERE)
        async with self._database.read() as uow:
            return await uow.supplier_tokens.of(found(await uow.technicians.get(technician_id), technician_id).id)

    async def revoke(self, actor: Actor, token_id: str) -> None:
        """Make a token of one's own useless."""
        who = need_technician(actor)
        await self._revoke(actor, token_id, who)

    async def revoke_of(self, actor: Actor, technician_id: str, token_id: str) -> None:
        """The same by an administrator of the hospital, at once and for good."""
        need_admin_of(actor, EVERYWHERE)
        await self._revoke(actor, token_id, technician_id)

    async def _revoke(self, actor: Actor, token_id: str, technician_id: str) -> None:
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            token = await uow.supplier_tokens.get(token_id)
            if token is None or token.technician_id != technician_id:
                raise NotFound(token_id)
            if token.revoked_at is not None:
                return
            await uow.supplier_tokens.save(replace(token, revoked_at=now))
            await uow.audit.append(
                "token:revoked", actor=actor, subject=("technician", technician_id), at=now, token=token.id,
                label=token.label,
            )  # fmt: skip
