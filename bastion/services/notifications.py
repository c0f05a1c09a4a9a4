"""Telling people and programs what happened: from the outbox to mail and webhooks, with retry, never in the way.

A fact enters the outbox in the transaction of the change (`store/audit_log.py`). A node takes it out and puts one
delivery per recipient in its place, in one transaction; then whoever claims a delivery attempts it. What fails is tried
again after growing pauses, and in the end stays for an administrator to see. No decision waits for any of this.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bastion import clock
from bastion.domain.former_address import KEPT as FORMER_KEPT
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, Role, Staff, Technician, system_actor
from bastion.domain.place import Place
from bastion.domain.telling import (
    STALE,
    Choices,
    Delivery,
    DeliveryState,
    Fact,
    Recipient,
    RecipientKind,
    Topic,
    key_of,
    offered_to,
    topic_of,
)
from bastion.domain.timebox import whole_minutes
from bastion.errors import ConfigurationError, Conflict, Invalid, NotFound
from bastion.services import bundles, work_reports
from bastion.services.actors import staff_now
from bastion.services.couriers import Couriers, Undelivered
from bastion.services.decision_links import mint
from bastion.services.decisions import Decisions
from bastion.services.digest import counted
from bastion.services.escalation import Patience, next_step, note
from bastion.services.former_addresses import address_of, former_of
from bastion.services.forms import need_admin
from bastion.services.gmao_wire import GmaoWire
from bastion.services.joins import found, scope
from bastion.services.letters import Doors, Link, letter, without_link
from bastion.services.overtaken import ASKING, overtaken
from bastion.services.rings import Rings
from bastion.services.sealing import secret_aad
from bastion.services.tellings import Telling, Tellings
from bastion.services.webhooks import webhook_body
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from bastion.store.vault import Vault

AT_ONCE: Final = 20
KEPT: Final = timedelta(days=30)
LINKED: Final = ASKING | {Topic.QUESTION_ANSWERED}
"""What may carry a link: who has asked, by a link or not, decides once the answer is there."""
OVERSEE: Final = frozenset({Role.ADMIN, Role.SECURITY})
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery as the console lists it, with the name of whom it is for."""

    delivery: Delivery
    name: str


@dataclass(frozen=True, slots=True)
class _Ready:
    """An attempt with all it needs: a person, or a webhook's address and secret."""

    delivery: Delivery
    person: Staff | Technician | None = None
    address: str = ""
    """Where he is written to: his own, or one he had until lately."""
    url: str = ""
    sealed: bytes = b""
    secret_id: str = ""
    gmao: bool = False
    said: Mapping[str, object] = field(default_factory=dict)
    """What a GMAO reads beside the facts."""
    link: Link | None = None
    beside: tuple[Delivery, ...] = ()
    """What the same mail says as well: the other requests of a batch."""

    @property
    def all(self) -> tuple[Delivery, ...]:
        return (self.delivery, *self.beside)


