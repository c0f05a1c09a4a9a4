"""Derogations for old devices: an administrator makes them and takes them back (R-10)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain.derogation import WARN_BEFORE, Derogation, DerogationKind, checked
from bastion.domain.device import Device
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, Role
from bastion.errors import Invalid, NotFound
from bastion.services import reasons
from bastion.services.authentication import Authentication
from bastion.services.forms import MAX_NAME, need_admin, need_reader, plain
from bastion.services.joins import found
from bastion.services.twice import need_first
from bastion.services.views import DerogationView
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

SAID: Final = ("kind", "algorithms", "owner", "reason", "ends", "withdrawn_at")
"""What makes two derogations the same one, written twice."""


@dataclass(frozen=True, slots=True)
class DerogationForm:
    """Without `starts` it begins at once."""

    kind: DerogationKind
    owner: str
    reason: str
    ends: datetime
    algorithms: tuple[str, ...] = ()
    starts: datetime | None = None


class Derogations:
    def __init__(self, database: Database, authentication: Authentication) -> None:
        self._database = database
        self._authentication = authentication

    async def of(self, actor: Actor, device_id: str) -> list[Derogation]:
        """Every derogation of a device, the newest first."""
        need_reader(actor)
        async with self._database.read() as uow:
            device = await _visible(uow, actor, device_id)
            return (await uow.derogations.of(device.id))[::-1]

    async def ending(self, actor: Actor) -> list[DerogationView]:
        """Those in the actor's hospitals that end within a month: work on these devices stops then."""
        need_reader(actor)
        now = clock.now()
        async with self._database.read() as uow:
            views = await _views(uow, await uow.derogations.ending(now, now + WARN_BEFORE))
        return [view for view in views if actor.covers(view.device.facility_id)]

    async def make(self, actor: Actor, device_id: str, form: DerogationForm) -> Derogation:
        need_admin(actor)
        now = clock.now()
        made = checked(
            Derogation(
                new_id(now), device_id, form.kind, form.algorithms, _owner(form.owner),
                reasons.for_the_record(form.reason, "reason"), form.starts or now, form.ends, actor.name, now,
            )
        )  # fmt: skip
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()
            device = await _visible(uow, actor, device_id, Role.ADMIN)
            begins = ("starts",) if form.starts else ()
            need_first(made, await uow.derogations.of(device.id), *SAID, *begins)
            await uow.derogations.add(made)
            await _audit(uow, "derogation:made", actor, device, made, now, reason=made.reason)
        return made

    async def withdraw(self, actor: Actor, derogation_id: str, device_id: str = "") -> Derogation:
        """Take it back: sessions that stand on it end. After its end: say that the device does without.

        With `device_id`, only if it is that device's.
        """
        need_admin(actor)
        self._authentication.require_fresh(actor)
        now = clock.now()
        async with self._database.write() as uow:
            derogation = found(await uow.derogations.get(derogation_id), derogation_id)
            device = await _visible(uow, actor, derogation.device_id, Role.ADMIN)
            if device_id not in {"", device.id}:
                raise NotFound(derogation_id)
            gone = await uow.derogations.save(derogation.withdraw(actor.name, now))
            await _audit(uow, "derogation:withdrawn", actor, device, gone, now)
            uow.hint("derogation", gone.id)
        return gone

    async def warn(self, actor: Actor) -> int:
        """Note in the trail, once for each, that a derogation ends within a month; return how many."""
        now = clock.now()
        async with self._database.write() as uow:
            near = [one for one in await uow.derogations.ending(now, now + WARN_BEFORE) if one.warned_at is None]
            for view in await _views(uow, near):
                await uow.derogations.save(replace(view.derogation, warned_at=now))
                await _audit(uow, "derogation:ending", actor, view.device, view.derogation, now)
        return len(near)


async def _views(uow: UnitOfWork, derogations: list[Derogation]) -> list[DerogationView]:
    devices = {device.id: device for device in await uow.devices.some(one.device_id for one in derogations)}
    return [DerogationView(one, devices[one.device_id]) for one in derogations]


async def _visible(uow: UnitOfWork, actor: Actor, device_id: str, *roles: Role) -> Device:
    device = found(await uow.devices.get(device_id), device_id)
    if not actor.covers(device.facility_id, *roles):
        raise NotFound(device_id)
    return device


async def _audit(
    uow: UnitOfWork, tag: str, actor: Actor, device: Device, one: Derogation, now: datetime, **more: str
) -> None:
    await uow.audit.append(
        tag, actor=actor, subject=("device", device.id), facility_id=device.facility_id, at=now, device=device.code,
        derogation=one.id, kind=one.kind, algorithms=" ".join(one.algorithms), start=one.starts.isoformat(),
        end=one.ends.isoformat(), owner=one.owner, **more,
    )  # fmt: skip


def _owner(text: str) -> str:
    name = text.strip()
    if not 1 <= len(name) <= MAX_NAME or plain(name) != name:
        raise Invalid(text, field="owner", sentence="Name the person who answers for this risk in the hospital.")
    return name
