"""Reviews of access rights: begun, decided line by line or many at once, signed for and exported (R-19)."""

import csv
import io
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain.ids import new_id
from bastion.domain.maintenance import WindowStatus
from bastion.domain.parties import EVERYWHERE, Actor, Role, Staff
from bastion.domain.review import REVIEWERS, Campaign, LineState, ReviewLine, RightKind, Verdict, checked
from bastion.errors import Forbidden, Invalid, NotFound, ReasonNeeded
from bastion.services.authentication import Authentication
from bastion.services.forms import check_name, need_reader
from bastion.services.joins import Joins, found
from bastion.services.twice import need_first
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from recordings.file_table import inert

MAX_NOTE: Final = 2000
MOST_LINES: Final = 5000
STARTERS: Final = frozenset({Role.SECURITY, Role.ADMIN})
HEADINGS: Final = ("kind", "name", "company", "right", "state", "decided_at", "decided_by", "note", "everywhere")


@dataclass(frozen=True, slots=True)
class CampaignForm:
    """`facility_codes` empty means every facility."""

    name: str
    due_at: datetime
    facility_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a campaign is. `counts` is by state."""

    campaign: Campaign
    counts: dict[LineState, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Seen:
    """A line as one reader sees it; `mine` says that he may decide on it, `everywhere` that somebody of the staff has
    this role in every hospital now (R-70).
    """

    line: ReviewLine
    state: LineState
    mine: bool
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    standing: Standing
    lines: tuple[Seen, ...]


class Reviews:
    def __init__(self, database: Database, authentication: Authentication) -> None:
        self._database = database
        self._authentication = authentication

    async def start(self, actor: Actor, form: CampaignForm) -> Campaign:
        """Begin a campaign over the roles and the suppliers' people of these facilities, as they are now."""
        if not actor.roles & STARTERS:
            raise Forbidden(f"{actor.login} begins no review")
        check_name(form.name)
        self._authentication.require_fresh(actor)
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            places = [found(await uow.facilities.by_code(code), code).id for code in form.facility_codes]
            facilities = tuple(sorted(places)) or (EVERYWHERE,)
            if not all(actor.covers(ident, *STARTERS) for ident in facilities):
                raise NotFound(f"{actor.login} outside {facilities}")
            made = checked(Campaign(new_id(now), form.name.strip(), facilities, form.due_at, actor.name, now))
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
            return [_standing(one, await uow.review_lines.of(one.id), now) for one in seen[::-1]]

    async def of(self, actor: Actor, campaign_id: str) -> Review:
        need_reader(actor)
        now = clock.now()
        async with self._database.read() as uow:
            campaign = await _campaign(uow, actor, campaign_id)
            lines = await uow.review_lines.of(campaign.id)
            wide = await _everywhere(uow, lines)
        seen = [
            Seen(one, one.state(campaign.due_at, now), _may(actor, campaign, one), (one.subject_id, one.right) in wide)
            for one in lines
        ]
        return Review(_standing(campaign, lines, now), tuple(seen))

    async def decide(
        self, actor: Actor, campaign_id: str, line_ids: Collection[str], verdict: Verdict, note: str = ""
    ) -> list[ReviewLine]:
        """Confirm or withdraw lines, all or none of them; also after the day, which lifts what it suspended.

        A line on which the same person has said just this already stays as it is.
        """
        said = note.strip()
        if verdict is Verdict.WITHDRAWN and len(said) < 3:
            raise ReasonNeeded("review", field="note")
        if len(said) > MAX_NOTE:
            raise Invalid(
                "note", field="note", sentence="This text is too long: {limit} characters at most.", limit=MAX_NOTE
            )
        wanted = {*line_ids}
        if not wanted:
            raise Invalid("no line", field="lines", sentence="Choose at least one line.")
        self._authentication.require_fresh(actor)
        now = clock.now()
        async with self._database.write() as uow:
            campaign = await _campaign(uow, actor, campaign_id)
            lines = await uow.review_lines.chosen(campaign.id, wanted)
            if len(lines) != len(wanted):
                raise NotFound("not a line of this review")
            if not all(_may(actor, campaign, one) for one in lines):
                raise Forbidden(
                    "lines of others", sentence="Your role does not review these rights, or they are yours."
                )
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

    async def export(self, actor: Actor, campaign_id: str) -> tuple[Campaign, bytes]:
        """The whole review as CSV, with no cell that is a formula (T39); audited."""
        self._authentication.require_fresh(actor)
        review = await self.of(actor, campaign_id)
        async with self._database.write() as uow:
            await uow.audit.append(
                "review:exported", actor=actor, subject=("review", campaign_id), at=clock.now(),
                name=review.standing.campaign.name, count=len(review.lines),
            )  # fmt: skip
        return review.standing.campaign, b"".join(_csv(review))


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


def _may(actor: Actor, campaign: Campaign, line: ReviewLine) -> bool:
    """Whoever has the role for it in a hospital under review; on his own rights nobody decides."""
    able = any(actor.covers(ident, *REVIEWERS[line.kind]) for ident in campaign.facilities)
    return able and line.subject_id != actor.id


def _standing(campaign: Campaign, lines: Collection[ReviewLine], now: datetime) -> Standing:
    counts = dict.fromkeys(LineState, 0)
    for one in lines:
        counts[one.state(campaign.due_at, now)] += 1
    return Standing(campaign, counts)


def _names(lines: Collection[ReviewLine]) -> str:
    """Enough of them for the trail; the lines themselves hold all."""
    return "; ".join(f"{one.name} {one.right}".strip() for one in lines)[:1000]


def _csv(review: Review) -> Iterator[bytes]:
    sheet = io.StringIO()
    sheet.write("\ufeff")
    writer = csv.writer(sheet)
    writer.writerow(HEADINGS)
    for seen in review.lines:
        one = seen.line
        at = one.decided_at.isoformat() if one.decided_at else ""
        wide = "yes" if seen.everywhere else ""
        cells = (one.kind, one.name, one.company, one.right, seen.state, at, one.decided_by, one.note, wide)
        writer.writerow([inert(str(cell)) for cell in cells])
    yield sheet.getvalue().encode()