class Notifications:
    def __init__(
        self, database: Database, vault: Vault, decisions: Decisions, couriers: Couriers, patience: Patience,
        digest_hour: int, link_length: timedelta = timedelta(),
    ) -> None:  # fmt: skip
        """`patience`: how long a request may wait before the next ring hears of it; `link_length`: how long the link
        of a mail opens its request, if mails carry one.
        """
        self._link_length = link_length
        self._decisions = decisions
        self._database = database
        self._vault = vault
        self._couriers = couriers
        self._patience = patience
        self._digest_hour = digest_hour

    @property
    def by_mail(self) -> bool:
        return self._couriers.mail_server is not None

    # -- from facts to deliveries --------------------------------------------------------------------------------------
    async def gather(self) -> int:
        """Take facts out of the outbox, oldest first; return how many."""
        async with self._database.read() as uow:
            facts = await uow.outbox.next(AT_ONCE)
            heard = bool(facts) and (self.by_mail or bool(await uow.webhooks.all() or await uow.gmaos.all()))
        if facts and not heard:
            async with self._database.write() as uow:
                return await uow.outbox.clear(facts[-1].seq)
        for fact in facts:
            await self._spread(fact, clock.now())
        return len(facts)

    async def escalate(self) -> None:
        """Tell the next ring of each request that was left unanswered for too long; each step is in the trail."""
        now = clock.now()
        async with self._database.read() as uow:
            rings = Rings(uow, self._decisions, by_mail=self.by_mail)
            waiting = await uow.requests.pending(now)
            due = [one for one in waiting if await next_step(uow, rings, one, self._patience, now)]
        for request in due:
            async with self._database.write() as uow:
                await uow.locks.hold()  # another node may be at it
                rings = Rings(uow, self._decisions, by_mail=self.by_mail)
                step = await next_step(uow, rings, request, self._patience, now)
                if step is not None:
                    key = step.key(request.id)
                    await uow.deliveries.queue(_deliveries(Topic.REQUEST_UNANSWERED, key, step.telling, now))
                    await note(uow, request, step, now)

    async def digest(self) -> None:
        """Once a day, tell administrators and security staff how much there was; numbers only, of what each may see."""
        now = clock.now()
        if self._digest_hour < 0 or now.hour < self._digest_hour or not self.by_mail:
            return
        key = f"{Topic.DIGEST}:{now:%Y-%m-%d}"
        async with self._database.read() as uow:
            if await uow.settings.get("digest") == key:
                return
        async with self._database.write() as uow:
            tellings = Tellings(uow, by_mail=True)
            people = [one for one in await uow.staff.all() if one.active and one.roles & OVERSEE]
            for person in people:
                facts = await counted(uow, scope(person, *OVERSEE), now)
                told = Telling("", facts, "/", tuple(await tellings.mailed(Topic.DIGEST, [person])))
                await uow.deliveries.queue(_deliveries(Topic.DIGEST, key, told, now))
            await uow.settings.put("digest", key)
            await uow.deliveries.forget(now - KEPT)

    # -- delivering ----------------------------------------------------------------------------------------------------
    async def deliver(self, address: str, entrance: str = "") -> int:
        """Attempt what is due, side by side; return how many. `address` is where people find the console, `entrance`
        where suppliers' people find theirs, if it is open.
        """
        now, doors = clock.now(), Doors(address, entrance)
        async with self._database.read() as uow:
            due = await uow.deliveries.due(now, AT_ONCE)
        await asyncio.gather(*(self._attempt(one, doors, now) for one in bundles.first_of_each(due)))
        return len(due)

    async def _attempt(self, due: Delivery, doors: Doors, now: datetime) -> None:
        async with self._database.write() as uow:
            claimed = await uow.deliveries.claim(due, now)
            several = [claimed, *await bundles.claim_beside(uow, claimed, now)] if claimed else []
            each = [(one, await _ready(uow, one, now)) for one in several]
            there = [ready for _one, ready in each if ready is not None]
            for one in (one for one, ready in each if ready is None):
                await uow.deliveries.save(one.settled(DeliveryState.DROPPED, now))
            if not there:
                return
            ready = replace(there[0], beside=tuple(one.delivery for one in there[1:]))
            ready = await self._with_link(uow, ready, now)
        try:
            await self._hand_over(ready, doors)
        except (Undelivered, ConfigurationError) as problem:  # the latter: a secret that does not open
            await self._failed(ready.all, without_link(str(problem)))
        except Exception as fault:  # noqa: BLE001 - a mistake of ours in one message must not keep the others waiting
            _log.exception("a message cannot be made", delivery=ready.delivery.id)
            await self._failed(ready.all, type(fault).__name__)
        else:
            async with self._database.write() as uow:
                for one in ready.all:
                    await uow.deliveries.save(one.settled(DeliveryState.SENT, clock.now()))

    async def _with_link(self, uow: UnitOfWork, ready: _Ready, now: datetime) -> _Ready:
        """Each attempt to ask a person for a decision carries a link of its own; no plain one is ever kept (T34)."""
        if ready.delivery.topic not in LINKED or ready.beside or not isinstance(ready.person, Staff):
            return ready  # a link opens one request; what is asked together is read together
        secret = await mint(uow, self._decisions, ready.delivery, ready.person, self._link_length, now)
        minutes = whole_minutes(self._link_length)
        return replace(ready, link=Link(secret, minutes)) if secret else ready

    async def _hand_over(self, ready: _Ready, doors: Doors) -> None:
        one, address = bundles.told_together(ready.delivery, ready.beside), doors.console
        if ready.person is not None:
            language = ready.person.language
            words = letter(one, language, doors, ready.link)
            await self._couriers.mail(ready.address, words, one, language)
        else:
            secret = self._vault.unseal(ready.sealed, secret_aad(ready.secret_id))
            if ready.gmao:
                told, place = work_reports.body(one, address, ready.said), work_reports.place(one)
                await GmaoWire(self._couriers).report(ready.url, place, one.id, told, secret, clock.now())
                return
            await self._couriers.post(ready.url, secret, webhook_body(one, address), clock.now())

    async def _failed(self, several: Iterable[Delivery], trouble: str) -> None:
        now = clock.now()
        async with self._database.write() as uow:
            for one in several:
                after = one.failed(trouble, now)
                _log.warning(
                    "a message could not be delivered", delivery=one.id, topic=one.topic, attempts=one.attempts,
                    why=trouble,
                )  # fmt: skip
                await uow.deliveries.save(after)
                if after.state is DeliveryState.FAILED:
                    await uow.audit.append(
                        "delivery:failed", actor=system_actor(), subject=("delivery", one.id), at=now,
                        facility_id=one.facility_id, topic=one.topic, channel=one.channel, attempts=one.attempts,
                        why=trouble,
                    )  # fmt: skip

    async def forget_addresses(self) -> None:
        """Where people were reached a month ago is nobody's business any more."""
        async with self._database.write() as uow:
            await uow.former_addresses.forget(clock.now() - FORMER_KEPT)

    # -- what administrators see ---------------------------------------------------------------------------------------
    async def search(
        self, actor: Actor, *, state: str = "", after: Place | None = None, limit: int = 50, offset: int = 0
    ) -> list[Told]:
        need_admin(actor)
        async with self._database.read() as uow:
            rows = await uow.deliveries.search(
                state=state, facility_ids=scope(actor, Role.ADMIN), after=after, limit=limit, offset=offset
            )
            names = await _names(uow, rows)
            return [Told(row, names.get((row.recipient_kind, row.recipient_id), "")) for row in rows]

    async def count(self, actor: Actor, state: DeliveryState) -> int:
        need_admin(actor)
        async with self._database.read() as uow:
            return await uow.deliveries.count(state, scope(actor, Role.ADMIN))

    async def retry(self, actor: Actor, delivery_id: str) -> Delivery:
        """Try a failed delivery again, from now on as if it were new."""
        need_admin(actor)
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            one = found(await uow.deliveries.get(delivery_id), delivery_id)
            seen = scope(actor, Role.ADMIN)
            if seen is not None and one.facility_id not in seen:
                raise NotFound(delivery_id)
            if one.state is not DeliveryState.FAILED:
                raise Conflict(delivery_id, sentence="Only what has failed is tried again; look at the list once more.")
            saved = await uow.deliveries.save(one.again(now))
            await uow.audit.append(
                "delivery:retried", actor=actor, subject=("delivery", one.id), facility_id=one.facility_id, at=now,
                topic=one.topic, channel=one.channel,
            )  # fmt: skip
        return saved

    # -- what each person chooses --------------------------------------------------------------------------------------
    async def choices(self, actor: Actor) -> Choices:
        async with self._database.read() as uow:
            return (await uow.mail_choices.of([actor.id])).get(actor.id, Choices(actor.id))

    async def choose(self, actor: Actor, wanted: Iterable[Topic]) -> Choices:
        """Be told by mail of these only, among what may be declined; alarms come anyway."""
        kept, offered = frozenset(wanted), frozenset(offered_to(actor.roles))
        if not kept <= offered:
            raise Invalid("topics", field="topics", sentence="Choose from the list.")
        before = await self.choices(actor)
        chosen = Choices(actor.id, (before.muted - offered) | (offered - kept))
        async with self._database.write() as uow:
            await uow.mail_choices.put(chosen)
            await uow.audit.append(
                "delivery:chosen", actor=actor, subject=("staff", actor.id), at=clock.now(),
                muted=" ".join(sorted(chosen.muted)),
            )  # fmt: skip
        return chosen

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _spread(self, fact: Fact, now: datetime) -> None:
        """Whoever takes the fact puts its deliveries in its place. They are made up before, where no row is held: no
        cut waits for the post, and none is undone because both want the same rows (R-64).
        """
        queued = await self._deliveries_of(fact, now) if now - fact.at <= STALE else []
        async with self._database.write() as uow:
            if await uow.outbox.take(fact):
                await uow.deliveries.queue(queued)

    async def _deliveries_of(self, fact: Fact, now: datetime) -> list[Delivery]:
        async with self._database.read() as uow:
            events = await uow.audit.between(fact.seq, fact.seq)
            topic = topic_of(events[0])
            if topic is None:
                return []
            try:
                told = await Rings(uow, self._decisions, by_mail=self.by_mail).of(topic, events[0])
                reported = await work_reports.report(uow, topic, events[0])
            except NotFound as gone:  # what it was about is not in the registers (any more): the trail still has it
                _log.warning("nobody can be told of an event", event_seq=fact.seq, topic=topic, what=gone.detail)
                return []
        key = key_of(topic, events[0])
        return [one for telling in (told, reported) for one in _deliveries(topic, key, telling, now)]


