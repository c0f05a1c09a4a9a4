"""The whole file of a supplier: contract, papers, networks, countries, subcontractors and people on one page."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Form
from starlette.responses import Response

from bastion.domain.place import Place
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services.subcontractors import SubcontractorForm
from web import country_words, paper_words
from web.console import Console, Seen, Typed, go
from web.labels import SUBCONTRACTOR_STATES
from web.paging import turned

router = APIRouter(prefix="/directory")
Text = Annotated[str, Form()]
Several = Annotated[tuple[str, ...], Form()]
NOBODY: Final[tuple[str, ...]] = ()


@router.get("/abroad")
async def abroad(seen: Seen) -> Response:
    """Show who may work from there, and what was done from there; who turns to older work reads that alone."""
    files = seen.services.supplier_files
    page = await turned(
        seen.request, partial(files.sessions_abroad, seen.actor), lambda row: Place(row[0].started_at, row[0].id)
    )
    people = [] if page.newer else await files.people_abroad(seen.actor)
    return seen.page(
        "directory/abroad.html", N_("Work from outside the EEA"), people=people, sessions=page.rows, newer=page.newer,
        older=page.older,
    )  # fmt: skip


@router.get("/suppliers/{ident}/file")
async def show(seen: Seen, ident: str) -> Response:
    return await _show(seen, ident)


@router.post("/suppliers/{ident}/subcontractors")
async def declare(
    seen: Seen, ident: str, name: Text = "", registration: Text = "", country: Text = "", code: Text = ""
) -> Response:
    async def work() -> Response:
        form = SubcontractorForm(name, registration, country)
        await seen.services.subcontractors.declare(await seen.fresh(code), ident, form)
        return _back(ident, "subcontractor_declared")

    typed = Typed(name=name, registration=registration, country=country)
    return await seen.attempt(work(), partial(_show, seen, ident, typed=typed))


@router.post("/suppliers/{ident}/subcontractors/{sub}/object")
async def object_to(seen: Seen, ident: str, sub: str, reason: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.subcontractors.object(await seen.fresh(code), sub, reason, ident)
        return _back(ident, "subcontractor_objected")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=Typed(reason=reason)))


@router.post("/suppliers/{ident}/subcontractors/{sub}/end")
async def end(seen: Seen, ident: str, sub: str, code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.subcontractors.end(await seen.fresh(code), sub, ident)
        return _back(ident, "saved")

    return await seen.attempt(work(), partial(_show, seen, ident))


@router.post("/suppliers/{ident}/roster")
async def confirm(
    seen: Seen,
    ident: str,
    people: Several = NOBODY,
    reference: Text = "",
    code: Text = "",
) -> Response:
    async def work() -> Response:
        await seen.services.rosters.confirm(await seen.fresh(code), ident, people, reference)
        return _back(ident, "roster_confirmed")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=Typed(people=people, reference=reference)))


def _back(ident: str, said: str) -> Response:
    return go(f"/directory/suppliers/{ident}/file", said)


async def _show(seen: Console, ident: str, error: BastionError | None = None, typed: Typed | None = None) -> Response:
    file = await seen.services.supplier_files.of(seen.actor, ident)
    return seen.page(
        "directory/supplier_file.html", N_("Supplier file"), error=error, file=file, words=paper_words,
        states=SUBCONTRACTOR_STATES, countries=country_words.choices(seen.face.language), typed=typed or Typed(),
    )  # fmt: skip
