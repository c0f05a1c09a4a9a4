"""Papers of suppliers: registered, required from a day on, and announced before they end (R-67)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bastion import clock
from bastion.domain.ids import new_id
from bastion.domain.paper import Paper, PaperKind, PaperRule, checked, coming, ending, missing
from bastion.domain.parties import EVERYWHERE, Actor, Supplier
from bastion.errors import Invalid, NotFound
from bastion.services import reasons
from bastion.services.authentication import Authentication
from bastion.services.company import company_of
from bastion.services.forms import MAX_NAME, need_admin_of, need_reader, plain
from bastion.services.joins import found
from bastion.services.twice import need_first
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

WARN_BEFORE: Final = timedelta(days=30)
SAID: Final = ("kind", "reference", "valid_to", "note", "withdrawn_at")
"""What makes two papers the same one, noted twice."""


@dataclass(frozen=True, slots=True)
class PaperForm:
    """Without `valid_from` it holds from now, without `valid_to`, if its kind allows that, until it is withdrawn."""

    kind: PaperKind
    reference: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SupplierPapers:
    """`missing` blocks now; `coming` will, before long; `ending` are papers that nothing follows yet."""

    supplier: Supplier
    papers: tuple[Paper, ...]
    missing: tuple[PaperKind, ...]
    coming: tuple[PaperKind, ...]
    ending: tuple[Paper, ...]


async def papers_of(uow: UnitOfWork, supplier: Supplier, now: datetime, ahead: timedelta) -> SupplierPapers:
    """One supplier's papers as they stand."""
    return _seen(supplier, await uow.papers.of(supplier.id), await uow.paper_rules.all(), now, now + ahead)


class Papers:
    def __init__(
        self, database: Database, authentication: Authentication, warn_before: timedelta = WARN_BEFORE
    ) -> None:
        self._database = database
        self._authentication = authentication
        self._warn_before = warn_before

    async def of(self, actor: Actor, supplier_id: str) -> SupplierPapers:
        """What is known of one supplier's papers, the newest first."""
        need_reader(actor)
        async with self._database.read() as uow:
            supplier = found(await uow.suppliers.get(supplier_id), supplier_id)
            held = await uow.papers.of(supplier.id)
            return _seen(supplier, held, await uow.paper_rules.all(), clock.now(), clock.now() + self._warn_before)

    async def own(self, actor: Actor) -> SupplierPapers:
        """The same for the correspondent of that company."""
        async with self._database.read() as uow:
            return await papers_of(uow, await company_of(uow, actor), clock.now(), self._warn_before)

    async def standing(self, actor: Actor) -> dict[str, SupplierPapers]:
        """The same of every supplier, by id."""
        need_reader(actor)
        async with self._database.read() as uow:
            return await self._all(uow, clock.now())

    async def rules(self, actor: Actor) -> dict[PaperKind, PaperRule]:
        need_reader(actor)
        async with self._database.read() as uow:
            return {rule.kind: rule for rule in await uow.paper_rules.all()}

    async def require(self, actor: Actor, kind: PaperKind, since: datetime | None) -> PaperRule:
        """Say from when the lack of this paper blocks; `None`: it never does."""
        need_admin_of(actor, EVERYWHERE)
        self._authentication.require_fresh(actor)
        now = clock.now()
        rule = PaperRule(kind, since, actor.name, now)
        async with self._database.write() as uow:
            await uow.paper_rules.put(rule)
            await uow.audit.append(
                "paper:required", actor=actor, subject=("paper", kind), at=now, paper=kind,
                start=since.isoformat() if since else "",
            )  # fmt: skip
        return rule

    async def add(self, actor: Actor, supplier_id: str, form: PaperForm) -> Paper:
        need_admin_of(actor, EVERYWHERE)
        now = clock.now()
        paper = checked(
            Paper(
                new_id(now), supplier_id, form.kind, _reference(form.reference), form.valid_from or now,
                form.valid_to, reasons.note(form.note), actor.name, now,
            )
        )  # fmt: skip
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()
            supplier = found(await uow.suppliers.get(supplier_id), supplier_id)
            begins = ("valid_from",) if form.valid_from else ()
            need_first(paper, await uow.papers.of(supplier.id), *SAID, *begins)
            await uow.papers.add(paper)
            await _audit(uow, "paper:added", actor, supplier, paper, now)
        return paper

    async def withdraw(self, actor: Actor, paper_id: str, supplier_id: str = "") -> Paper:
        """Say that a paper does not hold, or no longer. With `supplier_id`, only if it is that supplier's."""
        need_admin_of(actor, EVERYWHERE)
        self._authentication.require_fresh(actor)
        now = clock.now()
        async with self._database.write() as uow:
            paper = found(await uow.papers.get(paper_id), paper_id)
            if supplier_id not in {"", paper.supplier_id}:
                raise NotFound(paper_id)
            supplier = found(await uow.suppliers.get(paper.supplier_id))
            gone = await uow.papers.save(paper.withdraw(actor.name, now))
            await _audit(uow, "paper:withdrawn", actor, supplier, gone, now)
        return gone

    async def warn(self, actor: Actor) -> int:
        """Note in the trail, once for each, that a paper ends soon and nothing follows it; return how many."""
        now = clock.now()
        count = 0
        async with self._database.write() as uow:
            for view in (await self._all(uow, now)).values():
                for paper in view.ending:
                    if paper.warned_at is None:
                        await uow.papers.save(replace(paper, warned_at=now))
                        await _audit(uow, "paper:ending", actor, view.supplier, paper, now)
                        count += 1
        return count

    async def _all(self, uow: UnitOfWork, now: datetime) -> dict[str, SupplierPapers]:
        held: dict[str, list[Paper]] = {}
        for paper in await uow.papers.all():
            held.setdefault(paper.supplier_id, []).append(paper)
        rules = await uow.paper_rules.all()
        until = now + self._warn_before
        return {s.id: _seen(s, held.get(s.id, []), rules, now, until) for s in await uow.suppliers.all()}


def _seen(
    supplier: Supplier, held: list[Paper], rules: list[PaperRule], now: datetime, until: datetime
) -> SupplierPapers:
    return SupplierPapers(
        supplier, tuple(held[::-1]), missing(held, rules, now), coming(held, rules, now, until),
        ending(held, now, until),
    )  # fmt: skip


async def _audit(uow: UnitOfWork, tag: str, actor: Actor, supplier: Supplier, paper: Paper, now: datetime) -> None:
    await uow.audit.append(
        tag, actor=actor, subject=("supplier", supplier.id), at=now, supplier=supplier.code, paper=paper.kind,
        reference=paper.reference, start=paper.valid_from.isoformat(),
        end=paper.valid_to.isoformat() if paper.valid_to else "",
    )  # fmt: skip


def _reference(text: str) -> str:
    said = text.strip()
    if not 1 <= len(said) <= MAX_NAME or plain(said) != said:
        raise Invalid(text, field="reference", sentence="Give the reference under which this paper is filed.")
    return said