def _deliveries(topic: Topic, key: str, told: Telling, now: datetime) -> list[Delivery]:
    return [_delivery(topic, key, told, one, now) for one in told.recipients]


def _delivery(topic: Topic, key: str, told: Telling, to: Recipient, now: datetime) -> Delivery:
    path, place = to.path or told.path, told.facility_id or to.facility_id
    return Delivery(new_id(now), key, topic, to.kind, to.id, place, told.facts, path, now, now)


async def _ready(uow: UnitOfWork, one: Delivery, now: datetime) -> _Ready | None:
    """What an attempt needs; `None` when there is nobody to tell any more, or nothing left to ask a person for."""
    if one.recipient_kind is RecipientKind.WEBHOOK:
        gmao = await uow.gmaos.get(one.recipient_id)
        program = gmao or await uow.webhooks.get(one.recipient_id)
        secret = await uow.secrets.get(program.secret_id) if program else None
        if program is None or secret is None:
            return None
        said = await work_reports.said(uow, one) if gmao else {}
        return _Ready(one, url=program.url, sealed=secret.sealed, secret_id=secret.id, gmao=gmao is not None, said=said)
    person = await _reader(uow, one, now)
    if person is None or await overtaken(uow, one, now):
        return None
    if not one.to_himself:
        return _Ready(one, person=person, address=person.email)
    await _warn_elsewhere(uow, one, person, now)
    address = await address_of(uow, one, person, now)
    return _Ready(one, person=person, address=address) if address else None


