"""`/suppliers/{id}/file`, its subcontractors and its list of people, and `/abroad` (R-18, R-45, R-46)."""

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import Field

from bastion import clock
from bastion.domain.paper import PaperKind
from bastion.domain.roster import Confirmation, RosterState
from bastion.domain.subcontractor import Subcontractor, SubcontractorState
from bastion.services.rosters import Listed
from bastion.services.subcontractors import SubcontractorForm
from bastion.services.supplier_files import Remark
from web.api.bearer import Me, Use
from web.api.register_shapes import SupplierShape, TechnicianShape
from web.api.shapes import Reason, Shape


class SubcontractorShape(Shape):
    """`allowed_from`: until then the hospital may object; silence allows."""

    id: str
    name: str
    registration: str
    country: str
    state: SubcontractorState
    declared_by: str
    declared_at: datetime
    allowed_from: datetime
    objected_by: str
    objected_at: datetime | None
    objection: str
    ended_at: datetime | None

    @classmethod
    def of(cls, one: Subcontractor, now: datetime) -> "SubcontractorShape":
        kept = {name: getattr(one, name) for name in cls.model_fields if name != "state"}
        return cls(state=one.state(now), **kept)


class SubcontractorBody(Shape):
    """`country` is an ISO 3166 code."""

    name: str = Field(max_length=200)
    registration: str = Field("", max_length=200)
    country: str = Field("FR", max_length=2)


class ObjectionBody(Shape):
    reason: Reason


class ListedShape(Shape):
    """`suspended_at`: from when this person no longer works unless he is confirmed."""

    id: str
    login: str
    name: str
    country: str
    employer_id: str
    state: RosterState
    confirmed_at: datetime
    due_at: datetime
    suspended_at: datetime

    @classmethod
    def of(cls, one: Listed) -> "ListedShape":
        person, word = one.technician, one.confirmed
        return cls(
            id=person.id, login=person.login, name=person.name, country=person.country,
            employer_id=person.employer_id, state=one.state, confirmed_at=word.at, due_at=word.due_at,
            suspended_at=word.suspended_at,
        )  # fmt: skip


class ConfirmationShape(Shape):
    id: str
    at: datetime
    by: str
    reference: str
    people: list[str]
    left_out: int

    @classmethod
    def of(cls, one: Confirmation) -> "ConfirmationShape":
        return cls(
            id=one.id, at=one.at, by=one.by, reference=one.reference, people=list(one.people), left_out=one.left_out
        )


class RosterBody(Shape):
    """`people` are ids; who is on the list and not named keeps his date. `reference`: where the letter is filed."""

    people: list[str] = Field(max_length=2000)
    reference: str = Field(max_length=200)


class RemarkShape(Shape):
    """`text` is an English sentence with `{day}`, `{names}` and `{papers}` in it, as far as it speaks of them."""

    text: str
    day: date | None
    names: list[str]
    papers: list[PaperKind]

    @classmethod
    def of(cls, one: Remark) -> "RemarkShape":
        return cls(text=one.text, day=one.day, names=list(one.names), papers=list(one.papers))


class FileShape(Shape):
    """`blocks` keeps people from working now; `soon` will, unless somebody sees to it."""

    supplier: SupplierShape
    blocks: list[RemarkShape]
    soon: list[RemarkShape]
    subcontractors: list[SubcontractorShape]
    people: list[ListedShape]
    confirmations: list[ConfirmationShape]


class AbroadSession(Shape):
    session: str
    technician_name: str
    supplier: str
    country: str
    started_at: datetime


class AbroadPerson(Shape):
    id: str
    login: str
    name: str
    supplier: str
    country: str


class AbroadShape(Shape):
    """Who may work from outside the European Economic Area, and the sessions of the last year that came from there."""

    people: list[AbroadPerson]
    sessions: list[AbroadSession]


class StandingShape(Shape):
    """`why` says in English why this person cannot work now; empty when nothing stands in the way."""

    employer: str
    confirmed_at: datetime
    due_at: datetime
    suspended_at: datetime
    why: str


