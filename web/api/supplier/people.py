"""`/company/people` and `/company/roster`: a correspondent keeps the list of his company's people (R-18).

Whoever is on that list may be given access, so a stolen token must not add, change or invite anybody. Three things
stand before it. The token was made for this, in person and with a code: one that asks for access or reports does not
get here, nor reads the addresses. Each change takes a fresh code in the header `Authenticator-Code`, as the page asks
for one; it counts once and for that call only (T21, T24), and wrong ones lock out (T28). And the hospital is told of
each invitation, whoever is concerned of each new address, so that nothing of it stays unseen.
"""

from datetime import datetime
from typing import Self

from fastapi import APIRouter, Request

from bastion import clock
from bastion.domain.country import HOME
from bastion.domain.roster import RosterState
from bastion.services.company import Colleague, ColleagueChange, NewColleague
from bastion.services.rosters import Listed
from web.api.people import Once
from web.api.shapes import Instant, Reason, Several, Shape
from web.api.supplier.bearer import Use, Who
from web.portal.links import link_of


class PersonShape(Shape):
    """`keys` counts his SSH keys; `invited_until` is when a link that was made, and not used yet, ends."""

    id: str
    login: str
    name: str
    email: str
    language: str
    country: str
    employer_id: str
    valid_until: datetime | None
    usable: bool
    keys: int
    totp_enrolled: bool
    correspondent: bool
    invited_until: datetime | None

    @classmethod
    def of(cls, one: Colleague) -> Self:
        person = one.technician
        return cls(
            id=person.id, login=person.login, name=person.name, email=person.email, language=person.language,
            country=person.country, employer_id=person.employer_id, valid_until=person.valid_until,
            usable=person.usable(clock.now()), keys=one.keys, totp_enrolled=one.enrolled,
            correspondent=one.correspondent, invited_until=one.invited_until,
        )  # fmt: skip


class ListedShape(Shape):
    """How far the company's word for a person reaches: from `due_at` on it is late, at `suspended_at` he is out."""

    id: str
    name: str
    state: RosterState
    due_at: datetime
    suspended_at: datetime
    confirmed_by: str

    @classmethod
    def of(cls, one: Listed) -> Self:
        return cls(
            id=one.technician.id, name=one.technician.name, state=one.state, due_at=one.confirmed.due_at,
            suspended_at=one.confirmed.suspended_at, confirmed_by=one.confirmed.by,
        )  # fmt: skip


class NewPerson(Shape):
    """`login` is what follows the company's code and a dot; `employer_id` a declared subcontractor's (R-46)."""

    login: str
    name: str
    email: str
    language: str = "fr"
    country: str = HOME
    employer_id: str = ""


class PersonBody(Shape):
    """What is to stand from now on. `valid_until` may come nearer; only the hospital puts it off."""

    name: str
    email: str
    language: str
    country: str
    valid_until: Instant | None


class Parting(Shape):
    why: Reason


class RosterBody(Shape):
    """The ids of those who still work for the company; whoever is left out is suspended when his day comes."""

    people: Several[str]


def add_to(router: APIRouter) -> None:
    router.add_api_route("/company/people", people, methods=["GET"])
    router.add_api_route("/company/people", add, methods=["POST"], status_code=201)
    router.add_api_route("/company/people/{ident}", person, methods=["GET"])
    router.add_api_route("/company/people/{ident}", change, methods=["PUT"])
    router.add_api_route("/company/people/{ident}/invite", invite, methods=["POST"])
    router.add_api_route("/company/people/{ident}/part", part, methods=["POST"])
    router.add_api_route("/company/roster", roster, methods=["GET"])
    router.add_api_route("/company/roster", confirm, methods=["POST"])


async def people(who: Who, use: Use) -> list[PersonShape]:
    """List the company's people: who may work first, then who has left."""
    return [PersonShape.of(one) for one in await use.company.people(who.actor)]


async def person(ident: str, who: Who, use: Use) -> PersonShape:
    """One of them."""
    return PersonShape.of(await use.company.colleague(who.actor, ident))


async def add(body: NewPerson, who: Who, use: Use) -> PersonShape:
    """Register a colleague; he can do nothing before he was invited. A login that is taken gets a number."""
    form = NewColleague(body.login, body.name, body.email, body.language, body.country, body.employer_id)
    return await person((await use.company.add(who.actor, form)).id, who, use)


async def change(ident: str, body: PersonBody, who: Who, use: Use) -> PersonShape:
    """Replace what is known of a colleague; the address he had is told of a new one."""
    form = ColleagueChange(body.name, body.email, body.language, body.country, body.valid_until)
    await use.company.change(who.actor, ident, form)
    return await person(ident, who, use)


async def invite(ident: str, request: Request, who: Who, use: Use) -> Once:
    """Make the link with which a colleague sets himself up, shown this once; an earlier one is void."""
    return Once(secret=link_of(request, await use.invitations.invite(who.actor, ident)))


async def part(ident: str, body: Parting, who: Who, use: Use) -> PersonShape:
    """Off-board a colleague at once: his sessions end, his links and tokens open nothing."""
    await use.company.part_with(who.actor, ident, body.why)
    return await person(ident, who, use)


async def roster(who: Who, use: Use) -> list[ListedShape]:
    """List who works for the company, and how far its word for each of them reaches (R-18)."""
    return [ListedShape.of(one) for one in (await use.company.roster(who.actor)).people]


async def confirm(body: RosterBody, who: Who, use: Use) -> list[ListedShape]:
    """Confirm who still works for the company."""
    await use.company.confirm(who.actor, body.people)
    return await roster(who, use)
