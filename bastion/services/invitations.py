"""How a technician sets himself up: a link that works once gives him password, key and authenticator (T20, T51).

The same link serves a first time and after a loss: what it sets replaces what there was, and voids every session.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pyotp

from bastion import clock
from bastion.domain.credentials import Credential, SealedSecret
from bastion.domain.ids import new_id
from bastion.domain.parties import EVERYWHERE, Actor, ActorKind, Technician
from bastion.domain.portal import PortalInvitation
from bastion.errors import AuthenticationFailed, Forbidden, Invalid, LinkSpent, NotFound
from bastion.secret import Secret
from bastion.services.actors import technician_actor
from bastion.services.authentication import FIRST_CODE, Authentication, hash_token, matching_step
from bastion.services.enrolment import otpauth
from bastion.services.former_addresses import link_must_wait
from bastion.services.forms import need_admin_of, need_person
from bastion.services.joins import found
from bastion.services.keys import public_key
from bastion.services.passwords import check_password
from bastion.services.portal import drop_key, keep_key, speaks_for
from bastion.services.sealing import secret_aad, totp_aad
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from bastion.store.vault import Vault

LINK_LENGTH: Final = timedelta(hours=72)
DOOR: Final = "link"


@dataclass(frozen=True, slots=True)
class SetUp:
    """What the link opens: who it is for, the authenticator's address, and how many keys he has already."""

    technician: Technician
    authenticator: str
    keys: int


@dataclass(frozen=True, slots=True)
class Answers:
    """What the invited person gives. `fresh_start`: the keys there were are lost, forget them."""

    password: str
    code: str
    key: str = ""
    label: str = ""
    fresh_start: bool = False


