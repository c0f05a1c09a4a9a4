"""Reviews of access rights: begun, decided line by line or many at once, signed for as a whole, exported (R-19)."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain.ids import new_id
from bastion.domain.maintenance import WindowStatus
from bastion.domain.parties import EVERYWHERE, Actor, Staff
from bastion.domain.review import (
    LEADERS,
    WARN_BEFORE,
    Campaign,
    LineState,
    ReviewLine,
    ReviewSignature,
    RightKind,
    Verdict,
    checked,
)
from bastion.errors import Conflict, Forbidden, Invalid, NotFound, ReasonNeeded
from bastion.services import review_sheet
from bastion.services.authentication import Authentication
from bastion.services.forms import check_name, need_reader
from bastion.services.joins import Joins, found
from bastion.services.review_reach import reach_of, refuse_to_lift, waiting_for
from bastion.services.review_views import Review, Seen, Standing
from bastion.services.twice import need_first
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

MAX_NOTE: Final = 2000
MOST_LINES: Final = 5000
OTHERS_SIGN: Final = "Whoever leads reviews in every hospital of this one signs it; you do not."


@dataclass(frozen=True, slots=True)
class CampaignForm:
    """`facility_codes` empty means every facility."""

    name: str
    due_at: datetime
    facility_codes: tuple[str, ...] = ()


class Reviews:
    def __init__(self, database: Database, authentication: Authentication) -> None:
        self._database = database
        self._authentication = authentication

    async def start(self, actor: Actor, form: CampaignForm) -> Campaign:
        """Begin a campaign over the roles and the suppliers' people of these facilities, as they are now."""
        if not actor.roles & LEADERS:
            raise Forbidden(f"{actor.login} begins no review")
        check_name(form.name)
        self._authentication.require_fresh(actor)
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            places = [found(await uow.facilities.by_code(code), code).id for code in form.facility_codes]
            facilities = tuple(sorted(places)) or (EVERYWHERE,)
            made = checked(Campaign(new_id(now), form.name.strip(), facilities, form.due_at, actor.name, now))
            if not _leads(actor, made):
                raise NotFound(f"{actor.login} outside {facilities}")
            need_first(made, await uow.campaigns.all(), "name", "facilities", "due_at")
            lines = await _lines(uow, made, now)
            if not lines:
                raise Invalid("nothing", field="facilities", sentence="There are no access rights to review there.")
            if len(lines) > MOST_LINES:
                raise Invalid(
                    "too many", field="facilities", sentence="Too many rights at once: choose fewer facilities."
                )
            await uow.campaigns.add(made)
            await uow.review_lines.add_all(lines)
            await uow.audit.append(
                "review:started", actor=actor, subject=("review", made.id), at=now, name=made.name, count=len(lines),
                due=made.due_at.isoformat(),
            )  # fmt: skip
        return made

    async def all(self, actor: Actor) -> list[Standing]:
        """The campaigns one sees, the newest first."""
        need_reader(actor)
        now = clock.now()
        async with self._database.read() as uow:
            seen = [one for one in await uow.campaigns.all() if _covers(actor, one)]
            signed = {one.campaign_id: one for one in await uow.review_signatures.some(one.id for one in seen)}
            return [
                _standing(one, await uow.review_lines.of(one.id), signed.get(one.id), now) for one in seen[::-1]
            ]  # fmt: skip

    async def to_decide(self, actor: Actor) -> list[tuple[Campaign, int]]:
        """The campaigns in which lines wait for this person or another who may decide on them, and how many; by day."""
        need_reader(actor)
        async with self._database.read() as uow:
            open_ones = [one for one in await uow.campaigns.running(clock.now()) if _covers(actor, one)]
            counted = [(one, await waiting_for(uow, actor, one)) for one in open_ones]
        return [(one, count) for one, count in counted if count]

    async def warn(self, actor: Actor) -> int:
        """Note in the trail, once each, that a campaign is due soon and has open lines; return how many."""
        now, count = clock.now(), 0
        async with self._database.write() as uow:
            for one in await uow.campaigns.running(now):
                since = one.due_at - WARN_BEFORE
                if not one.created_at < since <= now or await _warned(uow, one):
                    continue
                await uow.audit.append(
                    "review:ending", actor=actor, subject=("review", one.id), at=now, name=one.name,
                    count=await uow.review_lines.count_open(one.id), due=one.due_at.isoformat(),
                )  # fmt: skip
                count += 1
        return count

    async def to_sign(self, actor: Actor) -> list[Campaign]:
        """The campaigns that wait for this person's signature, or another's who leads there, the oldest first."""
        if not actor.roles & LEADERS:
            return []
        async with self._database.read() as uow:
            return [one for one in await uow.campaigns.to_sign(clock.now()) if _leads(actor, one)]

    async def of(self, actor: Actor, campaign_id: str) -> Review:
        need_reader(actor)
        async with self._database.read() as uow:
            campaign = await _campaign(uow, actor, campaign_id)
            return await _review(uow, actor, campaign, await uow.review_lines.of(campaign.id), clock.now())

    async def decide(
        self, actor: Actor, campaign_id: str, line_ids: Collection[str], verdict: Verdict, note: str = ""
    ) -> list[ReviewLine]:
        """Confirm or withdraw lines, all or none of them; also after the day, which lifts what it suspended.

        A line on which the same person has said just this already stays as it is.
        """
        said = _short(note, "note")
        if verdict is Verdict.WITHDRAWN and len(said) < 3:
            raise ReasonNeeded("review", field="note")
        wanted = {*line_ids}
        if not wanted:
            raise Invalid("no line", field="lines", sentence="Choose at least one line.")
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            campaign = await _campaign(uow, actor, campaign_id)
            lines = await uow.review_lines.chosen(campaign.id, wanted)
            now = clock.now()  # once the lines are held: after a signature that was given meanwhile
            if len(lines) != len(wanted):
                raise NotFound("not a line of this review")
            reach = await reach_of(uow, actor, campaign, lines)
            if not all(map(reach.may, lines)):
                raise Forbidden(
                    "lines of others", sentence="Your role does not review these rights, or they are yours."
                )
            if verdict is Verdict.CONFIRMED:
                await refuse_to_lift(uow, actor, campaign, lines)
            said_now = (verdict, actor.name, said)
            made = [
                replace(one, verdict=verdict, decided_at=now, decided_by=actor.name, note=said) for one in lines
                if (one.verdict, one.decided_by, one.note) != said_now
            ]  # fmt: skip
            if not made:
                return lines
            await uow.review_lines.save_all(made)
            await uow.audit.append(
                "review:decided", actor=actor, subject=("review", campaign.id), at=now, name=campaign.name,
                answer=verdict, count=len(made), note=said, who=_names(made),
            )  # fmt: skip
            uow.hint("review", campaign.id)
            return await uow.review_lines.chosen(campaign.id, wanted)

    async def sign(self, actor: Actor, campaign_id: str, remark: str = "") -> ReviewSignature:
        """Answer for the campaign as it stands now: once, by whoever leads reviews in every hospital of it, when no
        line is open. On his own rights another has decided by then, or the day (R-23).

        What is decided on a line later does not touch what was signed.
        """
        said = _short(remark, "remark")
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            campaign = await _campaign(uow, actor, campaign_id)
            if not _leads(actor, campaign):
                raise Forbidden(f"{actor.login} leads not all of {campaign.facilities}", sentence=OTHERS_SIGN)
            lines = await uow.review_lines.held(campaign.id)
            now = clock.now()
            review = await _review(uow, actor, campaign, lines, now)
            _need_signable(review.standing)
            made, kept = _signed(actor, review, said, now)
            await uow.review_signatures.sign(made, kept)
            await uow.audit.append(
                "review:signed", actor=actor, subject=("review", campaign.id), at=made.signed_at, name=campaign.name,
                confirmed=made.confirmed, withdrawn=made.withdrawn, suspended=made.suspended, sha256=made.digest,
                note=said,
            )  # fmt: skip
            uow.hint("review", campaign.id)
            return made

    async def export(self, actor: Actor, campaign_id: str) -> tuple[Campaign, bytes]:
        """The whole review as CSV, with its signature once it has one (see `review_sheet`); audited."""
        self._authentication.require_fresh(actor)
        need_reader(actor)
        now = clock.now()
        async with self._database.write() as uow:
            campaign = await _campaign(uow, actor, campaign_id)
            review = await _review(uow, actor, campaign, await uow.review_lines.of(campaign.id), now)
            await uow.audit.append(
                "review:exported", actor=actor, subject=("review", campaign_id), at=now, name=campaign.name,
                count=len(review.lines),
            )  # fmt: skip
            if (signature := review.standing.signature) is None:
                return campaign, review_sheet.unsigned(review).encode()
            kept = await uow.review_signatures.statement(campaign.id)
            return campaign, review_sheet.signed(kept, signature, review).encode()


