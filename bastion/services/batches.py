"""Requests that were made at once: decided on in one act, each by itself, and taken back together (R-25).

One act is as many decisions: each goes the way of any other, with its own version, policy and trail, and one that
fails does not undo the others. Whoever sees none of them is told of none.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bastion import clock
from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.conditions import PLAIN, Terms
from bastion.domain.device import Device
from bastion.domain.parties import Actor
from bastion.domain.timebox import whole_minutes
from bastion.errors import BastionError, Conflict, NotFound, Unavailable
from bastion.i18n import sentence
from bastion.services import reasons
from bastion.services.approvals import Approvals
from bastion.services.authentication import Authentication
from bastion.services.joins import Joins
from bastion.services.requests import check_minutes, may_see
from bastion.services.revoking import withdraw
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

Decide = Callable[[AccessRequest, int], Awaitable[AccessRequest]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of them; `why_not` is empty when it was decided on as wished."""

    request: AccessRequest
    device: Device
    why_not: str = ""
    followed: bool = False
    """Whether somebody of the hospital must follow what was agreed to (R-34)."""

    @property
    def lacking(self) -> int:
        """How many more people must agree to it, where it was agreed to and still waits."""
        waits = not self.why_not and self.request.stored_state is RequestState.PENDING
        return self.request.missing if waits else 0


class Batches:
    def __init__(self, database: Database, approvals: Approvals, authentication: Authentication) -> None:
        self._database = database
        self._approvals = approvals
        self._authentication = authentication

    async def of(self, actor: Actor, batch_id: str) -> list[AccessRequest]:
        """Those the actor may see; `NotFound` for a batch of which he sees none."""
        async with self._database.read() as uow:
            return await _seen(uow, actor, batch_id)

    async def approve(
        self, actor: Actor, batch_id: str, versions: Mapping[str, int], minutes: int, note: str, terms: Terms = PLAIN,
        *, not_caller: bool = False,
    ) -> list[Outcome]:  # fmt: skip
        """Agree to those that `versions` names, each as it was read; to no more minutes than each may last."""
        check_minutes(minutes)

        async def decide(one: AccessRequest, version: int) -> AccessRequest:
            length = min(minutes, whole_minutes(min(one.wanted, one.agreed)))
            return await self._approvals.approve(
                actor, one.id, version, length, note, terms, not_caller=not_caller
            )  # fmt: skip

        return await self._each(actor, batch_id, versions, decide)

    async def deny(self, actor: Actor, batch_id: str, versions: Mapping[str, int], note: str) -> list[Outcome]:
        """Refuse those that `versions` names, with the reason the technician will read."""
        reasons.for_the_technician(note, "note")

        async def decide(one: AccessRequest, version: int) -> AccessRequest:
            return await self._approvals.deny(actor, one.id, version, note)

        return await self._each(actor, batch_id, versions, decide)

    async def withdraw(self, actor: Actor, batch_id: str, note: str = "") -> list[AccessRequest]:
        """Take back all of one's own that still wait."""
        note = reasons.note(note)
        async with self._database.write() as uow:
            await uow.locks.hold()
            now = clock.now()
            mine = [
                one for one in await uow.requests.of_batch(batch_id)
                if actor.id in {one.technician_id, one.created_by.id}
            ]  # fmt: skip
            if not mine:
                raise NotFound(batch_id)
            waiting = [one for one in mine if one.state(now) is RequestState.PENDING]
            saved = await withdraw(uow, actor, [one.id for one in waiting], note, now)
            if not saved:  # nor, perhaps, since a moment ago: somebody else was at it
                raise Conflict(batch_id, sentence="None of these requests waits any more.")
        return saved

    async def _each(
        self, actor: Actor, batch_id: str, versions: Mapping[str, int], decide: Decide
    ) -> list[Outcome]:  # fmt: skip
        self._authentication.require_fresh(actor)
        async with self._database.read() as uow:
            known = {one.id: one for one in await _seen(uow, actor, batch_id)}
            if not versions or not versions.keys() <= known.keys():
                raise NotFound(batch_id)
            joins = Joins(uow)
            await joins.know("device", (one.device_id for one in known.values()))
            devices = {ident: await joins.device(known[ident].device_id) for ident in versions}
        outcomes = []
        for ident, version in versions.items():
            try:
                made = await decide(known[ident], version)
                followed = await self._approvals.followed(made)
                outcomes.append(Outcome(made, devices[ident], followed=followed))
            except Unavailable:
                raise
            except BastionError as problem:
                outcomes.append(Outcome(known[ident], devices[ident], sentence(problem, actor.language)))
        return outcomes


async def _seen(uow: UnitOfWork, actor: Actor, batch_id: str) -> list[AccessRequest]:
    rows = [one for one in await uow.requests.of_batch(batch_id) if may_see(actor, one)]
    if not rows:
        raise NotFound(batch_id)
    return rows
