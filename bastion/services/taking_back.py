"""Taking back what was asked for, and giving back what was granted (R-24)."""

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.grant import Grant
from bastion.domain.parties import Actor
from bastion.errors import NotFound
from bastion.services import reasons
from bastion.services.decisions import Decisions
from bastion.services.joins import found
from bastion.services.requests import audit_decision, person
from bastion.services.revoking import revoke
from bastion.store.database import Database
from policies.model import Action


class TakingBack:
    def __init__(self, database: Database, decisions: Decisions) -> None:
        self._database = database
        self._decisions = decisions

    async def withdraw(self, actor: Actor, request_id: str, note: str = "") -> AccessRequest:
        """Take a pending request back; the technician himself, or whoever made it for him."""
        note = reasons.note(note)
        async with self._database.write() as uow:
            await uow.locks.hold()
            now = clock.now()  # after the wait, in which it may have lapsed
            request = found(await uow.requests.get(request_id))
            if actor.id not in {request.technician_id, request.created_by.id}:
                raise NotFound(request_id)
            saved = await uow.requests.save(request.withdraw(person(actor), note, now))
            await audit_decision(uow, "request:withdrawn", actor, saved, now, note=note)
        return saved

    async def give_back(self, actor: Actor, grant_id: str, reason: str = "") -> Grant:
        """End an authorisation that is not wanted, or no longer; its live sessions end. The technician himself, whoever
        asked for him, or on the supplier's behalf somebody of the hospital who may end it.
        """
        said = reasons.note(reason, "reason")
        async with self._database.write() as uow:
            await uow.locks.hold()
            now = clock.now()
            grant = found(await uow.grants.get(grant_id), grant_id)
            request = found(await uow.requests.get(grant.request_id))
            mine = actor.id in {grant.technician_id, request.created_by.id}
            if not mine and not actor.covers(grant.facility_id):
                raise NotFound(grant_id)
            device = found(await uow.devices.get(grant.device_id))
            decision = None if mine else self._decisions.require_about(Action.INTERRUPT, actor, device, now)
            return await revoke(uow, actor, grant, said, now, decision, given_back=True, behalf="" if mine else "yes")
