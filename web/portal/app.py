"""The suppliers' door as an application: mounted beside the console, or served alone on a machine of its own."""

import asyncio
from typing import Final

from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from bastion.config import Settings
from bastion.services.bundle import Services
from web.api.supplier import router as supplier_api
from web.audience import Audience
from web.failures import Forget, become_pages
from web.ground import Built, before_all, joined, routes_of, serve, take_every_path
from web.guards import Key
from web.portal import account, company, door, live, reporting, undertaking, work
from web.portal.guards import PREFIX, require_complete
from web.portal.security import HOME, admit, end_session, sign_in_address
from web.render import STATIC
from web.together import Together

PAGES = (door, work, reporting, live, undertaking, account, company)
PARTS: Final = joined((part.router for part in PAGES), supplier_api.router, admit)


def create(
    services: Services, settings: Settings, closing: asyncio.Event, audience: Audience, staff_door: str = ""
) -> FastAPI:
    """Build what is mounted at `PREFIX`; its open pages count among `audience`.

    `staff_door` is where the hospital's people sign in, if they do on this machine. Raises `ConfigurationError` when a
    route has no guard.
    """
    app = FastAPI(title="Bastion", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.services, app.state.settings, app.state.closing = services, settings, closing
    app.state.owners, app.state.audience = Together(services.portal.owners), audience
    app.state.staff_door = staff_door
    require_complete(page_routes())
    serve(app, PARTS)
    become_pages(app, _to_the_door, HOME)
    return app


def alone(services: Services, settings: Settings) -> FastAPI:
    """Build the door without the console: there is no page, no API and no sign-in of the hospital's on this machine."""
    closing = asyncio.Event()
    app = FastAPI(
        title="Bastion", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False,
        middleware=before_all(closing, settings.portal_url),
    )  # fmt: skip
    app.state.services, app.state.settings, app.state.closing = services, settings, closing
    app.add_api_route("/health", _health)
    app.add_api_route("/", _home)
    app.add_api_route(PREFIX, _home)
    app.mount(PREFIX, create(services, settings, closing, Audience()))
    take_every_path(app, PREFIX)
    app.mount("/static", Built(directory=STATIC))
    become_pages(app, _to_the_door, HOME)
    return app


def page_routes() -> set[Key]:
    """Return method and path of every page and form there is."""
    return {(method, PREFIX + path) for part in PAGES for method, path in routes_of(part.router)}


def _to_the_door(request: Request) -> tuple[str, Forget]:
    return sign_in_address(request), end_session


async def _health(request: Request) -> Response:
    await request.app.state.services.locks.view()
    return PlainTextResponse("ok\n")


async def _home() -> Response:
    return RedirectResponse(HOME, status_code=308)
