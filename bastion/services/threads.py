"""Question and answer on a request that waits, each step in the trail; whoever looks at it reads it at once (R-25)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, ActorKind
from bastion.domain.remark import Remark, Side, checked, open_questions
from bastion.errors import Conflict, NotFound
from bastion.services.decisions import Decisions, explained
from bastion.services.joins import Joins, found
from bastion.services.requests import audit_decision, may_see
from bastion.services.twice import need_first
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Decision

SPEAKERS: Final = (ActorKind.STAFF, ActorKind.TECHNICIAN)
READERS: Final = (*SPEAKERS, ActorKind.OPERATOR)
"""Whoever is at the machine itself reads, and says nothing in nobody's name."""


class Threads:
    def __init__(self, database: Database, decisions: Decisions) -> None:
        self._database = database
        self._decisions = decisions

    async def ask(self, actor: Actor, request_id: str, text: str) -> Remark:
        """Ask whoever made the request. Only who may decide on it asks; it decides nothing, so no code is needed."""
        now = clock.now()
        async with self._database.write() as uow:
            request = await _seen(uow, actor, request_id)
            device = found(await uow.devices.get(request.device_id))
            emergency = await Joins(uow).emergency(request)
            decision = self._decisions.require_approve(actor, request, device, now, emergency)
            return await _write(uow, actor, request, Side.HOSPITAL, text, now, decision)

    async def answer(self, actor: Actor, request_id: str, text: str) -> Remark:
        """Answer the open question: the technician himself, or whoever asked in his name."""
        now = clock.now()
        async with self._database.write() as uow:
            request = await _seen(uow, actor, request_id)
            if actor.id not in {request.technician_id, request.created_by.id}:
                raise NotFound(request_id)
            return await _write(uow, actor, request, Side.ASKER, text, now)

    async def of(self, actor: Actor, request_id: str) -> list[Remark]:
        """What was asked and answered, the first entry first."""
        async with self._database.read() as uow:
            return await uow.remarks.of((await _seen(uow, actor, request_id, *READERS)).id)

    async def asked(self, actor: Actor, requests: Iterable[AccessRequest]) -> dict[str, Remark]:
        """The newest open question on each of these requests that wait, by id: for a list of one's own."""
        now = clock.now()
        waiting = [one.id for one in requests if may_see(actor, one) and one.state(now) is RequestState.PENDING]
        async with self._database.read() as uow:
            threads = await uow.remarks.of_several(waiting)
        return {ident: questions[-1] for ident, thread in threads.items() if (questions := open_questions(thread))}


async def _seen(uow: UnitOfWork, actor: Actor, request_id: str, *kinds: ActorKind) -> AccessRequest:
    """The request, for whoever may see it and is of one of these kinds; usually of those who may speak."""
    request = found(await uow.requests.get(request_id), request_id)
    if not may_see(actor, request) or actor.kind not in (kinds or SPEAKERS):
        raise NotFound(request_id)
    return request


async def _write(
    uow: UnitOfWork, actor: Actor, request: AccessRequest, side: Side, text: str, now: datetime,
    decision: Decision | None = None,
) -> Remark:  # fmt: skip
    if request.state(now) is not RequestState.PENDING:
        raise Conflict("decided", sentence="This request waits no longer; there is nothing left to ask or answer.")
    thread = await uow.remarks.of(request.id)
    said = checked(text, side, thread)
    remark = Remark(new_id(now), request.id, side, actor.id, actor.name, now, said)
    need_first(remark, open_questions(thread), "author_id", "text")
    await uow.remarks.add(remark)
    tag = "request:question" if side is Side.HOSPITAL else "request:answer"
    by = explained(decision) if decision else {}
    await audit_decision(uow, tag, actor, request, now, note=said, **by)
    return remark
