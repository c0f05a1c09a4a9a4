"""The confidentiality undertaking: published, read, and accepted by each technician in person (R-47)."""

from dataclasses import dataclass
from datetime import datetime

from bastion import clock
from bastion.domain.ids import new_id
from bastion.domain.parties import EVERYWHERE, Actor, ActorKind, Technician
from bastion.domain.undertaking import SHIPPED, Acceptance, Undertaking, Way, checked
from bastion.errors import Conflict, Forbidden
from bastion.services.authentication import Authentication
from bastion.services.forms import need_admin_of, need_reader
from bastion.services.joins import found
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """What one technician has accepted, the newest first, and the version that counts now."""

    technician: Technician
    current: Undertaking
    acceptances: tuple[Acceptance, ...]

    @property
    def owed(self) -> bool:
        return all(one.version < self.current.version for one in self.acceptances)


class Undertakings:
    def __init__(self, database: Database, authentication: Authentication) -> None:
        self._database = database
        self._authentication = authentication

    # -- the hospital --------------------------------------------------------------------------------------------------
    async def versions(self, actor: Actor) -> list[Undertaking]:
        """Every version there ever was, the newest first."""
        need_reader(actor)
        async with self._database.read() as uow:
            return [*(await uow.undertakings.all())[::-1], SHIPPED]

    async def publish(self, actor: Actor, text_fr: str, text_en: str) -> Undertaking:
        """Make a new version: everybody has to accept it before his next session."""
        need_admin_of(actor, EVERYWHERE)
        french, english = checked(text_fr, "text_fr"), checked(text_en, "text_en")
        self._authentication.require_fresh(actor)
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            old = await uow.undertakings.current()
            if (old.text_fr, old.text_en) == (french, english):
                raise Conflict("same text", sentence="This is the text in force already; nothing is changed.")
            made = Undertaking(old.version + 1, french, english, actor.name, now)
            await uow.undertakings.add(made)
            await uow.audit.append(
                "undertaking:published", actor=actor, subject=("undertaking", str(made.version)), at=now,
                version=made.version,
            )  # fmt: skip
        return made

    async def of(self, actor: Actor, technician_id: str) -> Accepted:
        """What a technician has accepted; for staff, and for himself."""
        if actor.id != technician_id:
            need_reader(actor)
        async with self._database.read() as uow:
            person = found(await uow.technicians.get(technician_id), technician_id)
            accepted = await uow.acceptances.of(person.id)
            return Accepted(person, await uow.undertakings.current(), tuple(accepted[::-1]))

    async def owing(self, actor: Actor, limit: int = ALL, offset: int = 0) -> tuple[list[Technician], int]:
        """Technicians in use who have not accepted the text in force, and how many they are."""
        need_reader(actor)
        now = clock.now()
        async with self._database.read() as uow:
            newest = (await uow.undertakings.current()).version
            return await uow.technicians.owing(newest, now, limit, offset)

    # -- the technician ------------------------------------------------------------------------------------------------
    async def owed(self, actor: Actor) -> Undertaking | None:
        """What the acting technician has to read and accept; `None` when he has."""
        async with self._database.read() as uow:
            return await owed_by(uow, actor.id)

    async def accept(self, actor: Actor, version: int, way: Way) -> Undertaking:
        """Accept the version one has just read, in person. `Conflict` when another is in force meanwhile."""
        if actor.kind is not ActorKind.TECHNICIAN:
            raise Forbidden(f"{actor.login} is no technician")
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()  # whoever accepts twice at once has accepted, and is told nothing else
            person = found(await uow.technicians.get(actor.id))
            text = await uow.undertakings.current()
            if version != text.version:
                raise Conflict(
                    f"version {version} is not in force",
                    sentence="The undertaking has just been changed. Read the new text, then accept it.",
                )
            if await uow.undertakings.owed(person.id):
                await _keep(uow, actor, person, version, way, now)
        return text


async def owed_by(uow: UnitOfWork, technician_id: str) -> Undertaking | None:
    return await uow.undertakings.current() if await uow.undertakings.owed(technician_id) else None


async def _keep(uow: UnitOfWork, actor: Actor, person: Technician, version: int, way: Way, now: datetime) -> None:
    await uow.acceptances.add(Acceptance(new_id(now), person.id, version, now, way, actor.source))
    await uow.audit.append(
        "undertaking:accepted", actor=actor, subject=("technician", person.id), at=now, version=version, how=way,
        technician=person.login,
    )  # fmt: skip