async def _warn_elsewhere(uow: UnitOfWork, one: Delivery, person: Staff | Technician, now: datetime) -> None:
    """What warns somebody goes to his former addresses too, each a delivery of its own: where a new one takes no mail
    the one before hears all the same, and where an old one is closed the others are told once (R-11).
    """
    if not one.former:
        former = await former_of(uow, person, now)
        await uow.deliveries.queue(one.for_former(new_id(now), address.id, now) for address in former)


async def _reader(uow: UnitOfWork, one: Delivery, now: datetime) -> Staff | Technician | None:
    """Whom a mail is for, if he may still know of it: somebody of the staff has a duty in its hospital, his own or lent
    to him, at the moment it leaves, whatever he did there before (R-19).
    """
    if one.recipient_kind is RecipientKind.TECHNICIAN:
        technician = await uow.technicians.get(one.recipient_id)
        return technician if technician is not None and technician.active else None
    staff = await uow.staff.get(one.recipient_id)
    if staff is None or not staff.active:
        return None
    there = not one.facility_id or (await staff_now(uow, staff, "", None, now)).covers(one.facility_id)
    return staff if there else None


async def _names(uow: UnitOfWork, rows: Sequence[Delivery]) -> dict[tuple[RecipientKind, str], str]:
    """Of the recipients of these messages, of those that are still there."""
    ids: dict[RecipientKind, set[str]] = {kind: set() for kind in RecipientKind}
    for row in rows:
        ids[row.recipient_kind].add(row.recipient_id)
    programs = {one.id: "GMAO" for one in await uow.gmaos.some(ids[RecipientKind.WEBHOOK])}
    programs |= {one.id: one.name for one in await uow.webhooks.some(ids[RecipientKind.WEBHOOK])}
    staff = {one.id: one.name for one in await uow.staff.some(ids[RecipientKind.STAFF])}
    technicians = {one.id: one.name for one in await uow.technicians.some(ids[RecipientKind.TECHNICIAN])}
    by_kind = {
        RecipientKind.WEBHOOK: programs, RecipientKind.STAFF: staff, RecipientKind.TECHNICIAN: technicians,
    }  # fmt: skip
    return {(kind, ident): name for kind, names in by_kind.items() for ident, name in names.items()}