# -- what may be reviewed ----------------------------------------------------------------------------------------------
async def _lines(uow: UnitOfWork, campaign: Campaign, now: datetime) -> list[ReviewLine]:
    """Each role of staff who work there, each person of the suppliers that maintain a device there, each window."""
    made = [
        ReviewLine(new_id(now), campaign.id, RightKind.STAFF, one.id, role.value, one.name, "")
        for one in await uow.staff.all()
        if one.active and _works_at(one, campaign)
        for role in sorted(one.roles)
    ]
    places = None if EVERYWHERE in campaign.facilities else frozenset(campaign.facilities)
    for supplier in await uow.suppliers.maintaining(places):
        made += [
            ReviewLine(new_id(now), campaign.id, RightKind.TECHNICIAN, one.id, "", one.name, supplier.name)
            for one in await uow.technicians.of_supplier(supplier.id)
            if one.usable(now)
        ]
    return made + [line async for line in _windows(uow, campaign, places, now)]


async def _windows(
    uow: UnitOfWork, campaign: Campaign, places: frozenset[str] | None, now: datetime
) -> AsyncIterator[ReviewLine]:
    joins = Joins(uow)
    for one in await uow.windows.search(places, MOST_LINES, 0):
        if one.status(now) is WindowStatus.AGREED:
            device = await joins.device(one.device_id)
            company = (await joins.supplier(one.supplier_id)).name if one.supplier_id else ""
            name = f"{device.code}: {one.reason}"[:200]
            yield ReviewLine(new_id(now), campaign.id, RightKind.WINDOW, one.id, one.kind.value, name, company)


