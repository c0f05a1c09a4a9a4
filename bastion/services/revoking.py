"""Taking an agreed right back, or giving it back, within somebody's transaction; its live sessions end."""

from datetime import datetime

from bastion.domain.grant import Grant
from bastion.domain.parties import Actor
from bastion.services.decisions import explained
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Decision


async def revoke(
    uow: UnitOfWork,
    actor: Actor,
    grant: Grant,
    reason: str,
    now: datetime,
    decision: Decision | None = None,
    *,
    given_back: bool = False,
    **facts: object,
) -> Grant:
    """`decision`: the rules that let this person do it, where it is not the consequence of something else;
    `given_back`: it ends at the wish of those it was for.
    """
    saved = await uow.grants.save(grant.revoke(actor.name, reason, now, given_back=given_back))
    await uow.audit.append(
        "grant:given_back" if given_back else "grant:revoked", actor=actor, subject=("grant", grant.id),
        facility_id=grant.facility_id, at=now, why=reason, **facts, **(explained(decision) if decision else {}),
    )  # fmt: skip
    uow.hint("grant", grant.id)
    return saved
