"""The whole file of a supplier: contract, papers, people, and what blocks now or soon (R-18, R-45, R-46, R-67)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol, TypeVar

from bastion import clock
from bastion.domain.country import EEA
from bastion.domain.local_time import last_day, local_date
from bastion.domain.paper import PaperKind
from bastion.domain.parties import Actor, Supplier, Technician
from bastion.domain.place import Place
from bastion.domain.roster import RosterState
from bastion.domain.session_record import SessionRecord
from bastion.domain.subcontractor import Subcontractor, SubcontractorState
from bastion.services.directory import names_nobody
from bastion.services.forms import need_reader
from bastion.services.joins import found, scope
from bastion.services.papers import SupplierPapers, papers_of
from bastion.services.reports import overdue_of
from bastion.services.rosters import Roster, roster_of
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

AHEAD: Final = timedelta(days=30)
REPORTED: Final = timedelta(days=366)
LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that blocks or will: a sentence, the day in it, names of people or companies, and kinds of paper."""

    text: str
    day: date | None = None
    names: tuple[str, ...] = ()
    papers: tuple[PaperKind, ...] = ()


@dataclass(frozen=True, slots=True)
class SupplierFile:
    supplier: Supplier
    papers: SupplierPapers
    subcontractors: tuple[Subcontractor, ...]
    roster: Roster
    blocks: tuple[Remark, ...]
    soon: tuple[Remark, ...]

    def employer(self, person: Technician) -> Subcontractor | None:
        return next((one for one in self.subcontractors if one.id == person.employer_id), None)


class SupplierFiles:
    def __init__(self, database: Database, warn_before: timedelta = AHEAD) -> None:
        self._database = database
        self._warn_before = warn_before

    async def of(self, actor: Actor, supplier_id: str) -> SupplierFile:
        need_reader(actor)
        now = clock.now()
        async with self._database.read() as uow:
            supplier = found(await uow.suppliers.get(supplier_id), supplier_id)
            papers = await papers_of(uow, supplier, now, self._warn_before)
            declared = tuple((await uow.subcontractors.of(supplier.id))[::-1])
            roster = await roster_of(uow, supplier, now)
            owed = await overdue_of(uow, supplier.id, now)
        blocks = [*_blocks(supplier, papers, declared, roster, now), *_owed(owed)]
        return SupplierFile(
            supplier, papers, declared, roster, tuple(blocks),
            tuple(_soon(supplier, papers, declared, roster, now, now + self._warn_before)),
        )  # fmt: skip

    async def people_abroad(self, actor: Actor) -> list[tuple[Technician, Supplier]]:
        """Who may work from outside the European Economic Area, by name (R-45)."""
        need_reader(actor)
        async with self._database.read() as uow:
            return await _with_companies(uow, await uow.technicians.abroad(EEA, clock.now()))

    async def sessions_abroad(
        self, actor: Actor, *, after: Place | None = None, limit: int = LONGEST
    ) -> list[tuple[SessionRecord, Supplier]]:
        """The sessions of the last year that came from there to the actor's hospitals, the newest first (R-45)."""
        need_reader(actor)
        since = clock.now() - REPORTED
        async with self._database.read() as uow:
            found = await uow.sessions.from_abroad(since, scope(actor), after=after, limit=limit)
            return await _with_companies(uow, found)


class _OfACompany(Protocol):
    @property
    def supplier_id(self) -> str: ...


C = TypeVar("C", bound=_OfACompany)


async def _with_companies(uow: UnitOfWork, rows: Sequence[C]) -> list[tuple[C, Supplier]]:
    companies = {one.id: one for one in await uow.suppliers.some(one.supplier_id for one in rows)}
    return [(one, companies[one.supplier_id]) for one in rows]


def _blocks(
    supplier: Supplier, papers: SupplierPapers, declared: Iterable[Subcontractor], roster: Roster, now: datetime
) -> Iterator[Remark]:
    """What keeps everybody, then what keeps some."""
    if not supplier.active:
        yield Remark("The supplier is out of use: nobody of it works.")
    if supplier.contract_end is not None and supplier.contract_end <= now:
        yield Remark("The contract has ended on {day}: nobody of it works.", last_day(supplier.contract_end))
    elif supplier.contract_start is not None and now < supplier.contract_start:
        yield Remark("The contract begins on {day}: nobody of it works before.", local_date(supplier.contract_start))
    if names_nobody(supplier):
        yield Remark("Every address there is counts as no declared network: declare those from which its people work.")
    if not supplier.declared:
        yield Remark("No network is declared: nobody of it connects.")
    if not supplier.countries:
        yield Remark("No country is declared: nobody of it works.")
    if papers.missing:
        yield Remark("Missing or expired: {papers}.", papers=papers.missing)
    yield from _people(
        "Suspended, because the supplier has not confirmed them: {names}.",
        (one.technician for one in roster.people if one.state is RosterState.SUSPENDED),
    )
    barred = {one.id for one in declared if one.state(now) is not SubcontractorState.ALLOWED}
    yield from _people(
        "Not working, because of their employer: {names}.",
        (one.technician for one in roster.people if one.technician.employer_id in barred),
    )
    yield from _people(
        "Not working, because their country is not declared: {names}.",
        (one.technician for one in roster.people if one.technician.country not in supplier.countries),
    )


def _owed(refs: tuple[str, ...]) -> Iterator[Remark]:
    if refs:
        yield Remark("It asks for nothing new but emergencies: reports are overdue on {names}.", names=refs)


def _soon(
    supplier: Supplier, papers: SupplierPapers, declared: Iterable[Subcontractor], roster: Roster, now: datetime,
    until: datetime,
) -> Iterator[Remark]:  # fmt: skip
    if supplier.contract_end is not None and now < supplier.contract_end <= until:
        yield Remark("The contract ends with {day}: nobody of it works afterwards.", last_day(supplier.contract_end))
    endless = {one.kind for one in papers.papers if one.lacks_end}
    if endless:
        kinds = tuple(kind for kind in PaperKind if kind in endless)
        yield Remark("No end, to be completed: {papers}. Register each anew with its last day.", papers=kinds)
    if papers.coming:
        yield Remark("Soon missing or expired: {papers}.", papers=papers.coming)
    late = [one for one in roster.people if one.state is RosterState.OVERDUE]
    if late:
        yield Remark(
            "To be confirmed by the supplier, or suspended from {day} on: {names}.",
            local_date(min(one.confirmed.suspended_at for one in late)), tuple(one.technician.name for one in late),
        )  # fmt: skip
    for one in declared:
        if one.state(now) is SubcontractorState.WAITING:
            yield Remark(
                "The hospital may object to {names} until {day}; then it is allowed.", local_date(one.allowed_from),
                (one.name,),
            )  # fmt: skip
    if not supplier.security_contact:
        yield Remark("No security contact is named.")
    if not supplier.contract_number:
        yield Remark("The contract has no number: enter it.")
    if supplier.contract_end is None:
        yield Remark("The contract has no end: enter its last day, or its people stay for ever.")


def _people(text: str, people: Iterable[Technician]) -> Iterator[Remark]:
    names = tuple(one.name for one in people)
    if names:
        yield Remark(text, names=names)
