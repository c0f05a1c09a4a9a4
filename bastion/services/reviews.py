"""Reviews of access rights: begun, decided line by line or many at once, signed for as a whole, exported (R-19)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain.ids import new_id
from bastion.domain.parties import EVERYWHERE, Actor, ActorKind
from bastion.domain.review import (
    LEADERS,
    WARN_BEFORE,
    Campaign,
    LineState,
    ReviewLine,
    ReviewSignature,
    Sought,
    Verdict,
    checked,
)
from bastion.errors import Conflict, Forbidden, Invalid, NotFound
from bastion.services import reasons, review_sheet
from bastion.services.authentication import Authentication
from bastion.services.forms import check_name, need_reader
from bastion.services.joins import found
from bastion.services.review_due import Unbegun, unbegun
from bastion.services.review_losses import Loss, loss_of
from bastion.services.review_lost import Lost, lost_by
from bastion.services.review_reach import WAITING, covers, refuse_to_lift, remit_of, waiting_for
from bastion.services.review_rights import of_the_group, rights_in
from bastion.services.review_settling import named, settle
from bastion.services.review_views import Review, Seen, Standing
from bastion.services.twice import need_first
from bastion.store.database import Database
from bastion.store.review_pages import FoundLine
from bastion.store.unit_of_work import UnitOfWork

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
            lines = await rights_in(uow, made, now)
            if not lines:
                raise Invalid("nothing", field="facilities", sentence="There are no access rights to review there.")
            await uow.campaigns.add(made)
            await uow.review_lines.add_all(lines)
            await uow.audit.append(
                "review:started", actor=actor, subject=("review", made.id), at=now, name=made.name, count=len(lines),
                due=made.due_at.isoformat(),
            )  # fmt: skip
        return made

    async def all(self, actor: Actor, limit: int | None = None, offset: int = 0) -> list[Standing]:
        """The campaigns one sees, the newest first."""
        need_reader(actor)
        now = clock.now()
        async with self._database.read() as uow:
            seen = [one for one in await uow.campaigns.all() if covers(actor, one)][::-1]
            return await _standings(uow, seen[offset:][:limit], now)

    async def to_decide(self, actor: Actor) -> list[tuple[Campaign, int]]:
        """The campaigns in which lines wait for this person or another who may decide on them, and how many; by day."""
        need_reader(actor)
        async with self._database.read() as uow:
            now = clock.now()
            counted = [(one, await waiting_for(uow, actor, one, now)) for one in await uow.campaigns.running(now)]
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

    async def settle(self, actor: Actor) -> int:
        """Let no open line wait whose right has ended meanwhile; return how many there were."""
        now = clock.now()
        async with self._database.read() as uow:
            running = await uow.campaigns.running(now)
        count = 0
        for one in running:
            async with self._database.write() as uow:
                count += await settle(uow, actor, one, now)
        return count

    async def to_sign(self, actor: Actor) -> list[Campaign]:
        """The campaigns that wait for this person's signature, or another's who leads there, the oldest first."""
        if not actor.roles & LEADERS:
            return []
        async with self._database.read() as uow:
            return [one for one in await uow.campaigns.to_sign(clock.now()) if _leads(actor, one)]

    async def unbegun(self, actor: Actor) -> list[Unbegun]:
        """The hospitals in which this person begins reviews and none was begun for half a year."""
        if not actor.roles & LEADERS:
            return []
        async with self._database.read() as uow:
            found = await unbegun(uow, None, clock.now())
        return [one for one in found if actor.covers(one.facility.id, *LEADERS)]

    async def of(
        self, actor: Actor, campaign_id: str, sought: Sought | None = None, limit: int | None = None, offset: int = 0
    ) -> Review:
        """The campaign, with those of its lines that are looked for, what waits first."""
        need_reader(actor)
        now, wanted = clock.now(), sought or Sought()
        async with self._database.read() as uow:
            campaign = await _campaign(uow, actor, campaign_id)
            remit, pages = await remit_of(uow, actor, campaign), uow.review_pages
            lines = await pages.page(campaign, remit, wanted, now, limit=limit, offset=offset)
            review = await _review(uow, actor, campaign, lines, now)
            signed, waits = review.standing.signature, review.standing.counts[LineState.OPEN]
            return replace(
                review,
                found=await pages.count(campaign, remit, wanted, now) if sought else review.standing.total,
                waiting=await pages.count(campaign, remit, WAITING, now) if waits else 0,
                decided_since=await uow.review_lines.count_since(campaign.id, signed.signed_at) if signed else 0,
                of_the_group=await of_the_group(uow, campaign, now),
            )

    async def loss(self, actor: Actor, campaign_id: str, line_id: str) -> Loss:
        """What withdrawing this line would take away now; `NotFound` for one that is not his to decide on."""
        need_reader(actor)
        async with self._database.read() as uow:
            campaign, now = await _campaign(uow, actor, campaign_id), clock.now()
            remit = await remit_of(uow, actor, campaign)
            chosen = await uow.review_pages.chosen(campaign, remit, {line_id}, hold=False)
            if not any(one.mine for one in chosen):
                raise NotFound(line_id)
            (seen,) = (await _review(uow, actor, campaign, chosen, now)).lines
            return await loss_of(uow, campaign, seen, now)

    async def lost(self, actor: Actor) -> list[Lost]:
        """Which roles of this member of staff a review has taken away; nothing about anybody else."""
        async with self._database.read() as uow:
            person = await uow.staff.get(actor.id) if actor.kind is ActorKind.STAFF else None
            return await lost_by(uow, person, clock.now()) if person else []

    async def decide(
        self, actor: Actor, campaign_id: str, line_ids: Collection[str], verdict: Verdict, note: str = ""
    ) -> list[ReviewLine]:
        """Confirm or withdraw lines, all or none of them; also after the day, which lifts what it suspended.

        A line on which the same person has said just this already stays as it is.
        """
        said = reasons.note(note, "note")
        if verdict is Verdict.GONE:
            raise Invalid("verdict", field="verdict", sentence="A right is confirmed or withdrawn.")
        if verdict is Verdict.WITHDRAWN and len(said) < 3:
            raise reasons.lacking(said, "note")
        wanted = {*line_ids}
        if not wanted:
            raise Invalid("no line", field="lines", sentence="Choose at least one line.")
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            campaign = await _campaign(uow, actor, campaign_id)
            chosen = await uow.review_pages.chosen(campaign, await remit_of(uow, actor, campaign), wanted)
            now = clock.now()  # once the lines are held: after a signature that was given meanwhile
            if len(chosen) != len(wanted):
                raise NotFound("not a line of this review")
            if not all(one.mine for one in chosen):
                raise Forbidden(
                    "lines of others", sentence="Your role does not review these rights, or they are yours."
                )
            lines = [one.line for one in chosen]
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
                answer=verdict, count=len(made), note=said, who=named(made),
            )  # fmt: skip
            uow.hint("review", campaign.id)
            told = {one.id: one for one in made}
            return [told.get(one.id, one) for one in lines]

    async def sign(self, actor: Actor, campaign_id: str, remark: str = "") -> ReviewSignature:
        """Answer for the campaign as it stands now: once, by whoever leads reviews in every hospital of it, when no
        line is open. On his own rights another has decided by then, or the day (R-23).

        What is decided on a line later does not touch what was signed.
        """
        said = reasons.note(remark, "remark")
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            campaign = await _campaign(uow, actor, campaign_id)
            if not _leads(actor, campaign):
                raise Forbidden(f"{actor.login} leads not all of {campaign.facilities}", sentence=OTHERS_SIGN)
            lines = await uow.review_pages.whole(campaign, await remit_of(uow, actor, campaign), hold=True)
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
            lines = await uow.review_pages.whole(campaign, await remit_of(uow, actor, campaign))
            review = await _review(uow, actor, campaign, lines, now)
            await uow.audit.append(
                "review:exported", actor=actor, subject=("review", campaign_id), at=now, name=campaign.name,
                count=len(review.lines),
            )  # fmt: skip
            if (signature := review.standing.signature) is None:
                return campaign, review_sheet.unsigned(review).encode()
            kept = await uow.review_signatures.statement(campaign.id)
            return campaign, review_sheet.signed(kept, signature, review).encode()


async def _warned(uow: UnitOfWork, campaign: Campaign) -> bool:
    return bool(await uow.audit.search(tag_prefix="review:ending", subject_id=campaign.id, limit=1))


async def _campaign(uow: UnitOfWork, actor: Actor, ident: str) -> Campaign:
    campaign = found(await uow.campaigns.get(ident), ident)
    if not covers(actor, campaign):
        raise NotFound(ident)
    return campaign


def _leads(actor: Actor, campaign: Campaign) -> bool:
    """Whoever begins reviews in each hospital of it: for a hospital that is not his nobody begins one, nor signs."""
    return all(actor.covers(ident, *LEADERS) for ident in campaign.facilities)


async def _review(
    uow: UnitOfWork, actor: Actor, campaign: Campaign, lines: Iterable[FoundLine], now: datetime
) -> Review:
    (standing,) = await _standings(uow, [campaign], now)
    places = {one.id: one for one in await uow.facilities.all()}
    seen = [
        Seen(one.line, one.line.state(campaign.due_at, now), one.mine, one.speaks, places.get(one.line.place))
        for one in lines
    ]
    return Review(standing, tuple(seen), _leads(actor, campaign))


async def _standings(uow: UnitOfWork, campaigns: Collection[Campaign], now: datetime) -> list[Standing]:
    ids = [one.id for one in campaigns]
    signed = {one.campaign_id: one for one in await uow.review_signatures.some(ids)}
    counted = await uow.review_lines.counts(ids)
    places = {one.id: one for one in await uow.facilities.all()}
    return [
        Standing(
            one, _by_state(one, counted[one.id], now), tuple(places[i] for i in one.facilities if i in places),
            signed.get(one.id),
        )
        for one in campaigns
    ]  # fmt: skip


def _by_state(campaign: Campaign, counted: dict[Verdict | None, int], now: datetime) -> dict[LineState, int]:
    silent = LineState.SUSPENDED if campaign.due(now) else LineState.OPEN
    counts = {silent if verdict is None else LineState(verdict.value): count for verdict, count in counted.items()}
    return {state: counts.get(state, 0) for state in LineState}


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
