"""Off-boarding somebody of a supplier: one act, after which nothing of his opens anything (R-18)."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from bastion.domain.access_request import RequestState
from bastion.domain.grant import GrantStatus
from bastion.domain.own_words import LEFT_SUPPLIER
from bastion.domain.parties import Actor, Technician
from bastion.services.joins import found
from bastion.services.revoking import revoke_all, withdraw
from bastion.store.unit_of_work import UnitOfWork

MOST: Final = 500
"""Requests of one person looked through for some that still wait; the newest come first."""


async def depart(uow: UnitOfWork, actor: Actor, who: Technician, why: str, now: datetime) -> Technician:
    """Close the account, void keys and authenticator, take back what was asked and agreed; sessions end by it.

    Within the caller's transaction, who holds the locks and has made sure that `actor` may. Somebody who is gone
    already stays gone: whatever of his is still there goes too, and if nothing is, the trail has said so already.
    """
    gone = replace(who, active=False)
    await uow.technicians.save(gone)
    keys = await uow.keys.of(who.id)
    for key in keys:
        await uow.keys.remove(key.id)
    credential = await uow.credentials.get(who.id)
    if credential is not None:
        await uow.credentials.put(
            replace(credential, totp_sealed=b"", totp_enrolled_at=None, totp_proved_at=None, password_hash="")
        )
    await uow.portal_sessions.end(now, technician_id=who.id)
    await uow.supplier_tokens.revoke(now, technician_id=who.id)
    await uow.portal_invitations.void(who.id, now)
    await uow.correspondents.remove(who.id)
    requests = await _withdraw_requests(uow, actor, who, now)
    grants = await _revoke_grants(uow, actor, who, now)
    if who.active or keys or grants or requests or not await _gone_before(uow, who):
        await uow.audit.append(
            "technician:left", actor=actor, subject=("technician", who.id), at=now, grants=grants, requests=requests,
            login=who.login, why=why,
        )  # fmt: skip
    return gone


async def _gone_before(uow: UnitOfWork, who: Technician) -> bool:
    return bool(await uow.audit.search(tag_prefix="technician:left", subject_id=who.id, limit=1))


async def _revoke_grants(uow: UnitOfWork, actor: Actor, who: Technician, now: datetime) -> int:
    held = [found(await uow.grants.get(one.id)) for one in await uow.grants.of_technician(who.id, now)]
    standing = [one for one in held if one.status(now) in {GrantStatus.OPEN, GrantStatus.SCHEDULED}]
    await revoke_all(uow, actor, standing, LEFT_SUPPLIER, now)
    for grant in standing:
        await uow.proofs.revoke_grant(grant.id)
    return len(standing)


async def _withdraw_requests(uow: UnitOfWork, actor: Actor, who: Technician, now: datetime) -> int:
    seen = [one for one in await uow.requests.of_technician(who.id, MOST) if one.state(now) is RequestState.PENDING]
    return len(await withdraw(uow, actor, [one.id for one in seen], LEFT_SUPPLIER, now))
