"""Taking back, within somebody's transaction, what was agreed to, by which live sessions end, and what still waits."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.grant import Grant
from bastion.domain.own_words import ITS_GRANT_OVER, NOBODY_ANSWERS
from bastion.domain.parties import Actor
from bastion.services.decisions import explained
from bastion.services.joins import found
from bastion.services.requests import audit_decision, person
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
    agreed_id: str = "",
    **facts: object,
) -> Grant:
    """`decision`: the rules that let this person do it, where it is not the consequence of something else;
    `given_back`: it ends at the wish of those it was for; `agreed_id`: the request by whose agreement it ends.

    What was asked about it, more time or that a colleague takes over, waits no longer.
    """
    saved = await uow.grants.save(grant.revoke(actor.name, reason, now, given_back=given_back))
    told = facts | (explained(decision) if decision else {})
    await _tell(uow, actor, saved, now, **told)
    await _withdraw_what_waits(uow, actor, [grant], agreed_id, now)
    return saved


async def revoke_all(uow: UnitOfWork, actor: Actor, grants: Sequence[Grant], reason: str, now: datetime) -> None:
    """The same as the consequence of something else, for as many as that hits, which the caller holds: all at once,
    since the sessions under them go on until it is committed (R-64).
    """
    revoked = [grant.revoke(actor.name, reason, now) for grant in grants]
    await uow.grants.save_revoked(revoked)
    for grant in revoked:
        await _tell(uow, actor, grant, now)
    await _withdraw_what_waits(uow, actor, grants, "", now)


async def _tell(uow: UnitOfWork, actor: Actor, revoked: Grant, now: datetime, **facts: object) -> None:
    await uow.audit.append(
        "grant:given_back" if revoked.given_back else "grant:revoked", actor=actor, subject=("grant", revoked.id),
        facility_id=revoked.facility_id, at=now, why=revoked.revoke_reason, **facts,
    )  # fmt: skip
    uow.hint("grant", revoked.id)


async def _withdraw_what_waits(
    uow: UnitOfWork, actor: Actor, grants: Sequence[Grant], agreed_id: str, now: datetime
) -> None:  # fmt: skip
    waiting = await uow.requests.waiting_on([grant.id for grant in grants], now)
    await withdraw(uow, actor, [one.id for one in waiting if one.id != agreed_id], ITS_GRANT_OVER, now)


async def withdraw_more_time(uow: UnitOfWork, actor: Actor, grant_ids: Sequence[str], now: datetime) -> None:
    """Withdraw what waits for more time under authorisations for which nobody answers any more: nobody can agree to
    it, and while it waits its technician could not ask for the work anew (R-38).
    """
    waiting = await uow.requests.waiting_on(grant_ids, now)
    await withdraw(uow, actor, [one.id for one in waiting if one.extends_grant_id], NOBODY_ANSWERS, now)


async def withdraw(
    uow: UnitOfWork, actor: Actor, request_ids: Iterable[str], note: str, now: datetime
) -> list[AccessRequest]:  # fmt: skip
    """Withdraw those of these requests that still wait, read anew within the transaction; return them."""
    held = [found(await uow.requests.get(ident)) for ident in request_ids]
    saved = []
    for one in held:
        if one.state(now) is RequestState.PENDING:
            saved.append(await uow.requests.save(one.withdraw(person(actor), note, now)))
            await audit_decision(uow, "request:withdrawn", actor, saved[-1], now, note=note)
    return saved
