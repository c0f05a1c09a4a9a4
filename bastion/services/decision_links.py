"""Deciding on one request by the link of a mail: one page, one decision, no session (T20, T34).

Off unless `decision_link_minutes` says otherwise. The link is made when the mail leaves, and only its digest is kept.
It is no proof of a person: phone, mail and authenticator lie in one hand at 2 a.m., so a decision asks for the password
as well as for a code, as signing in does (R-15), against the same counters (T28). What may be decided, and by whom, is
judged where the console's decisions are judged: `requests.RequestViews` for the page, `Approvals` for the act. Whether
by a link at all, the rules say (`decideByLink`): when it is made, and again whenever it is used.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.conditions import PLAIN, Terms
from bastion.domain.decision_link import DecisionLink
from bastion.domain.parties import Actor, Role, Staff, system_actor
from bastion.domain.remark import Remark, Side, checked
from bastion.domain.telling import Delivery
from bastion.errors import AuthenticationFailed, DecisionLinkSpent, NotFound
from bastion.services import reasons
from bastion.services.actors import staff_now, stranger
from bastion.services.approvals import Approvals
from bastion.services.authentication import Authentication, hash_token
from bastion.services.decisions import Decisions
from bastion.services.joins import Joins
from bastion.services.requests import RequestViews, check_minutes, may_see
from bastion.services.threads import Threads
from bastion.services.views import RequestView
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

DOOR: Final = "decision link"
WRONG_PROOF: Final = "The password or the code is wrong. Wait for the next code, then try again."
KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Opened:
    """What the link shows to whoever holds it, as the person it was made for would read it; nothing is proved yet."""

    link: DecisionLink
    actor: Actor
    view: RequestView


@dataclass(frozen=True, slots=True)
class Proof:
    """Who decides shows it anew: password and code, and from where."""

    password: str
    code: str
    source: str


class DecisionLinks:
    def __init__(
        self, database: Database, authentication: Authentication, decisions: Decisions, approvals: Approvals,
        threads: Threads, length: timedelta,
    ) -> None:  # fmt: skip
        """`length`: how long a link opens its request; nothing is opened when it is zero."""
        self._database = database
        self._authentication = authentication
        self._approvals = approvals
        self._decisions = decisions
        self._views = RequestViews(decisions)
        self._threads = threads
        self._length = length

    def require_on(self) -> None:
        if not self._length:
            raise NotFound("decision links are off")

    async def look(self, secret: str, source: str) -> Opened:
        """What an open link shows; looking uses nothing up, so that a mail scanner does no harm. `DecisionLinkSpent`:
        it opens nothing.
        """
        self.require_on()
        async with self._database.read() as uow:
            opened = await self._opens(uow, secret, source, clock.now())
        if isinstance(opened, str):
            raise await self._refused(secret, opened, source)
        if opened.link.opened_from != source:
            await self._note_opening(opened, source)
        return opened

    async def approve(
        self, secret: str, proof: Proof, version: int, minutes: int, note: str = "", terms: Terms = PLAIN, *,
        not_caller: bool = False,
    ) -> AccessRequest:  # fmt: skip
        """Agree, as `Approvals.approve`; the link is used up."""
        check_minutes(minutes)
        link, actor = await self._proved(secret, proof)
        made = await self._approvals.approve(
            actor, link.request_id, version, minutes, note, terms, not_caller=not_caller
        )  # fmt: skip
        await self._used(link, actor, made, "agreed")
        return made

    async def deny(self, secret: str, proof: Proof, version: int, note: str) -> AccessRequest:
        """Refuse, as `Approvals.deny`; the link is used up."""
        reasons.for_the_technician(note, "note")
        link, actor = await self._proved(secret, proof)
        made = await self._approvals.deny(actor, link.request_id, version, note)
        await self._used(link, actor, made, "refused")
        return made

    async def ask(self, secret: str, proof: Proof, text: str) -> Remark:
        """Ask the requester, as `Threads.ask`, with the same proof. That decides nothing: the link stays good for a
        decision, though each proof counts against its few tries.
        """
        opened = await self.look(secret, proof.source)
        said = checked(text, Side.HOSPITAL, opened.view.thread)
        link, actor = await self._proved(secret, proof)
        remark = await self._threads.ask(actor, link.request_id, said)
        request = opened.view.request
        async with self._database.write() as uow:
            await uow.audit.append(
                "link:asked", actor=actor, subject=("request", request.id), facility_id=request.facility_id,
                at=clock.now(), who=actor.name,
            )  # fmt: skip
        return remark

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _opens(
        self, uow: UnitOfWork, secret: str, source: str, now: datetime, counted: int = 0
    ) -> Opened | str:  # fmt: skip
        """The link with what it shows, or why it opens nothing. Whoever could not decide in the console sees nothing:
        decided meanwhile, agreed already, role lost, taken back. `counted`: tries that are being judged right now.
        """
        link = await uow.decision_links.get(hash_token(secret))
        if link is None:
            return "unknown"
        if trouble := replace(link, tries=link.tries - counted).trouble(now):
            return trouble
        staff, request = await uow.staff.get(link.staff_id), await uow.requests.get(link.request_id)
        if staff is None or request is None or not staff.active:
            return "account out of use"
        actor = await staff_now(uow, staff, source, None, now)
        if not may_see(actor, request):
            return "not for this person any more"
        view = await self._views.whole(uow, actor, request)
        if not self._decisions.by_link(actor, request, view.device, now, view.emergency).allowed:
            return "not by a link, by the rules"
        return Opened(link, actor, view) if view.can_decide else "nothing left to decide"

    async def _proved(self, secret: str, proof: Proof) -> tuple[DecisionLink, Actor]:
        """Judge password and code, once counted; the link must still open when the code is spent."""
        opened = await self.look(secret, proof.source)
        who = opened.actor
        await self._authentication.attempts.count(who.login, proof.source, DOOR, known=True)
        async with self._database.write() as uow:
            counted = await uow.decision_links.attempt(opened.link.id)
            credential = await uow.credentials.get(who.id)
        if not counted:
            raise await self._refused(secret, "too many tries", proof.source)
        stored = credential.password_hash if credential else ""
        right = await self._authentication.passwords.matches(stored, proof.password)
        proved = await self._code(secret, proof) if right else None
        if isinstance(proved, Opened):
            return proved.link, proved.actor
        if proved is not None:
            raise await self._refused(secret, proved, proof.source)
        stage = "code" if right else "password"
        await self._authentication.refused(who.login, proof.source, DOOR, stage, "decision refused")
        raise AuthenticationFailed("decision link", sentence=WRONG_PROOF)

    async def _code(self, secret: str, proof: Proof) -> Opened | str | None:
        """Spend the code in the transaction that finds the link open: then its person is here. `None`: wrong code."""
        async with self._database.write() as uow:
            await uow.locks.hold()  # as every decision, before any row
            now = clock.now()
            opened = await self._opens(uow, secret, proof.source, now, counted=1)
            if isinstance(opened, str):
                return opened
            if not await self._authentication.code_is_right(uow, opened.actor.id, proof.code):
                return None
            staff = await uow.staff.get(opened.actor.id)
            if staff is None:
                return "account out of use"
            actor = await staff_now(uow, staff, proof.source, now, now)
            await uow.failures.clear(actor.login, proof.source)
            await uow.audit.append(
                "auth:succeeded", actor=actor, subject=("staff", actor.id), at=now, door=DOOR, factors="password totp"
            )
        return Opened(opened.link, actor, opened.view)

    async def _used(self, link: DecisionLink, actor: Actor, request: AccessRequest, outcome: str) -> None:
        """The decision stands already, and by it the link opens nothing more; this says so for good."""
        now = clock.now()
        async with self._database.write() as uow:
            await uow.decision_links.use(link.id, now)
            await uow.audit.append(
                "link:used", actor=actor, subject=("request", request.id), facility_id=request.facility_id, at=now,
                outcome=outcome, who=actor.name,
            )  # fmt: skip

    async def _note_opening(self, opened: Opened, source: str) -> None:
        """Who holds the link is not known yet; from where it is opened is."""
        request = opened.view.request
        async with self._database.write() as uow:
            if await uow.decision_links.opened(opened.link.id, source):
                await uow.audit.append(
                    "link:opened", actor=stranger(source), subject=("request", request.id),
                    facility_id=request.facility_id, at=clock.now(), who=opened.actor.name,
                )  # fmt: skip

    async def _refused(self, secret: str, why: str, source: str) -> DecisionLinkSpent:
        """Keep that a link was tried that opens nothing. Who tries one after the other is slowed down (T28)."""
        await self._authentication.attempts.count(f"link {hash_token(secret)[:12]}", source, DOOR)
        await self._authentication.refused("", source, DOOR, "link", why)
        return DecisionLinkSpent(why)


async def mint(
    uow: UnitOfWork, decisions: Decisions, delivery: Delivery, person: Staff, length: timedelta, now: datetime
) -> str:
    """Make the link of a mail that leaves now, and return its secret, which is kept nowhere; empty when this person
    is told but cannot decide, or not by a link (`decideByLink` of the rules). An earlier link of the same person to the
    same request is void.

    The request is not held: its mails leave side by side.
    """
    request = next(iter(await uow.requests.some([delivery.facts.get("request", "")])), None)
    actor = await staff_now(uow, person, "", None, now)
    if not length or request is None or not actor.covers(request.facility_id, Role.APPROVER):
        return ""
    joins = Joins(uow)
    device, emergency = await joins.device(request.device_id), await joins.emergency(request)
    if not decisions.by_link(actor, request, device, now, emergency).allowed:
        return ""
    secret, expires = secrets.token_urlsafe(32), min(now + length, request.expires_at)
    await uow.decision_links.forget(now - KEPT)
    await uow.decision_links.void(person.id, now, request.id)
    await uow.decision_links.add(DecisionLink(hash_token(secret), person.id, request.id, now, expires))
    await uow.audit.append(
        "link:made", actor=system_actor(), subject=("request", request.id), facility_id=request.facility_id, at=now,
        expires=expires.isoformat(), who=person.name,
    )  # fmt: skip
    return secret
