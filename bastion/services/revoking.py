"""Taking an agreed right back, within somebody's transaction; its live sessions end."""

from datetime import datetime

from bastion.domain.grant import Grant
from bastion.domain.parties import Actor
from bastion.store.unit_of_work import UnitOfWork


async def revoke(uow: UnitOfWork, actor: Actor, grant: Grant, reason: str, now: datetime) -> Grant:
    saved = await uow.grants.save(grant.revoke(actor.name, reason, now))
    await uow.audit.append(
        "grant:revoked", actor=actor, subject=("grant", grant.id), facility_id=grant.facility_id, at=now, why=reason,
    )  # fmt: skip
    uow.hint("grant", grant.id)
    return saved