async def _warned(uow: UnitOfWork, campaign: Campaign) -> bool:
    return bool(await uow.audit.search(tag_prefix="review:ending", subject_id=campaign.id, limit=1))


async def _everywhere(uow: UnitOfWork, lines: Collection[ReviewLine]) -> set[tuple[str, str]]:
    """Who of the staff has which role in every hospital."""
    people = await uow.staff.some({one.subject_id for one in lines if one.kind is RightKind.STAFF})
    return {(one.id, held.role.value) for one in people for held in one.assignments if held.facility_id == EVERYWHERE}


def _works_at(person: Staff, campaign: Campaign) -> bool:
    """Whoever works elsewhere too is reviewed where both are: no hospital decides for another's people."""
    return EVERYWHERE in campaign.facilities or person.facilities <= {*campaign.facilities}


async def _campaign(uow: UnitOfWork, actor: Actor, ident: str) -> Campaign:
    campaign = found(await uow.campaigns.get(ident), ident)
    if not _covers(actor, campaign):
        raise NotFound(ident)
    return campaign


def _covers(actor: Actor, campaign: Campaign) -> bool:
    return any(actor.covers(ident) for ident in campaign.facilities)


def _leads(actor: Actor, campaign: Campaign) -> bool:
    """Whoever begins reviews in each hospital of it: for a hospital that is not his nobody begins one, nor signs."""
    return all(actor.covers(ident, *LEADERS) for ident in campaign.facilities)


async def _review(
    uow: UnitOfWork, actor: Actor, campaign: Campaign, lines: Collection[ReviewLine], now: datetime
) -> Review:
    wide, reach = await _everywhere(uow, lines), await reach_of(uow, actor, campaign, lines)
    seen = [
        Seen(one, one.state(campaign.due_at, now), reach.may(one), (one.subject_id, one.right) in wide) for one in lines
    ]
    standing = _standing(campaign, lines, await uow.review_signatures.get(campaign.id), now)
    return Review(standing, tuple(seen), _leads(actor, campaign))


def _standing(
    campaign: Campaign, lines: Collection[ReviewLine], signature: ReviewSignature | None, now: datetime
) -> Standing:
    counts = dict.fromkeys(LineState, 0)
    for one in lines:
        counts[one.state(campaign.due_at, now)] += 1
    return Standing(campaign, counts, signature)


def _need_signable(standing: Standing) -> None:
    if (signature := standing.signature) is not None:
        raise Conflict("signed", sentence="{who} has signed this review already.", who=signature.signed_by)
    if waits := standing.counts[LineState.OPEN]:
        raise Conflict(
            "open", sentence="This review is signed once every line is decided. Lines that still wait: {count}.",
            count=waits,
        )  # fmt: skip


def _signed(actor: Actor, review: Review, remark: str, now: datetime) -> tuple[ReviewSignature, str]:
    """The signature, and what it is under."""
    kept, counts = review_sheet.statement(review), review.standing.counts
    made = ReviewSignature(
        review.standing.campaign.id, actor.name, now, counts[LineState.CONFIRMED], counts[LineState.WITHDRAWN],
        counts[LineState.SUSPENDED], review_sheet.digest(kept), remark,
    )  # fmt: skip
    return made, kept


def _short(text: str, field: str) -> str:
    said = text.strip()
    if len(said) > MAX_NOTE:
        raise Invalid(field, field=field, sentence="This text is too long: {limit} characters at most.", limit=MAX_NOTE)
    return said


def _names(lines: Collection[ReviewLine]) -> str:
    """Enough of them for the trail; the lines themselves hold all."""
    return "; ".join(f"{one.name} {one.right}".strip() for one in lines)[:1000]
