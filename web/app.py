"""The console as one ASGI application: pages, API, static files, and what stands before all of them."""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from bastion import errors
from bastion.config import Settings
from bastion.domain.importing import Register
from bastion.domain.sheet import MAX_BYTES
from bastion.errors import BastionError
from bastion.services.bundle import Services
from web import live
from web.api import router as api_router
from web.api.bearer import PREFIX
from web.errors import status_of
from web.guards import Key, require_complete
from web.labels import N_
from web.pages import (
    account,
    asking,
    audit,
    calendar,
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
    recordings,
    registers,
    requests,
    reviews,
    sessions,
    staff,
    supplier_files,
    technicians,
    undertakings,
    windows,
)
from web.playbacks import Playbacks
from web.render import STATIC, language_of, page, say, words
from web.security import NotSignedIn, admit, end_session, sign_in_address
from web.shield import MAX_BODY, Bounded, CutShort, Headed, SameOrigin, dress

PAGES: Final = (
    door, home, live, asking, requests, sessions, desk, recordings, audit, locks, messages, account, devices,
    derogations, technicians, staff, registers, imports, papers, supplier_files, undertakings,
    emergencies, windows, calendar, gmao, reviews,
)  # fmt: skip
ROOMY: Final = (
    "/directory/import",
    *(f"{PREFIX}/imports/{one}{end}" for one in Register for end in ("", "/apply")),
)
MAX_FILE: Final = MAX_BYTES + MAX_BODY
"""A file for an import, and what a form puts around it."""
TITLES: Final = {
    HTTPStatus.NOT_FOUND: N_("Nothing here"),
    HTTPStatus.FORBIDDEN: N_("Not for you"),
    HTTPStatus.SERVICE_UNAVAILABLE: N_("Out of order for the moment"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: N_("Too much at once"),
}
PLAIN: Final = {
    HTTPStatus.NOT_FOUND: errors.NotFound.sentence,
    HTTPStatus.METHOD_NOT_ALLOWED: N_("This address cannot be used in that way. Go back and use the page itself."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: N_("What you sent is too large. Shorten it and try again."),
}


def create(services: Services, settings: Settings) -> FastAPI:
    """Build the application. Raises `ConfigurationError` when a route has no guard or the assets are not built."""
    closing = asyncio.Event()
    app = FastAPI(
        title="Bastion", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False,
        middleware=[
            Middleware(CutShort, closing=closing),
            Middleware(Headed),
            Middleware(Bounded, usual=MAX_BODY, roomy=dict.fromkeys(ROOMY, MAX_FILE)),
            Middleware(SameOrigin, known_as=settings.web_url),
        ],
    )  # fmt: skip
    app.state.services, app.state.settings, app.state.playbacks = services, settings, Playbacks()
    app.state.closing = closing  # set by whoever stops the console: open streams end by themselves
    require_complete(page_routes())
    for part in PAGES:
        app.include_router(part.router, dependencies=[Depends(admit)], include_in_schema=False)
    app.include_router(api_router.router)
    app.mount("/static", _Built(directory=STATIC))
    app.add_exception_handler(BastionError, _on_refusal)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_nonsense)
    app.add_exception_handler(Exception, _on_fault)
    return app


def page_routes() -> set[Key]:
    """Return method and path of every page and form there is."""
    return {key for part in PAGES for key in _routes_of(part.router)}


def _routes_of(router: APIRouter) -> Iterable[Key]:
    for route in router.routes:
        for method in getattr(route, "methods", None) or ():
            yield method, getattr(route, "path", "")


class _Built(StaticFiles):
    """Built assets carry a hash in their name, so a browser may keep them for good; the others for an hour."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        hashed = isinstance(response, FileResponse) and "-" in str(response.path).rsplit("/", 1)[-1]
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if hashed else "public, max-age=3600"
        return response


# -- errors become pages -----------------------------------------------------------------------------------------------
async def _on_refusal(request: Request, error: Exception) -> Response:
    """One sentence that says what to do; whoever is not signed in is led to the door."""
    if not isinstance(error, BastionError):
        raise error
    if isinstance(error, NotSignedIn):
        return _to_the_door(request)
    structlog.get_logger(__name__).info("page refused", code=error.code, detail=error.detail, path=request.url.path)
    return _trouble(request, status_of(error), say(error, language_of(request)))


async def _on_http(request: Request, error: Exception) -> Response:
    status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else 500)
    t = words(language_of(request))
    return _trouble(request, status, t(PLAIN.get(status, BastionError.sentence)))


async def _on_nonsense(request: Request, _error: Exception) -> Response:
    return _trouble(request, HTTPStatus.UNPROCESSABLE_ENTITY, words(language_of(request))(errors.Invalid.sentence))


async def _on_fault(request: Request, error: Exception) -> Response:
    """Answer for our own mistake. Starlette asks this outside all middleware, so the headers are put on here."""
    structlog.get_logger(__name__).error("page failed", path=request.url.path, exc_info=error)
    text = words(language_of(request))(BastionError.sentence)
    answer = _trouble(request, HTTPStatus.INTERNAL_SERVER_ERROR, text)
    dress(answer.headers, request.url.scheme)
    return answer


def _trouble(request: Request, status: HTTPStatus, text: str) -> Response:
    """Return a whole page, or just the sentence when a fragment was asked for (htmx swaps errors in too)."""
    if request.headers.get("hx-request"):
        return page(request, "parts/trouble.html", status=status, text=text)
    t = words(language_of(request))
    title = t(TITLES.get(status, N_("That did not work")))
    return page(request, "error.html", status=status, title=title, page_title=title, text=text, code=status.value)


def _to_the_door(request: Request) -> Response:
    address = sign_in_address(request)
    headers = {"hx-redirect": address} if request.headers.get("hx-request") else {"location": address}
    response = Response(status_code=401 if "hx-redirect" in headers else 303, headers=headers)
    end_session(response)
    return response
