"""The console as one ASGI application: pages, API, static files, and what stands before all of them."""

import asyncio
from functools import partial
from typing import Final

from fastapi import FastAPI, Request

from bastion.config import Settings
from bastion.domain.importing import Register
from bastion.domain.lock import Lock
from bastion.domain.sheet import MAX_BYTES
from bastion.services.bundle import Services
from web import failures, live
from web.api import router as api_router
from web.api.bearer import PREFIX
from web.audience import Audience
from web.failures import Forget
from web.ground import Built, before_all, joined, routes_of, serve, take_every_path
from web.guards import Key, require_complete
from web.pages import (
    account,
    asking,
    audit,
    batches,
    calendar,
    deciding,
    derogations,
    desk,
    devices,
    door,
    emergencies,
    gmao,
    home,
    imports,
    locks,
    messages,
    papers,
    professionals,
    recordings,
    registers,
    reports,
    requests,
    reviews,
    rota,
    sessions,
    staff,
    standins,
    supplier_files,
    technicians,
    templates,
    undertakings,
    windows,
)
from web.playbacks import Playbacks
from web.portal import app as portal
from web.portal.guards import PREFIX as SUPPLIERS
from web.render import STATIC
from web.security import admit, end_session, sign_in_address
from web.shield import MAX_BODY
from web.together import Together, Turns

PAGES: Final = (
    door, deciding, home, live, asking, requests, batches, reports, sessions, desk, recordings, audit, locks, messages,
    account,
    devices, derogations, technicians, staff, registers, imports, papers, professionals, templates, supplier_files,
    undertakings, emergencies, windows, calendar, gmao, reviews, rota, standins,
)  # fmt: skip
PARTS: Final = joined((part.router for part in PAGES), api_router.router, admit)
ROOMY: Final = (
    "/directory/import",
    "/rota/import",
    *(f"{PREFIX}/imports/{one}{end}" for one in Register for end in ("", "/apply")),
)
READ_AT_ONCE: Final = 2
"""So many open pages are told at once what waits: more would only wait for each other, and others for them."""
MAX_FILE: Final = MAX_BYTES + MAX_BODY
"""A file for an import, and what a form puts around it."""


def create(services: Services, settings: Settings) -> FastAPI:
    """Build the application. Raises `ConfigurationError` when a route has no guard or the assets are not built."""
    closing = asyncio.Event()
    app = FastAPI(
        title="Bastion", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False,
        middleware=before_all(closing, settings.web_url, dict.fromkeys(ROOMY, MAX_FILE)),
    )  # fmt: skip
    app.state.services, app.state.settings, app.state.playbacks = services, settings, Playbacks()
    app.state.seated = Together(services.authentication.actors_of_sessions)
    app.state.locks = Together(partial(_in_force, services))
    app.state.owners = Together(services.portal.owners)
    app.state.turns = Turns(READ_AT_ONCE)
    app.state.audience = Audience()
    app.state.closing = closing  # set by whoever stops the console: open streams end by themselves
    require_complete(page_routes())
    serve(app, PARTS)
    app.mount("/static", Built(directory=STATIC))
    if settings.portal:
        app.mount(SUPPLIERS, portal.create(services, settings, closing, app.state.audience, staff_door="/sign-in"))
        take_every_path(app, SUPPLIERS)
    failures.become_pages(app, _to_the_door)
    return app


async def _in_force(services: Services, keys: frozenset[str]) -> dict[str, list[Lock]]:
    return dict.fromkeys(keys, await services.locks.view())


def _to_the_door(request: Request) -> tuple[str, Forget]:
    return sign_in_address(request), end_session


def page_routes() -> set[Key]:
    """Return method and path of every page and form there is."""
    return {key for part in PAGES for key in routes_of(part.router)}
