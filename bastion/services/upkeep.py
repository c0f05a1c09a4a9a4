"""What the operator and the bastion's own clockwork do: marks of start and stop, new keys, and what doors forget."""

from dataclasses import replace
from typing import Final

from bastion import clock
from bastion.domain.parties import EVERYWHERE, Actor, Role
from bastion.errors import Forbidden
from bastion.services.attempts import CODE_SECONDS, FAILURE_WINDOW, KNOWN_FOR
from bastion.services.sealing import secret_aad, totp_aad
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from bastion.store.vault import Vault

STEPS_KEPT: Final = 10
"""Time steps for which a used code is remembered: more than any code is good for."""


class Upkeep:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def mark(self, actor: Actor, tag: str, **fields: str) -> None:
        """Append a fact about the bastion itself (`bastion:started`, `policy:loaded`, …)."""
        async with self._database.write() as uow:
            await uow.audit.append(tag, actor=actor, subject=("bastion", actor.name), at=clock.now(), **fields)

    async def forget_at_doors(self) -> None:
        """Forget what is of no use any more: tries, used codes, ended proofs, who signed in from where long ago."""
        now = clock.now()
        async with self._database.write() as uow:
            await uow.failures.forget(now - FAILURE_WINDOW)
            await uow.totp_uses.forget(int(now.timestamp()) // CODE_SECONDS - STEPS_KEPT)
            await uow.proofs.forget(now)
            await uow.web_sessions.forget(now - KNOWN_FOR)
            await uow.portal_sessions.forget(now - KNOWN_FOR)

    async def rotate_vault(self, actor: Actor) -> int:
        """Make a new master key, wrap every secret anew under it, forget the old one; return how many (T48)."""
        if not actor.covers(EVERYWHERE, Role.ADMIN):
            raise Forbidden(actor.login)
        key = self._vault.rotate()
        async with self._database.write() as uow:
            count = await self._rewrap(uow, key)
            await uow.audit.append(
                "vault:rotated", actor=actor, subject=("vault", key), at=clock.now(), secrets=str(count)
            )
        async with self._database.write() as uow:
            # Once more: what was sealed just before the rotation may have been committed just after the first pass.
            await self._rewrap(uow, key)
        self._vault.retire()
        return count

    async def _rewrap(self, uow: UnitOfWork, key: str) -> int:
        kept, people = await uow.secrets.all(), await uow.credentials.all()
        for row in kept:
            sealed = self._vault.rewrap(row.sealed, secret_aad(row.id))
            await uow.secrets.replace(replace(row, sealed=sealed, key_id=key))
        enrolled = [person for person in people if person.totp_sealed]
        for person in enrolled:
            sealed = self._vault.rewrap(person.totp_sealed, totp_aad(person.subject_id))
            await uow.credentials.put(replace(person, totp_sealed=sealed))
        return len(kept) + len(enrolled)
