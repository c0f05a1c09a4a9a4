"""Taking back, within somebody's transaction, what was agreed to, by which live sessions end, and what still waits."""

from collections.abc import Iterable
from datetime import datetime

from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.grant import Grant
from bastion.domain.own_words import ITS_GRANT_OVER
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
    await uow.audit.append(
        "grant:given_back" if given_back else "grant:revoked", actor=actor, subject=("grant", grant.id),
        facility_id=grant.facility_id, at=now, why=reason, **facts, **(explained(decision) if decision else {}),
    )  # fmt: skip
    uow.hint("grant", grant.id)
    await _withdraw_what_waits(uow, actor, grant, agreed_id, now)
    return saved


async def _withdraw_what_waits(uow: UnitOfWork, actor: Actor, grant: Grant, agreed_id: str, now: datetime) -> None:
    for one in await uow.requests.waiting_on(grant.id, now):
        if one.id != agreed_id:
            await withdraw(uow, actor, [one.id], ITS_GRANT_OVER, now)


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
