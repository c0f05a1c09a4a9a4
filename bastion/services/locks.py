"""The kill switch: stop everything, a supplier, a person or a device, and lift it again (R-64)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bastion import clock
from bastion.domain.device import Device
from bastion.domain.grant import Grant
from bastion.domain.ids import new_id
from bastion.domain.lock import Lock, LockScope, Subject
from bastion.domain.parties import Actor, Supplier, Technician
from bastion.domain.stretch import OVER
from bastion.errors import IllegalTransition, Invalid
from bastion.services import reasons
from bastion.services.authentication import Authentication
from bastion.services.decisions import Decisions, explained
from bastion.services.joins import Joins, found
from bastion.services.revoking import revoke_all
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Action

MOMENT: Final = timedelta(minutes=1)
_NOUNS: Final = {LockScope.SUPPLIER: "supplier", LockScope.TECHNICIAN: "technician", LockScope.DEVICE: "device"}


@dataclass(frozen=True, slots=True)
class Cut:
    """A lock in force and what it names: nothing where it is everything, or of a hospital that the reader has not."""

    lock: Lock
    supplier: Supplier | None = None
    technician: Technician | None = None
    device: Device | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """What a cut stopped when it was imposed: sessions at work, and authorisations, of which some were only planned."""

    sessions: int
    grants: int
    planned: int


class Locks:
    def __init__(self, database: Database, decisions: Decisions, authentication: Authentication) -> None:
        self._database = database
        self._decisions = decisions
        self._authentication = authentication

    async def impose(
        self, actor: Actor, scope: LockScope, subject_code: str, reason: str, until: datetime | None = None
    ) -> Lock:
        """Stop `subject_code` (a supplier's or device's code, a technician's login; empty for all).

        Grants that it hits are revoked, live sessions end, and none can open until a named person lifts it. The same
        sent again within `MOMENT` is the one that stands: a cut is never refused, and one lift must undo it.
        """
        said = reasons.for_everyone(reason, "reason")
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()
            now = clock.now()
            if until is not None and until <= now:  # whoever sends it would believe that something was cut
                raise Invalid("until", field="until", sentence=OVER)
            rules = self._required(actor, now)
            subject_id = await _subject_id(uow, scope, subject_code)
            lock = Lock(new_id(now), scope, subject_id, said, actor.name, now, until)
            stand = [one for one in await uow.locks.unlifted() if one.active(now)]
            standing = next((one for one in stand if _sent_again(one, lock)), None)
            if standing is not None:
                return standing
            await uow.locks.add(lock)
            await uow.audit.append(
                "lock:imposed", actor=actor, subject=("lock", lock.id), at=now, scope=scope, why=lock.reason,
                until=until.isoformat() if until else "", subject_code=subject_code, **rules,
            )  # fmt: skip
            await self._revoke_grants(uow, actor, lock, now)
            await _sign_out(uow, lock, now)
            uow.hint("lock", lock.id)
        return lock

    async def stopped(self, lock: Lock) -> Stopped:
        """What was at work or agreed to when it was imposed, and ended by it."""
        at = lock.imposed_at
        async with self._database.read() as uow:
            grants = await uow.grants.revoked_at(at)
            sessions = await uow.sessions.of_grants([one.id for one in grants])
        return Stopped(
            sum(one.ended_at is None or one.ended_at >= at for one in sessions),
            len(grants),
            sum(one.start > at for one in grants),
        )

    async def lift(self, actor: Actor, lock_id: str, why: str) -> Lock:
        said = reasons.for_the_record(why, "why")
        self._authentication.require_fresh(actor)
        now = clock.now()
        async with self._database.write() as uow:
            rules = self._required(actor, now)
            lock = found(await uow.locks.get(lock_id))
            if not lock.active(now):
                raise IllegalTransition(lock_id, state="lifted")
            lifted = await uow.locks.save(_lifted(lock, actor, now))
            await uow.audit.append(
                "lock:lifted", actor=actor, subject=("lock", lock.id), at=now, scope=lock.scope, why=said,
                subject_code=lock.subject_id, **rules,
            )  # fmt: skip
            uow.hint("lock", lock.id)
        return lifted

    async def active(self, _actor: Actor) -> list[Lock]:
        """What is cut now; everybody in the hospital may know."""
        return await self.view()

    async def named(self, actor: Actor) -> list[Cut]:
        """The same with what each names, for a list."""
        locks = await self.view()
        async with self._database.read() as uow:
            joins = Joins(uow)
            for scope, noun in _NOUNS.items():
                await joins.know(noun, (lock.subject_id for lock in locks if lock.scope is scope))
            await joins.know("supplier", [one.supplier_id for one in await _people(joins, locks)])
            return [await _cut(joins, actor, lock) for lock in locks]

    async def view(self) -> list[Lock]:
        """The locks in force, as a node that carries sessions reads them."""
        now = clock.now()
        async with self._database.read() as uow:
            return [lock for lock in await uow.locks.unlifted() if lock.active(now)]

    def _required(self, actor: Actor, now: datetime) -> dict[str, str]:
        """The rules that let him cut and restore, for the trail."""
        return explained(self._decisions.require_about(Action.LOCK, actor, None, now))

    async def _revoke_grants(self, uow: UnitOfWork, actor: Actor, lock: Lock, now: datetime) -> None:
        hit = [g for g in await uow.grants.unfinished(now) if lock.hits(_subject(g))]
        await revoke_all(uow, actor, hit, lock.reason, now)


async def _people(joins: Joins, locks: Sequence[Lock]) -> list[Technician]:
    return [await joins.technician(lock.subject_id) for lock in locks if lock.scope is LockScope.TECHNICIAN]


async def _cut(joins: Joins, actor: Actor, lock: Lock) -> Cut:
    if lock.scope is LockScope.SUPPLIER:
        return Cut(lock, await joins.supplier(lock.subject_id))
    if lock.scope is LockScope.TECHNICIAN:
        person = await joins.technician(lock.subject_id)
        return Cut(lock, await joins.supplier(person.supplier_id), person)
    if lock.scope is LockScope.DEVICE:
        device = await joins.device(lock.subject_id)
        return Cut(lock, device=device if actor.covers(device.facility_id) else None)
    return Cut(lock)


def _sent_again(standing: Lock, lock: Lock) -> bool:
    """Whether `lock` says what the same person has said a moment ago; an end counts from each click anew."""
    same = all(
        getattr(standing, name) == getattr(lock, name) for name in ("scope", "subject_id", "reason", "imposed_by")
    )
    ends = (
        (standing.until or standing.imposed_at) - standing.imposed_at,
        (lock.until or lock.imposed_at) - lock.imposed_at,
    )
    return same and lock.imposed_at - standing.imposed_at < MOMENT and abs(ends[0] - ends[1]) < MOMENT


def _lifted(lock: Lock, actor: Actor, now: datetime) -> Lock:
    return Lock(
        lock.id, lock.scope, lock.subject_id, lock.reason, lock.imposed_by, lock.imposed_at, lock.until, now, actor.name
    )


async def _sign_out(uow: UnitOfWork, lock: Lock, now: datetime) -> None:
    """Whoever the cut names is out of the suppliers' web door, and stays out when it is lifted (T25)."""
    if lock.scope is LockScope.TECHNICIAN:
        await uow.portal_sessions.end(now, technician_id=lock.subject_id)
    elif lock.scope is LockScope.SUPPLIER:
        await uow.portal_sessions.end(now, supplier_id=lock.subject_id)
    elif lock.scope is LockScope.ALL:
        await uow.portal_sessions.end(now)


def _subject(grant: Grant) -> Subject:
    return Subject(grant.technician_id, grant.supplier_id, grant.device_id)


async def _subject_id(uow: UnitOfWork, scope: LockScope, code: str) -> str:
    if scope is LockScope.ALL:
        return ""
    subject = await _subject_named(uow, scope, code)
    if subject is None:
        raise Invalid(
            code, field="subject", sentence="There is nothing here under that name, or it is not yours to see."
        )
    return subject.id


async def _subject_named(uow: UnitOfWork, scope: LockScope, code: str) -> Supplier | Device | Technician | None:
    if scope is LockScope.SUPPLIER:
        return await uow.suppliers.by_code(code)
    if scope is LockScope.DEVICE:
        return await uow.devices.by_code(code)
    return await uow.technicians.by_login(code)
