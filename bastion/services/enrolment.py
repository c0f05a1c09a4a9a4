"""How people get their first password and their authenticator: one-time secrets, never defaults (T51)."""

import json
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pyotp

from bastion import clock
from bastion.domain.credentials import Credential, SealedSecret
from bastion.domain.ids import new_id
from bastion.domain.parties import EVERYWHERE, Actor, Role, Staff, assigned
from bastion.errors import AuthenticationFailed, Conflict, LinkSpent
from bastion.secret import Secret
from bastion.services.actors import staff_actor
from bastion.services.authentication import (
    FIRST_CODE,
    Authentication,
    end_web_sessions,
    hash_token,
    matching_step,
    revoke_tokens,
)
from bastion.services.forms import need_admin, need_admin_of, need_person
from bastion.services.joins import found
from bastion.services.passwords import check_password
from bastion.services.sealing import secret_aad, totp_aad
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from bastion.store.vault import Vault

INVITATION_LENGTH = timedelta(hours=72)
ISSUER = "Bastion"
DOOR: Final = "setup"
SPENT: Final = (
    "This one-time secret opens nothing: it was used already, has expired or was replaced. Ask an administrator for a "
    "new one."
)


class Enrolment:
    def __init__(self, database: Database, vault: Vault, authentication: Authentication) -> None:
        self._database = database
        self._vault = vault
        self._authentication = authentication

    # -- staff ---------------------------------------------------------------------------------------------------------
    async def first_administrator(self, actor: Actor, login: str, name: str) -> str:
        """Make the first administrator and return the one-time secret to enrol with. Raises `Conflict` later on."""
        now = clock.now()
        async with self._database.write() as uow:
            if await uow.staff.all():
                raise Conflict("staff exist", sentence="This bastion is set up already. Invite people in the console.")
            admin = Staff(new_id(now), login, name, "", assigned({Role.ADMIN}, {EVERYWHERE}))
            await uow.staff.add(admin)
            await uow.audit.append("bastion:initialised", actor=actor, subject=("staff", admin.id), at=now)
            return await self._invite(uow, actor, admin, now)

    async def invite(self, actor: Actor, staff_id: str) -> str:
        """Return a one-time secret with which a staff member sets password and authenticator anew."""
        need_admin(actor)
        need_person(actor)
        async with self._database.write() as uow:
            staff = found(await uow.staff.get(staff_id))
            need_admin_of(actor, *staff.facilities)
            return await self._invite(uow, actor, staff, clock.now())

    async def begin(self, secret: str, source: str) -> tuple[Staff, str]:
        """Show an invitation until it is used: who it is for, and the authenticator address to scan. `LinkSpent`: it
        opens nothing.
        """
        staff, totp = await self._shown(secret, source)
        return staff, otpauth(totp, staff.login)

    async def finish(self, secret: str, password: str, code: str, source: str) -> Staff:
        """Use the invitation up: keep the password and the authenticator once its first code is right."""
        check_password(password)
        await self._shown(secret, source)  # nobody without an invitation costs us a hash
        hashed = await self._authentication.passwords.hash(password)
        async with self._database.write() as uow:
            await uow.locks.hold()  # of two at once one wins, the other is told
            opened = await self._invited(uow, secret)
            if not isinstance(opened, str):
                return await self._set_up(uow, secret, opened, hashed, code, source)
        raise await self._refused(secret, opened, source)

    # -- technicians ---------------------------------------------------------------------------------------------------
    async def technician_totp(self, actor: Actor, technician_id: str) -> str:
        """Make a new authenticator secret for a technician; return its address, shown once. The old one is void."""
        need_admin_of(actor, EVERYWHERE)
        need_person(actor)
        now, totp = clock.now(), pyotp.random_base32()
        async with self._database.write() as uow:
            technician = found(await uow.technicians.get(technician_id))
            credential = await uow.credentials.get(technician.id) or Credential(technician.id)
            sealed = self._vault.seal(Secret.of(totp), totp_aad(technician.id))
            await uow.credentials.put(
                replace(credential, totp_sealed=sealed, totp_enrolled_at=now, totp_proved_at=None)
            )
            await uow.portal_sessions.end(now, technician_id=technician.id)
            await uow.supplier_tokens.revoke(now, technician_id=technician.id)
            await uow.proofs.revoke_technician(technician.id)
            await uow.audit.append(
                "auth:totp_enrolled", actor=actor, subject=("technician", technician.id), at=now, who=technician.id
            )
        return otpauth(totp, technician.login)

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _shown(self, secret: str, source: str) -> tuple[Staff, str]:
        async with self._database.read() as uow:
            opened = await self._invited(uow, secret)
        if isinstance(opened, str):
            raise await self._refused(secret, opened, source)
        return opened

    async def _set_up(
        self, uow: UnitOfWork, secret: str, opened: tuple[Staff, str], hashed: str, code: str, source: str
    ) -> Staff:
        (staff, totp), now = opened, clock.now()
        step = matching_step(totp, code, now)
        if step is None or not await uow.totp_uses.consume(staff.id, step):
            raise AuthenticationFailed("first code", sentence=FIRST_CODE)
        sealed = self._vault.seal(Secret.of(totp), totp_aad(staff.id))
        await uow.credentials.put(Credential(staff.id, hashed, sealed, now, now, now))
        await uow.settings.put(_setting(secret), "")
        await end_web_sessions(uow, staff.id, now)
        await revoke_tokens(uow, staff.id, now)
        actor = staff_actor(staff, source, None)
        await uow.audit.append(
            "enrolment:completed", actor=actor, subject=("staff", staff.id), at=now, login=staff.login
        )
        return staff

    async def _invite(self, uow: UnitOfWork, actor: Actor, staff: Staff, now: datetime) -> str:
        secret, expires = secrets.token_urlsafe(24), now + INVITATION_LENGTH
        kept_as = new_id(now)
        sealed = self._vault.seal(Secret.of(pyotp.random_base32()), secret_aad(kept_as))
        await uow.secrets.add(SealedSecret(kept_as, sealed, self._vault.key_ids[-1], now))
        invitation = {"staff": staff.id, "expires": expires.isoformat(), "totp": kept_as}
        await uow.settings.put(_setting(secret), json.dumps(invitation))
        await uow.settings.put(_newest(staff.id), _setting(secret))  # an older one is void from here on
        await uow.audit.append(
            "enrolment:invited", actor=actor, subject=("staff", staff.id), at=now, expires=expires.isoformat(),
            login=staff.login,
        )  # fmt: skip
        return secret

    async def _invited(self, uow: UnitOfWork, secret: str) -> tuple[Staff, str] | str:
        """Whom the invitation is for, and the authenticator it offers; or why it opens nothing."""
        kept = await uow.settings.get(_setting(secret))
        if not kept:
            return "unknown" if kept is None else "used"
        invitation = json.loads(kept)
        staff = await uow.staff.get(invitation["staff"])
        if staff is None or not staff.active:
            return "account out of use"
        if await uow.settings.get(_newest(staff.id)) != _setting(secret):
            return "replaced or taken back"
        if clock.now() >= datetime.fromisoformat(invitation["expires"]):
            return "expired"
        sealed = found(await uow.secrets.get(invitation["totp"]))
        return staff, self._vault.unseal(sealed.sealed, secret_aad(sealed.id)).reveal().decode()

    async def _refused(self, secret: str, why: str, source: str) -> LinkSpent:
        """Keep that an invitation was tried that opens nothing; who tries one after the other is slowed down (T28)."""
        await self._authentication.attempts.count(f"link {hash_token(secret)[:12]}", source, DOOR)
        await self._authentication.refused("", source, DOOR, "link", why)
        return LinkSpent(why, sentence=SPENT)


def otpauth(secret: str, login: str) -> str:
    """The address an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def _setting(secret: str) -> str:
    return f"invitation:{hash_token(secret)}"


def _newest(staff_id: str) -> str:
    return f"invited:{staff_id}"
