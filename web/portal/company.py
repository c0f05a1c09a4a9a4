"""A correspondent's pages: the company's people, requests and papers, and nothing of anybody else's (T33)."""

from datetime import datetime
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from bastion.domain.parties import Supplier
from bastion.domain.place import Place
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services.company import ColleagueChange, NewColleague
from web import country_words, fields, labels, paper_words
from web.console import Typed, go
from web.paging import turned
from web.portal.links import link_of
from web.portal.visit import Come, Visit
from web.views import local_last_day

router = APIRouter(prefix="/company")
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]
Many = Annotated[list[str], Form(default_factory=list)]
COMPANY: Final = N_("My company")


@router.get("")
async def show(seen: Come) -> Response:
    return await _show(seen)


@router.post("/roster")
async def confirm(seen: Come, people: Many, code: Text = "") -> Response:
    """Confirm who still works for the company; whoever is left out keeps his date (R-18)."""

    async def work() -> Response:
        await seen.services.company.confirm(await seen.fresh(code), people)
        return go("/supplier/company", "roster_confirmed")

    return await seen.attempt(work(), partial(_show, seen, typed=Typed(people=people)))


@router.get("/requests")
async def requests(seen: Come, text: Asked = "", state: Asked = "") -> Response:
    t = seen.t
    filters = Typed(text=text.strip()[:200], state=state if state in labels.REQUEST_STATES else "")
    search = partial(seen.services.company.requests, seen.actor, **filters)
    page = await turned(seen.request, search, lambda one: Place(one.request.created_at, one.request.id))
    states = [(value, t(words[1])) for value, words in labels.REQUEST_STATES.items()]
    return seen.page(
        "company_requests.html", N_("Requests of my company"), rows=page.rows, filters=filters, states=states,
        newer=page.newer, older=page.older,
    )  # fmt: skip


@router.get("/requests/{ident}")
async def request(seen: Come, ident: str) -> Response:
    return seen.page("company_request.html", view=await seen.services.company.request(seen.actor, ident))


@router.get("/people/new")
async def new(seen: Come) -> Response:
    return await _form(seen, Typed(language="fr"))


@router.post("/people/new")
async def add(
    seen: Come, login: Text = "", name: Text = "", email: Text = "", language: Text = "", country: Text = "",
    employer_id: Text = "", code: Text = "",
) -> Response:  # fmt: skip
    async def work() -> Response:
        form = NewColleague(login, name, email, language, country, employer_id)
        made = await seen.services.company.add(await seen.fresh(code), form)
        return go(f"/supplier/company/people/{made.id}", "saved")

    typed = Typed(login=login, name=name, email=email, language=language, country=country, employer_id=employer_id)
    return await seen.attempt(work(), partial(_form, seen, typed))


@router.get("/people/{ident}")
async def person(seen: Come, ident: str) -> Response:
    return await _person(seen, ident)


@router.post("/people/{ident}/change")
async def change(
    seen: Come, ident: str, name: Text = "", email: Text = "", language: Text = "", country: Text = "",
    valid_until: Text = "", code: Text = "",
) -> Response:  # fmt: skip
    async def work() -> Response:
        known = (await seen.services.company.colleague(seen.actor, ident)).technician.valid_until
        end = fields.day_end(valid_until, "valid_until", known=known)
        form = ColleagueChange(name, email, language, country, end)
        await seen.services.company.change(await seen.fresh(code), ident, form)
        return go(f"/supplier/company/people/{ident}", "saved")

    typed = Typed(name=name, email=email, language=language, country=country, valid_until=valid_until)
    return await seen.attempt(work(), partial(_person, seen, ident, typed=typed))


@router.post("/people/{ident}/invite")
async def invite(seen: Come, ident: str, code: Text = "") -> Response:
    """Show the link in the answer itself: it is never kept, so there is nothing to redirect to."""

    async def work() -> Response:
        await seen.services.company.colleague(seen.actor, ident)
        secret = await seen.services.invitations.invite(await seen.fresh(code), ident)
        return await _person(seen, ident, link=link_of(seen.request, secret))

    return await seen.attempt(work(), partial(_person, seen, ident))


@router.post("/people/{ident}/part")
async def part(seen: Come, ident: str, why: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.company.colleague(seen.actor, ident)
        await seen.services.company.part_with(await seen.fresh(code), ident, why)
        return go("/supplier/company", "parted")

    return await seen.attempt(work(), partial(_person, seen, ident, why=why))


# -- parts -------------------------------------------------------------------------------------------------------------
async def _show(seen: Visit, error: BastionError | None = None, typed: Typed | None = None) -> Response:
    company = seen.services.company
    roster = {one.technician.id: one for one in (await company.roster(seen.actor)).people}
    return seen.page(
        "company.html", COMPANY, error=error, typed=typed or Typed(), supplier=await company.own(seen.actor),
        people=await company.people(seen.actor),
        roster=roster, late=any(one.confirmed.wanted(seen.face.now) for one in roster.values()),
        papers=await seen.services.papers.own(seen.actor),
        due=await seen.services.reports.of_company(seen.actor), words=paper_words,
    )  # fmt: skip


async def _form(seen: Visit, typed: Typed, error: BastionError | None = None) -> Response:
    supplier = await seen.services.company.own(seen.actor)
    return seen.page(
        "colleague_new.html", N_("New colleague"), error=error, typed=typed, supplier=supplier,
        countries=_countries(seen, supplier),
        employers=[(one.id, one.name) for one in await seen.services.company.employers(seen.actor)],
    )  # fmt: skip


def _countries(seen: Visit, supplier: Supplier) -> list[tuple[str, str]]:
    return [(code, country_words.name(seen.face.language, code)) for code in supplier.countries]


def _day(until: datetime | None) -> str:
    """The last day of an account, as the form writes it."""
    return local_last_day(until) if until else ""


async def _person(
    seen: Visit, ident: str, error: BastionError | None = None, link: str = "", why: str = "",
    typed: Typed | None = None,
) -> Response:  # fmt: skip
    company = seen.services.company
    row = await company.colleague(seen.actor, ident)
    person = row.technician
    known = Typed(
        name=person.name, email=person.email, language=person.language, country=person.country,
        valid_until=_day(person.valid_until),
    )  # fmt: skip
    return seen.page(
        "colleague.html",
        error=error,
        row=row,
        link=link,
        why=why,
        typed=typed or known,
        changing=typed is not None,
        countries=_countries(seen, await company.own(seen.actor)),
    )