class LeavingBody(Shape):
    why: Reason


def add_to(router: APIRouter) -> None:
    router.add_api_route("/suppliers/{ident}/file", file, methods=["GET"])
    router.add_api_route("/suppliers/{ident}/subcontractors", declare, methods=["POST"], status_code=201)
    router.add_api_route("/subcontractors/{ident}/object", object_to, methods=["POST"])
    router.add_api_route("/subcontractors/{ident}/end", end, methods=["POST"])
    router.add_api_route("/suppliers/{ident}/roster", confirm, methods=["POST"], status_code=201)
    router.add_api_route("/technicians/{ident}/leave", leave, methods=["POST"])
    router.add_api_route("/technicians/{ident}/standing", standing, methods=["GET"])
    router.add_api_route("/abroad", abroad, methods=["GET"])


async def file(ident: str, me: Me, use: Use) -> FileShape:
    """The whole file of a supplier, and what blocks now or soon."""
    view = await use.supplier_files.of(me, ident)
    now = clock.now()
    return FileShape(
        supplier=SupplierShape.model_validate(view.supplier),
        blocks=[RemarkShape.of(one) for one in view.blocks], soon=[RemarkShape.of(one) for one in view.soon],
        subcontractors=[SubcontractorShape.of(one, now) for one in view.subcontractors],
        people=[ListedShape.of(one) for one in view.roster.people],
        confirmations=[ConfirmationShape.of(one) for one in view.roster.said],
    )  # fmt: skip


async def declare(ident: str, body: SubcontractorBody, me: Me, use: Use) -> SubcontractorShape:
    """Register a subcontractor that the supplier declared; 21 days begin. Needs a fresh code."""
    made = await use.subcontractors.declare(me, ident, SubcontractorForm(**body.model_dump()))
    return SubcontractorShape.of(made, clock.now())


async def object_to(ident: str, body: ObjectionBody, me: Me, use: Use) -> SubcontractorShape:
    """Object to a subcontractor: its people work no longer. Needs a fresh code."""
    return SubcontractorShape.of(await use.subcontractors.object(me, ident, body.reason), clock.now())


async def end(ident: str, me: Me, use: Use) -> SubcontractorShape:
    """Say that a subcontractor works for its supplier no longer; needs a fresh code."""
    return SubcontractorShape.of(await use.subcontractors.end(me, ident), clock.now())


async def confirm(ident: str, body: RosterBody, me: Me, use: Use) -> ConfirmationShape:
    """Record what the supplier confirmed of its list; needs a fresh code."""
    return ConfirmationShape.of(await use.rosters.confirm(me, ident, body.people, body.reference))


async def leave(ident: str, body: LeavingBody, me: Me, use: Use) -> TechnicianShape:
    """Off-board somebody: account, keys, authenticator, authorisations and sessions end now. Needs a fresh code."""
    await use.rosters.leave(me, ident, body.why)
    return TechnicianShape.of(await use.people.technician(me, ident))


async def standing(ident: str, me: Me, use: Use) -> StandingShape:
    """What stands between a person and work: the employer, the supplier's word, the hospital's review."""
    seen = await use.rosters.person(me, ident)
    return StandingShape(
        employer=seen.employer.name if seen.employer else "", confirmed_at=seen.confirmed.at,
        due_at=seen.confirmed.due_at, suspended_at=seen.confirmed.suspended_at, why=seen.why or "",
    )  # fmt: skip


async def abroad(me: Me, use: Use) -> AbroadShape:
    """Who may work from outside the European Economic Area, and the newest 500 sessions of a year from there (R-45)."""
    return AbroadShape(
        people=[
            AbroadPerson(id=one.id, login=one.login, name=one.name, supplier=supplier.code, country=one.country)
            for one, supplier in await use.supplier_files.people_abroad(me)
        ],
        sessions=[
            AbroadSession(
                session=one.id, technician_name=one.technician_name, supplier=supplier.code, country=one.country,
                started_at=one.started_at,
            )
            for one, supplier in await use.supplier_files.sessions_abroad(me)
        ],
    )  # fmt: skip
