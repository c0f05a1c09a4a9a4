"""Personal API tokens: shown once, kept as a hash, expiring, and never more than their owner may (T24)."""

import secrets
from dataclasses import replace
from datetime import timedelta

from bastion import clock
from bastion.domain.credentials import ApiToken
from bastion.domain.ids import new_id
from bastion.domain.parties import EVERYWHERE, Actor, ActorKind, Role
from bastion.errors import Forbidden, Invalid, NotFound
from bastion.services.authentication import Authentication, hash_token
from bastion.services.joins import found
from bastion.store.database import Database

PREFIX = "bst_"
MAX_DAYS = 366


class Tokens:
    def __init__(self, database: Database, authentication: Authentication) -> None:
        self._database = database
        self._authentication = authentication

    async def create(
        self, actor: Actor, label: str, days: int, roles: frozenset[Role], facility_codes: tuple[str, ...] = ()
    ) -> tuple[ApiToken, str]:
        """Return the token and its text, which is not kept; it works for these roles in these hospitals (none: all).

        A token cannot make another one.
        """
        if actor.kind is not ActorKind.STAFF or actor.token_id:
            raise Forbidden("tokens are made by people in the console")
        self._authentication.require_fresh(actor)
        if not 1 <= days <= MAX_DAYS:
            raise Invalid("days", field="days", sentence="A token lasts from 1 to 366 days.")
        if not roles or not roles <= actor.roles:
            raise Forbidden(f"roles {sorted(roles)} for {actor.login}")
        async with self._database.read() as uow:
            where = [found(await uow.facilities.by_code(code), code).id for code in facility_codes]
        if not all(actor.covers(place, role) for place in where for role in roles):
            raise Forbidden(f"roles {sorted(roles)} at {sorted(where)} for {actor.login}")
        now, text = clock.now(), PREFIX + secrets.token_urlsafe(32)
        token = ApiToken(
            new_id(now), actor.id, label.strip()[:100], hash_token(text), now, now + timedelta(days=days), roles=roles,
            facilities=frozenset(where or {EVERYWHERE}),
        )  # fmt: skip
        async with self._database.write() as uow:
            await uow.tokens.add(token)
            await uow.audit.append(
                "token:created", actor=actor, subject=("staff", actor.id), at=now, token=token.id, label=token.label,
                expires=token.expires_at.isoformat(), roles=" ".join(sorted(roles)),
                facilities=" ".join(sorted(token.facilities)),
            )  # fmt: skip
        return token, text

    async def mine(self, actor: Actor) -> list[ApiToken]:
        async with self._database.read() as uow:
            return await uow.tokens.of(actor.id)

    async def revoke(self, actor: Actor, token_id: str) -> None:
        async with self._database.write() as uow:
            await uow.locks.hold()
            token = found(await uow.tokens.get(token_id), token_id)
            owner = found(await uow.staff.get(token.staff_id))
            if owner.id != actor.id and not all(actor.covers(place, Role.ADMIN) for place in owner.facilities):
                raise NotFound(token_id)
            if token.revoked_at is not None:
                return
            await uow.tokens.save(replace(token, revoked_at=clock.now()))
            await uow.audit.append(
                "token:revoked", actor=actor, subject=("staff", token.staff_id), at=clock.now(), token=token.id,
                label=token.label,
            )  # fmt: skip