class Invitations:
    def __init__(self, database: Database, vault: Vault, authentication: Authentication) -> None:
        self._database = database
        self._vault = vault
        self._authentication = authentication

    async def invite(self, actor: Actor, technician_id: str) -> str:
        """Return the secret of a new link, shown once; an earlier link of this person is void.

        For administrators of the group, and for the correspondent of the person's own company with a fresh code, unless
        the company has just changed that person's address.
        """
        async with self._database.write() as uow:
            technician = await self._invitable(uow, actor, technician_id)
            return await self._make(uow, actor, technician, clock.now())

    async def look(self, secret: str, source: str) -> SetUp:
        """What an open link shows until it is used; looking uses nothing up. Raises `LinkSpent`."""
        async with self._database.read() as uow:
            opened = await self._opens(uow, secret)
            if isinstance(opened, PortalInvitation):
                technician = found(await uow.technicians.get(opened.technician_id))
                authenticator = otpauth(await self._totp(uow, opened), technician.login)
                return SetUp(technician, authenticator, len(await uow.keys.of(technician.id)))
        raise await self._refused(secret, opened, source)

    async def accept(self, secret: str, answers: Answers, source: str) -> Technician:
        """Use the link up. Raises `LinkSpent`, `Invalid` for a key or a password, `AuthenticationFailed` for a code."""
        check_password(answers.password)
        given = public_key(answers.key) if answers.key.strip() else ""
        shown = await self.look(secret, source)
        if not given and (answers.fresh_start or not shown.keys):
            raise Invalid("key", field="key", sentence="Paste your SSH public key: without one you cannot work.")
        hashed = await self._authentication.passwords.hash(answers.password)
        async with self._database.write() as uow:
            opened = await self._opens(uow, secret)
            if isinstance(opened, PortalInvitation):
                return await self._set_up(uow, opened, answers, given, hashed, source)
        raise await self._refused(secret, opened, source)

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _invitable(self, uow: UnitOfWork, actor: Actor, technician_id: str) -> Technician:
        if actor.kind is ActorKind.TECHNICIAN:
            me, technician = await uow.technicians.get(actor.id), await uow.technicians.get(technician_id)
            if me is None or not await speaks_for(uow, me) or technician is None:
                raise NotFound(technician_id)
            if technician.supplier_id != me.supplier_id:
                raise NotFound(technician_id)
            self._authentication.require_fresh(actor)
            await _need_known_address(uow, technician)
        else:
            need_admin_of(actor, EVERYWHERE)
            need_person(actor)
            technician = found(await uow.technicians.get(technician_id), technician_id)
        supplier = found(await uow.suppliers.get(technician.supplier_id))
        if not (technician.usable(clock.now()) and supplier.under_contract(clock.now())):
            raise Invalid(technician.login, sentence="This account is out of use; nobody can be invited to it.")
        return technician

    async def _make(self, uow: UnitOfWork, actor: Actor, technician: Technician, now: datetime) -> str:
        secret, expires, kept_as = secrets.token_urlsafe(32), now + LINK_LENGTH, new_id(now)
        sealed = self._vault.seal(Secret.of(pyotp.random_base32()), secret_aad(kept_as))
        await uow.secrets.add(SealedSecret(kept_as, sealed, self._vault.key_ids[-1], now))
        await uow.portal_invitations.void(technician.id, now)
        await uow.portal_invitations.add(
            PortalInvitation(hash_token(secret), technician.id, kept_as, actor.name, now, expires)
        )
        await uow.audit.append(
            "portal:invited", actor=actor, subject=("technician", technician.id), at=now,
            expires=expires.isoformat(), login=technician.login, again=await _again(uow, technician),
        )  # fmt: skip
        return secret

    async def _opens(self, uow: UnitOfWork, secret: str) -> PortalInvitation | str:
        """The invitation, or why the link opens nothing."""
        invitation, now = await uow.portal_invitations.get(hash_token(secret)), clock.now()
        if invitation is None:
            return "unknown"
        technician = found(await uow.technicians.get(invitation.technician_id))
        supplier = found(await uow.suppliers.get(technician.supplier_id))
        in_use = technician.usable(now) and supplier.under_contract(now)
        return invitation.trouble(now) or (invitation if in_use else "account out of use")

    async def _totp(self, uow: UnitOfWork, invitation: PortalInvitation) -> str:
        sealed = found(await uow.secrets.get(invitation.secret_id))
        return self._vault.unseal(sealed.sealed, secret_aad(sealed.id)).reveal().decode()

    async def _set_up(
        self, uow: UnitOfWork, invitation: PortalInvitation, answers: Answers, given: str, hashed: str, source: str
    ) -> Technician:
        now = clock.now()
        technician, totp = found(await uow.technicians.get(invitation.technician_id)), await self._totp(uow, invitation)
        step = matching_step(totp, answers.code, now)
        if step is None or not await uow.totp_uses.consume(technician.id, step):
            raise AuthenticationFailed("first code", sentence=FIRST_CODE)
        if not await uow.portal_invitations.use(invitation.id, now):
            raise LinkSpent("used")  # two at once: one wins, the other is told
        sealed, again = self._vault.seal(Secret.of(totp), totp_aad(technician.id)), await _again(uow, technician)
        await uow.credentials.put(Credential(technician.id, hashed, sealed, now, now, now))
        await uow.portal_sessions.end(now, technician_id=technician.id)
        await uow.supplier_tokens.revoke(now, technician_id=technician.id)
        await uow.proofs.revoke_technician(technician.id)
        actor = technician_actor(technician, source, now)
        if answers.fresh_start:
            for key in await uow.keys.of(technician.id):
                await drop_key(uow, actor, technician, key, now)
        if given:
            await keep_key(uow, actor, technician, given, answers.label, now)
        await uow.audit.append(
            "portal:enrolled", actor=actor, subject=("technician", technician.id), at=now, login=technician.login,
            again=again, invited_by=invitation.made_by,
        )  # fmt: skip
        return technician

    async def _refused(self, secret: str, why: str, source: str) -> LinkSpent:
        """Keep that a link was tried that opens nothing. Who tries one after the other is slowed down (T28)."""
        await self._authentication.attempts.count(f"link {hash_token(secret)[:12]}", source, DOOR)
        await self._authentication.refused("", source, DOOR, "link", why)
        return LinkSpent(why)


async def _need_known_address(uow: UnitOfWork, technician: Technician) -> None:
    """A company that has just changed the address of somebody who is set up does not set him up anew: whoever warns him
    would write to the new one. The hospital may, and nobody has to wait who had nothing to lose yet.
    """
    if await _again(uow, technician) and await link_must_wait(uow, technician.id, clock.now()):
        raise Forbidden(
            technician.login,
            sentence="The mail address of this person was changed less than three days ago. Until then only the "
            "hospital makes a link that replaces what he has; ask it for one.",
        )


async def _again(uow: UnitOfWork, technician: Technician) -> str:
    """Whether this person had a factor already, which the link replaces: for the trail."""
    credential = await uow.credentials.get(technician.id)
    return "yes" if credential is not None and (credential.totp_sealed or credential.password_hash) else ""
